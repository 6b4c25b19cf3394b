"""Deadlines of refunds in Chinese working days."""

from datetime import date, datetime

import chinese_calendar
import pytest
import time_machine

from tests.meituan import selling
from tests.trip.test_refunds import at
from trip.models import Refund
from trip.services.workdays import after_workdays, is_workday, missing_year

pytestmark = pytest.mark.django_db


def test_make_up_days_are_working_days_and_feast_days_are_not() -> None:
    # 国务院办公厅关于2026年部分节假日安排的通知: 2月14日、28日上班, 2月15日至23日放假
    work = [
        date(2026, 2, 14),
        date(2026, 2, 24),
        date(2026, 2, 28),
        date(2026, 5, 9),
        date(2026, 10, 10),
    ]
    free = [
        date(2026, 2, 15),
        date(2026, 2, 16),
        date(2026, 2, 23),
        date(2026, 3, 1),
        date(2026, 10, 7),
    ]
    assert [is_workday(day) for day in work] == [True] * 5
    assert [is_workday(day) for day in free] == [False] * 5


def test_beyond_the_published_years_it_is_monday_to_friday_without_new_years_day() -> None:
    days = [date(2099, 5, day) for day in range(4, 11)]
    assert [is_workday(day) for day in days] == [True] * 5 + [False] * 2
    assert [is_workday(date(2099, 1, day)) for day in (1, 2, 3, 5)] == [False, True, False, True]
    assert after_workdays(at("2098-12-30 10:30"), 3) == at("2099-01-05 10:30")


@pytest.mark.parametrize(
    ("today", "missing"),
    [
        (date(2025, 12, 31), None),
        (date(2098, 10, 31), 2098),
        (date(2025, 10, 31), None),
        (date(2025, 11, 1), None),
    ],
)
def test_known_years_miss_nothing_and_unknown_ones_are_named(
    today: date, missing: int | None
) -> None:
    assert missing_year(today) == missing


def test_the_coming_year_is_missed_from_november_on() -> None:
    last = max(chinese_calendar.holidays).year
    assert [missing_year(date(last, *day)) for day in ((10, 31), (11, 1))] == [None, last + 1]


@pytest.mark.parametrize(
    ("start", "deadline"),
    [
        ("2026-11-23 10:30", "2026-11-26 10:30"),
        ("2026-11-26 10:30", "2026-12-01 10:30"),
        ("2026-11-21 10:30", "2026-11-26 00:00"),
        # Friday before Spring Festival: Saturday is worked, then nine days off.
        ("2026-02-13 15:00", "2026-02-25 15:00"),
        ("2026-02-14 15:00", "2026-02-26 15:00"),
        ("2026-02-17 15:00", "2026-02-27 00:00"),
        # The Saturday after it is worked, too.
        ("2026-02-26 15:00", "2026-03-02 15:00"),
        ("2099-05-08 23:59", "2099-05-13 23:59"),
    ],
)
def test_three_working_days(start: str, deadline: str) -> None:
    assert after_workdays(at(start), 3) == at(deadline)


def test_the_deadline_counts_in_beijing() -> None:
    # 2026-11-22 23:30 UTC is Monday morning in Beijing.
    start = datetime.fromisoformat("2026-11-22T23:30:00+00:00")
    assert after_workdays(start, 3) == at("2026-11-26 07:30")


def test_a_review_has_its_deadline() -> None:
    meituan, product = selling(refund_review=True)
    with time_machine.travel(at("2026-02-13 15:00"), tick=False):
        meituan.refund(meituan.bought(product), 1, refundTime="2026-02-12 10:00:00")
    assert Refund.objects.get().deadline == at("2026-02-25 15:00")


def test_messages_without_a_number_are_told_apart_by_their_vouchers() -> None:
    meituan, product = selling()
    order = meituan.bought(product, 3)
    codes = list(order.vouchers.order_by("id").values_list("code", flat=True))
    for code in (codes[0], codes[1], codes[1]):
        meituan.refunded(order, 1, voucherList=[code], refundSerialNo="")
    assert [item["status"] for item in meituan.query(order.order_id)["body"]["voucherList"]] == [
        2,
        2,
        0,
    ]
    assert Refund.objects.count() == 2
