"""What platforms tell us: stored once, acknowledged, then handled; a failing handler never loses the event."""

import logging
import traceback
from collections.abc import Callable
from datetime import timedelta
from typing import Any

from django.conf import settings
from django.db import transaction
from django.db.models import F, Q, QuerySet
from django.utils import timezone

from stores.models import Connection, InboundEvent
from stores.platforms.workers import queue
from stores.text import clean_text

log = logging.getLogger(__name__)
HANDLE = "stores.tasks.handle"
BACKOFF_SECONDS = (5, 30, 120, 600, 3600)
State = InboundEvent.State
Handler = Callable[[InboundEvent], None]
_handlers: dict[tuple[str, str], Handler] = {}


def handles(platform: str, kind: str) -> Callable[[Handler], Handler]:
    """Registers a function as the handler of one kind of event; it runs inside a transaction."""

    def register(function: Handler) -> Handler:
        _handlers[platform, kind] = function
        return function

    return register


def receive(
    *, connection: Connection, kind: str, dedup_key: str, body: dict[str, Any]
) -> InboundEvent:
    """Stores a verified notice, once per (platform, connection, kind, key), and rings for its handler."""
    with transaction.atomic():
        event, created = InboundEvent.objects.get_or_create(
            platform=connection.platform,
            connection=connection,
            kind=kind,
            dedup_key=dedup_key,
            defaults={"body": body},
        )
        if created:
            transaction.on_commit(lambda: queue.wake_worker(HANDLE, event.pk), robust=True)
        else:
            InboundEvent.objects.filter(pk=event.pk).update(repeats=F("repeats") + 1)
    return event


def handle(event_id: int) -> bool:
    """Runs the handler of one event if it is due and nobody else has it. True when the event is handled."""
    now = timezone.now()
    free = Q(lease_until=None) | Q(lease_until__lt=now)
    taken = (
        InboundEvent.objects.filter(free, pk=event_id, due_at__lte=now)
        .exclude(state=State.HANDLED)
        .update(state=State.HANDLING, lease_until=now + settings.LEASE, attempts=F("attempts") + 1)
    )
    if not taken:
        return False
    # The connection is read inside the handler's try: a secret that nobody can read must not hold up other events.
    event = InboundEvent.objects.get(pk=event_id)
    handler = _handlers.get((event.platform, event.kind))
    if handler is None:
        return _fail(event, f"nobody handles {event.platform} {event.kind}")
    try:
        with transaction.atomic():
            # Locked while it is handled: whoever comes when the lease has run out waits, and finds it handled.
            if _mine(event).select_for_update().first() is None:
                return False
            handler(event)
            _mine(event).update(
                state=State.HANDLED, handled_at=timezone.now(), lease_until=None, error=""
            )
    except Exception:
        log.exception("event %s was not handled", event.pk)
        return _fail(event, traceback.format_exc())
    return True


def _mine(event: InboundEvent) -> QuerySet[InboundEvent]:
    """The event as long as nobody else has taken it since."""
    return InboundEvent.objects.filter(pk=event.pk, state=State.HANDLING, attempts=event.attempts)


def _fail(event: InboundEvent, error: str) -> bool:
    wait = BACKOFF_SECONDS[min(event.attempts, len(BACKOFF_SECONDS)) - 1]
    _mine(event).update(
        state=State.FAILED,
        lease_until=None,
        error=clean_text(error[-4000:], 4000),
        due_at=timezone.now() + timedelta(seconds=wait),
    )
    return False


def replay(event: InboundEvent) -> None:
    """Handles an event again, on a person's wish."""
    InboundEvent.objects.filter(pk=event.pk).update(
        state=State.RECEIVED, due_at=timezone.now(), lease_until=None
    )
    transaction.on_commit(lambda: queue.wake_worker(HANDLE, event.pk), robust=True)


def sweep() -> int:
    """Handles what is due: events whose doorbell was lost, whose handler failed, or whose process died."""
    now = timezone.now()
    free = Q(lease_until=None) | Q(lease_until__lt=now)
    due = InboundEvent.objects.live().filter(free, due_at__lte=now)
    return sum(handle(pk) for pk in list(due.order_by("id").values_list("pk", flat=True)[:200]))
