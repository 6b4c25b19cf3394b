"""Working debts off: in a worker for everybody, or in the thread of somebody who waits for one call."""

import logging
import random
import threading
import time
from dataclasses import dataclass
from datetime import timedelta

from django.conf import settings
from django.db import OperationalError, connection
from django.db.models import Count, Exists, OuterRef, Q
from django.utils import timezone

from stores.models import OutboundCall, Pace
from stores.platforms import pace, queue
from stores.platforms.outbox.claims import claim, claim_next, due, free_expired, in_line, sweep
from stores.platforms.outbox.deliver import deliver
from stores.platforms.outbox.operations import operations
from stores.platforms.outbox.owe import ring_for

log = logging.getLogger(__name__)
# A worker stays for what falls due this soon: somebody may be waiting for it.
LINGER = timedelta(seconds=5)
_senders = threading.BoundedSemaphore(settings.WEB_SENDERS)


@dataclass(frozen=True)
class PlaceInLine:
    """Where a waiting call stands: `position` 1 is next; `seconds` is an estimate until its answer."""

    position: int
    seconds: int


def work(*, seconds: float) -> int:
    """Delivers due calls of all accounts for about `seconds`, one at a time, each in its account's slot.

    A worker never waits on one account while another has a free slot. Returns the number of tries; rings again when
    time ran out before the work did.
    """
    until = time.monotonic() + seconds
    tries, swept = 0, 0.0
    while time.monotonic() < until:
        try:
            if time.monotonic() - swept > 2.0:
                queue.beat()
                sweep()
                swept = time.monotonic()
            if _one_try():
                tries += 1
            elif _nothing_near():
                return tries
        except OperationalError as error:
            log.warning("database not available: %s", error)
            connection.close()
            time.sleep(0.5)
    _ring_again()
    return tries


def _accounts_with_due_calls() -> list[Pace]:
    waiting = OutboundCall.objects.filter(due(timezone.now()), pace_id=OuterRef("pk"))
    return list(Pace.objects.filter(Exists(waiting)).order_by("next_at"))


def _one_try() -> bool:
    """Delivers the first call of the first account with a free slot; else sleeps a moment and says no."""
    accounts = _accounts_with_due_calls()
    for account in accounts:
        slot = pace.reserve(account, patience=pace.NEAR)
        if slot is None:
            continue
        call = claim_next(account.pk)
        if call is None:
            pace.release(slot, account.platform)
            continue
        deliver(call, slot)
        return True
    if accounts:
        soonest = pace.seconds_until_free(accounts[0].pk)
        time.sleep(min(0.5, max(0.005, soonest - pace.NEAR)) + random.uniform(0.0, 0.02))
    return False


def _nothing_near() -> bool:
    """Whether no call falls due within the next moments; otherwise waits for it a little."""
    soon = timezone.now() + LINGER
    state = OutboundCall.State
    near = OutboundCall.objects.filter(
        Q(state__in=[state.PENDING, state.UNKNOWN], due_at__lte=soon) & (Q(lease_until=None) | Q(lease_until__lt=soon))
    ).exists()
    if near:
        time.sleep(0.05)
    return not near


def _ring_again() -> None:
    left = OutboundCall.objects.filter(due(timezone.now())).values_list("pk", flat=True).first()
    if left is not None:
        ring_for(left)


def attempt_now(call_id: int, *, patience: float) -> bool:
    """Delivers this call in the caller's own thread if it is first in its account's line and its slot comes within
    `patience` seconds. False means: somebody else has it, others are first, or the slot is far away.

    Only some threads of a process may do so at once: a slow platform must not take the others' threads.
    """
    if not _senders.acquire(blocking=False):
        return False
    try:
        return _attempt(call_id, patience)
    finally:
        _senders.release()


def _attempt(call_id: int, patience: float) -> bool:
    row = OutboundCall.objects.filter(pk=call_id, state__in=OutboundCall.LIVE).select_related("pace").first()
    if row and row.state == OutboundCall.State.SENDING:
        free_expired(call_id)
    if row is None or in_line(row.pace_id).values_list("pk", flat=True).first() != call_id:
        return False
    slot = pace.reserve(row.pace, patience=patience)
    if slot is None:
        return False
    call = claim(call_id)
    if call is None:
        pace.release(slot, row.platform)
        return False
    deliver(call, slot)
    return True


def place_in_line(call: OutboundCall) -> PlaceInLine:
    """The call's place among its account's waiting calls, and the seconds until its business step is through."""
    ahead = OutboundCall.objects.filter(
        Q(lane__lt=call.lane) | Q(lane=call.lane, queued_at__lt=call.queued_at),
        pace_id=call.pace_id,
        state__in=[OutboundCall.State.PENDING, OutboundCall.State.SENDING],
    )
    kinds = ahead.order_by().values_list("platform", "operation").annotate(Count("pk"))
    waiting = [(operations[platform, name], count) for platform, name, count in kinds]
    requests = sum(kind.requests_left * count for kind, count in waiting) + operations.of(call).requests_left - 1
    wait = pace.seconds_until_free(call.pace_id) + requests * pace.interval(call.platform)
    return PlaceInLine(position=1 + sum(count for _, count in waiting), seconds=max(1, round(wait)))
