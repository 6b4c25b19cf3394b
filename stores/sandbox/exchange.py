"""One request from arrival to answer: delay, log, gate, fault, platform."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from http import HTTPStatus
from typing import Any

from .arrivals import Arrival, ArrivalLog
from .faults import KINDS, Fault, FaultScript
from .messages import Reply, Request
from .platform import SandboxPlatform, Talk

# The operation of a client that opens a WebSocket.
SOCKET = "socket"
MAINTENANCE_PAGE = (
    "<!DOCTYPE html><html><head><title>系统维护中</title></head>"
    "<body><h1>系统维护中</h1></body></html>"
)


@dataclass(frozen=True)
class Delivery:
    """The answer to send. `reply` None closes without an answer; `half` sends half of the body."""

    reply: Reply | None
    half: bool = False


class Exchange:
    """`pause` sleeps and returns False when the server stops meanwhile.

    `persist` writes a changed state.
    """

    def __init__(
        self,
        arrivals: ArrivalLog,
        faults: FaultScript,
        pause: Callable[[float], bool],
        persist: Callable[[], None],
    ) -> None:
        self._arrivals = arrivals
        self._faults = faults
        self._pause = pause
        self._persist = persist

    def run(self, platform: SandboxPlatform[Any], request: Request) -> Delivery:
        operation = platform.operation(request)
        if not self._pause(self._faults.delay(platform.prefix, operation)):
            return Delivery(None)
        arrival = self._arrivals.record(platform.prefix, operation, platform.subject(request))
        request.at = arrival.at
        blocked = platform.admit(request)
        if blocked is not None:
            arrival.outcome = "blocked"
            return Delivery(blocked)
        fault = self._faults.take(platform.prefix, operation)
        if fault is not None:
            return self._disturbed(fault, platform, request, arrival)
        reply = self._apply(platform, request)
        arrival.applied = reply.applied
        arrival.outcome = reply.outcome
        return Delivery(reply)

    def open(self, platform: SandboxPlatform[Any], request: Request) -> Talk | Delivery:
        """Returns what talks on a WebSocket, or the answer that refuses it. Any fault of the
        operation "socket" refuses.
        """
        if not self._pause(self._faults.delay(platform.prefix, SOCKET)):
            return Delivery(None)
        arrival = self._arrivals.record(platform.prefix, SOCKET, platform.subject(request))
        fault = self._faults.take(platform.prefix, SOCKET)
        if fault is not None:
            arrival.outcome = f"fault:{fault.kind}"
            effect = KINDS[fault.kind]
            is_status = isinstance(effect.answer, int)
            return Delivery(_instead(effect.answer, platform, request) if is_status else None)
        talk = platform.opened(request)
        arrival.outcome = "ok" if talk else "unauthorised"
        return talk or Delivery(Reply.json({"error": "no such socket"}, 404))

    def _disturbed(
        self, fault: Fault, platform: SandboxPlatform[Any], request: Request, arrival: Arrival
    ) -> Delivery:
        effect = KINDS[fault.kind]
        if effect.waits == "before" and not self._pause(fault.seconds):
            return Delivery(None)
        reply = (
            self._apply(platform, request)
            if effect.applies
            else _instead(effect.answer, platform, request)
        )
        arrival.applied = effect.applies and reply.applied
        arrival.outcome = f"fault:{fault.kind}"
        if effect.waits == "after" and not self._pause(fault.seconds):
            return Delivery(None)
        if effect.answer == "nothing":
            return Delivery(None)
        if isinstance(effect.answer, int):
            reply = _instead(effect.answer, platform, request)
        return Delivery(reply, half=effect.answer == "half")

    def _apply(self, platform: SandboxPlatform[Any], request: Request) -> Reply:
        reply = platform.handle(request)
        self._persist()
        return reply


def _instead(answer: str | int, platform: SandboxPlatform[Any], request: Request) -> Reply:
    """Returns the answer that a fault gives in the platform's place."""
    if isinstance(answer, int):
        phrase = HTTPStatus(answer).phrase
        return Reply.html(
            f"<html><head><title>{answer} {phrase}</title></head><body>{phrase}</body></html>",
            answer,
        )
    if answer == "html":
        return Reply.html(MAINTENANCE_PAGE)
    if answer == "wrong_types":
        return platform.wrong_types(request)
    if answer == "throttle":
        return platform.blocked(request)
    if answer == "auth":
        return platform.token_expired(request)
    return Reply(b"")
