"""What a control route was given, read with care; ControlError says what is wrong."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, TypeVar

from stores.sandbox import ControlError

from .calls import OPERATIONS, Partner
from .signing import SIGNATURES, Manner

T = TypeVar("T")


def mapping(body: Any) -> dict[str, Any]:
    if not isinstance(body, dict):
        raise ControlError("POST a JSON object")
    return body


def value(body: Mapping[str, Any], name: str, kind: type[T], default: T | None = None) -> T:
    """ControlError when it is missing without a default, or of another type; whole numbers do for numbers."""
    found = body.get(name, default)
    if kind is float and type(found) is int:
        found = float(found)
    if type(found) is not kind:
        raise ControlError(f"{name} must be {kind.__name__}, not {found!r}")
    return found


def texts(body: Mapping[str, Any], name: str) -> list[str]:
    found = value(body, name, list, [])
    if not all(isinstance(text, str) for text in found):
        raise ControlError(f"{name} must be a list of texts")
    return found


def whole(text: str) -> int:
    if not (text.isascii() and text.isdigit() and len(text) < 20):
        raise ControlError(f"no such order: {text!r}", 404)
    return int(text)


def partner(body: Any) -> Partner:
    row = mapping(body)
    partner_id = str(row.get("partner_id", ""))
    if not (partner_id.isascii() and partner_id.isdigit()):
        raise ControlError("partner_id must be digits")
    endpoints = value(row, "endpoints", dict, {})
    unknown = [name for name in endpoints if name not in OPERATIONS]
    if unknown or not all(
        isinstance(url, str) and url.startswith("http") for url in endpoints.values()
    ):
        raise ControlError(f"endpoints are urls for {', '.join(OPERATIONS)}")
    return Partner(
        partner_id, value(row, "client_id", str), value(row, "client_secret", str), endpoints
    )


def manner(body: Mapping[str, Any]) -> Manner:
    signature = value(body, "signature", str, "good")
    if signature not in SIGNATURES:
        raise ControlError(f"signature is one of {', '.join(SIGNATURES)}")
    return Manner(
        signature=signature,
        clock=value(body, "clock", float, 0.0),
        date=body.get("date") if isinstance(body.get("date"), str) else None,
        without=tuple(texts(body, "without")),
        partner_header=body.get("partner_header")
        if isinstance(body.get("partner_header"), str)
        else None,
        drop=value(body, "drop", bool, False),
    )


def repetition(body: Mapping[str, Any]) -> tuple[int, int]:
    """How often one after the other, and how many at once: 1 to 64 each."""
    times, at_once = value(body, "times", int, 1), value(body, "at_once", int, 1)
    if not (1 <= times <= 64 and 1 <= at_once <= 64):
        raise ControlError("times and at_once are 1 to 64")
    return times, at_once
