"""Open tasks of today: codes to enter, refunds to decide, orders to settle with Meituan."""

from datetime import datetime, timedelta

from django.utils import timezone

from trip.choices import CloseType, Method, RefundedBecause, Trouble
from trip.demo import sales
from trip.demo.sales import Book, Sale
from trip.models import Consumption
from trip.services import workdays
from trip.services.refunding import REVIEW_DAYS

# Minutes since the payment; hours until Meituan agrees by itself
WAITING_FOR_CODES = {"ZG-1010": 4, "ZG-1012": 11, "ZG-1011": 48}
WAITING_FOR_A_DECISION = {"ZG-1006": 3, "ZG-1007": 20, "ZG-1014": 48}
# Minutes since the order
UNPAID = (("ZG-1001", 6), ("ZG-1103", 17))


def open_for_us(book: Book) -> Consumption:
    """Adds everything that can need a person; returns the use whose notice never arrived."""
    for number, minutes in WAITING_FOR_CODES.items():
        wait_for_codes(book, number, minutes)
    for number, hours in WAITING_FOR_A_DECISION.items():
        wait_for_a_decision(book, number, hours)
    for number, minutes in UNPAID:
        sales.place(book, book.shelf(number), book.now - timedelta(minutes=minutes), quantity=1)
    _closed_by_meituan(book)
    _agreed_by_meituan(book)
    _refunded_after_use(book)
    return _use_without_notice(book)


def open_for_the_other(book: Book) -> None:
    wait_for_codes(book, "XH-2002", 7)
    wait_for_a_decision(book, "XH-2002", 30)


def _sell(book: Book, number: str, at: datetime, quantity: int) -> Sale:
    """Sells and issues an order; for a chosen day, the day after tomorrow."""
    shelf = book.shelf(number)
    day = None
    if shelf.ware.calendar:
        day = timezone.localdate(book.now) + timedelta(days=2)
    sale = sales.place(book, shelf, at - timedelta(minutes=2), quantity=quantity, day=day)
    sales.pay(book, sale, at)
    return sale


def wait_for_codes(book: Book, number: str, minutes: int) -> None:
    """Adds an order that was paid that many minutes ago and still waits for codes."""
    _sell(book, number, book.now - timedelta(minutes=minutes), 2)


def wait_for_a_decision(book: Book, number: str, hours: int) -> None:
    """Adds a refund that Meituan agrees to by itself in that many hours."""
    deadline = book.now + timedelta(hours=hours)
    received = _workdays_before(deadline)
    sale = _sell(book, number, received - timedelta(hours=5), 2)
    if not sale.vouchers:
        sales.issue(book, sale, received - timedelta(hours=4, minutes=50))
    refund = sales.ask_back(book, sale, received, 1 if hours < 24 else 2)
    refund.deadline = deadline


def _workdays_before(deadline: datetime) -> datetime:
    """Returns when a refund was received whose three working days end at the deadline."""
    received, left = deadline, REVIEW_DAYS
    while left:
        left -= workdays.is_workday(timezone.localdate(received))
        received -= timedelta(days=1)
    return received


def _closed_by_meituan(book: Book) -> None:
    """Adds an order whose answer to pay was lost: Meituan paid the money back, and the codes are
    void.
    """
    sale = _sell(book, "ZG-1002", book.now - timedelta(days=3, hours=4), 2)
    at = book.now - timedelta(days=3, hours=3)
    sale.order.close_type, sale.order.closed_at = CloseType.PAY_FAILED, at
    for voucher in sale.vouchers:
        voucher.voided, voucher.voided_at = voucher.quantity, at


def _agreed_by_meituan(book: Book) -> None:
    """Adds a refund that was not decided within three working days."""
    asked = book.now - timedelta(days=9)
    sale = _sell(book, "ZG-1006", asked - timedelta(hours=3), 1)
    refund = sales.ask_back(book, sale, asked, 1)
    sales.decide(sale, refund, workdays.after_workdays(asked, REVIEW_DAYS), method=Method.MEITUAN)
    refund.message_type, refund.reason = (
        RefundedBecause.REVIEW_TIMED_OUT,
        "商家审核超时，系统自动退款",
    )


def _refunded_after_use(book: Book) -> None:
    """Adds an order whose tickets were used before Meituan's customer service paid the money
    back.
    """
    sale = _sell(book, "ZG-1003", book.now - timedelta(days=2, hours=6), 3)
    sales.use(book, sale, book.now - timedelta(days=2), 3)
    refund = sales.ask_back(book, sale, book.now - timedelta(days=1, hours=5), 3)
    sales.decide(sale, refund, refund.received_at, method=Method.MEITUAN)
    refund.message_type, refund.reason = RefundedBecause.CUSTOMER_SERVICE, "用户投诉，平台客服退款"
    sale.order.needs_person = Trouble.REFUNDED_AFTER_USE


def _use_without_notice(book: Book) -> Consumption:
    """Adds a use four days ago whose notice Meituan never answered."""
    sale = _sell(book, "ZG-1001", book.now - timedelta(days=4, hours=6), 2)
    sales.use(book, sale, book.now - timedelta(days=4, hours=3), 2)
    return sale.uses[0]
