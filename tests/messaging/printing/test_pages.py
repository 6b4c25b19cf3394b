"""Setting up a printer, receipts in the back office, and choosing among old ones."""

import re
from datetime import timedelta

import pytest
from django.contrib.auth.models import User
from django.test import Client
from django.urls import reverse
from django.utils import timezone
from pytest_django.fixtures import Settings

from messaging.choices import OrderState, PaperState, PrinterState
from messaging.models import Order, Printer, PrintJob, TakeawayStore
from messaging.services.printing.working import note_silent_agents, print_queued
from stores.models import AuditEntry
from stores.roles import Role
from tests.messaging.factories import PrinterFactory
from tests.messaging.printing.conftest import QUEUED, SKIPPED, Counter, Device, states
from tests.messaging.printing.test_printing import woken
from tests.pages import english
from tests.stores.factories import StoreFactory, member

pytestmark = pytest.mark.django_db(transaction=True)
OLD = "/takeaway/desk/old-receipts/"
# What stands in the form of a takeaway store.
RULES = {
    "accepts_most": 20,
    "booked_minutes": 60,
    "accept_minutes": 5,
    "refund_hours": 3,
}


def staff(device: Device, role: Role) -> User:
    store = device.row.store
    made: User = member(store.merchant, role, store)
    return made


@pytest.fixture
def manager(device: Device) -> Client:
    return english(staff(device, Role.MANAGER))


@pytest.fixture
def clerk(device: Device) -> Client:
    return english(staff(device, Role.CLERK))


def page(row: Printer | PrintJob | Order | TakeawayStore, *more: str) -> str:
    name = f"admin:messaging_{row._meta.model_name}_{'do' if more else 'change'}"
    return reverse(name, args=[row.pk, *more])


def typed(device: Device, **changes: object) -> dict[str, object]:
    """What stands in the form of a printer."""
    return {
        "store": device.row.store_id,
        "name": "前台",
        "reach": "direct",
        "address": f" {device.paper.address} ",
        "width": 80,
        "kitchen": 0,
        "customer": 1,
        "rider": 1,
        "beeps": 2,
        "old_minutes": 20,
        "is_active": "on",
        **changes,
    }


def said(client: Client, url: str, **data: object) -> str:
    return client.post(url, data, follow=True).content.decode()


def test_a_manager_adds_a_printer_and_prints_a_test_page(manager: Client, device: Device) -> None:
    said(manager, reverse("admin:messaging_printer_add"), **typed(device))
    made = Printer.objects.get(name="前台")
    assert (made.address, made.width) == (device.paper.address, Printer.Width.MM80)
    assert AuditEntry.objects.filter(verb="printer added", store=made.store).exists()
    assert "The test page is printed." in said(manager, page(made, "test"))
    assert "打印测试" in device.texts[-1]
    made.refresh_from_db()
    assert made.state == PrinterState.READY


@pytest.mark.parametrize(
    ("address", "words"),
    [
        ("10.0.0.1:9100", "TAKEAWAY_PRINTER_NETWORKS"),
        ("169.254.169.254", "TAKEAWAY_PRINTER_NETWORKS"),
        ("http://127.0.0.1/", "host and port"),
        ("127.0.0.1:99999", "host and port"),
        ("no-such-machine.invalid", "no machine"),
    ],
)
def test_an_address_that_leads_where_it_may_not_is_refused_in_the_form(
    manager: Client, device: Device, address: str, words: str
) -> None:
    url = reverse("admin:messaging_printer_add")
    assert words in said(manager, url, **typed(device, address=address))
    assert Printer.objects.count() == 1


@pytest.mark.parametrize("address", ["10.0.0.1:9100", "no-such-machine.invalid"])
def test_the_address_of_a_printer_with_an_agent_is_not_looked_at_by_this_server(
    manager: Client, device: Device, address: str
) -> None:
    url = reverse("admin:messaging_printer_add")
    assert "host and port" in said(manager, url, **typed(device, reach="agent", address="x y"))
    said(manager, url, **typed(device, reach="agent", address=address))
    made = Printer.objects.get(name="前台")
    assert made.address == address
    shown = manager.get(page(made)).content.decode()
    assert "machine in the shop heard of" in shown.lower()
    assert "so the test page only waits" in said(manager, page(made, "test"))
    Printer.objects.update(state=PrinterState.SILENT)
    never = "No machine in the shop has asked for this printer yet."
    assert never in said(manager, page(made, "test"))
    Printer.objects.update(state=PrinterState.READY, agent_seen_at=timezone.now())
    assert "fetches the test page within seconds" in said(manager, page(made, "test"))
    Printer.objects.update(state=PrinterState.SILENT)
    assert "The machine in the shop does not answer" in said(manager, page(made, "test"))


