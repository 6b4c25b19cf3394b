"""Fault rules: which request fails, how, and how often."""

from __future__ import annotations

import random
import threading
from dataclasses import asdict, dataclass
from typing import Any, Literal

SEED = 20241215

Answer = Literal["own", "nothing", "half", "html", "wrong_types", "throttle", "auth"]


@dataclass(frozen=True)
class Effect:
    """Whether the platform carries the call out, when it waits the fault's `seconds`, and its
    answer.
    """

    applies: bool
    answer: Answer | int
    waits: Literal["before", "after"] = "after"


KINDS: dict[str, Effect] = {
    "slow": Effect(True, "own", waits="before"),
    "slow_after": Effect(True, "own"),
    "drop_before": Effect(False, "nothing"),
    "drop_after": Effect(True, "nothing"),
    "status_500": Effect(False, 500),
    "status_502": Effect(False, 502),
    "status_503": Effect(False, 503),
    "status_500_after": Effect(True, 500),
    "html": Effect(False, "html"),
    "half_body": Effect(True, "half"),
    "wrong_types": Effect(False, "wrong_types"),
    "throttle": Effect(False, "throttle"),
    "auth": Effect(False, "auth"),
}
# Only delays arrivals: stays until cleared and leaves the other rules and the logged outcome alone.
JITTER = "jitter"


@dataclass
class Fault:
    """`times` is the number left (None: always); `platform` and `operation` None match any."""

    kind: str
    operation: str | None = None
    platform: str | None = None
    times: int | None = 1
    seconds: float = 0.0
    probability: float = 1.0
    jitter: float = 0.0

    def matches(self, platform: str, operation: str) -> bool:
        return self.platform in (None, platform) and self.operation in (None, operation)

    def as_json(self) -> dict[str, Any]:
        return asdict(self)


class FaultScript:
    """Rules in the order they were added; the first that matches and is not used up applies."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._faults: list[Fault] = []
        self._random = random.Random(SEED)

    def add(
        self,
        *,
        kind: str,
        operation: str | None = None,
        platform: str | None = None,
        times: int | None = 1,
        seconds: float = 0.0,
        probability: float = 1.0,
        jitter: float = 0.0,
    ) -> Fault:
        """Adds a rule:

        `seconds` to wait, `jitter` seconds ± on a delay. Raises ValueError for nonsense.
        """
        fault = Fault(kind, operation, platform, times, seconds, probability, jitter)
        _check(fault)
        with self._lock:
            self._faults.append(fault)
        return fault

    def all(self) -> list[Fault]:
        with self._lock:
            return list(self._faults)

    def clear(self) -> None:
        """Removes every rule and restarts the random numbers."""
        with self._lock:
            self._faults.clear()
            self._random.seed(SEED)

    def delay(self, platform: str, operation: str) -> float:
        """Returns the seconds that the network takes before the request arrives."""
        if not self._faults:
            return 0.0
        with self._lock:
            widths = [
                fault.jitter
                for fault in self._faults
                if fault.jitter and fault.matches(platform, operation)
            ]
            return sum(self._random.uniform(0, 2 * width) for width in widths)

    def take(self, platform: str, operation: str) -> Fault | None:
        """Returns the rule that applies to this request, counted down."""
        if not self._faults:
            return None
        with self._lock:
            for fault in self._faults:
                if (
                    fault.kind != JITTER
                    and fault.matches(platform, operation)
                    and self._strikes(fault)
                ):
                    return self._used(fault)
        return None

    def _strikes(self, fault: Fault) -> bool:
        return fault.probability >= 1 or self._random.random() < fault.probability

    def _used(self, fault: Fault) -> Fault:
        if fault.times is not None:
            fault.times -= 1
            if fault.times <= 0:
                self._faults.remove(fault)
        return fault


def _check(fault: Fault) -> None:
    if fault.kind not in KINDS and fault.kind != JITTER:
        raise ValueError(f"unknown fault kind {fault.kind!r}; known: {', '.join([*KINDS, JITTER])}")
    if fault.times is not None and (type(fault.times) is not int or fault.times < 1):
        raise ValueError("times must be a whole number from 1, or null for always")
    for name, value in (("operation", fault.operation), ("platform", fault.platform)):
        if value is not None and not isinstance(value, str):
            raise ValueError(f"{name} must be text, or null for any")
    for name, number in (
        ("seconds", fault.seconds),
        ("probability", fault.probability),
        ("jitter", fault.jitter),
    ):
        if (
            isinstance(number, bool)
            or not isinstance(number, (int, float))
            or not 0 <= number <= 86_400
        ):
            raise ValueError(f"{name} must be a number from 0")
