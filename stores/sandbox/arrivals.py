"""The log of requests that reached the platforms, in the order of arrival, for tests and
benchmarks.
"""

from __future__ import annotations

import threading
import time
from collections import deque
from dataclasses import asdict, dataclass
from typing import Any

from .messages import Subject

KEPT = 200_000


@dataclass
class Arrival:
    """One request.

    `at` is time.monotonic() (one clock per machine), `wall` is time.time(), in seconds.

    `outcome` is "pending" while the platform works, then "ok", "blocked", "unauthorised",
    "bad_request" or "fault:<kind>"; it is set before the first byte of the answer is sent.
    """

    at: float
    wall: float
    platform: str
    operation: str
    account: str = ""
    store_id: int | None = None
    code_tail: str = ""
    outcome: str = "pending"
    applied: bool = False

    def as_json(self) -> dict[str, Any]:
        return asdict(self)


class ArrivalLog:
    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._arrivals: deque[Arrival] = deque(maxlen=KEPT)

    def record(self, platform: str, operation: str, subject: Subject) -> Arrival:
        with self._lock:
            arrival = Arrival(
                time.monotonic(),
                time.time(),
                platform,
                operation,
                subject.account,
                subject.store_id,
                subject.code_tail,
            )
            self._arrivals.append(arrival)
        return arrival

    def all(
        self, platform: str | None = None, operation: str | None = None, account: str | None = None
    ) -> list[Arrival]:
        """Returns the arrivals, oldest first; a pending one changes when its answer is sent."""
        with self._lock:
            arrivals = list(self._arrivals)
        return [
            arrival
            for arrival in arrivals
            if platform in (None, arrival.platform)
            and operation in (None, arrival.operation)
            and account in (None, arrival.account)
        ]

    def most_in_any(
        self,
        seconds: float,
        platform: str | None = None,
        operation: str | None = None,
        account: str | None = None,
    ) -> int:
        """Returns the most arrivals in any window of that length, its end excluded; blocked ones
        count.
        """
        times = [arrival.at for arrival in self.all(platform, operation, account)]
        most = first = 0
        for last, at in enumerate(times):
            while at - times[first] >= seconds:
                first += 1
            most = max(most, last - first + 1)
        return most

    def clear(self) -> None:
        with self._lock:
            self._arrivals.clear()
