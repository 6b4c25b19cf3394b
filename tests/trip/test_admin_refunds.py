"""The refunds inbox: what is urgent comes first, and people decide with a true reason."""

import csv
import io
from datetime import timedelta
from typing import Any

import pytest
from django.db import connection as database
from django.test import Client
from django.test.utils import CaptureQueriesContext
from django.utils import timezone, translation

from stores.models import AuditEntry, Connection, OutboundCall, Store
from stores.roles import Role
from tests.meituan import Meituan
from tests.trip.back_office import at_work, listed, page, press
from tests.trip.factories import TicketProductFactory
from trip.models import Product, Refund
from trip.services.deadlines import countdown

pytestmark = pytest.mark.django_db
LIST = "/admin/trip/refund/"


@pytest.fixture
def product(connection: Connection, store: Store) -> Product:
    return TicketProductFactory(connection=connection, store=store, refund_review=True)


def refund_to_decide(sold: tuple[Meituan, Product], *, hours: float = 72) -> Refund:
    """Returns a refund that waits for a decision, with so many hours left."""
    order = sold[0].bought(sold[1])
    sold[0].refund(order, 1)
    order.refunds.update(deadline=timezone.now() + timedelta(hours=hours))
    return order.refunds.get()


def test_the_file_holds_the_refunds_of_the_list_and_sums_what_buyers_get(
    owner_client: Client, sold: tuple[Meituan, Product]
) -> None:
    agreed, waiting = refund_to_decide(sold), refund_to_decide(sold)
    press(owner_client, agreed, "agree")
    agreed.refresh_from_db()
    answer = owner_client.get(f"{LIST}export.csv?status__exact=all")
    header, *lines, sums = csv.reader(io.StringIO(answer.getvalue().decode()))
    assert [line[2] for line in lines] == [waiting.refund_id, agreed.refund_id]
    assert (sums[0], sums[8], sums[9]) == (
        "Total (to buyers)",
        "2",
        str(2 * waiting.order.unit_price),
    )
    assert {len(line) for line in (header, *lines, sums)} == {len(header)}
    assert AuditEntry.objects.filter(verb="trip.refunds.exported").count() == 1
    (_header, line, _sums) = csv.reader(
        io.StringIO(owner_client.get(f"{LIST}export.csv").getvalue().decode())
    )
    assert line[2] == waiting.refund_id


def test_the_inbox_shows_what_waits_the_most_urgent_first(
    manager_client: Client, sold: tuple[Meituan, Product]
) -> None:
    calm, urgent, soon, decided = (refund_to_decide(sold, hours=hours) for hours in (60, 2, 10, 1))
    press(manager_client, decided, "refuse", reason="门票已制作")
    assert listed(manager_client, "refund") == [urgent, soon, calm]
    assert listed(manager_client, "refund", status__exact="review") == [urgent, soon, calm]
    assert listed(manager_client, "refund", status__exact="refused") == [decided]
    assert listed(manager_client, "refund", status__exact="all") == [decided, soon, urgent, calm]
    assert listed(manager_client, "refund", status__exact="nonsense") == [urgent, soon, calm]


@pytest.mark.parametrize(
    ("left", "expected"),
    [
        (timedelta(hours=60, minutes=1, seconds=30), ("60 h 01 min left", "calm")),
        (timedelta(hours=24), ("24 h 00 min left", "calm")),
        (timedelta(hours=23, minutes=59, seconds=59), ("23 h 59 min left", "soon")),
        (timedelta(hours=4), ("4 h 00 min left", "soon")),
        (timedelta(hours=3, minutes=59, seconds=59), ("3 h 59 min left", "urgent")),
        (timedelta(seconds=1), ("0 h 00 min left", "urgent")),
        (timedelta(0), ("time is up", "urgent")),
        (timedelta(hours=-5), ("time is up", "urgent")),
    ],
)
def test_the_time_left_turns_amber_then_red(
    left: timedelta, expected: tuple[str, str], time_machine: Any
) -> None:
    now = timezone.now()
    time_machine.move_to(now, tick=False)
    with translation.override("en"):
        assert countdown(Refund(status=Refund.Status.REVIEW, deadline=now + left)) == expected


def test_nothing_is_left_of_what_is_decided() -> None:
    refund = Refund(status=Refund.Status.AGREED, deadline=timezone.now() + timedelta(hours=1))
    assert countdown(refund) == ("", "")


