"""BA authentication (MWS) as Meituan signs and checks it: the path only, the Date header as it is, never the body."""

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
    """How a call is made. By default correctly; everything else is one way of doing it wrong.

    `signature` one of SIGNATURES ("bare": the signature without "MWS client:"); `clock` seconds our clock is ahead;
    `date` a Date header instead of the clock's; `without` headers left out; `partner_header` another PartnerId;
    `drop` closes the connection as soon as the request is out, without reading the answer; `body` raw bytes to send.
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
        """From the JSON of a control route; raises ControlError."""
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
    date = (
        formatdate(time.time() + manner.clock, usegmt=True) if manner.date is None else manner.date
    )
    signed = signature(
        "not the secret" if manner.signature == "wrong_secret" else secret, "POST", path, date
    )
    client = f"{client_id}x" if manner.signature == "foreign_client" else client_id
    if manner.signature == "garbled":
        signed = "%" + signed[1:]
    made = {
        "PartnerId": partner_id if manner.partner_header is None else manner.partner_header,
        "Date": date,
        "Authorization": signed if manner.signature == "bare" else f"MWS {client}:{signed}",
        "Content-Type": "application/json; charset=utf-8",
    }
    return {name: value for name, value in made.items() if name not in manner.without}


def trouble(sent: Mapping[str, str], path: str, client_id: str, secret: str) -> str:
    """What is wrong with a notice's headers (lower case names), "" when they are right."""
    date, authorization = sent.get("date", ""), sent.get("authorization", "")
    try:
        at = parsedate_to_datetime(date).timestamp()
    except (ValueError, TypeError, OverflowError):
        return "Date格式错误"
    if not date.endswith("GMT") or abs(time.time() - at) > NOTICE_WINDOW:
        return "Date超出允许范围"
    expected = f"MWS {client_id}:{signature(secret, 'POST', path, date)}"
    return "" if hmac.compare_digest(authorization.encode(), expected.encode()) else "BA认证失败"
