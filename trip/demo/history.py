"""Past weeks of orders: paid or not, issued or not, used, refunded, closed."""

from datetime import date, datetime, time, timedelta

from django.utils import timezone

from trip.choices import CloseType, Method
from trip.demo import sales
from trip.demo.sales import Book, Sale, Shelf
from trip.demo.sample_products import UPSTREAM

Status = sales.Status
QUANTITIES = {1: 40, 2: 38, 3: 13, 4: 9}
REFUSAL = "场地已按预约预留，开场前2小时内不再退款"
FAILURES = ("合作票务系统余票不足", "该场次已取消，票务系统拒绝出票")


def live_through(book: Book) -> None:
    """Adds the orders of the past weeks up to two hours ago; today.py adds younger ones."""
    midnight = timezone.localtime(book.now).replace(hour=0, minute=0, second=0, microsecond=0)
    for shelf in book.shelves:
        begin = midnight - timedelta(days=book.days)
        for at in sales.moments(book.rng, begin, book.days, shelf.ware.a_day):
            if at < book.now - timedelta(hours=2):
                _live(book, shelf, at)


def _live(book: Book, shelf: Shelf, at: datetime) -> None:
    most = shelf.product.max_per_order or 4
    quantity = min(most, book.rng.choices(list(QUANTITIES), list(QUANTITIES.values()))[0])
    sale = sales.place(book, shelf, at, quantity=quantity, day=_day(book, shelf, at))
    fate = book.rng.random()
    if fate < 0.06:
        _lapse(sale, closed=fate < 0.04)
        return
    paid = at + timedelta(seconds=book.rng.randrange(20, 600))
    sales.pay(book, sale, paid)
    if shelf.ware.issuing == UPSTREAM:
        if fate < 0.12:
            sale.order.status, sale.order.failure = Status.FAILED, book.rng.choice(FAILURES)
            return
        sales.issue(book, sale, paid + timedelta(seconds=book.rng.randrange(30, 900)))
    if fate > 0.92:
        _think_better_of_it(book, sale, shelf, paid)
    _visit(book, sale, paid)


def _day(book: Book, shelf: Shelf, at: datetime) -> date | None:
    if not shelf.ware.calendar:
        return None
    return timezone.localdate(at) + timedelta(days=book.rng.choice((0, 0, 1, 1, 2, 3, 5)))


def _lapse(sale: Sale, *, closed: bool) -> None:
    """Ends an order that was not paid."""
    order = sale.order
    order.status = Status.CLOSED if closed else Status.EXPIRED
    if closed:
        order.close_type, order.closed_at = (
            CloseType.UNPAID,
            order.created_at + timedelta(minutes=30),
        )


def _think_better_of_it(book: Book, sale: Sale, shelf: Shelf, paid: datetime) -> None:
    """Adds a refund of all tickets or of one."""
    at = paid + timedelta(minutes=book.rng.randrange(3, 50))
    whole = book.rng.random() < 0.6
    refund = sales.ask_back(book, sale, at, sale.order.quantity if whole else 1)
    if shelf.ware.refund == "none":
        sales.decide(sale, refund, at, method=Method.AUTO, refusal="该产品不支持退款")
    elif shelf.ware.refund == "review":
        decided = min(
            at + timedelta(hours=book.rng.uniform(0.2, 9)), book.now - timedelta(minutes=20)
        )
        by = book.rng.choice(book.staff).get_full_name()
        refusal = REFUSAL if book.rng.random() < 0.35 else ""
        sales.decide(sale, refund, decided, method=Method.ADMIN, by=by, refusal=refusal)
    else:
        sales.decide(sale, refund, at, method=Method.AUTO)


def _visit(book: Book, sale: Sale, paid: datetime) -> None:
    """Uses the tickets of most orders, of some orders not all; visits in the future are left
    out.
    """
    left = sum(voucher.unused for voucher in sale.vouchers)
    day = sale.order.travel_date or timezone.localdate(paid) + timedelta(days=book.rng.randrange(7))
    arrival = timezone.make_aware(datetime.combine(day, time(10))) + timedelta(
        minutes=book.rng.randrange(11 * 60)
    )
    arrival = max(arrival, paid + timedelta(hours=1))
    if not left or arrival > book.now - timedelta(minutes=5) or book.rng.random() < 0.06:
        return
    sales.use(book, sale, arrival, left - 1 if left > 1 and book.rng.random() < 0.1 else left)
