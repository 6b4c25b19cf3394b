"""Marks the problems as settled that a person had to settle with Meituan."""

from django.db import transaction
from django.utils.translation import gettext_lazy as _

from stores.audit import Actor
from stores.conflicts import Conflict
from trip.models import Order
from trip.services import orders


def order_settle(*, order_pk: int, note: str, actor: Actor) -> Order:
    """Removes the order from the list of orders that need a person. Raises Conflict without a
    note.
    """
    if not note.strip():
        raise Conflict(_("Say in a few words how it was settled."))
    with transaction.atomic():
        order = orders.lock(order_pk)
        if order.needs_person:
            orders.note(
                order,
                "trip.order.settled",
                actor=actor,
                trouble=order.needs_person,
                note=note.strip()[:300],
            )
            order.needs_person = ""
            order.save(update_fields=["needs_person"])
    return order
