"""What Meituan's pushes tell of refunds. They name none, and may be late or doubled: each one makes
us ask, and the answer decides (answers.py). Workers may handle them in another order than they
arrived in.
"""

from dataclasses import asdict
from datetime import datetime

from django.utils import timezone

from messaging.choices import PushKind, RefundState
from messaging.models import Order, Refund
from messaging.services.answers import decide_until
from messaging.services.orders import came, locked
from messaging.services.reading import owe_order, owe_refunds
from messaging.wire.refunds import RefundNotice, parse_refund_notice
from stores.models import Connection, InboundEvent


def refund_told(*, connection: Connection, notice: RefundNotice, at: datetime) -> Order:
    """Takes over what a push says of a refund, and owes the question how it stands."""
    order = locked(connection, notice.order_id)
    kind = PushKind.PART_REFUND if notice.is_part else PushKind.REFUND
    later = _handled_already(order, kind, at)
    if notice.state == RefundState.OPEN:
        if all(other.state == RefundState.OPEN for other, _ in later):
            _applied(order, _current(order, notice), notice, at)
    elif notice.state is not None:
        _decided(order, _current(order, notice), notice, at)
        applied_again = (each for each in later if each[0].state == RefundState.OPEN)
        if again := next(applied_again, None):
            other, other_at = again
            _applied(order, _current(order, other), other, other_at)
    came(order, kind, at)
    order.note_change()
    owe_refunds(order)
    if order.said_at is None:
        owe_order(order)
    return order


def _handled_already(
    order: Order, kind: PushKind, at: datetime
) -> list[tuple[RefundNotice, datetime]]:
    """Returns what arrived of this kind after `at` and was handled before it, oldest first."""
    rows = InboundEvent.objects.filter(
        connection=order.connection_id, subject_id=order.pk, kind=kind, received_at__gt=at
    )
    is_part = kind == PushKind.PART_REFUND
    return [
        (parse_refund_notice(said, is_part=is_part), row.received_at)
        for row in rows.order_by("received_at", "pk")
        if (said := row.body.get("said"))
    ]


def _current(order: Order, notice: RefundNotice) -> Refund | None:
    """Returns the refund that a push means: the one that it names, or the last one of its kind."""
    of_kind = order.refunds.filter(is_part=notice.is_part).order_by("-pk")
    if notice.refund_id:
        named = of_kind.filter(refund_id=notice.refund_id).first()
        return named or of_kind.filter(refund_id="").first()
    return of_kind.first()


def _applied(order: Order, refund: Refund | None, notice: RefundNotice, at: datetime) -> None:
    is_appeal = notice.is_appeal and refund is not None and refund.state == RefundState.REJECTED
    if refund is None or not (refund.state == RefundState.OPEN or is_appeal):
        # Applied, withdrawn and applied again may be the same bytes: it is another refund.
        refund = Refund(order=order, is_part=notice.is_part, applied_at=at)
    refund.state, refund.decided_at = RefundState.OPEN, None
    _save(refund, notice)


def _decided(order: Order, refund: Refund | None, notice: RefundNotice, at: datetime) -> None:
    refund = refund or Refund(order=order, is_part=notice.is_part, applied_at=at)
    is_open = refund.state in (RefundState.OPEN, RefundState.REJECTED)
    if is_open and notice.state and refund.state != notice.state:
        refund.state, refund.decided_at = notice.state, timezone.now()
    _save(refund, notice)


def _save(refund: Refund, notice: RefundNotice) -> None:
    refund.refund_id = refund.refund_id or notice.refund_id
    refund.is_appeal = refund.is_appeal or notice.is_appeal
    refund.money = notice.money if notice.money is not None else refund.money
    refund.reason = refund.reason or notice.reason
    refund.pictures = list(notice.pictures) or refund.pictures
    refund.part_dishes = [asdict(dish) for dish in notice.dishes] or refund.part_dishes
    refund.decide_until = decide_until(refund)
    refund.save()
