"""Personal data of visitors: masked by role, removed after the merchant's number of days."""

import logging
from datetime import datetime, timedelta
from typing import Any

from django.db.models import Exists, F, OuterRef, Q, QuerySet
from django.utils import timezone

from stores import fields
from stores.audit import Actor
from stores.models import Merchant
from stores.platforms.reading import BEIJING
from trip.models import Order, Visitor, Voucher
from trip.services import orders

log = logging.getLogger(__name__)
BATCH = 500


def readable(visitor: Visitor, *, whole: bool) -> dict[str, Any]:
    """Returns {"name", "mobile", "credentials": {type: number}}, masked unless `whole`."""
    details = fields.readable(visitor, "details", {}) or {}
    credentials: dict[str, str] = dict(details.get("credentials", {}))
    if whole:
        return {
            "name": details.get("name", ""),
            "mobile": details.get("mobile", ""),
            "credentials": credentials,
        }
    return {
        "name": masked_name(details.get("name", "")),
        "mobile": masked_number(details.get("mobile", ""), 3),
        "credentials": {kind: masked_number(number, 0) for kind, number in credentials.items()},
    }


def note_looked_at(order: Order, *, actor: Actor) -> None:
    """Writes into the audit log that somebody looks at whole phones and certificates."""
    orders.note(
        order,
        "trip.visitors.shown",
        actor=actor,
    )


def masked_name(name: str) -> str:
    """王小明 → 王**"""
    return name[:1] + "*" * (len(name) - 1)


def masked_number(number: str, head: int) -> str:
    """13800001234 → 138****1234; a short number is masked completely."""
    if len(number) < head + 6:
        return "*" * len(number)
    return number[:head] + "*" * (len(number) - head - 4) + number[-4:]


def forget_visitors() -> int:
    """Removes the details of visitors after the merchant's number of days since their visit.
    Returns how many.
    """
    gone = 0
    for merchant in Merchant.objects.order_by("pk"):
        try:
            while count := _forget_some(merchant):
                gone += count
        except OverflowError as error:
            log.warning("visitors of merchant %s are not removed: %s", merchant.pk, error)
    return gone


def _forget_some(merchant: Merchant) -> int:
    kept = Visitor.objects.filter(
        _over(merchant),
        removed_at=None,
        created_at__lt=_before(merchant),
        order__store__merchant=merchant,
    ).values_list("pk", flat=True)
    return Visitor.objects.filter(pk__in=list(kept[:BATCH])).update(
        details={}, mobile_hash="", credential_hash="", removed_at=timezone.now()
    )


def _before(merchant: Merchant) -> datetime:
    return timezone.now() - timedelta(days=merchant.personal_data_days)


def _still_of_use(before: datetime) -> QuerySet[Voucher]:
    """Filters vouchers of the visitor's order with a ticket that is unused, or was unused after
    `before`.
    """
    lately = Q(used_at__gte=before) | Q(refunded_at__gte=before) | Q(voided_at__gte=before)
    unused = Q(quantity__gt=F("used") + F("refunded") + F("voided"))
    return Voucher.objects.filter(lately | unused, order=OuterRef("order"))


def _over(merchant: Merchant) -> Q:
    """Filters visitors whose order was over before the merchant's days began.

    An order is over after the last day on which its tickets can be used (without such a day, after
    the day of the order), after the last ticket was used or given back, or when the order was
    closed, failed or expired.
    """
    before = _before(merchant)
    return (
        Q(order__status__in=Order.GONE)
        | Q(order__closed_at__lt=before)
        | (Q(order__status=Order.Status.ISSUED) & ~Exists(_still_of_use(before)))
        | Q(order__usable_until__lt=before.astimezone(BEIJING).date())
        | Q(order__usable_until=None, order__created_at__lt=before)
    )
