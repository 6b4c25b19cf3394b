"""BA authentication (MWS) as Meituan signs and checks it: only the path, the Date header unchanged,
never the body.
"""

from __future__ import annotations

import base64
import hashlib
import hmac
import time
from collections.abc import Mapping
from dataclasses import dataclass
from email.utils import formatdate, parsedate_to_datetime
from typing import Any

from stores.sandbox import ControlError, given

SIGNATURES = ("good", "garbled", "wrong_secret", "foreign_client", "bare")
NOTICE_WINDOW = 600.0


@dataclass(frozen=True)
class Manner:
    """How a call is made: correctly by default, or with one of these faults.

    - `signature`: one of SIGNATURES ("bare" is the signature without "MWS client:");
    - `clock`: the seconds that our clock is ahead; `date`: a Date header instead of the clock's;
    - `without`: headers that are left out; `partner_header`: another PartnerId;
    - `drop`: closes the connection after the request, without reading the answer;
    - `body`: raw bytes to send.
    """

    signature: str = "good"
    clock: float = 0.0
    date: str | None = None
    without: tuple[str, ...] = ()
    partner_header: str | None = None
    drop: bool = False
    body: bytes | None = None

    @classmethod
    def read(cls, body: Mapping[str, Any]) -> Manner:
        """Reads the JSON of a control route. Raises ControlError."""
        kind = given.value(body, "signature", str, "good")
        if kind not in SIGNATURES:
            raise ControlError(f"signature is one of {', '.join(SIGNATURES)}")
        date, partner_header = body.get("date"), body.get("partner_header")
        return cls(
            signature=kind,
            clock=given.value(body, "clock", float, 0.0),
            date=date if isinstance(date, str) else None,
            without=tuple(given.texts(body, "without")),
            partner_header=partner_header if isinstance(partner_header, str) else None,
            drop=given.value(body, "drop", bool, False),
        )


def signature(secret: str, method: str, path: str, date: str) -> str:
    text = f"{method.upper()} {path}\n{date}"
    return base64.b64encode(
        hmac.new(secret.encode(), text.encode(), hashlib.sha1).digest()
    ).decode()


def headers(
    partner_id: str, client_id: str, secret: str, path: str, manner: Manner
) -> dict[str, str]:
    date = manner.date
    if date is None:
        date = formatdate(time.time() + manner.clock, usegmt=True)
    if manner.signature == "wrong_secret":
        secret = "not the secret"  # noqa: S105
    if manner.signature == "foreign_client":
        client_id = f"{client_id}x"
    signed = signature(secret, "POST", path, date)
    if manner.signature == "garbled":
        signed = "%" + signed[1:]
    authorization = f"MWS {client_id}:{signed}"
    if manner.signature == "bare":
        authorization = signed
    made = {
        "PartnerId": partner_id if manner.partner_header is None else manner.partner_header,
        "Date": date,
        "Authorization": authorization,
        "Content-Type": "application/json; charset=utf-8",
    }
    return {name: value for name, value in made.items() if name not in manner.without}


def trouble(sent: Mapping[str, str], path: str, client_id: str, secret: str) -> str:
    """Returns what is wrong with a notice's headers (names in lower case); "" when they are
    right.
    """
    date, authorization = sent.get("date", ""), sent.get("authorization", "")
    try:
        at = parsedate_to_datetime(date).timestamp()
    except (ValueError, TypeError, OverflowError):
        return "Date格式错误"
    if not date.endswith("GMT") or abs(time.time() - at) > NOTICE_WINDOW:
        return "Date超出允许范围"
    expected = f"MWS {client_id}:{signature(secret, 'POST', path, date)}"
    if not hmac.compare_digest(authorization.encode(), expected.encode()):
        return "BA认证失败"
    return ""
