"""What people and programs decide about an order: each verb owes Meituan one call and says no where
the order does not allow it.
"""

from collections.abc import Sequence
from typing import Any

from django.db import transaction
from django.utils.translation import gettext_lazy as _
from django_stubs_ext import StrOrPromise

from messaging.choices import OrderState
from messaging.models import Order, Refund
from messaging.reasons import OFFERED
from messaging.services import acting, allowed
from stores import audit
from stores.audit import Actor
from stores.conflicts import Conflict
from stores.models import OutboundCall
from stores.platforms.outbox import enqueue

REASON_LENGTH = 200
CHOOSE = _("Choose what is refunded, and say why.")
NO_REFUND = _("No refund of this order waits for a decision.")
OTHERWISE = _("Something else was decided a moment ago, and Meituan is being told.")
# What tells apart two calls of one kind for one order.
_DECIDED = ("agree", "refund", "dishes")


class TakeawayConflict(Conflict):
    """The order does not allow this as it stands."""

    code = "takeaway_conflict"


@transaction.atomic
def order_accept(*, order: Order, actor: Actor) -> OutboundCall | None:
    """Owes the acceptance; None when the order is accepted already. Raises TakeawayConflict."""
    row = _locked(order)
    refuse(allowed.why_not_here(row))
    if row.state in (OrderState.CONFIRMED, OrderState.FINISHED):
        return None
    refuse(allowed.why_not_accept(row))
    return _owe(acting.Accepting, row, actor)


@transaction.atomic
def order_cancel(*, order: Order, actor: Actor, code: str, reason: str) -> OutboundCall | None:
    """Owes the cancellation; None when it is cancelled already. Raises TakeawayConflict."""
    row = _locked(order)
    refuse(allowed.why_not_here(row))
    if row.state == OrderState.CANCELLED:
        return None
    refuse(allowed.why_not_cancel(row))
    expect(code in OFFERED, _("Choose one of the reasons."))
    words = reason.strip()[:REASON_LENGTH] or str(OFFERED[code])
    return _owe(acting.Cancelling, row, actor, code=code, reason=words)


@transaction.atomic
def refund_decide(*, refund: Refund, actor: Actor, agree: bool, reason: str) -> OutboundCall:
    """Owes the decision on a refund. Raises TakeawayConflict."""
    row = _locked(refund.order)
    refund = Refund.objects.select_for_update().get(pk=refund.pk)
    refund.order = row
    refuse(allowed.why_not_decide(refund))
    words = reason.strip()[:REASON_LENGTH]
    expect(agree or bool(words), _("A refusal needs a reason; the customer reads it."))
    return _owe(
        acting.RefundDeciding,
        row,
        actor,
        refund=refund.pk,
        agree=agree,
        reason=words or str(_("agreed")),
    )


def last_decision(refund: Refund) -> OutboundCall | None:
    """Returns the call that told Meituan last what the shop decided on a refund, or will."""
    calls = OutboundCall.objects.filter(
        operation=acting.RefundDeciding.name, subject_id=refund.order_id
    )
    about = (call for call in calls.order_by("-pk") if call.payload.get("refund") == refund.pk)
    return next(about, None)


def is_being_decided(refund: Refund) -> bool:
    """Whether a decision on a refund is on its way to Meituan."""
    call = last_decision(refund)
    return call is not None and call.state in OutboundCall.LIVE


def is_part_being_refunded(order: Order) -> bool:
    """Whether the refund of some dishes is on its way to Meituan."""
    calls = OutboundCall.objects.filter(
        operation=acting.PartRefunding.name, subject_id=order.pk, state__in=OutboundCall.LIVE
    )
    return calls.exists()


@transaction.atomic
def order_refund_part(
    *, order: Order, actor: Actor, reason: str, dishes: Sequence[dict[str, Any]]
) -> OutboundCall:
    """Owes the refund of some dishes, lines of `TakeawayClient.refundable` with the number to be
    refunded as `count`. Raises TakeawayConflict.
    """
    row = _locked(order)
    refuse(allowed.why_not_refund_part(row))
    words = reason.strip()[:REASON_LENGTH]
    expect(bool(words and dishes), CHOOSE)
    return _owe(acting.PartRefunding, row, actor, reason=words, dishes=list(dishes))


