"""What waits for somebody now: codes, decisions, a word with Meituan."""

from datetime import datetime, timedelta

from django.utils import timezone

from trip.choices import CloseType, Method, RefundedBecause, Trouble
from trip.demo import sales
from trip.demo.sales import Book, Sale
from trip.models import Consumption
from trip.services import workdays
from trip.services.refunding import REVIEW_DAYS

# minutes ago, hours until Meituan agrees by itself
WAITING_FOR_CODES = {"ZG-1010": 4, "ZG-1012": 11, "ZG-1011": 48}
WAITING_FOR_A_DECISION = {"ZG-1006": 3, "ZG-1007": 20, "ZG-1014": 48}


def open_for_us(book: Book) -> Consumption:
    """Everything that can need a person; returns the use of which Meituan could not be told."""
    for number, minutes in WAITING_FOR_CODES.items():
        wait_for_codes(book, number, minutes)
    for number, hours in WAITING_FOR_A_DECISION.items():
        wait_for_a_decision(book, number, hours)
    _not_paid_yet(book)
    _closed_by_meituan(book)
    _agreed_by_meituan(book)
    _refunded_after_use(book)
    return _untold(book)


def open_for_the_other(book: Book) -> None:
    wait_for_codes(book, "XH-2002", 7)
    wait_for_a_decision(book, "XH-2002", 30)


def _sell(book: Book, number: str, at: datetime, quantity: int) -> Sale:
    """Sold and issued; for a chosen day, the day after tomorrow."""
    shelf = book.shelf(number)
    day = timezone.localdate(book.now) + timedelta(days=2) if shelf.ware.calendar else None
    sale = sales.place(book, shelf, at - timedelta(minutes=2), quantity=quantity, day=day)
    sales.pay(book, sale, at)
    return sale


def wait_for_codes(book: Book, number: str, minutes: int) -> None:
    """Paid that many minutes ago; the ticketing system has not fetched it."""
    _sell(book, number, book.now - timedelta(minutes=minutes), 2)


def wait_for_a_decision(book: Book, number: str, hours: int) -> None:
    """A refund that Meituan agrees to by itself in that many hours."""
    deadline = book.now + timedelta(hours=hours)
    received = _workdays_before(deadline)
    sale = _sell(book, number, received - timedelta(hours=5), 2)
    if not sale.vouchers:
        sales.issue(book, sale, received - timedelta(hours=4, minutes=50))
    refund = sales.ask_back(book, sale, received, 1 if hours < 24 else 2)
    refund.deadline = deadline


def _workdays_before(deadline: datetime) -> datetime:
    """When a refund was received whose three working days end then."""
    received, left = deadline, REVIEW_DAYS
    while left:
        left -= workdays.is_workday(timezone.localdate(received))
        received -= timedelta(days=1)
    return received


def _not_paid_yet(book: Book) -> None:
    for number, minutes in (("ZG-1001", 6), ("ZG-1103", 17)):
        sales.place(book, book.shelf(number), book.now - timedelta(minutes=minutes), quantity=1)


def _closed_by_meituan(book: Book) -> None:
    """Our answer to pay was lost: Meituan gave the money back, the codes open no door any more."""
    sale = _sell(book, "ZG-1002", book.now - timedelta(days=3, hours=4), 2)
    at = book.now - timedelta(days=3, hours=3)
    sale.order.close_type, sale.order.closed_at = CloseType.PAY_FAILED, at
    for voucher in sale.vouchers:
        voucher.voided, voucher.voided_at = voucher.quantity, at


def _agreed_by_meituan(book: Book) -> None:
    """Nobody decided for three working days."""
    asked = book.now - timedelta(days=9)
    sale = _sell(book, "ZG-1006", asked - timedelta(hours=3), 1)
    refund = sales.ask_back(book, sale, asked, 1)
    sales.decide(sale, refund, workdays.after_workdays(asked, REVIEW_DAYS), method=Method.MEITUAN)
    refund.message_type, refund.reason = (
        RefundedBecause.REVIEW_TIMED_OUT,
        "商家审核超时，系统自动退款",
    )


def _refunded_after_use(book: Book) -> None:
    """The guest was inside, and Meituan's customer service gave the money back all the same."""
    sale = _sell(book, "ZG-1003", book.now - timedelta(days=2, hours=6), 3)
    sales.use(book, sale, book.now - timedelta(days=2), 3)
    refund = sales.ask_back(book, sale, book.now - timedelta(days=1, hours=5), 3)
    sales.decide(sale, refund, refund.received_at, method=Method.MEITUAN)
    refund.message_type, refund.reason = RefundedBecause.CUSTOMER_SERVICE, "用户投诉，平台客服退款"
    sale.order.needs_person = Trouble.REFUNDED_AFTER_USE


def _untold(book: Book) -> Consumption:
    """Used four days ago, but nobody at Meituan answered."""
    sale = _sell(book, "ZG-1001", book.now - timedelta(days=4, hours=6), 2)
    sales.use(book, sale, book.now - timedelta(days=4, hours=3), 2)
    return sale.uses[0]
