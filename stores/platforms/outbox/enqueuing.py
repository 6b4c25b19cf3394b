"""Writing calls. The business change and its call commit in one transaction."""

from datetime import datetime, timedelta
from typing import Any

from django.db import transaction
from django.utils import timezone

from stores.models import Connection, OutboundCall
from stores.platforms.outbox.operations import Operation, operations
from stores.platforms.workers import queue
from stores.prepared import insert
from stores.transitions import move, move_rows

DELIVER = "stores.tasks.deliver"


def enqueue(
    operation: type[Operation],
    *,
    connection: Connection,
    key: str,
    subject_id: int,
    store_id: int | None = None,
    lane: OutboundCall.Lane = OutboundCall.Lane.BACKGROUND,
    patience: timedelta | None = None,
    queued_at: datetime | None = None,
    payload: dict[str, Any] | None = None,
    series: str = "",
    wake: bool = True,
    known_new: bool = False,
    is_drill: bool = False,
) -> OutboundCall:
    """Writes one call, once per (platform, operation, key); a repetition returns the existing call.

    `queued_at` keeps the place in line of an earlier step. `wake=False` is for callers that attempt
    the call themselves or wake a worker once for many. `known_new=True` is for a key made in this
    transaction. Calls of one `series` are delivered one after the other; they must be enqueued
    under one lock. Lists leave out the calls of a drill (`is_drill`) until they are asked for.
    """
    now = timezone.now()
    names = {"platform": operation.platform, "operation": operation.name, "key": key}
    values: dict[str, Any] = {
        "connection": connection,
        "pace_id": connection.pace_id,
        "store_id": store_id,
        "subject_id": subject_id,
        "payload": payload or {},
        "series": series,
        "is_drill": is_drill,
        "lane": lane,
        "queued_at": queued_at or now,
        "due_at": now,
        "expires_at": (queued_at or now) + (operation.patience if patience is None else patience),
    }
    if known_new:
        call, created = OutboundCall(**names, **values), True
        insert(call)
    else:
        call, created = OutboundCall.objects.get_or_create(**names, defaults=values)
    if created and wake:
        notify(call.pk)
    return call


def notify(call_id: int) -> None:
    """Wakes a worker for the call once the surrounding transaction has committed."""
    # A failure to wake a worker (robust) is harmless: the sweeper finds what is due.
    transaction.on_commit(lambda: queue.wake_worker(DELIVER, call_id), robust=True)


def wake() -> None:
    """Wakes one worker for everything that is due; notify() does it for a call."""
    transaction.on_commit(lambda: queue.wake_worker(DELIVER, 0), robust=True)


def revoke(call: OutboundCall, reason: str) -> bool:
    """Takes back a call that was not sent yet; False when it is too late."""
    state = OutboundCall.State
    changes = {"settled_at": timezone.now(), "last_error": reason[:300]}
    return bool(
        move_rows(OutboundCall.objects.filter(pk=call.pk), state.PENDING, state.DEAD, **changes)
    )


@transaction.atomic
def retry_dead(call: OutboundCall, *, ask_first: bool) -> bool:
    """Puts a dead call back to work: asking the platform first when it may have been executed.

    False if it is not dead, if its content was removed, or if its business row is settled for good.
    """
    row = OutboundCall.objects.select_for_update().get(pk=call.pk)
    operation = operations.of(row)
    if row.state != OutboundCall.State.DEAD or row.emptied_at:
        return False
    if not operation.may_retry(row, ask_first=ask_first):
        return False
    now = timezone.now()
    move(
        row,
        OutboundCall.State.UNKNOWN if ask_first else OutboundCall.State.PENDING,
        due_at=now,
        expires_at=now + operation.patience,
        settled_at=None,
        lease_until=None,
    )
    notify(row.pk)
    return True
