"""Working off what a row owes while somebody waits for it: in the waiter's thread, in one beside it, or by a worker."""

import time
from collections.abc import Callable
from functools import partial
from typing import TypeVar

from django.utils import timezone

from coupons.models import Lookup, Verification
from coupons.services.waiting import PROMPT, wait_for
from stores.models import OutboundCall
from stores.platforms import pace
from stores.platforms.outbox import attempt_now, run_in_thread
from stores.platforms.outbox.enqueuing import notify
from stores.platforms.outbox.working import LINGER

Row = TypeVar("Row", Lookup, Verification)
NextCall = Callable[[], OutboundCall | None]


def process(
    row: Row,
    *,
    live_call: Callable[[Row], OutboundCall | None],
    is_final: Callable[[Row], bool],
    read_again: Callable[[Row], None],
    wait: float,
    wake: bool,
    in_background: bool,
    call: OutboundCall | None = None,
) -> Row:
    """Works the row off while slots are free, and otherwise leaves it to a worker.

    `wait` seconds at most are spent waiting for a result, if this process has a place left for one more who waits;
    `call` is what the request has just owed. With `in_background` the tries are made in a thread beside the caller's, which a
    slow gateway then keeps `wait` seconds at most, or PROMPT without. Returns the row as it is now.
    """
    if is_final(row):
        return row
    until = time.monotonic() + wait
    walk: Callable[..., bool] = (
        partial(_run_steps_in_thread, until=until if wait else until + PROMPT)
        if in_background
        else _run_steps
    )
    next_call = partial(live_call, row)

    def again() -> None:
        walk(next_call, wake=False)
        read_again(row)

    if walk(next_call, wake=wake, call=call):
        read_again(row)
    wait_for(lambda: is_final(row), again, until=until)
    return row


def _run_steps_in_thread(
    next_call: NextCall, *, wake: bool, until: float, call: OutboundCall | None = None
) -> bool:
    call = call or next_call()
    if call is None:
        return False
    free_in = _free_in(call)
    if free_in <= pace.NEAR and run_in_thread(
        partial(_run_steps, next_call, wake=wake, call=call), until=until
    ):
        return True
    if wake:
        _ring(call, free_in)
    return False


def _run_steps(next_call: NextCall, *, wake: bool, call: OutboundCall | None = None) -> bool:
    """Detail, then verify, or the question after a lost answer: each at once if it is first in line, its slot near.
    Whether anything was tried."""
    patience, tried = pace.NEAR, False
    while call := call or next_call():
        free_in = _free_in(call)
        if free_in > patience or not attempt_now(call, patience=patience):
            if wake:
                _ring(call, free_in)
            return tried
        # Having had the first slot, this thread may wait for the next one: that is one interval away.
        patience = pace.interval(call.platform) + pace.NEAR
        call, tried = None, True
    return tried


def _free_in(call: OutboundCall) -> float:
    """Seconds until a try can begin: nobody else is at it, it is due, and its account's slot is free."""
    not_before = max(call.due_at, call.lease_until or call.due_at)
    return max((not_before - timezone.now()).total_seconds(), pace.seconds_until_free(call.pace_id))


def _ring(call: OutboundCall, free_in: float) -> None:
    """For a worker, which would not stay for a slot that is further away; the sweeper comes back for that."""
    if call.state != OutboundCall.State.SENDING and free_in <= LINGER.total_seconds():
        notify(call.pk)
