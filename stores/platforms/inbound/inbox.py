"""Notices of platforms: stored once, acknowledged, then handled.

A failing handler loses no event.
"""

import hashlib
import logging
import traceback
import uuid
from collections.abc import Callable
from datetime import timedelta
from typing import Any

from django.conf import settings
from django.db import IntegrityError, transaction
from django.db.models import F, Q, QuerySet
from django.utils import timezone
from django.utils.translation import gettext as _

from stores.conflicts import Conflict
from stores.models import Connection, InboundEvent, prepared
from stores.platforms.workers import queue
from stores.prepared import insert_or_ignore
from stores.text import clean_text

log = logging.getLogger(__name__)
HANDLE = "stores.tasks.handle"
ENCRYPTED = ("body", "answer", "earlier", "error")
BACKOFF_SECONDS = (5, 30, 120, 600, 3600)
State = InboundEvent.State
Handler = Callable[[InboundEvent], None]
_handlers: dict[tuple[str, str], Handler] = {}


def handles(platform: str, kind: str) -> Callable[[Handler], Handler]:
    """Registers a function as the handler of one kind of notice; it runs inside a transaction."""

    def register(function: Handler) -> Handler:
        _handlers[platform, kind] = function
        return function

    return register


def key_of(content: bytes) -> str:
    """Returns the key of a notice without an id whose same bytes are a repetition: stored once."""
    return hashlib.sha256(content).hexdigest()


def new_key() -> str:
    """Returns the key of a notice without an id whose same bytes may be a new fact.

    Each one is stored and handled, so its handler decides by the state it meets: it reads the row
    that the notice is about, under a lock, and does nothing when the row is as the notice says.
    """
    return uuid.uuid4().hex


def receive(
    *,
    connection: Connection,
    kind: str,
    dedup_key: str,
    body: dict[str, Any],
    store_name: str = "",
    wake: bool = True,
) -> InboundEvent:
    """Stores a verified notice once per (connection, kind, key) and wakes a worker for its handler;
    `wake=False` is for callers that handle it themselves.

    A notice to a developer account that names a store is stored at the store's connection, or at
    the developer account while no store has that name.
    """
    if store_name:
        connection = store_below(connection, store_name) or connection
    named: dict[str, Any] = {
        "platform": connection.platform,
        "connection": connection,
        "kind": kind,
        "dedup_key": dedup_key,
    }
    event = InboundEvent(**named, body=body, store_name=store_name)
    # One commit for both: each is written to disk while the platform waits.
    with transaction.atomic():
        is_new = insert_or_ignore(event)
        if is_new and wake:
            queue.wake_worker(HANDLE, event.pk)
    if is_new:
        return event
    known = InboundEvent.objects.get(**named)
    InboundEvent.objects.filter(pk=known.pk).update(repeats=F("repeats") + 1)
    return known


def store_below(developer: Connection, account: str) -> Connection | None:
    """Returns the active connection of the store that the platform names so, below this account.

    Below a merchant's own account only that merchant's stores are found.
    """
    found = prepared.STORE_BELOW.one(
        parent=developer.pk, platform=developer.platform, account=account
    )
    is_ours = found and developer.merchant_id in (None, found.merchant_id)
    return found if is_ours else None


def handle(event_id: int) -> bool:
    """Runs the handler of one due event that no other process has; True when it is handled.

    An event of a kind without a handler is done at once.
    """
    now = timezone.now()
    free = Q(lease_until=None) | Q(lease_until__lt=now)
    taken = (
        InboundEvent.objects.filter(free, pk=event_id, due_at__lte=now)
        .exclude(state=State.HANDLED)
        .update(state=State.HANDLING, lease_until=now + settings.LEASE, attempts=F("attempts") + 1)
    )
    if not taken:
        return False
    # Connection and content are read inside the handler's try: an unreadable one delays no others.
    event = InboundEvent.objects.defer(*ENCRYPTED).get(pk=event_id)
    handler = _handlers.get((event.platform, event.kind))
    if handler is None:
        # A platform may send kinds that we do not know: kept for people, and not tried again.
        _settle(event, f"no handler for {event.platform} {event.kind}")
        return True
    if _store_is_unknown(event):
        _settle(event, f"no connection for the store {event.store_name}")
        return True
    try:
        with transaction.atomic():
            # Locked while it is handled: a process that comes after the lease has run out waits,
            # and finds it handled.
            if _mine(event).select_for_update().defer(*ENCRYPTED).first() is None:
                return False
            handler(event)
            _settle(event)
    except Exception:
        log.exception("event %s was not handled", event.pk)
        return _fail(event, traceback.format_exc())
    return True


def _mine(event: InboundEvent) -> QuerySet[InboundEvent]:
    """Returns the event, unless another process has taken it since."""
    return InboundEvent.objects.filter(pk=event.pk, state=State.HANDLING, attempts=event.attempts)


def _store_is_unknown(event: InboundEvent) -> bool:
    """Whether a notice names a store but is stored at the developer account."""
    at_developer = Connection.objects.filter(pk=event.connection_id, parent=None)
    return bool(event.store_name) and at_developer.exists()


def _settle(event: InboundEvent, note: str = "") -> None:
    _mine(event).update(
        state=State.HANDLED, handled_at=timezone.now(), lease_until=None, error=note
    )


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
    """Queues an event for its handler again; a person asked for it.

    An event of a store that was unknown goes to the store's connection, if there is one by now.
    Raises Conflict when the platform has told it there again, and when the event did not fail or
    is in work since the person saw it.
    """
    unchanged = InboundEvent.objects.filter(
        pk=event.pk, state=event.state, attempts=event.attempts, emptied_at=None
    )
    target = store_below(event.connection, event.store_name) if event.store_name else None
    changes: dict[str, Any] = {"connection": target} if target else {}
    try:
        with transaction.atomic():
            taken = event.may_be_replayed and unchanged.update(
                state=State.RECEIVED, due_at=timezone.now(), lease_until=None, **changes
            )
    except IntegrityError as error:
        raise Conflict(_("The store has received this message meanwhile.")) from error
    if not taken:
        raise Conflict(_("Only a failed event can be handled again."))
    transaction.on_commit(lambda: queue.wake_worker(HANDLE, event.pk), robust=True)


def sweep() -> int:
    """Handles due events: the worker was not woken, the handler failed, or its process died."""
    now = timezone.now()
    free = Q(lease_until=None) | Q(lease_until__lt=now)
    due = InboundEvent.objects.live().filter(free, due_at__lte=now)
    return sum(handle(pk) for pk in list(due.order_by("id").values_list("pk", flat=True)[:200]))
