"""An order that was entered wrongly is put right, as long as no rider may come for it."""

from collections.abc import Collection, Mapping
from typing import Any

from django.db import transaction
from django.db.models import Q
from django.utils import timezone
from django.utils.translation import gettext as _

from delivery.choices import ForPerson
from delivery.models import Delivery, Quote
from delivery.services import arriving, creating, life
from delivery.services.dispatching import refuse_if_not_callable
from delivery.services.orders import check_callable, is_same_order
from delivery.services.refusals import DeliveryConflict
from stores import audit
from stores.audit import Actor
from stores.fields import readable

# Typed field → what it is of a delivery: an attribute, and the key in it where it has some.
PARTS: Mapping[str, Collection[tuple[str, str]]] = {
    "openid": [("openid", "")],
    "name": [("receiver", "name")],
    "phone": [("receiver", "phone"), ("phone_tail", "")],
    "city": [("receiver", "city")],
    "address": [("receiver", "address")],
    "detail": [("receiver", "detail")],
    "lng": [("receiver", "lng")],
    "lat": [("receiver", "lat")],
    "goods": [("cargo", "goods"), ("notice", "goods")],
    "count": [("cargo", "goods"), ("notice", "count")],
    "value": [("value", "")],
    "weight": [("weight", "")],
    "kind": [("cargo", "first_class"), ("cargo", "second_class")],
    "note": [("note", "")],
    "wanted": [("wanted_at", ""), ("wishes", "is_arrival")],
    "pickup_code": [("wishes", "needs_pickup_code")],
    "finish_code": [("wishes", "needs_finish_code")],
    "page": [("notice", "page")],
    "picture": [("notice", "picture")],
}
# What a person was asked about and has answered by correcting the order.
ANSWERED = (ForPerson.ALL_REFUSE, ForPerson.NO_FIT)


def check_correctable(delivery: Delivery) -> None:
    """Raises Conflict while a rider may come for the delivery, and when it is over."""
    refuse_if_not_callable(delivery)
    check_callable(delivery)
    if not readable(delivery, "receiver", {}) or readable(delivery, "note", None) is None:
        raise DeliveryConflict(_("No key of this installation opens this."))


def delivery_correct(
    *,
    delivery: Delivery,
    given: Mapping[str, Any],
    fields: Collection[str],
    labels: Collection[str],
    actor: Actor,
) -> Delivery:
    """Takes over these typed fields of an order, which is given as to `delivery_create`, and leaves
    everything else as it is. Prices that were asked for before count no more. The audit log keeps
    the `labels` of the fields.

    Raises WrongOrder, and Conflict when the delivery stands otherwise than it was read.
    """
    wanted = creating.order_checked(store=delivery.store, given=given)
    if not fields:
        return delivery
    with transaction.atomic():
        row = Delivery.objects.locked(delivery.pk)
        check_correctable(row)
        if not is_same_order(row, delivery):
            raise DeliveryConflict(_("Somebody has corrected this order meanwhile."))
        insured = row.wishes.get("insured_for")
        if "value" in fields and insured and insured == str(row.value):
            row.wishes = {**row.wishes, "insured_for": str(wanted.value)}
        for name in fields:
            _take(row, wanted, name)
        _plan_anew(row)
        row.retry_since = row.retry_at = None
        if row.needs_person and row.for_person in ANSWERED:
            row.needs_person, row.for_person = False, ""
        row.save()
        now = timezone.now()
        valid = Q(expires_at=None) | Q(expires_at__gt=now)
        Quote.objects.filter(valid, delivery=row).update(expires_at=now)
        audit.record(
            "delivery.corrected", actor=actor, store=row.store, target=row, fields=list(labels)
        )
        life.wake(row)
    return row


def _take(row: Delivery, wanted: Delivery, name: str) -> None:
    for attribute, key in PARTS[name]:
        value = getattr(wanted, attribute)
        if key:
            kept = {each: known for each, known in getattr(row, attribute).items() if each != key}
            value = kept | ({key: value[key]} if key in value else {})
        setattr(row, attribute, value)


def _plan_anew(row: Delivery) -> None:
    """Reckons again when couriers are to be called."""
    row.call_plan, row.call_at = {}, None
    arriving.plan_note(row)
    if row.call_at is None and row.then == Delivery.Then.AT_TIME:
        row.then = Delivery.Then.NOTHING
