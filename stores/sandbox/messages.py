"""Requests to and replies of a sandbox platform."""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass, field
from functools import cached_property
from typing import Any


@dataclass
class Request:
    """A request. `path` is below the platform's prefix, header names are lower case.

    `at` is the arrival in monotonic seconds.
    """

    method: str
    path: str
    query: Mapping[str, str] = field(default_factory=dict)
    headers: Mapping[str, str] = field(default_factory=dict)
    body: bytes = b""
    at: float = 0.0

    @cached_property
    def json_object(self) -> dict[str, Any] | None:
        """Returns the body as a JSON object, None when it is anything else."""
        try:
            value = json.loads(self.body)
        except (ValueError, RecursionError):
            return None
        return value if isinstance(value, dict) else None


@dataclass
class Reply:
    """An answer, and its entry in the log of arrivals (`applied`: the call's effect took place)."""

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
    """The account, store and code that a request names, read before it is handled."""

    account: str = ""
    store_id: int | None = None
    code_tail: str = ""
