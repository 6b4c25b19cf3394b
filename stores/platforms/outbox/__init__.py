"""Calls to platforms: enqueue → claim → deliver → settle; a lost answer is asked about first.

enqueuing.py writes calls · operations.py says how each kind is sent, asked about and settled ·
claims.py takes leases · delivering.py makes one try · working.py delivers what is due (worker, web
caller, sweeper) · processing.py delivers a row's calls while somebody waits for the result ·
places.py counts who is ahead ·
by_hand.py is for people, about a call whose result is unknown.
"""

from stores.platforms.outbox.by_hand import ask_now, settle_by_hand
from stores.platforms.outbox.claims import sweep
from stores.platforms.outbox.delivering import deliver
from stores.platforms.outbox.enqueuing import enqueue, notify, retry_dead, revoke, wake
from stores.platforms.outbox.operations import (
    Operation,
    SlotWaiter,
    Verdict,
    operation,
    operations,
    wait_while_at_work,
)
from stores.platforms.outbox.place import PlaceInLine
from stores.platforms.outbox.places import place_in_line, places_in_line
from stores.platforms.outbox.processing import OneCall, process
from stores.platforms.outbox.working import attempt_now, run_in_thread, work

__all__ = [
    "OneCall",
    "Operation",
    "PlaceInLine",
    "SlotWaiter",
    "Verdict",
    "ask_now",
    "attempt_now",
    "deliver",
    "enqueue",
    "notify",
    "operation",
    "operations",
    "place_in_line",
    "places_in_line",
    "process",
    "retry_dead",
    "revoke",
    "run_in_thread",
    "settle_by_hand",
    "sweep",
    "wait_while_at_work",
    "wake",
    "work",
]
