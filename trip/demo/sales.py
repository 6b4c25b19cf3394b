"""One order of the demo with everything that belongs to it, in memory until the whole book is
saved.
"""

import random
import secrets
from collections import Counter
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, field
from datetime import date, datetime, timedelta
from decimal import Decimal
from functools import cached_property
from typing import Any

from django.contrib.auth.models import User

from stores.models import Connection
from trip.choices import Method, VisitorInfo, VoucherType
from trip.codes import new_code
from trip.demo.sample_products import OWN, Ware
from trip.models import Consumption, Offer, Order, Product, Refund, Visitor, Voucher
from trip.services import booking, limits, workdays
from trip.services.issuing import codes_needed
from trip.services.refunding import REVIEW_DAYS
from trip.services.terms import kept
from trip.wire.requests import VisitorData

Status = Order.Status
SURNAMES, GIVEN = (
    "王李张刘陈杨赵黄周吴徐孙",
    ("晓雯", "子涵", "伟", "思琪", "建国", "雨桐", "浩然", "丽", "俊杰", "欣怡"),
)


@dataclass(frozen=True)
class Shelf:
    """A product with its prices by day."""

    ware: Ware
    product: Product
    offers: dict[date | None, Offer]

    @cached_property
    def terms(self) -> dict[str, Any]:
        return kept(self.product)


@dataclass
class Sale:
    order: Order
    vouchers: list[Voucher] = field(default_factory=list)
    visitors: list[Visitor] = field(default_factory=list)
    uses: list[Consumption] = field(default_factory=list)
    refunds: list[Refund] = field(default_factory=list)

    def portions(self, quantity: int) -> list[tuple[Voucher, int]]:
        """Returns that many unused tickets, the oldest codes first."""
        found = []
        for voucher in self.vouchers:
            if count := min(quantity, voucher.unused):
                found.append((voucher, count))
                quantity -= count
        return found

    def sold(self) -> int:
        """Counts the offer's tickets that this order has sold."""
        if self.order.status not in (Status.ISSUING, Status.ISSUED):
            return 0
        return self.order.quantity - sum(
            voucher.refunded + voucher.voided for voucher in self.vouchers
        )

    def held(self) -> int:
        if self.order.status != Status.CREATED:
            return 0
        return self.order.quantity


@dataclass
class Book:
    """All sales of one merchant."""

    connection: Connection
    shelves: Sequence[Shelf]
    staff: Sequence[User]
    rng: random.Random
    now: datetime
    days: int
    sales: list[Sale] = field(default_factory=list)
    _numbers: set[int] = field(default_factory=set)

    def shelf(self, number: str) -> Shelf:
        return next(shelf for shelf in self.shelves if shelf.ware.number == number)

    def number(self) -> int:
        """Returns a new order number of fifteen digits, like Meituan's."""
        while True:
            number = 490_000_000_000_000 + self.rng.randrange(10**13)
            if number not in self._numbers:
                self._numbers.add(number)
                return number

    def save(self) -> None:
        """Saves parents first, in the order of time; then the quantities of the offers."""
        self.sales.sort(key=lambda sale: sale.order.created_at)
        Order.objects.bulk_create([sale.order for sale in self.sales], batch_size=300)
        Voucher.objects.bulk_create(self._all("vouchers"), batch_size=500)
        visitors = Visitor.objects.bulk_create(self._all("visitors"), batch_size=500)
        for visitor in visitors:
            visitor.created_at = visitor.order.created_at
        Visitor.objects.bulk_update(visitors, ["created_at"], batch_size=500)
        Consumption.objects.bulk_create(
            sorted(self._all("uses"), key=lambda use: use.at), batch_size=500
        )
        Refund.objects.bulk_create(
            sorted(self._all("refunds"), key=lambda refund: refund.received_at)
        )
        self._count_stock()

    def _all(self, kind: str) -> list[Any]:
        return [row for sale in self.sales for row in getattr(sale, kind)]

    def _count_stock(self) -> None:
        sold, held = Counter[int](), Counter[int]()
        for sale in self.sales:
            sold[sale.order.offer_id] += sale.sold()
            held[sale.order.offer_id] += sale.held()
        offers = {offer.pk: offer for shelf in self.shelves for offer in shelf.offers.values()}
        touched = [offers[pk] for pk in sold]
        for offer in touched:
            offer.sold, offer.held = sold[offer.pk], held[offer.pk]
            if offer.stock is not None:
                # A limited offer keeps as many tickets as the sample product says.
                offer.stock += offer.sold + offer.held
        Offer.objects.bulk_update(touched, ["sold", "held", "stock"], batch_size=300)


def place(
    book: Book, shelf: Shelf, at: datetime, *, quantity: int, day: date | None = None
) -> Sale:
    """Adds an order that is not paid yet; `day` is the day of visit of a ticket for a chosen
    day.
    """
    product, offer = shelf.product, shelf.offers[day]
    order = Order(
        connection=book.connection,
        store=product.store,
        product=product,
        offer=offer,
        order_id=book.number(),
        partner_order_id=f"ZG{secrets.token_hex(9).upper()}",
        quantity=quantity,
        unit_price=offer.sale_price,
        buy_price=offer.settlement_price,
        total_price=offer.sale_price * quantity,
        travel_date=day,
        voucher_type=product.voucher_type,
        issuing=product.issuing,
        terms=shelf.terms,
        usable_until=booking.usable_days(product, day)[1],
        created_at=at,
        pay_until=at + timedelta(minutes=product.pay_minutes),
    )
    sale = Sale(order)
    sale.visitors = [
        _visitor(book, order, product, n) for n in range(booking.visitors_needed(product, quantity))
    ]
    book.sales.append(sale)
    return sale


