"""An order as a receipt for the printer of the browser: what it shows to whom."""

import re

import pytest
from django.contrib.auth.models import User
from django.test import Client
from django.urls import reverse
from django.utils import timezone

from messaging.models import Order, TakeawayStore
from stores.models import AuditEntry
from stores.roles import Role
from tests.messaging.factories import OrderFactory, PrinterFactory
from tests.pages import english
from tests.stores.factories import StoreFactory, member

pytestmark = pytest.mark.django_db
ADDRESS = "花园路 8 号 3 栋 1201"


@pytest.fixture
def order(binding: TakeawayStore) -> Order:
    made: Order = OrderFactory(binding=binding)
    return made


def of_role(order: Order, role: Role) -> Client:
    user: User = member(order.store.merchant, role, order.store)
    return english(user)


@pytest.fixture
def clerk(order: Order) -> Client:
    return of_role(order, Role.CLERK)


@pytest.fixture
def manager(order: Order) -> Client:
    return of_role(order, Role.MANAGER)


def address(order: Order, query: str = "") -> str:
    return reverse("takeaway:print-order", args=[order.pk]) + query


def paper(answer: object) -> str:
    """Returns the text of the receipt on a page, one line for each row."""
    content = answer.content.decode()  # type: ignore[attr-defined]
    html = content.partition('<div class="paper')[2].partition(">")[2]
    return re.sub("<[^>]*>", "", html.replace("</div>", "\n"))


def looked_at() -> int:
    return AuditEntry.objects.filter(verb="takeaway.customer.shown").count()


def test_the_button_of_an_order_leads_to_the_page(clerk: Client, order: Order) -> None:
    page = reverse("admin:messaging_order_change", args=[order.pk])
    button = reverse("admin:messaging_order_do", args=[order.pk, "print_here"])
    assert button in clerk.get(page).content.decode()
    assert clerk.post(button)["Location"] == address(order)
    Order.objects.update(emptied_at=timezone.now())
    assert button not in clerk.get(page).content.decode()


@pytest.mark.parametrize("copy", ["kitchen", "customer", "rider"])
def test_nobody_sees_a_customer_whole_without_asking(
    clerk: Client, manager: Client, order: Order, copy: str
) -> None:
    for client in (clerk, manager):
        answer = client.get(address(order, f"?copy={copy}"))
        for secret in ("13800138000", "13900139000", ADDRESS):
            assert secret not in answer.content.decode()
    assert looked_at() == 0


def test_a_manager_prints_the_whole_address_and_it_is_noted(manager: Client, order: Order) -> None:
    page = address(order, "?copy=rider&paper=80")
    assert "With the whole address" in manager.get(page).content.decode()
    answer = manager.post(page)
    assert f"地址：{ADDRESS}" in paper(answer)
    assert "13800138000" not in answer.content.decode()
    assert "no-store" in answer["Cache-Control"]
    assert looked_at() == 1


def test_a_clerk_may_not_have_the_whole_address(clerk: Client, order: Order) -> None:
    assert "With the whole address" not in clerk.get(address(order)).content.decode()
    assert clerk.post(address(order)).status_code == 403
    assert looked_at() == 0


def test_what_has_no_address_offers_none(manager: Client, order: Order) -> None:
    offer = "With the whole address"
    assert offer not in manager.get(address(order, "?copy=kitchen")).content.decode()
    order.customer = {"recipient": "林女士"}
    order.save()
    assert offer not in manager.get(address(order)).content.decode()


@pytest.mark.parametrize(("name", "columns"), [("58", 32), ("80", 48), ("a4", 72)])
def test_the_receipt_is_as_wide_as_the_paper(
    clerk: Client, order: Order, name: str, columns: int
) -> None:
    answer = clerk.get(address(order, f"?paper={name}"))
    assert f"paper-{name}" in answer.content.decode()
    rules = [row for row in paper(answer).splitlines() if row and set(row) == {"-"}]
    assert {len(row) for row in rules} == {columns}


def test_the_paper_of_the_stores_printer_is_chosen_already(clerk: Client, order: Order) -> None:
    assert "paper-58" in clerk.get(address(order)).content.decode()
    PrinterFactory(store=order.store, width=80)
    assert "paper-80" in clerk.get(address(order)).content.decode()


def test_it_looks_as_the_store_wants_its_receipts(clerk: Client, order: Order) -> None:
    TakeawayStore.objects.update(foot_line="<script>谢谢</script>", kitchen_prices=True)
    customer = clerk.get(address(order))
    assert paper(customer).rstrip().endswith("谢谢&lt;/script&gt;")
    assert "<script>谢" not in customer.content.decode()
    assert "18.00" in paper(clerk.get(address(order, "?copy=kitchen")))


def test_an_order_of_which_nothing_is_known_says_so(clerk: Client, order: Order) -> None:
    for changes in ({"said_at": None}, {"emptied_at": timezone.now()}):
        Order.objects.update(**{"said_at": timezone.now(), "emptied_at": None} | changes)
        shown = clerk.get(address(order)).content.decode()
        assert "nothing can be printed" in shown
        assert "data-print" not in shown


@pytest.mark.parametrize(
    "query", ["?copy=cook", "?paper=57", "?paper=A4", "?copy=%00", "?copy=customer'--"]
)
def test_an_odd_copy_or_paper_is_no_page(clerk: Client, order: Order, query: str) -> None:
    assert clerk.get(address(order, query)).status_code == 404


def test_anothers_order_is_no_page(order: Order) -> None:
    stranger = english(member(StoreFactory().merchant, Role.OWNER))
    assert stranger.get(address(order)).status_code == 404
    assert stranger.post(address(order)).status_code == 404
    assert looked_at() == 0


def test_the_page_has_neither_script_nor_style_of_its_own(clerk: Client, order: Order) -> None:
    shown = clerk.get(address(order)).content.decode()
    assert not re.search(r"<script(?![^>]* src=)|<style|\sstyle=|\son\w+=", shown)
    assert "unsafe-inline" not in clerk.get(address(order))["Content-Security-Policy"]