@transaction.atomic
def order_ready(*, order: Order, actor: Actor) -> OutboundCall | None:
    """Owes the report that the meal is ready; None when it was made. Raises TakeawayConflict."""
    row = _locked(order)
    refuse(allowed.why_not_bound(row))
    if row.ready_at:
        return None
    refuse(allowed.why_not_ready(row))
    return _owe(acting.MealReady, row, actor)


@transaction.atomic
def urge_answer(*, order: Order, actor: Actor) -> OutboundCall:
    """Owes the answer to an urge. Raises TakeawayConflict."""
    row = _locked(order)
    refuse(allowed.why_not_answer_urge(row))
    return _owe(acting.UrgeAnswering, row, actor)


@transaction.atomic
def time_decide(*, order: Order, actor: Actor, agree: bool) -> OutboundCall:
    """Owes the answer to the wish for another time. Raises TakeawayConflict."""
    row = _locked(order)
    refuse(allowed.why_not_answer_time(row))
    return _owe(acting.TimeDeciding, row, actor, agree=agree)


@transaction.atomic
def own_delivery(
    *, order: Order, actor: Actor, delivered: bool, courier: str, phone: str
) -> OutboundCall:
    """Owes the report that the shop's own courier has set out or delivered. Raises
    TakeawayConflict.
    """
    row = _locked(order)
    refuse(allowed.why_not_deliver(row))
    kind = acting.Delivered if delivered else acting.OnTheWay
    return _owe(kind, row, actor, courier=courier.strip()[:30], phone=phone.strip()[:30])


@transaction.atomic
def rider_call(*, order: Order, actor: Actor) -> OutboundCall:
    """Owes the call for a rider of Meituan's. Raises TakeawayConflict."""
    row = _locked(order)
    refuse(allowed.why_not_call_rider(row))
    return _owe(acting.RiderCalling, row, actor)


@transaction.atomic
def rider_cancel(*, order: Order, actor: Actor) -> OutboundCall:
    """Owes the cancellation of the rider. Raises TakeawayConflict."""
    row = _locked(order)
    refuse(allowed.why_not_cancel_rider(row))
    return _owe(acting.RiderCancelling, row, actor)


def _locked(order: Order) -> Order:
    """Returns the order, locked, with its store."""
    rows = Order.objects.select_related("store__merchant", "connection__takeaway_store")
    return rows.select_for_update(of=("self",)).get(pk=order.pk)


def refuse(why: StrOrPromise) -> None:
    """Raises TakeawayConflict where there is a reason."""
    if why:
        raise TakeawayConflict(why)


def expect(holds: bool, otherwise: StrOrPromise) -> None:
    refuse("" if holds else otherwise)


def _owe(kind: type[acting.Action], order: Order, actor: Actor, **given: Any) -> OutboundCall:
    """Owes the call, unless the same one is on its way: that one is returned.

    Raises TakeawayConflict while another one of its kind is on its way.
    """
    known = OutboundCall.objects.filter(operation=kind.name, subject_id=order.pk)
    if live := known.live().order_by("pk").first():
        is_same = all(live.payload.get(name) == given.get(name) for name in _DECIDED)
        expect(is_same, OTHERWISE)
        return live
    call = enqueue(
        kind,
        connection=order.connection,
        key=f"{order.pk}:{known.count()}",
        subject_id=order.pk,
        store_id=order.store_id,
        lane=OutboundCall.Lane.INTERACTIVE,
        payload=given,
        series=f"takeaway.order.{order.pk}",
    )
    audit.record(
        f"takeaway.{kind.name}",
        actor=actor,
        store=order.store,
        target=order.order_id,
        **{name: given[name] for name in ("reason", "agree", "code") if name in given},
    )
    order.note_change()
    return call
