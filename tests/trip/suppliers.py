"""A supplier of tickets on a real socket that gives the answers of the test and stores the calls
that it got.
"""

import json
import threading
from collections.abc import Callable
from typing import Any

from tests.posts import PostServer
from trip.sandbox.calls import OPERATIONS

Answer = Callable[[dict[str, Any]], dict[str, Any] | bytes]
PARTNER_ID, CLIENT_ID, SECRET = "1001", "client", "0123456789abcdef0123456789abcdef"


def success(body: Any = None, code: int = 200, describe: str = "success") -> dict[str, Any]:
    return {"code": code, "describe": describe, "partnerId": int(PARTNER_ID), "body": body}


def refused(code: int, describe: str) -> dict[str, Any]:
    return {"code": code, "describe": describe, "partnerId": int(PARTNER_ID)}


class Supplier(PostServer):
    """A supplier; `answers` maps an operation to a function of the message's body, other operations
    answer success.
    """

    def __init__(self) -> None:
        self.answers: dict[str, Answer] = {}
        self.messages: list[tuple[str, dict[str, str], bytes]] = []
        self._lock = threading.Lock()
        super().__init__(self._answer)
        self.endpoints = {operation: f"{self.url}/trip/{operation}" for operation in OPERATIONS}

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
