"""Pushes in JSON and XML, and bodies that are none."""

import json
from datetime import UTC, datetime
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from delivery.choices import WaybillState
from delivery.wire.events import NotReadable, is_update, parse_body, parse_event, sealed_in
from stores.platforms.reading import Malformed

EVENT: dict[str, Any] = {
    "ToUserName": "gh_97417a04a28d",
    "FromUserName": "o9AgO5Kd5ggOC-bXrbNODIiE3bGY",
    "CreateTime": 1714112445,
    "MsgType": "event",
    "Event": "update_waybill_status",
    "shopid": "test_shop_id",
    "shop_order_id": "KD20260101-0001",
    "shop_no": "",
    "waybill_id": "test_waybill_id_KD20260101-0001",
    "action_time": 1714112440,
    "order_status": 102,
    "action_msg": "",
    "agent": {"name": "我是小哥", "phone": "13712345678", "reach_time": 1714113000},
}
XML = """<xml><ToUserName><![CDATA[gh_97417a04a28d]]></ToUserName>
<FromUserName><![CDATA[o9]]></FromUserName><CreateTime>1714112445</CreateTime>
<MsgType><![CDATA[event]]></MsgType><Event><![CDATA[UPDATE_waybill_status]]></Event>
<shopid><![CDATA[test_shop_id]]></shopid><shop_order_id><![CDATA[KD20260101-0001]]></shop_order_id>
<shop_no/><waybill_id><![CDATA[w]]></waybill_id><action_time>1714112440</action_time>
<order_status>102</order_status><action_msg/>
<agent><name><![CDATA[我是小哥]]></name><phone><![CDATA[13712345678]]></phone></agent></xml>"""
BOMB = '<!DOCTYPE x [<!ENTITY a "aaaa"><!ENTITY b "&a;&a;&a;&a;">]><xml><Event>&b;</Event></xml>'
FILE = '<!DOCTYPE x [<!ENTITY f SYSTEM "file:///etc/passwd">]><xml><Event>&f;</Event></xml>'


def test_an_event_in_json_is_read() -> None:
    data, is_xml = parse_body(json.dumps(EVENT).encode())
    event = parse_event(data)
    assert (is_xml, is_update(data), sealed_in(data)) == (False, True, "")
    assert (event.shopid, event.shop_order_id) == ("test_shop_id", "KD20260101-0001")
    assert (event.code, event.state) == (102, WaybillState.ACCEPTED)
    assert event.action_at == datetime(2024, 4, 26, 6, 20, 40, tzinfo=UTC)
    assert event.rider is not None
    assert event.rider.phone == "13712345678"
    assert event.rider.expected_at == datetime(2024, 4, 26, 6, 30, tzinfo=UTC)


@pytest.mark.parametrize("front", ["", "\ufeff", "\n ", '<?xml version="1.0" encoding="UTF-8"?>'])
def test_an_event_in_xml_is_the_same(front: str) -> None:
    data, is_xml = parse_body((front + XML).encode())
    event = parse_event(data)
    assert (is_xml, is_update(data)) == (True, True)
    assert event.state == WaybillState.ACCEPTED
    assert event.rider is not None
    assert (event.rider.name, event.rider.expected_at) == ("我是小哥", None)


@pytest.mark.parametrize("agent", [None, "", {}, {"name": "", "phone": ""}, [], "x"])
def test_a_push_may_name_no_rider(agent: Any) -> None:
    assert parse_event(EVENT | {"agent": agent}).rider is None


@pytest.mark.parametrize(
    "broken",
    [
        {"order_status": None},
        {"order_status": "x"},
        {"order_status": -1},
        {"order_status": 2**31},
        {"shopid": ""},
        {"shop_order_id": None},
        {"shop_order_id": "x" * 129},
        {"action_time": 1714112440000},
        {"action_time": 0},
        {"action_time": "yesterday"},
        {"action_time": 2**63},
    ],
)
def test_what_does_not_say_which_order_how_and_when_is_malformed(broken: dict[str, Any]) -> None:
    with pytest.raises(Malformed):
        parse_event(EVENT | broken)


def test_a_state_that_nobody_knows_is_kept() -> None:
    event = parse_event(EVENT | {"order_status": "402"})
    assert (event.code, event.state) == (402, None)


@pytest.mark.parametrize(
    "body",
    [
        b"",
        b"[]",
        b"null",
        b"x",
        b"<xml>",
        b"<xml/>",
        b"<xml>text</xml>",
        BOMB.encode(),
        FILE.encode(),
        b'<?xml version="1.0" encoding="nonsense"?><xml><a>b</a></xml>',
        b"<xml>" + b"<a>" * 9 + b"x" + b"</a>" * 9 + b"</xml>",
        b"\xff\xfe",
        b"[" * 5000,
        b'{"a":' * 200 + b"1" + b"}" * 200,
    ],
)
def test_a_body_that_is_none_is_refused(body: bytes) -> None:
    with pytest.raises(NotReadable):
        parse_body(body)


@given(st.binary(max_size=200))
def test_no_body_is_an_error_of_ours(body: bytes) -> None:
    for given_ in (body, b"<" + body, b"<xml>" + body + b"</xml>"):
        try:
            data, _ = parse_body(given_)
        except NotReadable:
            continue
        assert isinstance(data, dict)
