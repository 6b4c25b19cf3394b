"""Chat messages: frames of the socket, the envelope, and what stands in it
(docs/platforms/takeaway.md §5.2 to §5.4).
"""

import json
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any
from urllib.parse import unquote

from messaging.wire.values import Unreadable, any_moment, embedded, number
from stores.platforms.reading import any_text, any_whole
from stores.text import clean_json

HEARTBEAT, BEAT = "~#HHHBBB#~", "HB"
SENT = "成功"
TWO_PERSONS = 1
TEXT, PICTURE = 1, 2
BY_SHOP, BY_CUSTOMER = 1, 2
NOBODY = ("", "0", "-1")
USUAL = -1
URGENT_SCENE = 9003
LARGEST_CODE = 1_000_000
LONGEST_SEALED = 60_000
# Meituan does not publish which field of a socket's message names the store, if any.
STORE_NAMES = ("ePoiId", "epoiId", "app_poi_code")


@dataclass(frozen=True)
class RemoteMessage:
    """One message of a talk of two; `sealed` is its text or the address of its picture, sealed.

    `customer` and `order_id` are "" when Meituan does not name them.
    """

    message_id: str
    store_name: str
    customer: str
    order_id: str
    sealed: str
    # `msg_type` as it came; None when it is no number.
    kind: int | None
    is_by_shop: bool
    sent_at: datetime | None
    scene: int
    scene_name: str

    @property
    def is_text(self) -> bool:
        return self.kind == TEXT

    @property
    def is_picture(self) -> bool:
        return self.kind == PICTURE

    @property
    def is_urgent(self) -> bool:
        return self.scene == URGENT_SCENE


class NoMessage(ValueError):
    """The text is no message of a talk of two; it says why."""


class OtherTalk(NoMessage):
    """A message, but of another kind of talk: of a group, or with a rider."""


def is_beat(frame: str) -> bool:
    return frame.strip() == BEAT


def is_receipt(frame: str) -> bool:
    """Whether the frame only acknowledges what was sent."""
    return frame.strip() == SENT


def read_frame(frame: str) -> dict[str, Any]:
    """Returns the JSON of a frame, which may be percent-encoded. Raises NoMessage."""
    # The plain form is tried first: a message may contain a percent sign.
    for text in (frame, unquote(frame)):
        try:
            data = clean_json(json.loads(text))
        except (ValueError, RecursionError):
            continue
        if isinstance(data, dict):
            return data
    raise NoMessage("not JSON")


def parse_message(data: Mapping[str, Any]) -> RemoteMessage:
    """Reads an envelope with `biz_type` and `push_content`. Raises NoMessage."""
    kind = any_whole(data, "biz_type")
    if kind != TWO_PERSONS:
        raise OtherTalk(f"biz_type {kind}")
    try:
        content = embedded(data, "push_content")
    except Unreadable as error:
        raise NoMessage("push_content is no JSON") from error
    if not isinstance(content, dict):
        raise NoMessage("no push_content")
    message_id = number(content, "msg_id")
    if not message_id:
        raise NoMessage("no msg_id")
    scene = any_whole(content, "scene_tag", most=LARGEST_CODE)
    return RemoteMessage(
        message_id=message_id,
        store_name=_store_name(data, content),
        customer=_customer(content),
        order_id=number(content, "order_id"),
        sealed=any_text(content, "msg_content", most=LONGEST_SEALED),
        kind=any_whole(content, "msg_type", most=LARGEST_CODE),
        is_by_shop=any_whole(content, "msg_source") == BY_SHOP,
        sent_at=any_moment(content, "cts"),
        scene=USUAL if scene is None else scene,
        scene_name=any_text(content, "scene_name", most=60),
    )


def _customer(content: Mapping[str, Any]) -> str:
    """Returns the customer's id; "" for those that name nobody, which must not join two people."""
    found = any_text(content, "open_user_id", most=60).strip()
    return "" if found in NOBODY else found


def _store_name(data: Mapping[str, Any], content: Mapping[str, Any]) -> str:
    names = (any_text(each, name) for each in (data, content) for name in STORE_NAMES)
    return next((name for name in names if name), "")
