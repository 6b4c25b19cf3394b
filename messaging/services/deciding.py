"""What people and programs decide about an order: each verb owes Meituan one call and says no where
the order does not allow it.
"""

from collections.abc import Sequence
from typing import Any

from django.db import transaction
from django.utils import timezone
from django.utils.translation import gettext_lazy as _
from django_stubs_ext import StrOrPromise

from messaging.choices import OWN_DELIVERY, DeliveryState, OrderState, RefundState
from messaging.models import Order, Refund, TakeawayStore
from messaging.reasons import OFFERED
from messaging.services import acting
from stores import audit
from stores.audit import Actor
from stores.conflicts import Conflict
from stores.models import OutboundCall
from stores.platforms.outbox import enqueue

REASON_LENGTH = 200
ONLY_NEW = _("Only a new order can be accepted.")
OVER = _("This order is over and cannot be cancelled.")
ONLY_ACCEPTED_READY = _("Only an accepted order can be ready.")
NO_REFUND = _("No refund of this order waits for a decision.")


class TakeawayConflict(Conflict):
    """The order does not allow this as it stands."""

    code = "takeaway_conflict"


@transaction.atomic
def order_accept(*, order: Order, actor: Actor) -> OutboundCall | None:
    """Owes the acceptance; None when the order is accepted already. Raises TakeawayConflict."""
    row = _locked(order)
    if row.state in (OrderState.CONFIRMED, OrderState.FINISHED):
        return None
    _expect(row.state == OrderState.NEW, ONLY_NEW)
    return _owe(acting.Accepting, row, actor)


@transaction.atomic
def order_cancel(*, order: Order, actor: Actor, code: str, reason: str) -> OutboundCall | None:
    """Owes the cancellation; None when it is cancelled already. Raises TakeawayConflict."""
    row = _locked(order)
    if row.state == OrderState.CANCELLED:
        return None
    _expect(row.state in (OrderState.NEW, OrderState.CONFIRMED), OVER)
    _expect(code in OFFERED, _("Choose one of the reasons."))
    words = reason.strip()[:REASON_LENGTH] or str(OFFERED[code])
    return _owe(acting.Cancelling, row, actor, code=code, reason=words)


@transaction.atomic
def refund_decide(*, refund: Refund, actor: Actor, agree: bool, reason: str) -> OutboundCall:
    """Owes the decision on a refund. Raises TakeawayConflict."""
    row = _locked(refund.order)
    refund = Refund.objects.select_for_update().get(pk=refund.pk)
    _expect(refund.state == RefundState.OPEN, _("This refund is decided already."))
    _expect(not refund.is_appeal, _("Customer service decides this one; the shop cannot."))
    words = reason.strip()[:REASON_LENGTH]
    _expect(agree or bool(words), _("A refusal needs a reason; the customer reads it."))
    return _owe(
        acting.RefundDeciding,
        row,
        actor,
        refund=refund.pk,
        agree=agree,
        reason=words or str(_("agreed")),
    )


@transaction.atomic
def order_refund_part(
    *, order: Order, actor: Actor, reason: str, dishes: Sequence[dict[str, Any]]
) -> OutboundCall:
    """Owes the refund of some dishes, lines of `TakeawayClient.refundable` with the number to be
    refunded as `count`. Raises TakeawayConflict.
    """
    row = _locked(order)
    _expect(
        row.state in (OrderState.CONFIRMED, OrderState.FINISHED),
        _("Only an accepted order can be refunded in part."),
    )
    words = reason.strip()[:REASON_LENGTH]
    _expect(bool(words and dishes), _("Choose what is refunded, and say why."))
    return _owe(acting.PartRefunding, row, actor, reason=words, dishes=list(dishes))


@transaction.atomic
def order_ready(*, order: Order, actor: Actor) -> OutboundCall | None:
    """Owes the report that the meal is ready, which both kinds of provider may make; None when it
    was made. Raises TakeawayConflict.
    """
    row = _locked(order, reads_only=True)
    if row.ready_at:
        return None
    _expect(row.state == OrderState.CONFIRMED, ONLY_ACCEPTED_READY)
    return _owe(acting.MealReady, row, actor)


