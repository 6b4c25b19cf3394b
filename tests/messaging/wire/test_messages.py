"""Chat messages: frames of the socket, and envelopes of socket and push alike."""

import json
from datetime import UTC, datetime
from typing import Any
from urllib.parse import quote

import pytest

from messaging.wire.messages import (
    NoMessage,
    RemoteMessage,
    is_beat,
    is_receipt,
    parse_message,
    read_frame,
)

CONTENT = {
    "msg_id": 1372548990012345678,
    "msg_content": "MOfLtxzZ0YgS4+5cPylFYw==",
    "msg_type": 1,
    "msg_source": 2,
    "cts": 1616400000,
    "order_id": 27060130000000001,
    "open_user_id": 880012345,
    "scene_tag": -1,
    "scene_name": "",
    "has_reply": 1,
}
ENVELOPE = {"biz_type": 1, "push_content": CONTENT, "ePoiId": "shop-001"}
WANTED = RemoteMessage(
    message_id="1372548990012345678",
    store_name="shop-001",
    customer="880012345",
    order_id="27060130000000001",
    sealed="MOfLtxzZ0YgS4+5cPylFYw==",
    kind=1,
    is_by_shop=False,
    sent_at=datetime(2021, 3, 22, 8, 0, tzinfo=UTC),
    scene=-1,
    scene_name="",
)


@pytest.mark.parametrize(
    "frame",
    [
        json.dumps(ENVELOPE),
        quote(json.dumps(ENVELOPE)),
        json.dumps(ENVELOPE | {"push_content": json.dumps(CONTENT)}),
    ],
)
def test_a_frame_is_read_plain_and_percent_encoded(frame: str) -> None:
    assert parse_message(read_frame(frame)) == WANTED


def test_percent_signs_in_a_plain_frame_stay() -> None:
    assert read_frame('{"words": "100%25 sure"}') == {"words": "100%25 sure"}


def test_signs_of_life_and_receipts_are_no_messages() -> None:
    assert is_beat("HB")
    assert is_beat("HB\n")
    assert not is_beat("HBO")
    assert is_receipt("成功")


@pytest.mark.parametrize("frame", ["", "HB", "成功", "[1]", "{", "%", "%FF", "[" * 5000])
def test_what_is_no_message_is_said_to_be_none(frame: str) -> None:
    with pytest.raises(NoMessage):
        read_frame(frame)


@pytest.mark.parametrize(
    "changed",
    [
        {"biz_type": 4},
        {"biz_type": None},
        {"push_content": None},
        {"push_content": "{"},
        {"push_content": [1]},
        {"push_content": CONTENT | {"msg_id": 0}},
        {"push_content": CONTENT | {"msg_id": "x"}},
    ],
)
def test_other_kinds_of_talk_and_broken_ones_are_no_message(changed: dict[str, Any]) -> None:
    with pytest.raises(NoMessage):
        parse_message(ENVELOPE | changed)


@pytest.mark.parametrize("nobody", [-1, "-1", 0, "", None])
def test_a_customer_whom_nobody_names_is_nobody(nobody: Any) -> None:
    found = parse_message(ENVELOPE | {"push_content": CONTENT | {"open_user_id": nobody}})
    assert found.customer == ""


@pytest.mark.parametrize("missing", [-1, 0, "", None])
def test_before_an_order_there_is_no_order_number(missing: Any) -> None:
    found = parse_message(ENVELOPE | {"push_content": CONTENT | {"order_id": missing}})
    assert found.order_id == ""


def test_an_urgent_scene_is_urgent() -> None:
    content = CONTENT | {"scene_tag": "9003", "scene_name": "用户投诉商家"}
    assert parse_message(ENVELOPE | {"push_content": content}).is_urgent
    assert not WANTED.is_urgent
