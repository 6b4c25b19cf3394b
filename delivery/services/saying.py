"""What people say of a delivery and of the rider who was called for it."""

from django.db import transaction
from django.utils import timezone
from django.utils.translation import gettext as _

from delivery.choices import Source, WaybillState
from delivery.models import Attempt, Delivery
from delivery.services import life, tips
from delivery.services.refusals import DeliveryConflict
from delivery.wire.waybill import RETURNING
from stores import audit
from stores.audit import Actor

State = Attempt.State


@transaction.atomic
def delivery_ready(*, delivery: Delivery, actor: Actor) -> Delivery:
    """Says that the goods are ready; a store that calls by itself then calls a rider."""
    row = Delivery.objects.locked(delivery.pk)
    if not row.is_open:
        raise DeliveryConflict(_("This delivery is over."))
    if row.ready_at is None:
        row.ready_at = timezone.now()
        row.save(update_fields=["ready_at", "changed_at"])
        audit.record("delivery.ready", actor=actor, store=row.store, target=row)
        life.wake(row)
    return row


@transaction.atomic
def delivery_return_confirm(*, delivery: Delivery, actor: Actor) -> Delivery:
    """Says that the goods are back at the shop."""
    row = Delivery.objects.locked(delivery.pk)
    attempt = life.locked(check_comes_back(row).pk)
    if attempt.courier is None:
        life.hear(attempt, code=WaybillState.RETURNED, at=timezone.now(), source=Source.PERSON)
    else:
        tips.owe_return(attempt)
    audit.record("delivery.returned", actor=actor, store=row.store, target=row)
    return row


def check_comes_back(delivery: Delivery) -> Attempt:
    """Returns the rider who brings the goods back. Raises Conflict when nobody does."""
    # One who took it after its end may have the goods as well.
    riding: list[Attempt] = [*delivery.attempts.live(), *delivery.attempts.revived().order_by("pk")]
    attempt = next((each for each in riding if each.waybill_state in RETURNING), None)
    if attempt is None:
        raise DeliveryConflict(_("Nothing is on its way back."))
    return attempt


@transaction.atomic
def own_step(
    *, delivery: Delivery, state: WaybillState, actor: Actor, code: str | None = None
) -> Delivery:
    """Says how far the shop's own people are. The hand-over code, where one is given, has to be the
    receiver's. Raises Conflict.
    """
    row = Delivery.objects.locked(delivery.pk)
    attempt = row.attempts.live().filter(courier=None).first()
    if attempt is None:
        raise DeliveryConflict(_("You do not deliver this yourselves."))
    attempt = life.locked(attempt.pk)
    if code is not None and code != attempt.finish_code:
        raise DeliveryConflict(_("This is not the receiver's code."))
    life.hear(attempt, code=state, at=timezone.now(), source=Source.PERSON)
    audit.record("delivery.own_step", actor=actor, store=row.store, target=row, state=int(state))
    return row


@transaction.atomic
def gone_for_sure(*, attempt: Attempt, actor: Actor) -> Attempt:
    """A person says, having asked the courier, that nobody rides: the last word where the courier's
    answers leave it open.
    """
    row = life.locked(attempt.pk)
    if not row.needs_person or row.state not in (State.CALLING, State.ENDING, State.REVIVED):
        raise DeliveryConflict(_("The courier's answers decide this."))
    life.prove_dead(row)
    audit.record("delivery.gone", actor=actor, store=row.delivery.store, target=row.delivery)
    return row