def _visitor(book: Book, order: Order, product: Product, position: int) -> Visitor:
    rng = book.rng
    born = f"{rng.randrange(1960, 2003)}{rng.randrange(1, 13):02}{rng.randrange(1, 29):02}"
    name = rng.choice(SURNAMES) + rng.choice(GIVEN)
    mobile = f"199{rng.randrange(10**8):08}"
    credentials: dict[int, str] = {}
    if product.visitor_info == VisitorInfo.EACH:
        credentials[0] = f"110199{born}{rng.randrange(1000):03}X"
    person = VisitorData(name=name, mobile=mobile, credentials=credentials)
    return Visitor(
        order=order,
        product=product,
        details={
            "name": person.name,
            "mobile": person.mobile,
            "credentials": {str(kind): number for kind, number in person.credentials.items()},
        },
        mobile_hash=limits.hash_of(person.mobile),
        credential_hash=limits.hash_of(limits.credential_of(product, person)),
        tickets=booking.tickets_of_visitor(product, order.quantity, position),
    )


def pay(book: Book, sale: Sale, at: datetime) -> None:
    """Pays the order; our own codes are issued at once, other codes come later."""
    sale.order.status, sale.order.paid_at = Status.ISSUING, at
    if sale.order.product.issuing == OWN:
        issue(book, sale, at)


def issue(book: Book, sale: Sale, at: datetime) -> None:
    order = sale.order
    order.status, order.issued_at = Status.ISSUED, at
    is_per_ticket = order.voucher_type == VoucherType.PER_TICKET
    each = 1 if is_per_ticket else order.quantity
    sale.vouchers = [
        Voucher(connection=book.connection, order=order, code=code, quantity=each, valid_at=at)
        for code in _codes(book, order) or [""]
    ]


def _codes(book: Book, order: Order) -> Iterable[str]:
    """Returns codes of our own, or codes in the style of a ticketing system."""
    own = order.product.issuing == OWN
    return [
        new_code() if own else f"PW-{secrets.randbelow(10**10):010}"
        for _ in range(codes_needed(order))
    ]


def use(book: Book, sale: Sale, at: datetime, quantity: int) -> None:
    """Uses tickets at the entrance."""
    portions = sale.portions(quantity)
    for voucher, count in portions:
        voucher.used, voucher.used_at = voucher.used + count, at
    counter = book.rng.random() < 0.75
    by = book.rng.choice(book.staff).get_full_name() if counter else "API 收银系统"
    sale.uses.append(
        Consumption(
            order=sale.order,
            store=sale.order.store,
            tickets=_rows(portions),
            quantity=sum(count for _, count in portions),
            method=Method.COUNTER if counter else Method.API,
            by=by,
            at=at,
        )
    )


def ask_back(book: Book, sale: Sale, at: datetime, quantity: int) -> Refund:
    """Adds the buyer's application, undecided."""
    order = sale.order
    deadline = None
    if order.product.refund_review:
        deadline = workdays.after_workdays(at, REVIEW_DAYS)
    refund = Refund(
        order=order,
        store=order.store,
        refund_id=f"{order.order_id}-{at:%Y%m%d%H%M%S}{book.rng.randrange(1000):03}",
        status=Refund.Status.REVIEW,
        quantity=quantity,
        codes=[voucher.code for voucher, _ in sale.portions(quantity) if voucher.code],
        price=order.unit_price * quantity,
        fee=Decimal(0),
        applied_at=at - timedelta(seconds=4),
        received_at=at,
        deadline=deadline,
    )
    sale.refunds.append(refund)
    return refund


def decide(
    sale: Sale, refund: Refund, at: datetime, *, method: str, by: str = "system", refusal: str = ""
) -> None:
    """Agrees to the refund, or refuses it for the given reason."""
    refund.method, refund.decided_by, refund.decided_at = method, by, at
    refund.status, refund.reason = (
        Refund.Status.REFUSED if refusal else Refund.Status.AGREED,
        refusal,
    )
    if refusal:
        return
    portions = sale.portions(refund.quantity)
    for voucher, count in portions:
        voucher.refunded, voucher.refunded_at = voucher.refunded + count, at
    refund.tickets = _rows(portions)


def _rows(portions: Iterable[tuple[Voucher, int]]) -> list[dict[str, Any]]:
    return [{"voucher": voucher.code, "quantity": count} for voucher, count in portions]


def moments(rng: random.Random, first: datetime, days: int, usual: float) -> Iterator[datetime]:
    """Yields the times of orders: more at the weekend, from nine in the morning to eleven at
    night.
    """
    for n in range(days + 1):
        day = first + timedelta(days=n)
        wanted = usual * (1.6 if day.weekday() >= 5 else 0.8)
        for _ in range(int(wanted) + (rng.random() < wanted % 1)):
            yield day + timedelta(hours=rng.triangular(9, 23, 19))
