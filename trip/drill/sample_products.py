"""Which of the merchant's products a check may order: on sale, enough left, of the kind that the check is about."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date

from django.db.models import Prefetch
from django.utils import timezone
from django.utils.translation import gettext as _

from stores.drills.results import LeftOut
from stores.models import Connection
from trip.choices import Issuing, RefundType, Refusal, VisitorInfo, VoucherType
from trip.models import Offer, Product
from trip.sandbox.orders import Order, OrderIds, visitors_for
from trip.services import booking
from trip.wire.values import MAX_QUANTITY

new_order_id = OrderIds("9999")


@dataclass(frozen=True)
class Wanted:
    """The kind of product a check needs; None: any. `refund` is "auto", "review" or "none"."""

    voucher_type: int | None = None
    issuing: str | None = None
    refund: str | None = None
    visitors: bool | None = None
    calendar: bool | None = None
    tickets: int = 1
    partial: bool = False
    limited: bool = False

    def is_met_by(self, product: Product) -> bool:
        return (
            self.voucher_type in (None, product.voucher_type)
            and self.issuing in (None, product.issuing)
            and self.refund in (None, refund_kind(product))
            and self.visitors in (None, product.visitor_info != VisitorInfo.NONE)
            and self.calendar in (None, product.by_calendar)
            and (product.partial_refund or not self.partial)
            and self.quantity_of(product) >= self.tickets
        )

    def quantity_of(self, product: Product) -> int:
        """As few tickets as will do; 0 when the product cannot be bought in such a number."""
        quantity = max(self.tickets, product.min_per_order)
        limits = [product.max_per_order]
        if product.visitor_info != VisitorInfo.NONE:
            limits += [product.phone_limit, product.credential_limit]
        return 0 if any(limit and quantity > limit for limit in limits) else quantity

    def describe(self) -> str:
        """In words, for the reason why a check was left out."""
        words = [
            str(VoucherType(self.voucher_type).label) if self.voucher_type is not None else "",
            str(Issuing(self.issuing).label) if self.issuing else "",
            {
                "auto": _("refunded at once"),
                "review": _("refunds decided by a person"),
                "none": _("no refunds"),
            }.get(self.refund or "", ""),
            _either(self.visitors, _("visitors named"), _("no visitors named")),
            _either(self.calendar, _("for a chosen day"), _("without a day")),
            _("part of an order may be refunded") if self.partial else "",
            _("limited stock") if self.limited else "",
            _("at least %(count)d tickets") % {"count": self.tickets} if self.tickets > 1 else "",
        ]
        return ", ".join(word for word in words if word)


def _either(choice: bool | None, yes: str, no: str) -> str:
    return "" if choice is None else yes if choice else no


@dataclass(frozen=True)
class Ware:
    """A product with the offer to order, and how many tickets."""

    product: Product
    offer: Offer
    quantity: int

    def order(self, partner_id: str) -> Order:
        """A right and complete order of Meituan's for it, under a number of the drill's."""
        return Order(
            order_id=new_order_id(),
            partner_id=partner_id,
            deal_id=self.product.deal_id,
            quantity=self.quantity,
            unit_price=float(self.offer.sale_price),
            buy_price=float(self.offer.settlement_price),
            travel_date=self.offer.date.isoformat() if self.offer.date else None,
            visitors=_visitors(self.product, self.quantity),
        )


def refund_kind(product: Product) -> str:
    """Fees of steps are the merchant's own affair: what is refunded with a fee is neither auto nor review here."""
    if product.refund_type == RefundType.NEVER:
        return "none"
    if product.refund_type != RefundType.ANY_TIME:
        return "steps"
    return "review" if product.refund_review else "auto"


def find(connection: Connection, wanted: Wanted) -> Ware:
    """Raises LeftOut when the merchant sells nothing of the kind."""
    offers = Offer.objects.filter(is_open=True).order_by("date")
    products = Product.objects.filter(
        connection=connection, state=Product.State.ON_SALE, store__is_active=True
    ).prefetch_related(Prefetch("offers", offers, to_attr="open_offers"))
    for product in products.order_by("deal_id"):
        if wanted.is_met_by(product):
            for offer in _bookable(product):
                ware = Ware(product, offer, wanted.quantity_of(product))
                if _suits(ware, wanted):
                    return ware
    kind = wanted.describe()
    raise LeftOut(
        _("No product on sale is of this kind: %(kind)s.")
        % {"kind": kind or _("any, with tickets left")}
    )


def _suits(ware: Ware, wanted: Wanted) -> bool:
    left = ware.offer.left
    if wanted.limited:
        # Sold out by one: one more than is left must be what the product's own limits and ours allow.
        least, most = ware.product.min_per_order, ware.product.max_per_order or MAX_QUANTITY
        return (
            left is not None
            and least - 1 <= left < most
            and ware.product.visitor_info == VisitorInfo.NONE
        )
    return left is None or left >= ware.quantity


def _bookable(product: Product) -> list[Offer]:
    """The last days first: they are the least likely to be in anybody's way."""
    offers: list[Offer] = [offer for offer in product.open_offers if _fits(product, offer.date)]  # type: ignore[attr-defined]
    return offers[::-1]


def _fits(product: Product, day: date | None) -> bool:
    if product.by_calendar != (day is not None):
        return False
    try:
        booking.check_dates(product, day, timezone.now())
    except Refusal:
        return False
    return True


def _visitors(product: Product, quantity: int) -> list[dict[str, object]]:
    people = visitors_for(product.visitor_info, quantity, product.group_size)
    kinds = [str(kind) for kind in product.credential_types]
    for person in people:
        if kinds and "0" not in kinds:
            person["credentials"] = {kinds[0]: "E" + person["mobile"][3:]}
    return people
