"""Signatures of the ticket interfaces: pure functions, no tables and no HTTP.

BA authentication ("MWS", both directions): HMAC-SHA1 over method, path and the Date header. The
secret looks like hexadecimal and is used as text. The body is not signed, so only the window of the
date protects against repetition. Source: docs/platforms/trip.md §1.
"""

import base64
import hashlib
import hmac
import re
from collections.abc import Iterable
from dataclasses import dataclass
from datetime import UTC, datetime

SCHEME = "MWS"
_DAYS = ("Mon", "Tue", "Wed", "Thu", "Fri", "Sat", "Sun")
_MONTHS = ("Jan", "Feb", "Mar", "Apr", "May", "Jun", "Jul", "Aug", "Sep", "Oct", "Nov", "Dec")
_DATE = re.compile(
    rf"({'|'.join(_DAYS)}), ([0-9]{{2}}) ({'|'.join(_MONTHS)}) ([0-9]{{4}})"
    r" ([0-9]{2}):([0-9]{2}):([0-9]{2}) GMT"
)
_AUTHORIZATION = re.compile(rf"{SCHEME} ([^\s:]+):([A-Za-z0-9+/=]+)")


@dataclass(frozen=True)
class Authorization:
    """The two parts of the Authorization header."""

    client_id: str
    signature: str


def string_to_sign(*, method: str, path: str, date: str) -> str:
    """Returns the text to sign; `path` is the public path without a query, `date` the unchanged
    text of the header.
    """
    return f"{method.upper()} {path}\n{date}"


def sign(*, method: str, path: str, date: str, secret: str) -> str:
    """Returns the signature in base64."""
    text = string_to_sign(method=method, path=path, date=date)
    return base64.b64encode(hmac.digest(secret.encode(), text.encode(), hashlib.sha1)).decode()


def signed_headers(
    *, method: str, path: str, client_id: str, secret: str, at: datetime
) -> dict[str, str]:
    """Returns Date and Authorization for a request of our own that is sent at `at`."""
    date = format_date(at)
    signature = sign(method=method, path=path, date=date, secret=secret)
    return {"Date": date, "Authorization": f"{SCHEME} {client_id}:{signature}"}


def parse_authorization(text: str) -> Authorization | None:
    """Returns None unless the header has the form `MWS <client id>:<base64>`."""
    found = _AUTHORIZATION.fullmatch(text)
    return Authorization(*found.groups()) if found else None


def is_signed(signature: str, *, method: str, path: str, date: str, secrets: Iterable[str]) -> bool:
    """Whether one of the secrets made this signature; during a rotation there are two.

    All secrets are always tried, so that the time taken does not reveal which one fits. An empty
    secret never fits.
    """
    given, found = signature.encode(), False
    for secret in secrets:
        wanted = sign(method=method, path=path, date=date, secret=secret).encode()
        found |= hmac.compare_digest(given, wanted) and secret != ""
    return found


def format_date(at: datetime) -> str:
    """Formats as RFC 1123 in GMT with English names, whatever the locale: `Fri, 17 Feb 2012
    23:34:53 GMT`.
    """
    at = at.astimezone(UTC)
    return f"{_DAYS[at.weekday()]}, {at:%d} {_MONTHS[at.month - 1]} {at.year:04} {at:%H:%M:%S} GMT"


def parse_date(text: str) -> datetime | None:
    """Parses exactly the form that `format_date` writes; returns None for everything else."""
    found = _DATE.fullmatch(text)
    if found is None:
        return None
    _, day, month, year, hour, minute, second = found.groups()
    try:
        moment = datetime(
            int(year),
            _MONTHS.index(month) + 1,
            int(day),
            int(hour),
            int(minute),
            int(second),
            tzinfo=UTC,
        )
    except ValueError:
        return None
    return moment if format_date(moment) == text else None


def is_fresh(date: datetime, *, now: datetime, window: float) -> bool:
    """Whether the sender's clock is at most `window` seconds before or behind ours."""
    return abs((now - date).total_seconds()) <= window
