"""One call from Meituan to a partner, with Meituan's own time limits."""

from __future__ import annotations

import contextlib
import http.client
import json
import time
from collections.abc import Mapping
from dataclasses import asdict, dataclass, field
from datetime import datetime, timedelta, timezone
from typing import Any
from urllib.parse import urlsplit

from stores.sandbox import ControlError, given

from . import signing
from .signing import Manner

BEIJING = timezone(timedelta(hours=8))
OPERATIONS = (
    "create", "pay", "query", "refund", "refunded", "close",
    "products", "prices", "pois", "audit", "heartbeat", "balance",
)  # fmt: skip
# Seconds to connect and to read. Meituan publishes those of create and pay; the others use
# create's.
LIMITS = {"create": (5.0, 15.0), "pay": (30.0, 30.0)}
USUAL_LIMITS = (5.0, 15.0)
LARGEST_ANSWER = 4_000_000


@dataclass
class Partner:
    """A merchant registered at Meituan; `endpoints` maps each of OPERATIONS to its URL."""

    partner_id: str
    client_id: str
    client_secret: str
    endpoints: dict[str, str] = field(default_factory=dict)

    @classmethod
    def read(cls, body: Mapping[str, Any]) -> Partner:
        """Reads the JSON of a control route. Raises ControlError."""
        partner_id = str(body.get("partner_id", ""))
        if not (partner_id.isascii() and partner_id.isdigit()):
            raise ControlError("partner_id must be digits")
        endpoints = given.value(body, "endpoints", dict, {})
        if not all(_is_endpoint(name, url) for name, url in endpoints.items()):
            raise ControlError(f"endpoints are urls for {', '.join(OPERATIONS)}")
        client_id = given.value(body, "client_id", str)
        return cls(partner_id, client_id, given.value(body, "client_secret", str), endpoints)


def _is_endpoint(name: str, url: Any) -> bool:
    return name in OPERATIONS and isinstance(url, str) and url.startswith("http")


@dataclass
class Exchange:
    """One request and its answer; `error` is "" or "timeout", "refused", "dropped", "broken", "not
    JSON".

    `at` is in Unix seconds, `ms` in milliseconds until the last byte. The answer is kept as text,
    byte for byte as UTF-8.
    """

    at: float
    operation: str
    url: str
    request: str
    date: str = ""
    status: int | None = None
    answer: str = ""
    ms: int = 0
    error: str = ""

    @property
    def envelope(self) -> dict[str, Any]:
        try:
            value = json.loads(self.answer)
        except (ValueError, RecursionError):
            return {}
        return value if isinstance(value, dict) else {}

    @property
    def code(self) -> int | None:
        code = self.envelope.get("code")
        return code if type(code) is int else None

    @property
    def describe(self) -> str:
        return str(self.envelope.get("describe") or "")

    @property
    def body(self) -> Any:
        return self.envelope.get("body")

    def as_json(self) -> dict[str, Any]:
        return {**asdict(self), "code": self.code}


def limits(operation: str, patience: float = 1.0) -> tuple[float, float]:
    """Returns the seconds to connect and to read, multiplied by `patience`."""
    connect, read = LIMITS.get(operation, USUAL_LIMITS)
    return connect * patience, read * patience


def call(
    partner: Partner,
    operation: str,
    message: Any,
    manner: Manner | None = None,
    patience: float = 1.0,
) -> Exchange:
    """Sends one signed POST; errors of the partner are stored in the exchange, not raised.

    Raises KeyError when the partner has no such endpoint.
    """
    manner = manner or Manner()
    url = partner.endpoints[operation]
    parts = urlsplit(url)
    headers = signing.headers(
        partner.partner_id, partner.client_id, partner.client_secret, parts.path, manner
    )
    body = manner.body
    if body is None:
        body = json.dumps(message, ensure_ascii=False).encode()
    exchange = Exchange(
        time.time(), operation, url, body.decode("utf-8", "replace"), date=headers.get("Date", "")
    )
    started = time.monotonic()
    connect, read = limits(operation, patience)
    secure = parts.scheme == "https"
    kind: type[http.client.HTTPConnection] = http.client.HTTPConnection
    if secure:
        kind = http.client.HTTPSConnection
    connection = kind(parts.hostname or "", parts.port or (443 if secure else 80), timeout=connect)
    try:
        with contextlib.closing(connection):
            _talk(connection, exchange, body, headers, manner.drop, read)
    except TimeoutError:
        exchange.error = "timeout"
    except ConnectionRefusedError:
        exchange.error = "refused"
    except (OSError, http.client.HTTPException):
        exchange.error = "broken"
    exchange.ms = round((time.monotonic() - started) * 1000)
    if not exchange.error and exchange.ms > (connect + read) * 1000:
        exchange.error = "timeout"
    if not exchange.error and not exchange.envelope:
        exchange.error = "not JSON"
    return exchange


def _talk(
    connection: http.client.HTTPConnection,
    exchange: Exchange,
    body: bytes,
    headers: dict[str, str],
    drop: bool,
    read: float,
) -> None:
    connection.connect()
    connection.sock.settimeout(read)
    connection.request("POST", urlsplit(exchange.url).path, body, headers)
    if drop:
        exchange.error = "dropped"
        return
    response = connection.getresponse()
    exchange.status = response.status
    exchange.answer = response.read(LARGEST_ANSWER).decode("utf-8", "replace")


def beijing(at: datetime | None = None) -> str:
    """Formats a moment as Meituan does: Beijing time, to the second."""
    return (at or datetime.now(BEIJING)).astimezone(BEIJING).strftime("%Y-%m-%d %H:%M:%S")