def test_the_inbox_says_money_and_time(
    manager_client: Client, sold: tuple[Meituan, Product]
) -> None:
    refund_to_decide(sold, hours=3)
    text = manager_client.get(LIST).content.decode()
    assert ("<strong>¥95.00</strong>" in text, "2 h 59 min left" in text) == (True, True)


def test_the_page_says_both_fees_if_they_differ(
    manager_client: Client, sold: tuple[Meituan, Product]
) -> None:
    meituan, product = sold
    order = meituan.bought(product)
    meituan.refund(order, 1, refundFee=9.5, refundPrice=85.5)
    refund = order.refunds.get()
    for address in (page(refund, "change"), page(refund, "do", "agree")):
        shown = manager_client.get(address).content.decode()
        assert "¥9.50 (by the rules of this order: ¥0.00)" in shown
    Refund.objects.update(fee=0)
    assert "by the rules" not in manager_client.get(page(refund, "change")).content.decode()


def test_agreeing_takes_the_tickets_back_and_tells_meituan(
    manager_client: Client, sold: tuple[Meituan, Product]
) -> None:
    refund = refund_to_decide(sold)
    question = manager_client.get(page(refund, "do", "agree")).content.decode()
    assert ("This is final" in question, "¥95.00</span></dd>" in question) == (True, True)
    assert Refund.objects.get().status == "review"
    assert "Done" in press(manager_client, refund, "agree")
    refund.refresh_from_db()
    assert (refund.status, refund.method, refund.order.vouchers.get().refunded) == (
        "agreed",
        "admin",
        1,
    )
    assert OutboundCall.objects.get().operation == "ticket.refund"
    assert "final" in press(manager_client, refund, "refuse", reason="太晚了")
    assert Refund.objects.get().status == "agreed"


def test_refusing_needs_the_true_reason(
    manager_client: Client, sold: tuple[Meituan, Product]
) -> None:
    refund = refund_to_decide(sold)
    assert "This field is required" in press(manager_client, refund, "refuse", reason="  ")
    assert Refund.objects.get().status == "review"
    assert "Done" in press(manager_client, refund, "refuse", reason="门票已制作")
    refund.refresh_from_db()
    assert (refund.status, refund.reason, refund.order.vouchers.get().refunded) == (
        "refused",
        "门票已制作",
        0,
    )


def test_what_was_refused_may_be_agreed_to_later(
    manager_client: Client, sold: tuple[Meituan, Product]
) -> None:
    refund = refund_to_decide(sold)
    press(manager_client, refund, "refuse", reason="门票已制作")
    text = manager_client.get(page(refund)).content.decode()
    assert (
        f"{page(refund, 'do', 'agree')}" in text,
        f"{page(refund, 'do', 'refuse')}" in text,
    ) == (True, False)
    press(manager_client, refund, "agree")
    assert Refund.objects.get().status == "agreed"


def test_clerks_look_but_do_not_decide(sold: tuple[Meituan, Product]) -> None:
    refund = refund_to_decide(sold)
    clerk = at_work(sold[1].store, Role.CLERK)
    text = clerk.get(page(refund)).content.decode()
    assert (str(refund.order.order_id) in text, page(refund, "do", "agree") in text) == (
        True,
        False,
    )
    for button in ("agree", "refuse"):
        assert clerk.post(page(refund, "do", button), {"reason": "x"}).status_code == 403
    assert Refund.objects.get().status == "review"


def test_the_inbox_takes_the_same_queries_however_full_it_is(
    manager_client: Client, sold: tuple[Meituan, Product]
) -> None:
    for _ in range(3):
        refund_to_decide(sold)
    manager_client.get(LIST)
    with CaptureQueriesContext(database) as few:
        manager_client.get(LIST)
    for _ in range(15):
        refund_to_decide(sold)
    with CaptureQueriesContext(database) as many:
        assert len(listed(manager_client, "refund")) == 18
    assert len(many) == len(few)


def test_an_agreed_refund_is_not_asked_about_again(
    manager_client: Client, sold: tuple[Meituan, Product]
) -> None:
    refund = refund_to_decide(sold)
    assert "The buyer gets the money back" in asked(manager_client, refund)
    press(manager_client, refund, "agree")
    assert "This can no longer be done." in asked(manager_client, refund)
    assert "The buyer gets the money back" not in asked(manager_client, refund)


def asked(client: Client, refund: Refund) -> str:
    return client.get(page(refund, "do", "agree"), follow=True).content.decode()
