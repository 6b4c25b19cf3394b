"""What a platform sends by itself: each message in its order, again until it is acknowledged."""

from __future__ import annotations

import contextlib
import heapq
import http.client
import threading
import time
import zlib
from collections.abc import Callable, Mapping
from dataclasses import asdict, dataclass, field
from typing import Any, Generic, Protocol, TypeVar
from urllib.parse import urlsplit

LANES = 4
KEPT = 5_000
LARGEST_ANSWER = 100_000
LONGEST_SLEEP = 1.0
TICK = 0.1
WAITING, HELD, LOST, ACKNOWLEDGED = "waiting", "held", "lost", "acknowledged"
GIVEN_UP, NO_ADDRESS = "given_up", "no_address"
PENDING = (WAITING, HELD)


@dataclass(kw_only=True)
class Outgoing:
    """One message; times are Unix seconds.

    `state` is waiting (also between two tries), held, lost, acknowledged, given_up, or no_address
    when there is none. Messages about one `subject` are sent in order.
    """

    number: int
    subject: str
    created_at: float
    due: float
    state: str = WAITING
    tries: list[dict[str, Any]] = field(default_factory=list)

    @property
    def lane(self) -> int:
        return zlib.crc32(self.subject.encode()) % LANES


@dataclass(frozen=True)
class Parcel:
    """A request on its way."""

    url: str
    body: bytes
    content_type: str
    timeout: float


MessageT = TypeVar("MessageT", bound=Outgoing)


class Queue(Generic[MessageT]):
    """All messages that wait, and the last ones that do not. A caller holds the platform's lock."""

    def __init__(self, kind: type[MessageT]) -> None:
        self.last = 0
        self._kind = kind
        self._messages: dict[int, MessageT] = {}
        self._lanes: list[list[tuple[float, int]]] = [[] for _ in range(LANES)]

    def add(self, message: MessageT) -> None:
        self._messages[message.number] = message
        if message.state == WAITING:
            heapq.heappush(self._lanes[message.lane], (message.due, message.number))
        if len(self._messages) > 2 * KEPT:
            settled = [number for number, row in self._messages.items() if row.state not in PENDING]
            for number in settled[:-KEPT]:
                del self._messages[number]

    def next_number(self) -> int:
        self.last += 1
        return self.last

    def all(self) -> list[MessageT]:
        return list(self._messages.values())

    def find(self, number: int) -> MessageT | None:
        return self._messages.get(number)

    def take(self, lane: int, now: float) -> MessageT | None:
        """Returns the next message of the lane that is due; it comes back by `retry`."""
        waiting = self._lanes[lane]
        if not waiting or waiting[0][0] > now:
            return None
        return self._messages[heapq.heappop(waiting)[1]]

    def next_due(self, lane: int) -> float | None:
        waiting = self._lanes[lane]
        return waiting[0][0] if waiting else None

    def retry(self, message: MessageT, due: float) -> None:
        """Has a message that is in no lane sent at this time."""
        message.state = WAITING
        message.due = due
        self._messages[message.number] = message
        heapq.heappush(self._lanes[message.lane], (due, message.number))

    def release(self) -> None:
        """Has all held messages sent now, in order."""
        for message in [row for row in self._messages.values() if row.state == HELD]:
            self.retry(message, time.time())

    def settle(
        self, message: MessageT, tried: Mapping[str, Any], *, is_done: bool, pauses: list[float]
    ) -> None:
        """Notes a try: acknowledged, to be tried again after the next of the pauses, or given
        up.
        """
        message.tries.append({**tried, "acknowledged": is_done})
        if is_done:
            message.state = ACKNOWLEDGED
        elif len(message.tries) > len(pauses):
            message.state = GIVEN_UP
        else:
            self.retry(message, time.time() + pauses[len(message.tries) - 1])

    def dump(self) -> dict[str, Any]:
        """Returns those that still wait; the log of the others is kept while the sandbox runs."""
        rows = [asdict(row) for row in self._messages.values() if row.state in PENDING]
        return {"last": self.last, "rows": rows}

    def load(self, state: Mapping[str, Any]) -> None:
        """Takes over what `dump` has returned."""
        self.last = int(state["last"])
        for row in state["rows"]:
            self.add(self._kind(**row))


class Sender(Protocol[MessageT]):
    """What the threads ask of a platform; `wake` is held for all but `queue` itself."""

    wake: threading.Condition

    @property
    def queue(self) -> Queue[MessageT]: ...

    def parcel(self, message: MessageT) -> Parcel | None:
        """Returns the request; None when there is no address for it."""

    def settle(self, message: MessageT, tried: dict[str, Any]) -> None:
        """Notes what became of a try."""


class Threads(Generic[MessageT]):
    """The threads that send, and the clock. They run until `stop`; a try that is under way is
    finished and noted.
    """

    def __init__(self, sender: Sender[MessageT], tick: Callable[[], None]) -> None:
        self._sender = sender
        self._tick = tick
        self._stopping = threading.Event()
        self._threads = [
            threading.Thread(target=self._send, args=(lane,), name=f"outgoing-{lane}", daemon=True)
            for lane in range(LANES)
        ]
        self._threads.append(threading.Thread(target=self._run_clock, name="clock", daemon=True))

    def start(self) -> None:
        for thread in self._threads:
            thread.start()

    def stop(self) -> None:
        self._stopping.set()
        with self._sender.wake:
            self._sender.wake.notify_all()

    def _run_clock(self) -> None:
        while not self._stopping.wait(TICK):
            with self._sender.wake:
                self._tick()

    def _send(self, lane: int) -> None:
        sender = self._sender
        while not self._stopping.is_set():
            with sender.wake:
                message = sender.queue.take(lane, time.time())
                if message is None:
                    due = sender.queue.next_due(lane)
                    pause = LONGEST_SLEEP if due is None else due - time.time()
                    sender.wake.wait(min(max(pause, 0.001), LONGEST_SLEEP))
                    continue
                parcel = sender.parcel(message)
                if parcel is None:
                    message.state = NO_ADDRESS
                    continue
            tried = post(parcel)
            with sender.wake:
                if sender.queue.find(message.number) is message:
                    sender.settle(message, tried)


def post(parcel: Parcel) -> dict[str, Any]:
    """Posts it; returns the try: `status` and `answer`, or `error`; `at` and `seconds`."""
    parts = urlsplit(parcel.url)
    kind: type[http.client.HTTPConnection] = http.client.HTTPConnection
    if parts.scheme == "https":
        kind = http.client.HTTPSConnection
    started = time.time()
    tried: dict[str, Any] = {"at": started, "status": None, "answer": "", "error": ""}
    path = f"{parts.path or '/'}{'?' if parts.query else ''}{parts.query}"
    try:
        connection = kind(parts.hostname or "", parts.port, timeout=parcel.timeout)
        with contextlib.closing(connection):
            connection.request("POST", path, parcel.body, {"Content-Type": parcel.content_type})
            response = connection.getresponse()
            tried["status"] = response.status
            tried["answer"] = response.read(LARGEST_ANSWER).decode("utf-8", "replace")
    except TimeoutError:
        tried["error"] = "timeout"
    except (OSError, http.client.HTTPException, ValueError) as error:
        tried["error"] = type(error).__name__
    tried["seconds"] = round(time.time() - started, 4)
    return tried
