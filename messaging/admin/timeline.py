"""What was said and done about one takeaway order, oldest first. It contains no personal data."""

from collections.abc import Iterable

from django.utils.translation import gettext as _

from messaging.choices import PLATFORM, PushKind, RefundState
from messaging.models import Order
from messaging.services.under_way import calls_of
from messaging.wire.refunds import parse_refund_notice
from stores.backoffice.labels import labelled
from stores.backoffice.plain_errors import explained
from stores.backoffice.timeline import Moment, attempt_moment, audit_moments, in_order
from stores.models import AuditEntry, InboundEvent, OutboundAttempt
from stores.platforms.outbox.operations import title_of
from stores.platforms.reading import Malformed
from stores.platforms.tools import event_title

MOST = 200


def timeline(order: Order) -> list[Moment]:
    return in_order([*_heard(order), *_found(order), *_told(order), *_by_staff(order)])


def _heard(order: Order) -> Iterable[Moment]:
    events = InboundEvent.objects.filter(
        connection=order.connection_id, subject_id=order.pk, platform=PLATFORM
    )
    for event in events.order_by("id")[:MOST]:
        repeated = _("Told %(count)d times more.") % {"count": event.repeats}
        title, state = event_title(event), _state_of_refund(event)
        title = labelled(title, state.label) if state else str(title)
        yield Moment(event.received_at, title, repeated if event.repeats else "", "heard")


def _state_of_refund(event: InboundEvent) -> RefundState | None:
    """Returns what a push told of a refund; None for other pushes, and once its content is gone."""
    said = event.body.get("said") if event.kind in (PushKind.REFUND, PushKind.PART_REFUND) else None
    if not said:
        return None
    try:
        return parse_refund_notice(said, is_part=event.kind == PushKind.PART_REFUND).state
    except Malformed:
        return None


def _found(order: Order) -> Iterable[Moment]:
    for missed in order.missed.lost():
        yield Moment(
            missed.found_at,
            missed.get_kind_display(),
            _("Found by asking; Meituan had not told us."),
            "heard",
        )


def _told(order: Order) -> Iterable[Moment]:
    by_pk = {call.pk: call for call in calls_of(order).order_by("id")[:MOST]}
    for call in by_pk.values():
        if not call.attempts_made:
            title = labelled(title_of(call), call.get_state_display())
            text = explained(call.last_error) if call.last_error else ""
            yield Moment(call.queued_at, title, text, "told")
    for attempt in OutboundAttempt.objects.filter(call__in=by_pk).order_by("id")[:MOST]:
        yield attempt_moment(attempt, title_of(by_pk[attempt.call_id]), kind="told")


def _by_staff(order: Order) -> Iterable[Moment]:
    entries = AuditEntry.objects.filter(
        store=order.store_id,
        verb__startswith="takeaway.",
        target=order.order_id,
        at__gte=order.heard_at,
    )
    return audit_moments(entries.order_by("id")[:MOST])
