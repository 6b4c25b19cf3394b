"""Delivering a row's calls while somebody waits for the result.

The tries are made in the caller's thread, in one beside it, or by a worker.
"""

import time
from collections.abc import Callable
from functools import partial
from typing import Any, Protocol

from django.conf import settings
from django.utils import timezone

from stores.models import OutboundCall
from stores.platforms import pace
from stores.platforms.outbox.enqueuing import notify
from stores.platforms.outbox.waiting import wait_for
from stores.platforms.outbox.working import LINGER, attempt_now, run_in_thread


class Waiting(Protocol):
    """A business row that waits for its calls."""

    def live_call(self) -> OutboundCall | None:
        """Returns the call that the row waits for now."""

    def is_final(self) -> bool:
        """Returns whether the row has its final state."""

    def reload(self) -> None:
        """Reads the row from the database again."""


class OneCall:
    """A row with one call, as `process` asks about it: it waits while its `state` is `waiting`.

    `find` returns the call of the row with that key.
    """

    def __init__(
        self, row: Any, *, waiting: str, find: Callable[[int], OutboundCall | None]
    ) -> None:
        self.row = row
        self.waiting = waiting
        self.find = find

    def live_call(self) -> OutboundCall | None:
        return None if self.is_final() else self.find(self.row.pk)

    def is_final(self) -> bool:
        return bool(self.row.state != self.waiting)

    def reload(self) -> None:
        self.row.refresh_from_db()


def process(
    row: Waiting,
    *,
    wait: float,
    wake: bool = True,
    in_background: bool = False,
    patience: float | None = None,
    call: OutboundCall | None = None,
) -> None:
    """Delivers the row's calls while slots are free, and otherwise leaves them to a worker.

    At most `wait` seconds are spent waiting for a result, if this process has a place left for one
    more thread that waits. `call` is the one that the request has just enqueued. With
    `in_background` the tries are made in a thread of their own: a slow platform then keeps the
    caller `wait` seconds at most, or `patience` (settings.OUTBOX.default_wait) when `wait` is 0.
    """
    if row.is_final():
        return
    until = time.monotonic() + wait
    run: Callable[..., bool] = _run_steps
    if in_background:
        if patience is None:
            patience = settings.OUTBOX.default_wait
        run = partial(_run_steps_in_thread, until=until if wait else until + patience)

    def step() -> None:
        run(row, wake=False)
        row.reload()

    if run(row, wake=wake, call=call):
        row.reload()
    wait_for(row.is_final, step, until=until)


def _run_steps_in_thread(
    row: Waiting, *, wake: bool, until: float, call: OutboundCall | None = None
) -> bool:
    call = call or row.live_call()
    if call is None:
        return False
    free_in = _free_in(call)
    if free_in <= pace.NEAR and run_in_thread(
        partial(_run_steps, row, wake=wake, call=call), until=until
    ):
        return True
    if wake:
        _wake_worker(call, free_in)
    return False


def _run_steps(row: Waiting, *, wake: bool, call: OutboundCall | None = None) -> bool:
    """Delivers one call after the other while each is first in line and its slot is near.

    Returns whether anything was tried.
    """
    patience, tried = pace.NEAR, False
    while call := call or row.live_call():
        free_in = _free_in(call)
        if free_in > patience or not attempt_now(call, patience=patience):
            if wake:
                _wake_worker(call, free_in)
            return tried
        # This thread had the first slot, so it may wait for the next one: that is one interval
        # away.
        patience = pace.interval(call.platform) + pace.NEAR
        call, tried = None, True
    return tried


def _free_in(call: OutboundCall) -> float:
    """Returns the seconds until a try can begin: not leased, due, and its account's slot free."""
    not_before = max(call.due_at, call.lease_until or call.due_at)
    return max(
        (not_before - timezone.now()).total_seconds(),
        pace.seconds_until_free(call.pace_id, call.platform),
    )


def _wake_worker(call: OutboundCall, free_in: float) -> None:
    """Wakes a worker unless the slot is too far away for it to stay; the sweeper comes for
    those.
    """
    if call.state != OutboundCall.State.SENDING and free_in <= LINGER.total_seconds():
        notify(call.pk)
