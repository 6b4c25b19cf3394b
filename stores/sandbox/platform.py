"""What one remote platform has to offer to the sandbox server."""

from __future__ import annotations

import json
import threading
from collections.abc import Mapping
from dataclasses import dataclass, field
from functools import cached_property
from typing import Any, ClassVar


class ControlError(Exception):
    """A control route cannot do what it was asked; becomes a 4xx JSON answer."""

    def __init__(self, message: str, status: int = 400) -> None:
        super().__init__(message)
        self.message = message
        self.status = status


@dataclass
class Request:
    """`path` is below the platform's prefix, header names are lower case, `at` is the arrival in monotonic seconds."""

    method: str
    path: str
    query: Mapping[str, str] = field(default_factory=dict)
    headers: Mapping[str, str] = field(default_factory=dict)
    body: bytes = b""
    at: float = 0.0

    @cached_property
    def json_object(self) -> dict[str, Any] | None:
        """The body as a JSON object, None when it is anything else."""
        try:
            value = json.loads(self.body)
        except (ValueError, RecursionError):
            return None
        return value if isinstance(value, dict) else None


@dataclass
class Reply:
    """An answer, and what the arrivals log should say about it (`applied`: the call's effect took place)."""

    body: bytes
    status: int = 200
    content_type: str = "application/json; charset=utf-8"
    outcome: str = "ok"
    applied: bool = False

    @classmethod
    def json(
        cls, data: Any, status: int = 200, *, outcome: str = "ok", applied: bool = False
    ) -> Reply:
        body = json.dumps(data, ensure_ascii=False).encode("utf-8", "replace")
        return cls(body, status, outcome=outcome, applied=applied)

    @classmethod
    def html(cls, page: str, status: int = 200, *, outcome: str = "ok") -> Reply:
        return cls(page.encode(), status, "text/html; charset=utf-8", outcome)


@dataclass(frozen=True)
class Subject:
    """Whom and what a request is about, as far as it can be told before it is handled."""

    account: str = ""
    store_id: int | None = None
    code_tail: str = ""


class SandboxPlatform:
    """Base of a platform's sandbox. Methods are called from many threads at once: change state under `lock`."""

    prefix: ClassVar[str] = ""

    def __init__(self) -> None:
        self.lock = threading.RLock()
        self.revision = 0

    def touch(self) -> None:
        """Say that the state changed, so that it is written to the state file before the answer leaves."""
        self.revision += 1

    def operation(self, request: Request) -> str:
        """Short name of the remote call, "" when there is no such call."""
        raise NotImplementedError

    def subject(self, request: Request) -> Subject:
        return Subject()

    def admit(self, request: Request) -> Reply | None:
        """The platform's front gate (rate limit): an answer when the request is blocked, None when it may pass."""
        return None

    def handle(self, request: Request) -> Reply:
        raise NotImplementedError

    def blocked(self, request: Request) -> Reply:
        """What this platform answers to one call too many."""
        return Reply.json({"error": "too many requests"}, 429, outcome="blocked")

    def token_expired(self, request: Request) -> Reply:
        return Reply.json({"error": "token expired"}, 401, outcome="unauthorised")

    def wrong_types(self, request: Request) -> Reply:
        return Reply.json({"code": "none", "data": [None, 1], "msg": {}})

    def snapshot(self) -> dict[str, Any]:
        """The whole state as JSON; `restore` takes it back."""
        return {}

    def restore(self, state: Mapping[str, Any]) -> None:
        """Replace the state; raises ControlError when it cannot be read."""

    def reset(self) -> None:
        """Back to an empty platform with default settings."""

    def control(self, path: str, body: Any) -> Any:
        """A control route below /_control/<prefix>/, `body` None for GET; returns JSON data or raises ControlError."""
        raise ControlError(f"{self.prefix} has no control route {path!r}", 404)
