"""A supplier of tickets on a real socket that gives the answers of the test and stores the calls
that it got.
"""

import contextlib
import json
import threading
from collections.abc import Callable
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from types import TracebackType
from typing import Any

from trip.sandbox.calls import OPERATIONS

Answer = Callable[[dict[str, Any]], dict[str, Any] | bytes]
PARTNER_ID, CLIENT_ID, SECRET = "1001", "client", "0123456789abcdef0123456789abcdef"


def success(body: Any = None, code: int = 200, describe: str = "success") -> dict[str, Any]:
    return {"code": code, "describe": describe, "partnerId": int(PARTNER_ID), "body": body}


def refused(code: int, describe: str) -> dict[str, Any]:
    return {"code": code, "describe": describe, "partnerId": int(PARTNER_ID)}


class Supplier:
    """A supplier; `answers` maps an operation to a function of the message's body, other operations
    answer success.
    """

    def __init__(self) -> None:
        self.answers: dict[str, Answer] = {}
        self.messages: list[tuple[str, dict[str, str], bytes]] = []
        self._lock = threading.Lock()
        supplier = self

        class Handler(BaseHTTPRequestHandler):
            def do_POST(self) -> None:
                body = self.rfile.read(int(self.headers.get("Content-Length", "0")))
                given = supplier._answer(
                    self.path.rpartition("/")[2], dict(self.headers.items()), body
                )
                self.send_response(200)
                self.send_header("Content-Length", str(len(given)))
                # A caller that has hung up is part of the play.
                with contextlib.suppress(ConnectionError):
                    self.end_headers()
                    self.wfile.write(given)

            def log_message(self, format: str, *args: Any) -> None:
                """Prints nothing."""

        self._server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
        self.url = f"http://127.0.0.1:{self._server.server_address[1]}"
        self.endpoints = {operation: f"{self.url}/trip/{operation}" for operation in OPERATIONS}
        self._thread = threading.Thread(
            target=self._server.serve_forever, args=(0.02,), daemon=True
        )

    def __enter__(self) -> "Supplier":
        self._thread.start()
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self._server.shutdown()
        self._thread.join()
        self._server.server_close()

    def bodies(self, operation: str) -> list[Any]:
        """Returns the bodies of all messages of one kind, in order."""
        return [
            json.loads(body).get("body") for name, _, body in self.messages if name == operation
        ]

    def headers(self, operation: str) -> dict[str, str]:
        return next(headers for name, headers, _ in reversed(self.messages) if name == operation)

    def _answer(self, operation: str, headers: dict[str, str], body: bytes) -> bytes:
        with self._lock:
            self.messages.append((operation, headers, body))
        answer: Answer = self.answers.get(operation, lambda asked: success())
        given = answer(_body(body))
        return given if isinstance(given, bytes) else json.dumps(given, ensure_ascii=False).encode()


def _body(raw: bytes) -> Any:
    try:
        return json.loads(raw).get("body")
    except ValueError:
        return None
