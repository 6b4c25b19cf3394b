"""Which day, how late one may book, and on which days a ticket opens the door."""

from datetime import date, datetime, time, timedelta
from typing import Any

import pytest
import time_machine

from stores.conflicts import Conflict
from stores.platforms.reading import BEIJING
from tests.meituan import Meituan, selling
from tests.trip.factories import OfferFactory
from trip import services
from trip.choices import BookAhead, Method
from trip.models import Offer, Order, Product
from trip.services.paying import expire_unpaid

pytestmark = pytest.mark.django_db
DAY = date(2026, 12, 5)


def at(text: str) -> datetime:
    return datetime.strptime(text, "%Y-%m-%d %H:%M:%S").replace(tzinfo=BEIJING)


def calendar(**fields: Any) -> tuple[Meituan, Product]:
    """Returns a product for 2026-12-05 with the last entry at 17:00."""
    meituan, product = selling(
        **({"by_calendar": True, "offer": False, "last_entry": time(17)} | fields)
    )
    OfferFactory(product=product, date=DAY)
    return meituan, product


def code_at(moment: str, meituan: Meituan, product: Product, **fields: Any) -> int:
    with time_machine.travel(at(moment), tick=False):
        return int(meituan.create(product, **fields)["code"])


@pytest.mark.parametrize(
    ("fields", "last", "late"),
    [
        ({}, "2026-12-05 17:00:00", "2026-12-05 17:00:01"),
        (
            {"book_ahead": BookAhead.MINUTES, "ahead_minutes": 90},
            "2026-12-05 15:30:00",
            "2026-12-05 15:30:01",
        ),
        (
            {"book_ahead": BookAhead.MINUTES, "ahead_minutes": 0},
            "2026-12-05 17:00:00",
            "2026-12-05 17:00:01",
        ),
        (
            {"book_ahead": BookAhead.CLOCK, "ahead_days": 1, "ahead_time": time(20)},
            "2026-12-04 20:00:00",
            "2026-12-04 20:00:01",
        ),
        (
            {"book_ahead": BookAhead.CLOCK, "ahead_days": 0, "ahead_time": time(20)},
            "2026-12-05 17:00:00",
            "2026-12-05 17:00:01",
        ),
    ],
)
def test_booking_ends_to_the_second(fields: dict[str, Any], last: str, late: str) -> None:
    meituan, product = calendar(**fields)
    assert code_at(last, meituan, product) == 200
    assert code_at(late, meituan, product) == 422


def test_a_day_that_is_over_begins_at_midnight_in_beijing() -> None:
    meituan, product = calendar(last_entry=time(23, 59))
    assert code_at("2026-12-05 23:58:00", meituan, product) == 200
    with time_machine.travel(at("2026-12-06 00:00:00"), tick=False):
        answer = meituan.create(product)
    assert (answer["code"], answer["describe"]) == (422, "游玩日期已过")


def test_a_calendar_product_needs_a_day_that_has_a_price_and_is_open() -> None:
    meituan, product = calendar()
    now = "2026-12-01 10:00:00"
    assert code_at(now, meituan, product, travelDate="") == 410
    assert code_at(now, meituan, product, travelDate="2026-12-06") == 421
    Offer.objects.update(is_open=False)
    assert code_at(now, meituan, product) == 421


def test_a_day_outside_the_validity_is_refused() -> None:
    meituan, product = calendar(valid_from=date(2026, 12, 5), valid_until=date(2026, 12, 5))
    OfferFactory(product=product, date=date(2026, 12, 4))
    OfferFactory(product=product, date=date(2026, 12, 6))
    now = "2026-12-01 10:00:00"
    codes = [code_at(now, meituan, product, travelDate=f"2026-12-0{day}") for day in (4, 5, 6)]
    assert codes == [422, 200, 422]


def test_a_ticket_for_any_day_is_sold_until_the_last_entry_of_its_last_day() -> None:
    meituan, product = selling(valid_until=date(2026, 12, 5), last_entry=time(17))
    assert code_at("2026-12-05 17:00:00", meituan, product) == 200
    assert code_at("2026-12-05 17:00:01", meituan, product) == 421


def test_days_have_stock_of_their_own() -> None:
    meituan, product = calendar()
    OfferFactory(product=product, date=date(2026, 12, 6), stock=1)
    Offer.objects.filter(date=DAY).update(stock=1)
    now = "2026-12-01 10:00:00"
    codes = [
        code_at(now, meituan, product, travelDate=day)
        for day in ("2026-12-05", "2026-12-05", "2026-12-06")
    ]
    assert codes == [200, 420, 200]


@pytest.mark.parametrize(
    ("moment", "opens"),
    [
        ("2026-12-04 23:59:59", False),
        ("2026-12-05 00:00:00", True),
        ("2026-12-07 23:59:59", True),
        ("2026-12-08 00:00:00", False),
    ],
)
def test_a_ticket_opens_the_door_on_its_days(moment: str, opens: bool) -> None:
    meituan, product = calendar(valid_days=3)
    with time_machine.travel(at("2026-12-01 10:00:00"), tick=False):
        order = meituan.bought(product)
    with time_machine.travel(at(moment), tick=False):
        use: dict[str, Any] = {
            "order_pk": order.pk,
            "quantity": 1,
            "actor": None,
            "method": Method.COUNTER,
        }
        if opens:
            assert services.order_consume(**use).quantity == 1
            return
        with pytest.raises(Conflict):
            services.order_consume(**use)
        assert services.order_consume(any_day=True, **use).quantity == 1


def test_an_unpaid_order_expires_after_its_time_and_a_grace() -> None:
    meituan, product = selling(pay_minutes=40, offer__stock=1)
    start = at("2026-12-01 10:00:00")
    with time_machine.travel(start, tick=False):
        order = meituan.bought(product, pay=False)
    for minutes, expired in ((40, 0), (45, 0), (46, 1), (46, 0)):
        with time_machine.travel(start + timedelta(minutes=minutes), tick=False):
            assert expire_unpaid() == expired
    order.refresh_from_db()
    assert (order.status, Offer.objects.get().held) == (Order.Status.EXPIRED, 0)


def test_prices_are_pulled_day_by_day_and_a_closed_day_has_none_left() -> None:
    meituan, product = calendar()
    OfferFactory(product=product, date=date(2026, 12, 6), stock=7, held=2, sold=1)
    OfferFactory(product=product, date=date(2026, 12, 7), stock=7, is_open=False)
    answer = meituan.ask(
        "product/price",
        {"partnerDealId": product.deal_id, "startTime": "2026-12-05", "endTime": "2026-12-07"},
    )
    assert [(row["date"], row["stock"]) for row in answer["body"]] == [
        ("2026-12-05", 100_000_000),
        ("2026-12-06", 4),
        ("2026-12-07", 0),
    ]
    assert answer["body"][0] | {"date": "", "stock": 0} == {
        "partnerDealId": product.deal_id,
        "date": "",
        "marketPrice": 120.0,
        "mtPrice": 95.0,
        "settlementPrice": 80.0,
        "stock": 0,
    }
