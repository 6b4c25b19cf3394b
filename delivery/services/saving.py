"""What choosing has saved a store in a month. Amounts are yuan, to the fen as couriers said them.

Against the dearest courier that would have taken each order, and against always the usual one: the
courier that was called most in the month before. Only what was delivered by a courier at a known
price, out of quotes that are kept, is compared; the cost is the delivery's whole cost.
"""

from collections import Counter, defaultdict
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import date, datetime, timedelta
from decimal import Decimal
from typing import Any

from django.db.models import Count

from delivery.models import Attempt, Quote
from delivery.services.costing import cost_of
from stores.clock import begin_of
from stores.models import Store

State = Attempt.State
_Quote = Mapping[str, Any]
_OF_ATTEMPT = ("delivery", "shop_order_id", "called_at", "state", "fee", "tip", "deduction")
_OF_QUOTE = (
    "delivery", "round", "shop_order_id", "courier__account__delivery_id", "fee", "refusal",
    "is_silent", "expires_at",
)  # fmt: skip
NO_ORDERS = "no_orders"
NO_QUOTES = "no_quotes"
NO_USUAL = "no_usual"
NOT_QUOTED = "not_quoted"


@dataclass(frozen=True)
class Saving:
    """`orders` were compared; they cost `paid`, and would have cost `instead`. Without any, `why`
    is one of the reasons above.
    """

    orders: int = 0
    paid: Decimal = Decimal(0)
    instead: Decimal = Decimal(0)
    why: str = ""

    @property
    def saved(self) -> Decimal:
        return self.instead - self.paid

    @property
    def extra(self) -> Decimal:
        """Returns what was paid too much: what was saved, the other way round."""
        return -self.saved


@dataclass(frozen=True)
class Savings:
    """`orders` were delivered by couriers, `quoted` of them out of quotes that are kept; `usual` is
    the usual courier's delivery id, "" without one.
    """

    month: date
    orders: int
    quoted: int
    usual: str
    against_dearest: Saving
    against_usual: Saving


@dataclass
class _Order:
    """What a delivery cost, and at which fees couriers would have taken it."""

    cost: Decimal
    offers: Mapping[str, Decimal] = field(default_factory=dict)


def month_of(day: date) -> date:
    return day.replace(day=1)


def month_after(month: date) -> date:
    return month_of(month + timedelta(days=31))


def month_before(month: date) -> date:
    return month_of(month - timedelta(days=1))


def savings(store: Store, month: date) -> Savings:
    """Returns the savings of a month, which is its first day."""
    begin, end = begin_of(month), begin_of(month_after(month))
    orders = _orders(store, begin, end)
    quoted = [order for order in orders if order.offers]
    usual = _usual(store, begin_of(month_before(month)), begin)
    dearest = _compared([(each.cost, max(each.offers.values())) for each in quoted])
    with_usual = [(each.cost, each.offers[usual]) for each in quoted if usual in each.offers]
    return Savings(
        month=month,
        orders=len(orders),
        quoted=len(quoted),
        usual=usual,
        against_dearest=dearest or Saving(why=NO_QUOTES if orders else NO_ORDERS),
        against_usual=_compared(with_usual) or Saving(why=_why_not(orders, quoted, usual)),
    )


def _compared(pairs: Sequence[tuple[Decimal, Decimal]]) -> Saving | None:
    if not pairs:
        return None
    paid = sum((cost for cost, _instead in pairs), Decimal(0))
    return Saving(len(pairs), paid, sum((instead for _cost, instead in pairs), Decimal(0)))


def _why_not(orders: Sequence[_Order], quoted: Sequence[_Order], usual: str) -> str:
    if not orders:
        return NO_ORDERS
    if not usual:
        return NO_USUAL
    return NOT_QUOTED if quoted else NO_QUOTES


def _orders(store: Store, begin: datetime, end: datetime) -> list[_Order]:
    """Returns the deliveries that a courier ended in that month at a known price."""
    ended = Attempt.objects.real().filter(
        delivery__store=store, called_at__gte=begin, called_at__lt=end,
        state=State.DELIVERED, fee__isnull=False, courier__isnull=False,
    )  # fmt: skip
    # Of thousands of rows only what is compared: what is encrypted stays.
    final = {row.delivery_id: row for row in ended.order_by("pk").only(*_OF_ATTEMPT)}
    of_delivery: dict[int, list[Attempt]] = defaultdict(list)
    deliveries = ended.order_by().values("delivery")
    every = Attempt.objects.real().filter(delivery__in=deliveries)
    for row in every.order_by("pk").only(*_OF_ATTEMPT):
        of_delivery[row.delivery_id].append(row)
    quotes = Quote.objects.filter(delivery__in=deliveries).order_by("pk")
    rounds = _rounds(quotes.values(*_OF_QUOTE))
    return [
        _Order(
            cost_of(of_delivery[pk]),
            _usable(rounds.get(attempt.shop_order_id, ()), attempt.called_at),
        )
        for pk, attempt in final.items()
    ]


def _rounds(quotes: Iterable[_Quote]) -> dict[str, list[_Quote]]:
    """Returns for the number of each quote the quotes that were asked for together with it."""
    together: dict[tuple[int, int], list[_Quote]] = defaultdict(list)
    for quote in quotes:
        together[quote["delivery"], quote["round"]].append(quote)
    return {quote["shop_order_id"]: of_one for of_one in together.values() for quote in of_one}


def _usable(quotes: Sequence[_Quote], at: datetime) -> dict[str, Decimal]:
    """Returns the fees of couriers that would have taken the order at that moment."""
    return {
        quote["courier__account__delivery_id"]: quote["fee"]
        for quote in quotes
        if quote["fee"] is not None
        and not quote["refusal"]
        and not quote["is_silent"]
        and (quote["expires_at"] is None or quote["expires_at"] > at)
    }


def _usual(store: Store, begin: datetime, end: datetime) -> str:
    """Returns the courier that was called most; of equal ones the first by its id."""
    rows = Attempt.objects.real().filter(
        delivery__store=store, called_at__gte=begin, called_at__lt=end, courier__isnull=False
    )
    counts = Counter[str]()
    for row in rows.order_by().values("courier_code").annotate(count=Count("pk")):
        counts[row["courier_code"]] = row["count"]
    return min(counts, key=lambda courier: (-counts[courier], courier), default="")
