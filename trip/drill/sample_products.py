"""Selects the merchant's products that a check may order: on sale, with enough tickets left, and of
the needed kind.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date

from django.db.models import Prefetch
from django.utils import timezone
from django.utils.functional import lazy
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy
from django_stubs_ext import StrOrPromise

from stores.drills.results import LeftOut
from stores.models import Connection
from stores.text import listed
from trip.choices import Issuing, RefundType, Refusal, VisitorInfo, VoucherType
from trip.models import Offer, Product
from trip.sandbox import orders
from trip.sandbox.orders import Order, visitors_for
from trip.services import booking
from trip.wire.values import MAX_QUANTITY


def new_order_id() -> int:
    return orders.new_order_id("9999")


@dataclass(frozen=True)
class Wanted:
    """The kind of product that a check needs; None means any. `refund` is "auto", "review" or
    "none".
    """

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
        """Returns the smallest possible number of tickets; 0 when that number cannot be bought."""
        quantity = max(self.tickets, product.min_per_order)
        limits = [product.max_per_order]
        if product.visitor_info != VisitorInfo.NONE:
            limits += [product.phone_limit, product.credential_limit]
        if any(limit and quantity > limit for limit in limits):
            return 0
        return quantity

    def describe(self) -> str:
        """Describes the kind in words, for the reason why a check was left out."""
        refunds = {
            "auto": _("refunded at once"),
            "review": _("refunds decided by a person"),
            "none": _("no refunds"),
        }
        words: list[StrOrPromise] = []
        if self.voucher_type is not None:
            words.append(VoucherType(self.voucher_type).label)
        if self.issuing:
            words.append(Issuing(self.issuing).label)
        if self.refund in refunds:
            words.append(refunds[self.refund])
        if self.visitors is not None:
            words.append(_("visitors named") if self.visitors else _("no visitors named"))
        if self.calendar is not None:
            words.append(_("for a chosen day") if self.calendar else _("without a day"))
        if self.partial:
            words.append(_("part of an order may be refunded"))
        if self.limited:
            words.append(_("limited stock"))
        if self.tickets > 1:
            words.append(_("at least %(count)d tickets") % {"count": self.tickets})
        return listed(words) or _("any, with tickets left")


@dataclass(frozen=True)
class Ware:
    """A product with the offer to order, and the number of tickets."""

    product: Product
    offer: Offer
    quantity: int

    def order(self, partner_id: str) -> Order:
        """Returns a valid, complete order of Meituan for this product, with an order number of the
        drill.
        """
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
    """Returns how refunds of the product are decided; products with fees by steps are neither auto
    nor review.
    """
    if product.refund_type == RefundType.NEVER:
        return "none"
    if product.refund_type != RefundType.ANY_TIME:
        return "steps"
    return "review" if product.refund_review else "auto"


def find(connection: Connection, wanted: Wanted) -> Ware:
    """Returns a product of the wanted kind. Raises LeftOut when the merchant sells none."""
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
    raise LeftOut(
        gettext_lazy("No product on sale is of this kind: %(kind)s."),
        kind=lazy(wanted.describe, str)(),
    )


def _suits(ware: Ware, wanted: Wanted) -> bool:
    left = ware.offer.left
    if wanted.limited:
        # One more ticket than is left must be within the product's own limits and ours.
        least, most = ware.product.min_per_order, ware.product.max_per_order or MAX_QUANTITY
        return (
            left is not None
            and least - 1 <= left < most
            and ware.product.visitor_info == VisitorInfo.NONE
        )
    return left is None or left >= ware.quantity


def _bookable(product: Product) -> list[Offer]:
    """Returns the last days first, because they are the least likely to be needed by buyers."""
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
