"""The sockets: HTTP/1.1 with keep-alive, a thread per connection, every answer in one write."""

from __future__ import annotations

import contextlib
import logging
import socket
import socketserver
import sys
import threading
from collections.abc import Callable
from http import HTTPStatus
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any
from urllib.parse import parse_qsl, unquote, urlsplit

from .exchange import Delivery
from .messages import Reply, Request
from .platform import Talk

logger = logging.getLogger(__name__)

LARGEST_BODY = 4 * 1024 * 1024
LARGEST_DRAINED = 64 * 1024 * 1024
IDLE_SECONDS = 120


class HttpServer(ThreadingHTTPServer):
    """Bound when built, but refuses connections until `server_activate()`."""

    daemon_threads = True
    block_on_close = False
    request_queue_size = 512

    def __init__(
        self,
        address: tuple[str, int],
        respond: Callable[[HttpServer, Request], Delivery],
        opening: Callable[[HttpServer, Request], Talk | Delivery],
    ) -> None:
        self.respond = respond
        self.opening = opening
        self.stopping = threading.Event()
        self._connections: set[socket.socket] = set()
        self._connections_lock = threading.Lock()
        super().__init__(address, _Handler, bind_and_activate=False)
        try:
            self.server_bind()
        except BaseException:
            self.server_close()
            raise

    def server_bind(self) -> None:
        # HTTPServer asks DNS for the host's full name here, which can take seconds.
        socketserver.TCPServer.server_bind(self)
        self.server_name, self.server_port = (
            str(self.server_address[0]),
            int(self.server_address[1]),
        )

    def pause(self, seconds: float) -> bool:
        """Sleeps; returns False when the server stops meanwhile."""
        return not (self.stopping.wait(seconds) if seconds > 0 else self.stopping.is_set())

    def stop(self) -> None:
        self.stopping.set()
        self.shutdown()
        self.server_close()
        with self._connections_lock:
            for connection in self._connections:
                _cut(connection)

    def opened(self, connection: socket.socket) -> None:
        with self._connections_lock:
            self._connections.add(connection)
            if self.stopping.is_set():
                _cut(connection)

    def closed(self, connection: socket.socket) -> None:
        with self._connections_lock:
            self._connections.discard(connection)

    def handle_error(self, request: Any, client_address: Any) -> None:
        if not isinstance(sys.exc_info()[1], OSError):
            logger.exception("The sandbox failed on a connection")


class _Handler(BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"
    disable_nagle_algorithm = True
    timeout = IDLE_SECONDS
    server: HttpServer

    def setup(self) -> None:
        super().setup()
        self.server.opened(self.connection)

    def finish(self) -> None:
        self.server.closed(self.connection)
        super().finish()

    def serve(self) -> None:
        refusal = self._framing()
        if refusal:
            self.send_error(refusal)
            return
        request = self._request()
        if request is None:
            return
        if request.headers.get("upgrade", "").lower() == "websocket":
            self._open(request)
        else:
            self._deliver(self._answer(request))

    do_GET = do_HEAD = do_POST = do_PUT = do_PATCH = do_DELETE = do_OPTIONS = serve

    def send_error(self, code: int, message: str | None = None, explain: str | None = None) -> None:
        """Answers an unreadable request with a 4xx in JSON, and closes the connection."""
        status = {501: 405, 505: 400}.get(code, code)
        self.close_connection = True
        self._send(Reply.json({"error": HTTPStatus(status).phrase}, status))

    def log_message(self, format: str, *args: Any) -> None:
        """Silent: the arrivals log is the record."""

    def _framing(self) -> int:
        """Returns the HTTP status to refuse with before the body is read, 0 when all is well."""
        length = self.headers.get("Content-Length", "0").strip()
        if "Transfer-Encoding" in self.headers:
            return 411
        if not (length.isascii() and length.isdigit()):
            return 400
        if len(length) > 12 or int(length) > LARGEST_BODY:
            self._drain(length)
            return 413
        return 0

    def _request(self) -> Request | None:
        """Returns the parsed request, None when it was already answered or the caller is gone."""
        length = int(self.headers.get("Content-Length", "0"))
        body = self.rfile.read(length)
        if len(body) < length:
            self.close_connection = True
            return None
        try:
            parts = urlsplit(self.path)
            query = dict(parse_qsl(parts.query, keep_blank_values=True, max_num_fields=100))
        except ValueError:
            self.send_error(400)
            return None
        headers = {name.lower(): value for name, value in self.headers.items()}
        return Request(self.command, unquote(parts.path), query, headers, body)

    def _answer(self, request: Request) -> Delivery:
        try:
            return self.server.respond(self.server, request)
        except Exception:
            logger.exception("The sandbox failed on %s %s", request.method, request.path)
            return Delivery(Reply.json({"error": "the sandbox itself failed, see its log"}, 500))

    def _open(self, request: Request) -> None:
        """Opens a WebSocket, which takes this thread until it closes."""
        # Read with the first WebSocket: only then its library is needed.
        from .channels import Channel

        self.close_connection = True
        talk = self.server.opening(self.server, request)
        if isinstance(talk, Delivery):
            self._deliver(talk)
            return
        channel = Channel(self.connection)
        if not channel.accept(self.path, request.headers):
            self.send_error(400)
            return
        talk(channel)

    def _drain(self, length: str) -> None:
        # A caller that is still sending would meet a reset instead of reading the 413.
        left = min(int(length), LARGEST_DRAINED) if len(length) <= 12 else LARGEST_DRAINED
        while left > 0:
            chunk = self.rfile.read(min(left, 65_536))
            if not chunk:
                return
            left -= len(chunk)

    def _deliver(self, delivery: Delivery) -> None:
        if delivery.half or delivery.reply is None:
            self.close_connection = True
        if delivery.reply is None:
            _cut(self.connection)
            return
        self._send(delivery.reply, half=delivery.half)

    def _send(self, reply: Reply, half: bool = False) -> None:
        connection = "keep-alive" if half or not self.close_connection else "close"
        head = (
            f"HTTP/1.1 {reply.status} {HTTPStatus(reply.status).phrase}\r\nContent-Type: "
            f"{reply.content_type}\r\n"
            f"Content-Length: {len(reply.body)}\r\nConnection: {connection}\r\n\r\n"
        )
        body = reply.body[: len(reply.body) // 2] if half else reply.body
        self.connection.sendall(head.encode("ascii") + (b"" if self.command == "HEAD" else body))


def _cut(connection: socket.socket) -> None:
    with contextlib.suppress(OSError):
        connection.shutdown(socket.SHUT_RDWR)
