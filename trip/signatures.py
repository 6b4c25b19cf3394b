"""Signatures of platforms: pure functions, no tables and no HTTP.

BA authentication ("MWS", Meituan's trip interfaces, both directions): HMAC-SHA1 over method, path and the Date header.
The secret looks like hexadecimal and is used as text. The body is not signed, so the date's window is all there is
against repetition. Source: docs/platforms/trip.md §1.
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
    rf"({'|'.join(_DAYS)}), ([0-9]{{2}}) ({'|'.join(_MONTHS)}) ([0-9]{{4}}) ([0-9]{{2}}):([0-9]{{2}}):([0-9]{{2}}) GMT"
)
_AUTHORIZATION = re.compile(rf"{SCHEME} ([^\s:]+):([A-Za-z0-9+/=]+)")


@dataclass(frozen=True)
class Authorization:
    """What the Authorization header said."""

    client_id: str
    signature: str


def string_to_sign(*, method: str, path: str, date: str) -> str:
    """`path` is the public one without a query; `date` is the header's text as it stands."""
    return f"{method.upper()} {path}\n{date}"


def sign(*, method: str, path: str, date: str, secret: str) -> str:
    """The signature in base64."""
    text = string_to_sign(method=method, path=path, date=date)
    return base64.b64encode(hmac.digest(secret.encode(), text.encode(), hashlib.sha1)).decode()


def signed_headers(
    *, method: str, path: str, client_id: str, secret: str, at: datetime
) -> dict[str, str]:
    """Date and Authorization of a request of our own, sent at `at`."""
    date = format_date(at)
    signature = sign(method=method, path=path, date=date, secret=secret)
    return {"Date": date, "Authorization": f"{SCHEME} {client_id}:{signature}"}


def parse_authorization(text: str) -> Authorization | None:
    """None unless the header reads `MWS <client id>:<base64>`."""
    found = _AUTHORIZATION.fullmatch(text)
    return Authorization(*found.groups()) if found else None


def is_signed(signature: str, *, method: str, path: str, date: str, secrets: Iterable[str]) -> bool:
    """Whether one of the secrets (while they are rotated there are two) made this signature. All are always tried, so
    that the time it takes tells nothing; an empty secret signs nothing."""
    given, found = signature.encode(), False
    for secret in secrets:
        wanted = sign(method=method, path=path, date=date, secret=secret).encode()
        found |= hmac.compare_digest(given, wanted) and secret != ""
    return found


def format_date(at: datetime) -> str:
    """RFC 1123 in GMT with English names, whatever the locale: `Fri, 17 Feb 2012 23:34:53 GMT`."""
    at = at.astimezone(UTC)
    return f"{_DAYS[at.weekday()]}, {at:%d} {_MONTHS[at.month - 1]} {at.year:04} {at:%H:%M:%S} GMT"


def parse_date(text: str) -> datetime | None:
    """The moment that `format_date` would write like this; None for everything else."""
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
