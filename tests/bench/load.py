"""A load generator that costs little: prepared requests over keep-alive connections, one selector
loop.
"""

import json
import re
import selectors
import socket
import time
from collections import Counter
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any

from tests.bench.processes import Broken
from tests.bench.report import percentile

LENGTH = re.compile(rb"\r\ncontent-length:\s*(\d+)", re.IGNORECASE)
CLOSES = re.compile(rb"\r\nconnection:\s*close", re.IGNORECASE)
NO_CONTENT = b"204"
PATIENCE = 60.0


@dataclass
class Load:
    """What a round gave: seconds per answer, how many of each status, seconds in all, own processor
    seconds.
    """

    latencies: list[float] = field(default_factory=list)
    statuses: Counter[int] = field(default_factory=Counter)
    seconds: float = 0.0
    client_cpu: float = 0.0
    last: bytes = b""
    failed: bytes = b""

    @property
    def rate(self) -> float:
        return len(self.latencies) / self.seconds

    @property
    def p99(self) -> float:
        return percentile(self.latencies, 0.99)

    def json(self) -> Any:
        """Returns the last answer's body."""
        return json.loads(self.last.partition(b"\r\n\r\n")[2])

    def expect(self, *statuses: int) -> "Load":
        if set(self.statuses) - set(statuses):
            raise Broken(f"answers {dict(self.statuses)}, wanted {statuses}: {self.failed[:600]!r}")
        return self


class _Lane:
    """One keep-alive connection with at most one request under way."""

    def __init__(self, address: tuple[str, int]) -> None:
        self.address = address
        self.socket = self._connect()
        self.buffer = b""
        self.sent_at = 0.0

    def _connect(self) -> socket.socket:
        sock = socket.create_connection(self.address, timeout=PATIENCE)
        sock.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        return sock

    def send(self, request: bytes) -> None:
        self.buffer = b""
        self.sent_at = time.perf_counter()
        self.socket.sendall(request)

    def read(self) -> bytes | None:
        """The whole answer once it is there, else None."""
        chunk = self.socket.recv(262_144)
        if not chunk:
            raise Broken(f"the server closed a connection after {self.buffer[:200]!r}")
        self.buffer += chunk
        head, found, body = self.buffer.partition(b"\r\n\r\n")
        if found and head[9:12] == NO_CONTENT:
            return self.buffer
        length = LENGTH.search(head)
        if not found or not length or len(body) < int(length[1]):
            return None
        return self.buffer


def drive(
    address: tuple[str, int],
    request: Callable[[int], bytes],
    *,
    count: int,
    connections: int = 8,
    first: int = 0,
) -> Load:
    """Sends `request(first)` to `request(first + count - 1)` as fast as the connections allow."""
    load, number = Load(), first
    selector = selectors.DefaultSelector()
    lanes = [_Lane(address) for _ in range(min(connections, count))]
    started, cpu = time.perf_counter(), time.process_time()
    for lane in lanes:
        selector.register(lane.socket, selectors.EVENT_READ, lane)
        lane.send(request(number))
        number += 1
    while len(load.latencies) < count:
        ready = selector.select(PATIENCE)
        if not ready:
            raise Broken(f"no answer within {PATIENCE:.0f} s")
        for key, _ in ready:
            lane = key.data
            answer = lane.read()
            if answer is None:
                continue
            _note(load, lane, answer)
            if number < first + count:
                if CLOSES.search(answer.partition(b"\r\n\r\n")[0]):
                    _reconnect(selector, lane)
                lane.send(request(number))
                number += 1
    load.seconds, load.client_cpu = time.perf_counter() - started, time.process_time() - cpu
    for lane in lanes:
        lane.socket.close()
    selector.close()
    return load


def _note(load: Load, lane: _Lane, answer: bytes) -> None:
    status = int(answer[9:12])
    load.latencies.append(time.perf_counter() - lane.sent_at)
    load.statuses[status] += 1
    load.last = answer
    if status >= 400:
        load.failed = answer


def _reconnect(selector: selectors.BaseSelector, lane: _Lane) -> None:
    selector.unregister(lane.socket)
    lane.socket.close()
    lane.socket = lane._connect()
    selector.register(lane.socket, selectors.EVENT_READ, lane)


def http(
    method: str, path: str, *, headers: dict[str, str] | None = None, body: bytes = b""
) -> bytes:
    """The bytes of one request."""
    fields = {"Host": "127.0.0.1", "Content-Length": str(len(body))} | (headers or {})
    head = "".join(f"{name}: {value}\r\n" for name, value in fields.items())
    return f"{method} {path} HTTP/1.1\r\n{head}\r\n".encode() + body
