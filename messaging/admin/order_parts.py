"""What the page of an order shows beside its fields: its dishes, its sums and its receipts."""

from collections.abc import Sequence
from itertools import groupby
from operator import itemgetter
from typing import Any

from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy, pgettext
from django_stubs_ext import StrOrPromise

from messaging.admin.labels import PAPER_COLOURS
from messaging.choices import RefundState
from messaging.models import Order, Refund
from messaging.services.income import agreed_parts, is_before_refunds, sum_of, sum_text
from stores.backoffice.labels import badge
from stores.money import yuan_of, yuan_text
from stores.text import listed

AFTER_REFUNDS = gettext_lazy("What Meituan pays after it, its settlement says.")


def bags(order: Order) -> list[dict[str, Any]]:
    """Returns the dishes by bag, in the order of the bags, each with what it costs."""
    dishes = [
        dish | {"sum": _signed(dish["price"] * dish["quantity"])}
        for dish in sorted(order.dishes, key=itemgetter("bag"))
    ]
    return [
        {"number": number, "dishes": list(inside)}
        for number, inside in groupby(dishes, key=itemgetter("bag"))
    ]


def sums(order: Order, refunds: Sequence[Refund]) -> list[dict[str, Any]]:
    """Returns what the customer paid, what the shop receives of it, and what the customer got back,
    line by line.
    """
    boxes = sum(dish["box_amount"] for dish in order.dishes)
    dishes = sum(dish["price"] * dish["quantity"] for dish in order.dishes)
    borne = sum(each["by_meituan"] for each in order.discounts)
    is_before = is_before_refunds(order, refunds)
    income = _("Shop receives, before refunds") if is_before else _("Shop receives")
    return [
        *_line(_("Dishes"), dishes),
        *_line(_("Boxes for dishes"), boxes),
        *_line(_("Bag fee"), order.bag_fee),
        *_line(_("Delivery fee"), order.shipping_fee),
        *(
            line
            for each in order.discounts
            for line in _line(each["words"] or _("Discount"), -each["amount"], _bearers(each))
        ),
        *_total(_("Cash on delivery") if order.is_cash else _("Customer paid"), order.paid),
        *_line(_("Meituan's part of the discounts"), borne),
        *_line(_("Meituan's service fee"), -(order.service_fee or 0)),
        *_line(_("Meituan's delivery charge"), -(order.delivery_charge or 0)),
        *_total(income, order.received),
        *_refunded(refunds, AFTER_REFUNDS if is_before else ""),
    ]


def papers(order: Order) -> list[dict[str, Any]]:
    """Returns the receipts of an order, the oldest first, each with the printer that has it."""
    jobs = order.print_jobs.select_related("printer", "printed_by").order_by("pk")
    return [
        {
            "row": job,
            "label": badge(job.get_state_display(), PAPER_COLOURS, job.state),
            "printer": job.printed_by or job.printer,
        }
        for job in jobs
    ]


def _refunded(refunds: Sequence[Refund], note: StrOrPromise) -> list[dict[str, Any]]:
    """Returns a line with what the customer got back, if anything."""
    agreed = [row for row in refunds if row.state == RefundState.AGREED]
    if whole := next((row for row in agreed if not row.is_part), None):
        return _line(pgettext("takeaway order", "Refunded"), -(whole.amount or 0))
    parts, title = agreed_parts(refunds), _("Refunded in part")
    fen = sum_of(parts)
    if fen is None:
        return [{"title": title, "sum": sum_text(parts), "note": note}]
    return _line(title, -fen, note)


def _line(title: Any, fen: int | None, note: StrOrPromise = "") -> list[dict[str, Any]]:
    """Nothing for nothing."""
    return [{"title": title, "sum": _signed(fen), "note": note}] if fen else []


def _total(title: Any, fen: int | None) -> list[dict[str, Any]]:
    """Nothing where Meituan says nothing."""
    return [] if fen is None else [{"title": title, "sum": _signed(fen), "is_total": True}]


def _bearers(discount: dict[str, Any]) -> str:
    """Returns who bears a discount, as far as Meituan says it."""
    parts = (
        (_("the shop bears %(sum)s"), discount["by_shop"]),
        (_("Meituan bears %(sum)s"), discount["by_meituan"]),
    )
    return listed([words % {"sum": _signed(fen)} for words, fen in parts if fen])


def _signed(fen: int) -> str:
    return f"{'−' if fen < 0 else ''}{yuan_text(yuan_of(abs(fen)))}"
