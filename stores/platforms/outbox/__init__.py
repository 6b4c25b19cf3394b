"""What we owe platforms: owe → claim → deliver → settle, and ask before sending again when an answer was lost.

owe.py writes debts · operations.py says how each kind of call is sent, asked about, settled · claims.py takes leases ·
delivering.py makes one try · working.py works debts off (worker, web caller, sweeper).
"""

from stores.platforms.outbox.claims import sweep
from stores.platforms.outbox.delivering import deliver
from stores.platforms.outbox.enqueuing import enqueue, retry_dead, revoke
from stores.platforms.outbox.operations import Operation, Verdict, operation, operations
from stores.platforms.outbox.working import (
    attempt_now,
    place_in_line,
    places_in_line,
    run_in_thread,
    work,
)

__all__ = [
    "Operation",
    "Verdict",
    "attempt_now",
    "deliver",
    "enqueue",
    "operation",
    "operations",
    "place_in_line",
    "places_in_line",
    "retry_dead",
    "revoke",
    "run_in_thread",
    "sweep",
    "work",
]
