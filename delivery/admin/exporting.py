"""The columns of exported deliveries, without receivers."""

from collections.abc import Callable
from datetime import datetime
from decimal import Decimal
from typing import Any

from django.utils.translation import gettext_lazy as _
from django.utils.translation import pgettext_lazy

from delivery.models import Attempt, Delivery
from delivery.services.costing import cost_of
from stores.backoffice.spreadsheets import Column


def counting(delivery: Delivery) -> Attempt | None:
    """Returns the attempt that tells how the delivery stands: the live one, else the one that ended
    it, else the last. Needs `attempts` to be read with the row.
    """
    attempts = sorted(delivery.attempts.all(), key=lambda each: each.pk)
    ends = (Attempt.State.DELIVERED, Attempt.State.RETURNED)
    live = [each for each in attempts if each.is_live]
    ended = [each for each in attempts if each.state in ends]
    return next(reversed(live or ended or attempts), None)


def cost(delivery: Delivery) -> Decimal:
    return cost_of(delivery.attempts.all())


def _of_attempt(name: str) -> Callable[[Delivery], Any]:
    def value(delivery: Delivery) -> Any:
        attempt = counting(delivery)
        return getattr(attempt, name) if attempt else None

    return value


def _kept(delivery: Delivery) -> Decimal:
    return sum((each.deduction or Decimal(0) for each in delivery.attempts.all()), Decimal(0))


def _delivered_at(delivery: Delivery) -> datetime | None:
    return delivery.ended_at if delivery.state == Delivery.State.DELIVERED else None


def _riders(delivery: Delivery) -> int:
    return len(delivery.attempts.all())


def _at_courier(delivery: Delivery) -> str:
    attempt = counting(delivery)
    return attempt.get_waybill_state_display() if attempt and attempt.waybill_state else ""


COLUMNS = (
    Column(_("Entered"), "created_at"),
    Column(pgettext_lazy("delivery", "Number"), str),
    Column(_("Store"), "store__name"),
    Column(_("Status"), "state"),
    Column(pgettext_lazy("delivery", "Courier"), _of_attempt("courier_name")),
    Column(_("State at the courier"), _at_courier),
    Column(_("Order number at the courier"), _of_attempt("shop_order_id")),
    Column(_("Waybill number"), _of_attempt("waybill_id")),
    Column(_("Riders called"), _riders),
    Column(_("Cost (yuan)"), cost, Decimal, is_summed=True),
    Column(_("Fee (yuan)"), _of_attempt("fee")),
    Column(_("Tip (yuan)"), _of_attempt("tip")),
    Column(_("Kept by couriers (yuan)"), _kept, Decimal, is_summed=True),
    Column(_("Value of the goods (yuan)"), "value"),
    Column(_("Distance (metres)"), _of_attempt("distance")),
    Column(pgettext_lazy("rider", "Called"), _of_attempt("called_at")),
    Column(pgettext_lazy("rider", "Accepted"), _of_attempt("accepted_at")),
    Column(_("Delivered"), _delivered_at),
    Column(_("Over"), "ended_at"),
)
