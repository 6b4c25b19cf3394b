"""Bodies that somebody made by hand: too large, too deep, full of entities, or with odd values."""

import json
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from stores.models import InboundEvent
from tests.delivery.webhooks.pushing import Pusher, as_json, handle_all, waybill

pytestmark = pytest.mark.django_db
BOMB = (
    b'<?xml version="1.0"?><!DOCTYPE x [<!ENTITY a "aaaaaaaaaa">'
    b'<!ENTITY b "&a;&a;&a;&a;&a;&a;&a;&a;&a;&a;">]><xml><Event>&b;</Event></xml>'
)
FILE = b'<!DOCTYPE x [<!ENTITY e SYSTEM "file:///etc/passwd">]><xml><Event>&e;</Event></xml>'
ODD = [
    b"", b"{", b"[]", b"null", b"<xml>", b"<xml></xml>", b"\xff\xfe", b"<", b"NaN", BOMB, FILE,
    b'{"a":' * 5_000 + b"1" + b"}" * 5_000,
    b"<a>" * 5_000 + b"1" + b"</a>" * 5_000,
    b"[" * 30_000,
    b'{"order_status": ' + b"9" * 5_000 + b"}",
    b'<?xml version="1.0" encoding="nothing"?><xml><Event>1</Event></xml>',
    b'<?xml version="1.0" encoding="utf-16"?><xml><Event>1</Event></xml>',
]  # fmt: skip


@pytest.mark.parametrize("body", ODD, ids=lambda body: str(body[:20]))
@pytest.mark.parametrize("is_sealed", [False, True])
def test_what_cannot_be_read_is_refused_in_short_words(
    pusher: Pusher, body: bytes, is_sealed: bool
) -> None:
    query, _body = pusher.parts(waybill(), mode="secure" if is_sealed else "plain")
    answer = pusher.send(query, body)
    assert answer.status_code in (400, 403)
    assert len(answer.content) < 100
    assert b"Traceback" not in answer.content
    assert b"root:" not in answer.content
    assert not InboundEvent.objects.exists()


@pytest.mark.parametrize("length", [65_537, 1_000_000, 4_000_000])
def test_a_large_body_is_refused(pusher: Pusher, length: int) -> None:
    query, _body = pusher.parts(waybill())
    answer = pusher.send(query, b" " * length)
    assert answer.status_code == 413


def test_deep_json_that_is_signed_is_refused(pusher: Pusher) -> None:
    query, _body = pusher.parts(waybill())
    deep = json.dumps(waybill())[:-1].encode() + b', "x": ' + b"[" * 90 + b"]" * 90 + b"}"
    assert pusher.send(query, deep).status_code == 400


@pytest.mark.parametrize(
    ("changed", "words"),
    [
        ({"action_time": 1764500000000}, "action_time is no time in Unix seconds"),
        ({"action_time": None}, "action_time is no time in Unix seconds"),
        ({"order_status": None}, "order_status is missing or no state"),
        ({"order_status": "x"}, "order_status is missing or no state"),
        ({"shopid": None}, "shopid is missing"),
        ({"shopid": "s" * 65}, "shopid is longer than 64 characters"),
        ({"shop_order_id": {}}, "shop_order_id is no text"),
        ({"shop_order_id": "a" * 129}, "shop_order_id is longer than 128 characters"),
    ],
)
def test_an_order_push_that_says_nothing_is_refused_with_its_field(
    pusher: Pusher, changed: dict[str, Any], words: str
) -> None:
    answer = pusher.push(waybill(**changed))
    assert (answer.status_code, answer.content.decode()) == (400, words)
    assert not InboundEvent.objects.exists()


@pytest.mark.parametrize("form", ["json", "xml"])
def test_a_state_or_a_rider_that_is_not_known_is_taken(pusher: Pusher, form: str) -> None:
    odd: list[dict[str, Any]] = [{"order_status": 777}, {"agent": None}, {"agent": "x"}]
    for number, changed in enumerate(odd):
        fields = waybill(shop_order_id=f"A{number}", **changed)
        assert pusher.handled(fields, form=form).status_code == 200
    assert set(InboundEvent.objects.values_list("state", flat=True)) == {"handled"}


def test_names_in_the_answer_cannot_break_out_of_it(pusher: Pusher) -> None:
    answer = pusher.push(waybill(FromUserName="a]]></ToUserName><x>1</x>"), form="xml")
    assert b"<x>" not in answer.content
    answer = pusher.push(waybill(FromUserName='a","x":"1'), form="json")
    assert as_json(answer.content)["ToUserName"] == 'a","x":"1'


def test_the_words_of_an_event_do_not_matter_in_upper_case(pusher: Pusher) -> None:
    assert b"resultcode" in pusher.push(waybill(Event="Update_Waybill_Status")).content


@pytest.mark.parametrize(
    "fields",
    [
        {"MsgType": "text", "Content": "在吗", "MsgId": 7},
        {"MsgType": "event", "Event": "user_enter_tempsession"},
        {"MsgType": "event", "Event": "component_verify_ticket", "InfoType": "unauthorized"},
        {"x": 1},
        {"MsgType": "event", "Event": "e" * 500},
    ],
)
def test_what_is_not_known_is_kept_and_done(pusher: Pusher, fields: dict[str, Any]) -> None:
    for _again in range(2):
        answer = pusher.handled(fields, mode="secure")
        assert (answer.status_code, answer.content) == (200, b"success")
    event = InboundEvent.objects.get()
    assert event.kind.startswith("event ")
    assert (event.state, event.repeats) == ("handled", 1)


@settings(
    max_examples=60, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture]
)
@given(
    st.dictionaries(
        st.sampled_from([*waybill(), "Encrypt", "x"]),
        st.none() | st.booleans() | st.integers() | st.floats() | st.text() | st.lists(st.text()),
    )
)
def test_no_value_breaks_us(pusher: Pusher, changed: dict[str, Any]) -> None:
    query, _body = pusher.parts(waybill())
    body = json.dumps(waybill() | changed).encode()
    assert pusher.send(query, body).status_code in (200, 400, 403)
    handle_all()
    assert not InboundEvent.objects.live().exists()
