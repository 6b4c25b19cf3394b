"""What a person says about deliveries that were put before one, and who looked at receivers."""

from django.db import transaction
from django.utils.translation import gettext as _

from delivery.models import Delivery
from delivery.services.refusals import DeliveryConflict
from stores import audit
from stores.audit import Actor


def check_settled_by_person(delivery: Delivery) -> None:
    """Raises Conflict when a person has nothing to settle about the delivery."""
    if not delivery.needs_person or delivery.is_open:
        raise DeliveryConflict(_("Nothing is to be settled here any more."))


@transaction.atomic
def delivery_settle(*, delivery: Delivery, actor: Actor, note: str) -> Delivery:
    """Says that nothing is left to do about a delivery that is over. Raises Conflict."""
    row = Delivery.objects.locked(delivery.pk)
    check_settled_by_person(row)
    row.needs_person = False
    row.save(update_fields=["needs_person", "changed_at"])
    audit.record("delivery.settled", actor=actor, store=row.store, target=row, note=note)
    return row


def note_receiver_shown(delivery: Delivery, *, actor: Actor) -> None:
    audit.record("delivery.receiver.shown", actor=actor, store=delivery.store, target=delivery)
