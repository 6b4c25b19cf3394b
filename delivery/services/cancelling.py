"""Cancelling the rider who was called, and what comes then. Amounts are yuan."""

from decimal import Decimal

from django.db import transaction
from django.utils import timezone
from django.utils.translation import gettext as _

from delivery.choices import CancelReason
from delivery.models import Attempt, Delivery
from delivery.services import about, calls, life
from delivery.services.orders import account_of_attempt
from delivery.services.refusals import DeliveryConflict, FeeTooHigh
from delivery.services.wechat import Wechat
from delivery.wire.waybill import RETURNING
from stores import audit
from stores.audit import Actor
from stores.platforms import outbox
from stores.platforms.tools import as_conflicts
from stores.transitions import move

State = Attempt.State


def rider_cancel(
    *,
    delivery: Delivery,
    attempt: Attempt | None,
    actor: Actor,
    max_fee: Decimal | None,
    then: Delivery.Then = Delivery.Then.CANCEL,
) -> Delivery:
    """Cancels this rider and no other who was called meanwhile, and then does what `then` says;
    without a rider (None) the delivery ends.

    Raises FeeTooHigh when it would cost more than `max_fee` (None: whatever it costs), and nothing
    is sent; Conflict when nothing can be cancelled. Outside any transaction.
    """
    check_cancel_fee(attempt, max_fee)
    return cancel_carry_out(
        delivery=delivery, attempt=attempt, actor=actor, max_fee=max_fee, then=then
    )


def rider_of(delivery: Delivery) -> Attempt | None:
    """Returns the rider who is under way for a delivery, with its courier."""
    return delivery.attempts.live().select_related("courier__account__connection").first()


def check_cancel_fee(attempt: Attempt | None, max_fee: Decimal | None) -> None:
    """Asks what cancelling costs. Raises FeeTooHigh and Conflict. Outside any transaction."""
    if attempt and max_fee is not None:
        fee = cancel_fee(attempt)
        if fee is None or fee > max_fee:
            raise FeeTooHigh(fee)


@transaction.atomic
def cancel_carry_out(
    *,
    delivery: Delivery,
    attempt: Attempt | None,
    actor: Actor,
    max_fee: Decimal | None,
    then: Delivery.Then = Delivery.Then.CANCEL,
) -> Delivery:
    """Does what `rider_cancel` does, without asking what it costs. Raises Conflict."""
    # Before the delivery is locked: a worker locks them in this order.
    call = calls.call_of(attempt) if attempt else None
    is_revoked = call is not None and outbox.revoke(call, "cancelled before it was sent")
    row = Delivery.objects.locked(delivery.pk)
    live = row.attempts.live().first()
    if live is None:
        _cancel_without_rider(row, then)
    elif attempt is None or live.pk != attempt.pk:
        raise DeliveryConflict(_("Meanwhile another rider was called."))
    else:
        wanted = life.locked(live.pk)
        _cancel_rider(wanted, max_fee, then, is_revoked=is_revoked)
    audit.record("delivery.cancel", actor=actor, store=row.store, target=row, then=str(then))
    row.refresh_from_db()
    return row


def cancel_fee(attempt: Attempt) -> Decimal | None:
    """Asks what cancelling costs now; None when the courier does not say it. Raises Conflict."""
    if attempt.courier is None or attempt.state == State.CALLING:
        return Decimal(0)
    account = account_of_attempt(attempt)
    with as_conflicts():
        return Wechat(about.connection_of(attempt)).call(
            lambda client, token: calls.cancel_fee(client, token, account, attempt)
        )


def _cancel_without_rider(row: Delivery, then: Delivery.Then) -> None:
    if row.state != Delivery.State.WAITING:
        raise DeliveryConflict(_("This delivery is over."))
    if then == Delivery.Then.CANCEL:
        now = timezone.now()
        move(row, Delivery.State.CANCELLED, ended_at=now, needs_person=False, changed_at=now)
    elif then != Delivery.Then.NOTHING:
        # The rider was gone before: what was wanted afterwards comes now.
        about.move_then(row, then)
        life.wake(row)


def _cancel_rider(
    attempt: Attempt,
    limit: Decimal | None,
    then: Delivery.Then,
    *,
    is_revoked: bool,
) -> None:
    """`is_revoked`: the call for the rider was surely not executed, and will not be."""
    if attempt.waybill_state in RETURNING:
        raise DeliveryConflict(_("The goods are on their way back."))
    attempt.cancel_limit, attempt.cancel_reason = limit, CancelReason.NOT_NEEDED
    attempt.is_unwanted = True
    attempt.save(update_fields=["cancel_limit", "cancel_reason", "is_unwanted"])
    about.move_then(attempt.delivery, then)
    if attempt.courier is None or (attempt.state == State.CALLING and is_revoked):
        life.finish(attempt, State.DEAD)
    elif attempt.state != State.CALLING:
        calls.owe(attempt)
