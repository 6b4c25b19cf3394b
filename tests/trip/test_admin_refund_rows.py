"""The rows of the refunds that wait: what a decision needs to know, and the decision in the row."""

import re
from datetime import date
from html import unescape

import pytest
from django.db import connection as database
from django.test import Client
from django.test.utils import CaptureQueriesContext

from stores.models import Connection, Store
from stores.roles import Role
from tests.meituan import Meituan
from tests.trip.back_office import at_work, page
from tests.trip.factories import TicketProductFactory
from tests.trip.test_admin_refunds import LIST, refund_to_decide
from trip.models import Order, Product, Refund, Voucher

pytestmark = pytest.mark.django_db


@pytest.fixture
def product(connection: Connection, store: Store) -> Product:
    return TicketProductFactory(connection=connection, store=store, refund_review=True)


def address(text: str, refund: Refund, name: str) -> str:
    """Returns where a row's button sends its form."""
    found = re.search(rf'="({re.escape(page(refund, "do", name))}[^"]*)"', text)
    assert found
    return unescape(found[1])


def decide(client: Client, refund: Refund, name: str, query: str = "", **answers: str) -> str:
    """Decides a refund in its row of the list and returns the address that follows."""
    url = address(client.get(f"{LIST}{query}").content.decode(), refund, name)
    return str(client.post(url, answers).headers["Location"])


def test_a_row_says_what_was_bought_and_used_and_for_which_day(
    manager_client: Client, sold: tuple[Meituan, Product]
) -> None:
    order = sold[0].bought(sold[1], 3)
    sold[0].refund(order, 1)
    Voucher.objects.filter(pk=order.vouchers.latest("pk").pk).update(used=1)
    Order.objects.update(travel_date=date(2026, 12, 24))
    text = manager_client.get(LIST).content.decode()
    for fact in (
        sold[1].title,
        str(order.order_id),
        "refund 1 of 3 tickets",
        "used 1",
        "2026-12-24",
        'title="2026-11-22 10:00:00">11-22 10:00</time></span>',
        "¥95.00",
        "min left",
    ):
        assert fact in text


def test_a_row_of_an_open_day_says_until_when_the_tickets_are_usable(
    manager_client: Client, sold: tuple[Meituan, Product]
) -> None:
    refund_to_decide(sold)
    Order.objects.update(travel_date=None, usable_until=date(2027, 1, 31))
    assert "until 2027-01-31" in manager_client.get(LIST).content.decode()
    Order.objects.update(usable_until=None)
    assert "any day" in manager_client.get(LIST).content.decode()


def test_a_row_says_both_fees_if_they_differ(
    manager_client: Client, sold: tuple[Meituan, Product]
) -> None:
    sold[0].refund(sold[0].bought(sold[1]), 1, refundFee=9.5, refundPrice=85.5)
    shown = manager_client.get(LIST).content.decode()
    assert "¥9.50 (by the rules of this order: ¥0.00)" in shown


@pytest.mark.parametrize(
    ("button", "answers", "status"),
    [("agree", {}, "agreed"), ("refuse", {"reason": "门票已制作"}, "refused")],
)
def test_a_decision_in_the_row_leads_to_the_next_row(
    manager_client: Client,
    sold: tuple[Meituan, Product],
    button: str,
    answers: dict[str, str],
    status: str,
) -> None:
    _first, second, third = (refund_to_decide(sold, hours=hours) for hours in (5, 10, 20))
    assert decide(manager_client, second, button, **answers) == f"{LIST}#refund-{third.pk}"
    second.refresh_from_db()
    assert (second.status, second.method) == (status, "admin")
    text = manager_client.get(LIST).content.decode()
    assert f"the refund of order {second.order}." in text
    assert (f'id="refund-{third.pk}"' in text, f'id="refund-{second.pk}"' in text) == (True, False)


def test_the_last_row_of_a_page_leads_to_the_first_page_and_keeps_the_filters(
    manager_client: Client, sold: tuple[Meituan, Product]
) -> None:
    refund = refund_to_decide(sold)
    query = f"?store__id__exact={refund.store_id}&p=1"
    assert decide(manager_client, refund, "agree", query) == (
        f"{LIST}?store__id__exact={refund.store_id}"
    )


def test_a_refusal_without_a_reason_asks_again_and_still_leads_to_the_list(
    manager_client: Client, sold: tuple[Meituan, Product]
) -> None:
    refund = refund_to_decide(sold)
    url = address(manager_client.get(LIST).content.decode(), refund, "refuse")
    again = manager_client.post(url, {"reason": "  "}).content.decode()
    assert ("This field is required" in again, f"{LIST}#refund-{refund.pk}" in again) == (
        True,
        True,
    )
    assert manager_client.post(url, {"reason": "门票已制作"}).headers["Location"] == LIST


def test_an_address_from_elsewhere_leads_to_the_list_only(
    manager_client: Client, sold: tuple[Meituan, Product]
) -> None:
    refund = refund_to_decide(sold)
    query = "?list=//example.com/%0d%0aX:1%23y&next=//example.com"
    answer = manager_client.post(page(refund, "do", "agree") + query)
    assert answer.headers["Location"].startswith(f"{LIST}?%2F%2Fexample.com")
    assert Refund.objects.get().status == "agreed"


def test_clerks_see_the_facts_without_buttons(sold: tuple[Meituan, Product]) -> None:
    refund = refund_to_decide(sold)
    text = at_work(sold[1].store, Role.CLERK).get(LIST).content.decode()
    assert ("refund 1 of 1 ticket" in text, page(refund, "do", "agree") in text) == (True, False)
    assert page(refund, "do", "refuse") not in text


def test_decided_refunds_have_no_buttons_in_their_rows(
    manager_client: Client, sold: tuple[Meituan, Product]
) -> None:
    refund = refund_to_decide(sold)
    decide(manager_client, refund, "refuse", reason="门票已制作")
    text = manager_client.get(LIST, {"status__exact": "all"}).content.decode()
    assert (str(refund.order) in text, "/do/" in text) == (True, False)


def test_rows_with_many_tickets_take_the_same_queries(
    manager_client: Client, sold: tuple[Meituan, Product]
) -> None:
    refund_to_decide(sold)
    manager_client.get(LIST)
    with CaptureQueriesContext(database) as few:
        manager_client.get(LIST)
    for quantity in (2, 3, 4):
        order = sold[0].bought(sold[1], quantity)
        sold[0].refund(order, 1, refundFee=9.5, refundPrice=85.5)
    with CaptureQueriesContext(database) as many:
        manager_client.get(LIST)
    assert len(many) == len(few)
