"""What Meituan answers when it is asked for an order and its refunds: the truth, where pushes only
rang.
"""

from collections.abc import Iterable
from datetime import datetime, timedelta

from django.utils import timezone

from messaging.choices import OrderState, PushKind, RefundState
from messaging.models import MissedPush, Order, Refund
from messaging.services.merging import advance, fill
from messaging.services.order_cards import owe_card
from messaging.services.papers import owe_receipts
from messaging.wire.orders import RemoteOrder
from messaging.wire.refunds import RefundFact
from stores.models import OutboundCall

# What tells that an order stands in a state.
TOLD_BY = {
    OrderState.NEW: PushKind.ORDER_NEW,
    OrderState.CONFIRMED: PushKind.ORDER_CONFIRMED,
    OrderState.FINISHED: PushKind.ORDER_FINISHED,
    OrderState.CANCELLED: PushKind.ORDER_CANCELLED,
}
# What Meituan lists of a refund.
_LISTED = (
    "refund_id",
    "state",
    "is_part",
    "is_appeal",
    "money",
    "reason",
    "pictures",
    "applied_at",
    "decide_until",
)
# An answer may be that much behind the pushes: what it does not list yet stays for so long.
BEHIND = timedelta(seconds=60)
# So long after it what the shop did itself may be listed without a push.
OURS_FOR = timedelta(minutes=10)


def order_read(*, order: Order, remote: RemoteOrder, is_told: bool = True) -> None:
    """Merges an answer into a locked order, and notes what of it no push had told, unless Meituan
    tells nothing of this store's orders (`is_told`).
    """
    now = timezone.now()
    was, was_empty = order.state, order.said_at is None
    fill(order, remote, is_answer=True)
    if remote.state != OrderState.UNKNOWN:
        advance(order, remote.state, remote.changed_at or now)
    order.read_at = now
    order.save()
    owe_receipts(order, was=was)
    owe_card(order, was=was)
    if not is_told:
        return
    if was_empty:
        missed(order, PushKind.ORDER_NEW)
    if order.state != was:
        missed(order, TOLD_BY[OrderState(order.state)])


def refunds_read(*, order: Order, facts: Iterable[RefundFact], asked_at: datetime) -> bool:
    """Makes the refunds of a locked order those that Meituan lists; it was asked at `asked_at`.

    Returns False while a refund that a push told is not listed yet: ask again in a minute.
    """
    rows = list(order.refunds.order_by("pk"))
    known = {row.refund_id: row for row in rows if row.refund_id}
    nameless = [row for row in rows if not row.refund_id]
    is_news = False
    for fact in sorted(facts, key=_age):
        row = known.get(fact.refund_id) or _told(nameless, fact)
        if row is None:
            row = Refund(order=order)
            refund_missed(order, fact)
        elif _is_appealed(row, fact) and (told := _told(nameless, fact)):
            # A push tells an appeal like another application.
            told.delete()
        elif row.refund_id and fact.state and fact.state != row.state:
            refund_missed(order, fact)
        is_news |= _take_over(row, fact)
    early = [row for row in nameless if asked_at - row.applied_at < BEHIND]
    if never := [row.pk for row in nameless if row not in early]:
        is_news |= bool(Refund.objects.filter(pk__in=never).delete()[0])
    if is_news:
        order.note_change()
    return not early


def decide_until(refund: Refund) -> datetime | None:
    """Returns when Meituan decides without the shop; None when the shop has nothing to decide."""
    if refund.state != RefundState.OPEN or refund.is_appeal:
        return None
    binding = refund.order.connection.takeaway_store
    return refund.applied_at + timedelta(hours=binding.refund_hours)


def missed(order: Order, kind: PushKind) -> None:
    MissedPush.objects.get_or_create(order=order, kind=kind, came_at=None)


def refund_missed(order: Order, fact: RefundFact) -> None:
    """Notes that no push told how a refund stands. Of some stores Meituan tells nothing, and what
    the shop does itself is no news.
    """
    ours = OutboundCall.objects.filter(
        connection=order.connection_id,
        subject_id=order.pk,
        operation__in=("refund.part", "refund.decide"),
        queued_at__gt=timezone.now() - OURS_FOR,
    )
    if order.connection.takeaway_store.takes_orders and not ours.exists():
        missed(order, PushKind.PART_REFUND if fact.is_part else PushKind.REFUND)


def _told(nameless: list[Refund], fact: RefundFact) -> Refund | None:
    """Takes out of the refunds without a number the one that this is: in the same state, or the
    oldest.
    """
    of_kind = [row for row in nameless if row.is_part == fact.is_part]
    found = next((row for row in of_kind if row.state == fact.state), None)
    found = found or next(iter(of_kind), None)
    if found:
        nameless.remove(found)
    return found


def _is_appealed(refund: Refund, fact: RefundFact) -> bool:
    """Whether the customer has gone to the customer service since the shop refused."""
    return bool(refund.refund_id) and fact.is_appeal and not refund.is_appeal


def _take_over(refund: Refund, fact: RefundFact) -> bool:
    """Makes a refund what Meituan lists; returns whether it was anything else."""
    before = {name: getattr(refund, name) for name in _LISTED}
    refund.refund_id, refund.is_part = fact.refund_id, fact.is_part
    refund.is_appeal, refund.money = fact.is_appeal, fact.money
    refund.reason = fact.reason or refund.reason
    refund.pictures = list(fact.pictures) or refund.pictures
    refund.applied_at = fact.applied_at or refund.applied_at
    if fact.state and fact.state != refund.state:
        refund.state = fact.state
        refund.decided_at = None if fact.state == RefundState.OPEN else timezone.now()
    refund.decide_until = decide_until(refund)
    if refund.pk and before == {name: getattr(refund, name) for name in _LISTED}:
        return False
    refund.save()
    return True


def _age(fact: RefundFact) -> tuple[datetime, str]:
    return fact.applied_at or timezone.now(), fact.refund_id
