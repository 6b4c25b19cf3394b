"""Who ordered, as far as a person may see it, and when we forget it."""

import logging
from collections.abc import Mapping
from datetime import timedelta
from typing import Any

from django.db import transaction
from django.db.models import Q
from django.utils import timezone

from messaging.models import Order, Refund
from messaging.wire.values import mask_phones
from stores import audit
from stores.audit import Actor
from stores.fields import readable
from stores.models import InboundEvent, Merchant
from stores.text import mask_number

log = logging.getLogger(__name__)
# Meituan hides addresses so long after the end, and we keep ours no longer.
ADDRESS_KEPT = timedelta(hours=3)
# An order whose end nobody told is over by then.
SURELY_OVER = timedelta(days=3)
BATCH = 500
PLACE = ("latitude", "longitude")
NUMBERS = ("phones", "rider_phones")
# With what Meituan begins the numbers that it appends to a remark.
APPENDED = "收餐人隐私号"


def shown(order: Order, *, whole: bool) -> dict[str, Any]:
    """Returns the customer's facts: numbers masked, also those inside the remark, and the address
    cut, unless `whole`.
    """
    known: Mapping[str, Any] = readable(order, "customer", {})
    if whole:
        return dict(known)
    found: dict[str, Any] = {
        name: mask_phones(str(value)) for name, value in known.items() if name not in NUMBERS
    }
    for name in NUMBERS:
        found[name] = [masked(number) for number in known.get(name, [])]
    if found.get("remark"):
        found["remark"] = found["remark"].partition(APPENDED)[0].strip()
    if found.get("address"):
        found["address"] = f"{found['address'][:6]}…"
    if found.get("taxpayer"):
        found["taxpayer"] = f"…{found['taxpayer'][-4:]}"
    return found


def reason_of(refund: Refund) -> str:
    """Returns the customer's words about a refund, with numbers masked."""
    return mask_phones(readable(refund, "reason", ""))


def masked(number: str) -> str:
    """Returns a number without its extension, of which the middle is hidden."""
    return mask_number(number.partition("_")[0])


def note_looked_at(order: Order, *, actor: Actor) -> None:
    audit.record("takeaway.customer.shown", actor=actor, store=order.store, target=order.order_id)


def forget_addresses() -> int:
    """Removes the addresses of orders that are over for three hours; returns how many."""
    before = timezone.now() - ADDRESS_KEPT
    is_over = (
        Q(finished_at__lt=before)
        | Q(cancelled_at__lt=before)
        | Q(heard_at__lt=timezone.now() - SURELY_OVER)
    )
    rows = Order.objects.filter(is_over, address_removed_at=None, emptied_at=None)
    pks = list(rows.order_by("heard_at").values_list("pk", flat=True)[:BATCH])
    for pk in pks:
        _forget_address(pk)
    return len(pks)


@transaction.atomic
def _forget_address(pk: int) -> None:
    """Locks the order: a push may be telling something of its customer."""
    order = Order.objects.select_for_update().get(pk=pk)
    known = readable(order, "customer", {})
    order.customer = {name: value for name, value in known.items() if name != "address"}
    order.address_removed_at = timezone.now()
    order.save(update_fields=["customer", "address_removed_at", "changed_at"])
    _forget_in_events(order)


def _forget_in_events(order: Order) -> None:
    """Removes the address from the pushes that told the order, and what could not be read whole."""
    events = InboundEvent.objects.filter(
        connection=order.connection_id, subject_id=order.pk, emptied_at=None
    )
    for event in events:
        body = readable(event, "body", None) or {}
        said = {
            name: value
            for name, value in (body.get("said") or {}).items()
            if "address" not in name.lower() and name not in PLACE
        }
        kept = {name: value for name, value in body.items() if name != "text"} | {"said": said}
        if body and kept != body:
            event.body = kept
            event.save(update_fields=["body"])


def forget_customers() -> int:
    """Empties what is personal in orders that came more than the merchant's days ago and are over,
    and in their refunds; returns how many.
    """
    count = 0
    for merchant in Merchant.objects.order_by("pk"):
        try:
            while some := _forget_some(merchant):
                count += some
        except OverflowError as error:
            log.warning("customers of merchant %s are not removed: %s", merchant.pk, error)
    return count


@transaction.atomic
def _forget_some(merchant: Merchant) -> int:
    now = timezone.now()
    is_over = ~Q(state__in=Order.OPEN) | Q(heard_at__lt=now - SURELY_OVER)
    rows = Order.objects.filter(
        is_over,
        store__merchant=merchant,
        emptied_at=None,
        heard_at__lt=now - timedelta(days=merchant.personal_data_days),
    )
    pks = list(rows.order_by("heard_at").values_list("pk", flat=True)[:BATCH])
    Refund.objects.filter(order__in=pks).update(reason="", pictures=[])
    return Order.objects.filter(pk__in=pks).update(
        customer={}, cancel_reason="", emptied_at=now, address_removed_at=now
    )
