"""WebSockets that clients open at a platform, by the library wsproto: our own side uses another, so
that the two ends share no code.
"""

from __future__ import annotations

import contextlib
import queue
import socket
import threading
from collections.abc import Iterator, Mapping

from wsproto import ConnectionType, WSConnection
from wsproto.events import (
    AcceptConnection,
    CloseConnection,
    Event,
    Ping,
    Request,
    TextMessage,
)
from wsproto.utilities import ProtocolError

CHUNK = 65_536
GOING_AWAY = 1001


class Channel:
    """An open WebSocket. One thread reads; any thread sends, and never waits for the client."""

    def __init__(self, connection: socket.socket) -> None:
        self.is_open = True
        self._connection = connection
        self._protocol = WSConnection(ConnectionType.SERVER)
        self._lock = threading.Lock()
        self._outgoing: queue.SimpleQueue[Event | None] = queue.SimpleQueue()

    def accept(self, path: str, headers: Mapping[str, str]) -> bool:
        """Answers the request that asked for a WebSocket; False when it is none."""
        lines = [(name.encode(), value.encode("latin-1")) for name, value in headers.items()]
        try:
            self._protocol.initiate_upgrade_connection(lines, path)
        except ProtocolError:
            return False
        if not any(isinstance(event, Request) for event in self._protocol.events()):
            return False
        self._write(AcceptConnection())
        threading.Thread(target=self._send_all, name="channel", daemon=True).start()
        return True

    def send(self, text: str) -> bool:
        """Sends a text soon; False when the channel is closed."""
        if self.is_open:
            self._outgoing.put(TextMessage(data=text))
        return self.is_open

    def texts(self, *, silence: float) -> Iterator[str]:
        """Yields what the client sends until it closes, or is silent for so many seconds."""
        self._connection.settimeout(silence)
        parts: list[str] = []
        try:
            while self.is_open and (data := self._connection.recv(CHUNK)):
                with self._lock:
                    self._protocol.receive_data(data)
                    events = list(self._protocol.events())
                for event in events:
                    if isinstance(event, TextMessage):
                        parts.append(event.data)
                        if event.message_finished:
                            yield "".join(parts)
                            parts.clear()
                    elif isinstance(event, Ping):
                        self._outgoing.put(event.response())
                    elif isinstance(event, CloseConnection):
                        self._write(event.response())
                        return
        except (OSError, ProtocolError):
            return
        finally:
            self.cut()

    def close(self, code: int = GOING_AWAY) -> None:
        """Tells the client that it ends, after what waits was sent."""
        self._outgoing.put(CloseConnection(code=code))
        self._outgoing.put(None)

    def cut(self) -> None:
        """Ends it without a word."""
        self.is_open = False
        self._outgoing.put(None)
        with contextlib.suppress(OSError):
            self._connection.shutdown(socket.SHUT_RDWR)

    def _send_all(self) -> None:
        while (event := self._outgoing.get()) is not None:
            if not self._write(event):
                return

    def _write(self, event: Event) -> bool:
        try:
            with self._lock:
                data = self._protocol.send(event)
            self._connection.sendall(data)
        except (OSError, ProtocolError):
            self.is_open = False
        return self.is_open
