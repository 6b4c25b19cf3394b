"""Opens pushes of WeChat: whose signature counts, what is sealed, and how the answer is sealed
(docs/platforms/wechat_delivery.md §4.1).
"""

import json
import secrets
from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import Any
from xml.sax.saxutils import escape

from delivery import signatures
from delivery.wire.events import NotReadable, any_moment, parse_body, sealed_in
from stores.models import Connection
from stores.platforms.inbound.bodies import BodyError
from stores.platforms.inbound.endpoint import Rejected

# Repetitions come within a minute; clocks of both sides may be wrong. A push that is older than a
# day has been kept by somebody.
FARTHEST = timedelta(days=1)
PLAIN, COMPAT, SECURE = "plain", "compat", "secure"


@dataclass(frozen=True)
class Keys:
    """What stands in WeChat's console, and what stood there before, which counts as well."""

    appid: str
    tokens: tuple[str, ...] = field(repr=False)
    aes_keys: tuple[str, ...] = field(repr=False)

    @classmethod
    def of(cls, connection: Connection) -> "Keys":
        known = connection.credentials or {}

        def both(name: str) -> tuple[str, ...]:
            found = (known.get(name), known.get(f"previous_{name}"))
            return tuple(str(each) for each in found if each)

        return cls(connection.account, both("push_token"), both("aes_key"))


@dataclass(frozen=True)
class Opened:
    """An authentic push. `token` and `aes_key` are those that fitted: the answer is sealed by
    them.
    """

    data: dict[str, Any]
    mode: str
    is_xml: bool
    token: str = field(repr=False)
    aes_key: str = field(default="", repr=False)


def signer_of(query: Mapping[str, str], keys: Keys, *, sealed: str = "") -> str:
    """Returns the token that signed a query, and the sealed text if there is one. Raises
    Rejected.
    """
    given = query.get("msg_signature" if sealed else "signature", "")
    parts = {"timestamp": query.get("timestamp", ""), "nonce": query.get("nonce", "")}
    for token in keys.tokens:
        if signatures.is_pushed(given, token=token, sealed=sealed, **parts):
            return token
    raise Rejected("wrong msg_signature" if sealed else "wrong signature", 403)


def open_push(
    body: bytes, query: Mapping[str, str], keys: Keys, *, now: datetime, is_sealed_only: bool
) -> Opened:
    """Opens a push in whichever mode it comes. Of one that has both forms only the sealed one
    counts: `signature` says nothing about a body. Raises Rejected and BodyError.
    """
    outer, is_xml = _read(body)
    sealed = sealed_in(outer)
    if sealed or "msg_signature" in query or query.get("encrypt_type") == "aes":
        return _unsealed(outer, is_xml, query, keys, now)
    if is_sealed_only:
        raise Rejected("a push to a service provider is sealed", 403)
    token = signer_of(query, keys)
    _check_clock(query, now)
    return Opened(outer, PLAIN, is_xml, token)


def _unsealed(
    outer: dict[str, Any], is_xml: bool, query: Mapping[str, str], keys: Keys, now: datetime
) -> Opened:
    sealed = sealed_in(outer)
    if not sealed:
        raise Rejected("no Encrypt in the body", 403)
    token = signer_of(query, keys, sealed=sealed)
    _check_clock(query, now)
    text, aes_key = _message(sealed, keys)
    data, _is_xml = _read(text)
    is_both = "MsgType" in outer or "Event" in outer
    return Opened(data, COMPAT if is_both else SECURE, is_xml, token, aes_key)


def _message(sealed: str, keys: Keys) -> tuple[bytes, str]:
    if not keys.aes_keys:
        raise Rejected("no EncodingAESKey is stored", 403)
    reason = ""
    for aes_key in keys.aes_keys:
        try:
            return signatures.unseal(sealed, key=aes_key, appid=keys.appid), aes_key
        except ValueError as error:
            # Of two keys the one of the console counts, whose words come first.
            reason = reason or str(error)
    raise Rejected(reason, 403)


def _check_clock(query: Mapping[str, str], now: datetime) -> None:
    """Raises Rejected for a push that was signed more than a day from now."""
    at = any_moment(query, "timestamp")
    if at is None or abs(now - at) > FARTHEST:
        raise Rejected("timestamp is more than a day off", 403)


def _read(body: bytes) -> tuple[dict[str, Any], bool]:
    try:
        return parse_body(body)
    except NotReadable as error:
        raise BodyError(str(error)) from error


def answer_text(fields: Mapping[str, str | int], push: Opened, *, appid: str, now: datetime) -> str:
    """Returns the answer in the format of the push, sealed if only the sealed form came."""
    text = _as_text(fields, is_xml=push.is_xml)
    if push.mode != SECURE:
        return text
    sealed = signatures.seal(text.encode(), key=push.aes_key, appid=appid)
    at, nonce = int(now.timestamp()), str(secrets.randbelow(10**10))
    signed = signatures.push_signature(
        token=push.token, timestamp=str(at), nonce=nonce, sealed=sealed
    )
    envelope: dict[str, str | int] = {
        "Encrypt": sealed,
        "MsgSignature": signed,
        "TimeStamp": at,
        "Nonce": nonce,
    }
    return _as_text(envelope, is_xml=push.is_xml)


def _as_text(fields: Mapping[str, str | int], *, is_xml: bool) -> str:
    if not is_xml:
        return json.dumps(fields, ensure_ascii=False, separators=(",", ":"))
    tags = (f"<{name}>{_xml(value)}</{name}>" for name, value in fields.items())
    return f"<xml>{''.join(tags)}</xml>"


def _xml(value: str | int) -> str:
    if isinstance(value, int):
        return str(value)
    # The end of a CDATA section cannot stand in one.
    return escape(value) if "]]>" in value else f"<![CDATA[{value}]]>"
