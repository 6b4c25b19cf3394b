"""A server on a real socket that answers with exactly the bytes it is told to, however wrong."""

import json
import socket
import threading
from collections.abc import Callable
from types import TracebackType
from typing import Any

Play = Callable[[socket.socket], None]


def answer(
    body: str | bytes, status: int = 200, *, kind: str = "application/json", **headers: str
) -> bytes:
    """A well-formed HTTP answer."""
    content = body.encode() if isinstance(body, str) else body
    lines = {"Content-Type": kind, "Content-Length": str(len(content))} | headers
    head = "".join(f"{name}: {value}\r\n" for name, value in lines.items())
    return f"HTTP/1.1 {status} Told\r\n{head}\r\n".encode() + content


def envelope(
    data: Any = None, *, code: Any = 10000, msg: Any = "success", status: int = 200
) -> bytes:
    """An answer in the coupon gateway's form."""
    body = {"code": code, "msg": msg, "data": data, "count": 1, "date_time": "2024-12-15 22:08:24"}
    return answer(json.dumps(body, ensure_ascii=False), status)


class Canned:
    """Plays one of `plays` per connection, in their order: bytes are sent, functions get the
    socket.
    """

    def __init__(self, *plays: bytes | Play) -> None:
        self.plays = list(plays)
        self.requests: list[bytes] = []
        self._ended = threading.Event()
        self._listener = socket.create_server(("127.0.0.1", 0))
        self._listener.settimeout(0.05)
        self.url = f"http://127.0.0.1:{self._listener.getsockname()[1]}"
        self._thread = threading.Thread(target=self._serve, daemon=True)

    def __enter__(self) -> "Canned":
        self._thread.start()
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self._ended.set()
        self._thread.join()
        self._listener.close()

    def _serve(self) -> None:
        while not self._ended.is_set():
            try:
                connection, _ = self._listener.accept()
            except TimeoutError:
                continue
            threading.Thread(target=self._play, args=(connection,), daemon=True).start()

    def _play(self, connection: socket.socket) -> None:
        with connection:
            connection.settimeout(5)
            try:
                self.requests.append(_request(connection))
                play = self.plays.pop(0) if self.plays else b""
                connection.sendall(play) if isinstance(play, bytes) else play(connection)
            except OSError:
                return


def _request(connection: socket.socket) -> bytes:
    """The whole request: head, and as much body as it promises."""
    data = b""
    while b"\r\n\r\n" not in data:
        chunk = connection.recv(65_536)
        if not chunk:
            return data
        data += chunk
    head, _, body = data.partition(b"\r\n\r\n")
    length = next(
        (
            int(line.split(b":")[1])
            for line in head.split(b"\r\n")
            if line.lower().startswith(b"content-l")
        ),
        0,
    )
    while len(body) < length:
        body += connection.recv(65_536)
    return head + b"\r\n\r\n" + body
