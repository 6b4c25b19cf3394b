"""Refunds of parts do not lower the income that Meituan has told: where it is shown, it says so,
until Meituan tells another one.
"""

import json
from datetime import timedelta
from typing import Any

import pytest
from django.utils import timezone

from messaging.admin.order_parts import sums
from messaging.choices import OrderState, RefundState
from messaging.dashboard import cards
from messaging.models import Order, Refund, TakeawayStore
from messaging.services.income import is_before_refunds
from stores.roles import Role
from tests.api import api_of
from tests.back_office import at_work
from tests.messaging.factories import OrderFactory, RefundFactory
from tests.messaging.pushing import Pusher
from tests.stores.factories import member

pytestmark = [pytest.mark.django_db, pytest.mark.usefixtures("in_english")]
DESK = "/takeaway/desk/"
BEFORE = "the income is before refunds, until Meituan's settlement says otherwise"


@pytest.fixture
def order(binding: TakeawayStore) -> Order:
    made: Order = OrderFactory(binding=binding, state=OrderState.CONFIRMED, received=2050)
    return made


def part(order: Order, money: int | None = 1250, **fields: Any) -> Refund:
    known = {"state": RefundState.AGREED, "decided_at": timezone.now()} | fields
    made: Refund = RefundFactory(order=order, is_part=True, money=money, **known)
    return made


def tell_another(order: Order) -> None:
    """Meituan says another income, after everything."""
    order.received_changed_at = timezone.now() + timedelta(seconds=1)
    order.save()


def lines(order: Order) -> list[tuple[str, str, str]]:
    found = [
        (str(line["title"]), line["sum"], str(line.get("note", "")))
        for line in sums(order, list(order.refunds.all()))
    ]
    return found[-2:]


def test_the_page_of_an_order_says_what_was_refunded_and_that_the_income_is_before_it(
    order: Order,
) -> None:
    assert lines(order)[-1] == ("Shop receives", "¥20.50", "")
    part(order)
    part(order, 101)
    part(order, 300, state=RefundState.REJECTED)
    after = "What Meituan pays after it, its settlement says."
    assert lines(order) == [
        ("Shop receives, before refunds", "¥20.50", ""),
        ("Refunded in part", "−¥13.51", after),
    ]
    tell_another(order)
    assert lines(order) == [("Shop receives", "¥20.50", ""), ("Refunded in part", "−¥13.51", "")]


def test_a_sum_that_meituan_has_not_told_is_not_made_up(order: Order) -> None:
    part(order)
    part(order, None)
    assert lines(order)[-1][:2] == ("Refunded in part", "a sum that Meituan has not told yet")
    row = api_of(order.store.merchant).get("takeaway/orders/").json()["results"][0]
    assert (row["refunded_in_part"], row["received_before_refunds"]) == (None, True)


@pytest.mark.parametrize(
    ("changed", "expected"), [(None, True), (-10, True), (-1, True), (0, False), (1, False)]
)
def test_another_income_counts_that_was_told_after_the_last_refund(
    order: Order, changed: int | None, expected: bool
) -> None:
    now = timezone.now()
    part(order, decided_at=now - timedelta(minutes=9))
    part(order, decided_at=now)
    if changed is not None:
        order.received_changed_at = now + timedelta(minutes=changed)
    assert is_before_refunds(order, order.refunds.all()) is expected
    assert not is_before_refunds(order, [])


@pytest.mark.parametrize(("told", "is_another"), [(48.7, False), (39.7, True), (None, False)])
def test_what_meituan_tells_again_is_compared(
    pusher: Pusher, told: float | None, is_another: bool
) -> None:
    def push(later: int, yuan: float | None) -> Order:
        fen = None if yuan is None else round(yuan * 100)
        detail = {"wmPoiReceiveCent": fen} if fen else {}
        now = int(timezone.now().timestamp()) + later
        pusher.order(utime=now, poiReceiveDetail=json.dumps(detail))
        return Order.objects.get()

    first = push(0, 48.7)
    assert (first.received, first.received_changed_at) == (4870, None)
    again = push(1, told)
    assert again.received == (None if told is None else round(told * 100))
    assert (again.received_changed_at is not None) is is_another


def test_the_desk_says_it_of_the_order_and_of_the_day(order: Order) -> None:
    clerk = at_work(order.store, Role.CLERK)
    OrderFactory(binding=order.connection.takeaway_store, state=OrderState.FINISHED, received=1000)
    assert "efunded" not in clerk.get(DESK).content.decode()
    part(order)
    part(order, 101)
    gone: Order = OrderFactory(binding=order.connection.takeaway_store, state=OrderState.CANCELLED)
    part(gone, 700)
    html = clerk.get(DESK).content.decode()
    assert "Today: 2 orders · income expected ¥30.50" in html
    assert "refunded in part: ¥13.51" in html
    assert "Refunded in part: ¥13.51" in html
    assert BEFORE in html
    tell_another(order)
    html = clerk.get(DESK).content.decode()
    assert "Refunded in part: ¥13.51" in html
    assert BEFORE not in html


def test_programs_read_it(order: Order) -> None:
    api = api_of(order.store.merchant)

    def told(path: str) -> tuple[Any, ...]:
        row = api.get(path).json()
        row = row["results"][0] if "results" in row else row
        return row["received"], row["received_before_refunds"], row["refunded_in_part"]

    paths = ("takeaway/orders/", f"takeaway/orders/{order.order_id}/")
    assert {told(path) for path in paths} == {("20.50", False, "0.00")}
    part(order)
    assert {told(path) for path in paths} == {("20.50", True, "12.50")}
    tell_another(order)
    assert {told(path) for path in paths} == {("20.50", False, "12.50")}


def test_the_start_page_says_it_of_today(order: Order) -> None:
    user = member(order.store.merchant, Role.MANAGER, order.store)
    assert str(cards(user)[1].title) == "Takeaway revenue today"
    part(order)
    assert str(cards(user)[1].title) == "Takeaway revenue today, before refunds"