@transaction.atomic
def urge_answer(*, order: Order, actor: Actor) -> OutboundCall:
    """Owes the answer to an urge. Raises TakeawayConflict."""
    row = _locked(order)
    _expect(is_urged(row), _("Nobody waits for an answer."))
    return _owe(acting.UrgeAnswering, row, actor)


@transaction.atomic
def time_decide(*, order: Order, actor: Actor, agree: bool) -> OutboundCall:
    """Owes the answer to the wish for another time. Raises TakeawayConflict."""
    row = _locked(order)
    _expect(wants_other_time(row), _("Nobody waits for an answer about the time."))
    return _owe(acting.TimeDeciding, row, actor, agree=agree)


@transaction.atomic
def own_delivery(
    *, order: Order, actor: Actor, delivered: bool, courier: str, phone: str
) -> OutboundCall:
    """Owes the report that the shop's own courier has set out or delivered. Raises
    TakeawayConflict.
    """
    row = _locked(order)
    _expect(row.state == OrderState.CONFIRMED, _("Only an accepted order is delivered."))
    _expect(row.logistics in ("", OWN_DELIVERY), _("Meituan delivers this order."))
    kind = acting.Delivered if delivered else acting.OnTheWay
    return _owe(kind, row, actor, courier=courier.strip()[:30], phone=phone.strip()[:30])


@transaction.atomic
def rider_call(*, order: Order, actor: Actor) -> OutboundCall:
    """Owes the call for a rider of Meituan's. Raises TakeawayConflict."""
    row = _locked(order)
    _expect(row.state == OrderState.CONFIRMED, _("Only an accepted order is delivered."))
    _expect(row.logistics != OWN_DELIVERY, _("The shop delivers this order itself."))
    _expect(
        row.delivery in (DeliveryState.NONE, DeliveryState.CANCELLED),
        _("A rider is on the way already."),
    )
    return _owe(acting.RiderCalling, row, actor)


@transaction.atomic
def rider_cancel(*, order: Order, actor: Actor) -> OutboundCall:
    """Owes the cancellation of the rider. Raises TakeawayConflict."""
    row = _locked(order)
    _expect(
        row.delivery in (DeliveryState.SENT, DeliveryState.HELD, DeliveryState.TAKEN),
        _("There is no rider who could be cancelled."),
    )
    return _owe(acting.RiderCancelling, row, actor)


def is_urged(order: Order) -> bool:
    """Whether the customer waits for an answer to an urge."""
    if not (order.is_open and order.urged_at):
        return False
    return not order.urge_answered_at or order.urge_answered_at < order.urged_at


def wants_other_time(order: Order) -> bool:
    """Whether the customer waits for an answer about another time."""
    return bool(
        order.is_open
        and order.new_time
        and not order.new_time_answered_at
        and (not order.new_time_until or order.new_time_until > timezone.now())
    )


def _locked(order: Order, *, reads_only: bool = False) -> Order:
    """Returns the order, locked, if its store may do this through us. Raises TakeawayConflict."""
    row = Order.objects.select_for_update().select_related("store__merchant").get(pk=order.pk)
    binding = TakeawayStore.objects.get(connection=row.connection_id)
    _expect(
        binding.state == TakeawayStore.State.BOUND,
        _("The store is not bound to Meituan any more; do it in Meituan's own app."),
    )
    _expect(
        reads_only or binding.takes_orders,
        _("This store's orders are only read here; do it in Meituan's own app."),
    )
    return row


def _expect(holds: bool, otherwise: StrOrPromise) -> None:
    if not holds:
        raise TakeawayConflict(otherwise)


def _owe(kind: type[acting.Action], order: Order, actor: Actor, **given: Any) -> OutboundCall:
    """Owes the call, unless one of its kind is on its way: that one is returned."""
    known = OutboundCall.objects.filter(operation=kind.name, subject_id=order.pk)
    if live := known.live().order_by("pk").first():
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
    order.save(update_fields=["changed_at"])
    return call
