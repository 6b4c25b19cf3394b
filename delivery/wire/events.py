"""Pushes about orders (docs/platforms/wechat_delivery.md §4): JSON or XML, plain or sealed."""

import json
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any
from xml.etree.ElementTree import Element, ParseError

from defusedxml import DefusedXmlException
from defusedxml.ElementTree import fromstring

from delivery.choices import WaybillState
from delivery.wire.orders import code_of
from stores.platforms.reading import Malformed, any_text, any_whole, moment_of, text
from stores.text import clean_json

UPDATE = "update_waybill_status"
# Milliseconds begin here: WeChat counts in seconds.
MOST_SECONDS = 10**11
LONGEST_ID, LONGEST_ORDER = 64, 128
# A push is flat, with at most one object in it.
DEEPEST = 3


class NotReadable(ValueError):
    """The body is neither JSON nor XML as WeChat sends it."""


@dataclass(frozen=True)
class Rider:
    """Who rides. Phones may be virtual or masked; `expected_at` is when he thinks to arrive."""

    name: str
    phone: str
    expected_at: datetime | None


@dataclass(frozen=True)
class WaybillEvent:
    """A change of an order's state. `state` is None for a code that is not known; `rider` is None
    when the push names none. The waybill number differs from the one in the answer of add.
    """

    shopid: str
    shop_order_id: str
    waybill_id: str
    code: int
    state: WaybillState | None
    action_at: datetime
    message: str
    rider: Rider | None
    to: str
    sender: str


def parse_body(body: bytes) -> tuple[dict[str, Any], bool]:
    """Returns the fields of a push and whether it was XML. Raises NotReadable."""
    stripped = body.lstrip(b"\xef\xbb\xbf \t\r\n")
    if stripped.startswith(b"<"):
        return _xml(stripped), True
    try:
        data = clean_json(json.loads(body))
    except (ValueError, RecursionError) as error:
        raise NotReadable("neither JSON nor XML") from error
    if not isinstance(data, dict):
        raise NotReadable("no object")
    return data, False


def sealed_in(data: Mapping[str, Any]) -> str:
    """Returns the sealed text of a push; "" when there is none."""
    value = data.get("Encrypt")
    return value if isinstance(value, str) else ""


def is_update(data: Mapping[str, Any]) -> bool:
    return any_text(data, "Event").lower() == UPDATE


def parse_event(data: Mapping[str, Any]) -> WaybillEvent:
    """Reads an `update_waybill_status`. Raises Malformed without order, state or time."""
    code = code_of(data)
    if code is None:
        raise Malformed("order_status", "is missing or no state")
    return WaybillEvent(
        shopid=text(data, "shopid", most=LONGEST_ID),
        shop_order_id=text(data, "shop_order_id", most=LONGEST_ORDER),
        waybill_id=any_text(data, "waybill_id", most=LONGEST_ORDER),
        code=code,
        state=WaybillState(code) if code in WaybillState.values else None,
        action_at=_needed_moment(data, "action_time"),
        message=any_text(data, "action_msg", most=500),
        rider=_rider(data.get("agent")),
        to=any_text(data, "ToUserName"),
        sender=any_text(data, "FromUserName"),
    )


def any_moment(data: Mapping[str, Any], name: str) -> datetime | None:
    """Returns Unix seconds as a moment; None for anything else, also for milliseconds."""
    found = any_whole(data, name)
    if not found or not 0 < found < MOST_SECONDS:
        return None
    return moment_of(found)


def _needed_moment(data: Mapping[str, Any], name: str) -> datetime:
    found = any_moment(data, name)
    if found is None:
        raise Malformed(name, "is no time in Unix seconds")
    return found


def _rider(value: Any) -> Rider | None:
    if not isinstance(value, dict):
        return None
    found = Rider(
        name=any_text(value, "name", most=50),
        phone=any_text(value, "phone", most=64),
        expected_at=any_moment(value, "reach_time"),
    )
    return found if found.name or found.phone else None


def _xml(body: bytes) -> dict[str, Any]:
    """Reads XML without document types and entities. Raises NotReadable."""
    try:
        root = fromstring(body, forbid_dtd=True)
    except (ParseError, DefusedXmlException, ValueError, LookupError) as error:
        raise NotReadable("XML that is broken or not allowed") from error
    found = _fields(root, DEEPEST)
    if not isinstance(found, dict):
        raise NotReadable("XML without fields")
    cleaned: dict[str, Any] = clean_json(found)
    return cleaned


def _fields(element: Element, deepest: int) -> dict[str, Any] | str:
    if not len(element):
        return (element.text or "").strip()
    if not deepest:
        raise NotReadable("XML that is too deep")
    return {child.tag: _fields(child, deepest - 1) for child in element}