def test_the_form_says_how_the_machine_in_the_shop_is_set_up(
    manager: Client, device: Device, settings: Settings
) -> None:
    settings.PUBLIC_BASE_URL = "https://shop.example"
    command = "manage.py print_agent --url https://shop.example --key-file print.key"
    keys = reverse("admin:stores_apikey_changelist")
    assert command not in manager.get(page(device.row)).content.decode()
    Printer.objects.update(reach="agent")
    owner = english(staff(device, Role.OWNER))
    for client, leads_on in ((manager, False), (owner, True)):
        shown = client.get(page(device.row)).content.decode()
        assert command in shown
        assert "print receipts on a machine in the shop" in shown
        assert (f'href="{keys}">API keys' in shown) is leads_on


@pytest.mark.parametrize("change", [{"reach": "agent"}, {"address": "127.0.0.1:9"}])
def test_a_printer_that_is_another_one_now_is_untried(
    manager: Client, device: Device, change: dict[str, object]
) -> None:
    long_ago = timezone.now() - timedelta(hours=1)
    Printer.objects.update(
        state=PrinterState.READY, checked_at=long_ago, agent_seen_at=long_ago, created_at=long_ago
    )
    same = typed(device, address=device.row.address)
    said(manager, page(device.row), **same)
    assert device.state == PrinterState.READY
    said(manager, page(device.row), **{**same, **change})
    row = Printer.objects.get()
    assert (row.state, row.checked_at, row.agent_seen_at) == (PrinterState.UNTRIED, None, None)
    # The machine in the shop has its two minutes.
    note_silent_agents()
    assert device.state == PrinterState.UNTRIED


def test_a_printer_is_not_set_up_for_anothers_store(manager: Client, device: Device) -> None:
    theirs = StoreFactory()
    said(manager, reverse("admin:messaging_printer_add"), **typed(device, store=theirs.pk))
    assert Printer.objects.count() == 1


def test_a_printer_that_is_corrected_prints_what_waits(
    manager: Client, device: Device, counter: Counter
) -> None:
    right = device.row.address
    Printer.objects.update(address="127.0.0.1:1")
    order = counter.accept()
    print_queued(device.row.pk)
    assert states(order) == QUEUED
    before = len(woken())
    said(manager, page(device.row), **typed(device, address=right, name=device.row.name))
    assert len(woken()) > before
    device.row.refresh_from_db()
    assert device.row.address == right


def test_how_receipts_look_is_set_and_shown_on_the_page_of_the_takeaway_store(
    manager: Client, device: Device, counter: Counter, binding: TakeawayStore
) -> None:
    look = {"head_line": "<b>欢迎</b>", "foot_line": "谢谢", "big_dishes": "on"}
    said(manager, page(binding), **RULES, kitchen_prices="on", **look)
    shown = manager.get(page(binding)).content.decode()
    papers = [
        re.sub("<[^>]*>", "", paper) for paper in shown.split('<div class="paper paper-58"')[1:]
    ]
    assert "<b><i>" not in shown
    assert ["&lt;b&gt;欢迎&lt;/b&gt;" in paper for paper in papers] == [False, True, True]
    assert ["56.00" in paper for paper in papers] == [True, True, False]
    Printer.objects.update(customer=1)
    counter.accept()
    print_queued(device.row.pk)
    kitchen, customer = device.texts
    assert ("欢迎" in kitchen, "欢迎" in customer) == (False, True)
    assert customer.rstrip().endswith("谢谢")


@pytest.mark.parametrize("odd", ["\x1b@\x1dV", "字" * 48, "\u202e😀", "{{ 7*7 }}<script>"])
def test_whatever_stands_in_a_line_of_ones_own_is_only_text(
    manager: Client, device: Device, counter: Counter, binding: TakeawayStore, odd: str
) -> None:
    Printer.objects.update(kitchen=0, customer=1)
    TakeawayStore.objects.update(head_line=odd, foot_line=odd)
    shown = manager.get(page(binding)).content.decode()
    assert "}}<script>" not in shown
    counter.accept()
    assert print_queued(device.row.pk) == 1
    assert len(device.texts) == 1


def test_a_test_page_that_fails_says_why(clerk: Client, device: Device) -> None:
    device.set(printer="no_paper")
    assert "The test page was not printed: no paper" in said(clerk, page(device.row, "test"))


def test_the_list_says_what_waits_and_how_printers_are(
    clerk: Client, device: Device, counter: Counter
) -> None:
    device.set(printer="no_paper")
    counter.accept()
    print_queued(device.row.pk)
    shown = clerk.get(reverse("admin:messaging_printer_changelist")).content.decode()
    assert "no paper" in shown
    assert re.search(r"field-waiting[^>]*>\s*1\s*<", shown)


def test_a_receipt_is_printed_again_from_its_page_and_from_the_orders(
    clerk: Client, device: Device, counter: Counter
) -> None:
    order = counter.accept()
    print_queued(device.row.pk)
    job = PrintJob.objects.get()
    assert "It is printed again" in said(clerk, page(job, "again"))
    assert "It is printed again" in said(clerk, page(order, "print_again"), copy="customer")
    found = PrintJob.objects.filter(is_reprint=True).order_by("pk")
    assert [job.copy for job in found] == ["kitchen", "customer"]
    print_queued(device.row.pk)
    assert len(device.texts) == 3


def test_the_list_of_receipts_names_their_orders(
    clerk: Client, device: Device, counter: Counter
) -> None:
    order = counter.accept()
    shown = clerk.get(reverse("admin:messaging_printjob_changelist")).content.decode()
    assert str(order) in shown.partition("<tbody")[2]


def test_what_may_not_be_on_paper_is_found_by_its_alert(
    clerk: Client, device: Device, counter: Counter
) -> None:
    counter.accept()
    PrintJob.objects.update(state=PaperState.UNKNOWN)
    shown = clerk.get(reverse("admin:todo")).content.decode()
    link = f"{reverse('admin:messaging_printjob_changelist')}?person=yes"
    assert link in shown
    assert "may be printed" in clerk.get(link).content.decode()
    PrintJob.objects.update(state=PaperState.CONFIRMED)
    assert "may be printed" not in clerk.get(link).content.decode().partition("<tbody")[2]


class TestOldReceipts:
    @pytest.fixture
    def orders(self, device: Device, counter: Counter) -> list[Order]:
        made = [counter.accept() for _ in range(3)]
        PrintJob.objects.update(wanted_at=timezone.now() - timedelta(hours=8))
        Order.objects.filter(pk=made[0].pk).update(state=OrderState.FINISHED)
        return made

    def test_what_still_runs_is_chosen_already(self, clerk: Client, orders: list[Order]) -> None:
        shown = clerk.get(OLD).content.decode()
        assert shown.count('name="print"') == 3
        assert shown.count(" checked>") == 2
        assert OLD in clerk.get(reverse("admin:todo")).content.decode()

    def test_what_is_chosen_is_printed_and_the_rest_of_what_was_shown_is_not(
        self, clerk: Client, device: Device, orders: list[Order]
    ) -> None:
        first, second, third = PrintJob.objects.order_by("pk")
        shown = [first.pk, second.pk]
        answer = said(clerk, OLD, store=device.row.store_id, shown=shown, print=[second.pk])
        assert "Being printed: 1. Left out: 1." in answer
        assert f'value="{third.pk}"' in answer
        assert states(orders[0]) == SKIPPED
        assert states(orders[2]) == QUEUED
        print_queued(device.row.pk)
        assert len(device.texts) == 1

    @pytest.mark.parametrize("odd", ["", "x", "-1", "9" * 30, "１"])
    def test_odd_numbers_settle_nothing(
        self, clerk: Client, device: Device, orders: list[Order], odd: str
    ) -> None:
        answer = said(clerk, OLD, store=device.row.store_id, shown=[odd], print=[odd])
        assert "Being printed: 0. Left out: 0." in answer
        assert clerk.post(OLD, {"store": odd}).status_code == 404
        assert states() == QUEUED * 3

    def test_anothers_receipts_are_neither_shown_nor_settled(
        self, device: Device, orders: list[Order]
    ) -> None:
        stranger = english(member(StoreFactory().merchant, Role.OWNER))
        assert 'name="print"' not in stranger.get(OLD).content.decode()
        assert stranger.post(OLD, {"store": device.row.store_id}).status_code == 404
        mine = PrinterFactory().store
        data = {"store": mine.pk, "shown": [PrintJob.objects.first().pk]}  # type: ignore[union-attr]
        assert stranger.post(OLD, data).status_code == 404
        assert states() == QUEUED * 3

    def test_nothing_old_is_said(self, clerk: Client, device: Device) -> None:
        assert "No receipt waits for a decision." in clerk.get(OLD).content.decode()
