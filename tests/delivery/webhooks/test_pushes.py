"""Pushes about orders: signed or not, in each mode and form, and how they are acknowledged."""

from datetime import UTC, datetime
from itertools import product
from typing import Any

import pytest
import time_machine
from django.test import Client
from django.urls import reverse

from delivery.signatures import push_signature
from delivery.wire.events import parse_body, parse_event
from stores.models import Connection, InboundEvent
from tests.delivery.factories import MiniProgramFactory
from tests.delivery.test_signatures import APPID, KEY, SEALED, TOKEN
from tests.delivery.webhooks.pushing import (
    OTHER_KEY,
    SECRETS,
    Pusher,
    handle_all,
    unsealed,
    waybill,
)

pytestmark = pytest.mark.django_db
MODES, FORMS = ("plain", "compat", "secure"), ("json", "xml")
every_mode = pytest.mark.parametrize(("mode", "form"), list(product(MODES, FORMS)))


def stored() -> InboundEvent:
    return InboundEvent.objects.get()


def change(connection: Connection, **secrets: str) -> None:
    connection.credentials |= secrets
    connection.save()


@every_mode
def test_a_push_is_stored_and_acknowledged_in_its_own_form(
    pusher: Pusher, mode: str, form: str
) -> None:
    answer = pusher.handled(mode=mode, form=form)
    assert answer.status_code == 200
    assert answer["Content-Type"].startswith("text/xml" if form == "xml" else "application/json")
    read, is_xml = parse_body(answer.content)
    assert is_xml == (form == "xml")
    if mode == "secure":
        read = unsealed(answer.content, appid=pusher.connection.account)
    assert {name: str(value) for name, value in read.items() if name != "CreateTime"} == {
        "ToUserName": "o9AgO5Kd5ggOC-bXrbNODIiE3bGY",
        "FromUserName": "gh_97417a04a28d",
        "MsgType": "event",
        "Event": "update_waybill_status",
        "resultcode": "0",
        "resultmsg": "ok",
    }
    event = stored()
    assert (event.kind, event.state) == ("update_waybill_status", "handled")
    assert (event.body["mode"], event.body["form"]) == (mode, form)
    told = parse_event(event.body["said"])
    assert (told.shop_order_id, told.code) == ("A1", 102)
    assert told.rider is not None
    assert told.rider.phone == "13900000009"


@every_mode
def test_a_wrong_signature_is_neither_stored_nor_acknowledged(
    pusher: Pusher, mode: str, form: str
) -> None:
    query, body = pusher.parts(waybill(), mode=mode, form=form)
    name = "signature" if mode == "plain" else "msg_signature"
    for wrong in (query[name][::-1], "", "\ud800".encode("utf-8", "replace").decode(), "é" * 40):
        answer = pusher.send(query | {name: wrong}, body)
        assert answer.status_code == 403
        assert b"resultcode" not in answer.content
    assert not InboundEvent.objects.exists()


def test_the_signature_of_the_query_does_not_vouch_for_what_is_sealed(pusher: Pusher) -> None:
    query, body = pusher.parts(waybill(), mode="secure", form="json")
    unsigned = {name: value for name, value in query.items() if name != "msg_signature"}
    assert pusher.send(unsigned, body).status_code == 403
    assert pusher.send(query | {"msg_signature": query["signature"]}, body).status_code == 403
    without_type = {name: value for name, value in unsigned.items() if name != "encrypt_type"}
    assert pusher.send(without_type, body).status_code == 403


def test_a_sealed_push_is_not_taken_down_to_a_plain_one(pusher: Pusher) -> None:
    query, _sealed = pusher.parts(waybill(), mode="secure", form="json")
    _query, plain = pusher.parts(waybill(order_status=302), mode="plain", form="json")
    assert pusher.send(query, plain).status_code == 403
    assert not InboundEvent.objects.exists()


@pytest.mark.parametrize("form", FORMS)
def test_of_both_forms_only_the_sealed_one_is_believed(pusher: Pusher, form: str) -> None:
    query, body = pusher.parts(waybill(), mode="compat", form=form)
    changed = body.replace(b"102", b"302").replace(b">A1<", b">A2<").replace(b'"A1"', b'"A2"')
    assert changed != body
    assert pusher.send(query, changed).status_code == 200
    assert stored().body["said"]["shop_order_id"] == "A1"
    assert str(stored().body["said"]["order_status"]) == "102"


def test_the_mode_may_be_switched_at_the_console_at_any_moment(pusher: Pusher) -> None:
    for number, mode in enumerate(MODES):
        assert pusher.push(waybill(shop_order_id=f"A{number}"), mode=mode).status_code == 200


def test_a_sealed_push_without_a_stored_key_is_refused(pusher: Pusher) -> None:
    change(pusher.connection, aes_key="")
    answer = pusher.push(mode="secure")
    assert (answer.status_code, answer.content) == (403, b"no EncodingAESKey is stored")
    assert pusher.push(mode="plain").status_code == 200


def test_without_a_token_nothing_is_believed(pusher: Pusher) -> None:
    change(pusher.connection, push_token="")
    pusher.app.push_token = ""
    for mode in MODES:
        assert pusher.push(mode=mode).status_code == 403


def test_the_previous_token_and_key_count_and_seal_the_answer(pusher: Pusher) -> None:
    change(
        pusher.connection,
        push_token="new-token",
        aes_key=OTHER_KEY,
        previous_push_token=SECRETS["push_token"],
        previous_aes_key=SECRETS["aes_key"],
    )
    answer = pusher.push(mode="secure", form="xml")
    assert answer.status_code == 200
    assert unsealed(answer.content, appid=pusher.connection.account)["resultmsg"] == "ok"
    assert pusher.push(mode="plain").status_code == 200


@pytest.mark.parametrize(
    ("how", "words"),
    [
        ({"appid": "wxsomebodyelse"}, "sealed for another appid"),
        ({"aes_key": OTHER_KEY}, "not sealed with this key"),
    ],
)
def test_what_is_sealed_otherwise_is_refused(
    pusher: Pusher, how: dict[str, Any], words: str
) -> None:
    answer = pusher.push(mode="secure", **how)
    assert (answer.status_code, answer.content.decode()) == (403, words)
    assert not InboundEvent.objects.exists()


def test_broken_padding_is_refused_in_words(pusher: Pusher) -> None:
    query, _body = pusher.parts(waybill(), mode="secure")
    for sealed in ("QUJD", "not base64!", SEALED[:-24], "A" * 88):
        parts = {"timestamp": query["timestamp"], "nonce": query["nonce"], "sealed": sealed}
        signed = push_signature(token=SECRETS["push_token"], **parts)
        body = f'{{"Encrypt": "{sealed}"}}'.encode()
        answer = pusher.send(query | {"msg_signature": signed}, body)
        assert answer.status_code == 403
        assert b"seal" in answer.content or b"length" in answer.content


def test_the_push_that_wechat_publishes_is_opened_in_its_own_time(db: None) -> None:
    secrets = {"push_token": TOKEN, "aes_key": KEY}
    pusher = Pusher(MiniProgramFactory(account=APPID, credentials=secrets))
    query = {
        "signature": "899cf89e464efb63f54ddac96b0a0a235f53aa78",
        "timestamp": "1714112445",
        "nonce": "415670741",
        "encrypt_type": "aes",
        "msg_signature": "046e02f8204d34f8ba5fa3b1db94908f3df2e9b3",
    }
    body = f'{{"ToUserName": "gh_97417a04a28d", "Encrypt": "{SEALED}"}}'.encode()
    with time_machine.travel(datetime.fromtimestamp(1714112445 + 60, UTC)):
        answer = pusher.send(query, body)
    assert (answer.status_code, answer.content) == (200, b"success")
    assert stored().body["said"]["debug_str"] == "hello world"
    handle_all()
    assert stored().state == "handled"
    assert stored().kind.startswith("event ")


# Time


@pytest.mark.parametrize("hours", [-25, 25, 24 * 400])
def test_a_push_that_was_signed_on_another_day_is_refused(pusher: Pusher, hours: int) -> None:
    now = datetime.now(UTC).timestamp()
    with time_machine.travel(datetime.fromtimestamp(now + hours * 3600, UTC), tick=False):
        plain, sealed = pusher.parts(waybill()), pusher.parts(waybill(), mode="secure")
    for query, body in (plain, sealed):
        answer = pusher.send(query, body)
        assert (answer.status_code, answer.content) == (403, b"timestamp is more than a day off")


@pytest.mark.parametrize("timestamp", ["", "x", "-5", "9" * 30, "1764500000000", "٣"])
def test_a_timestamp_that_is_none_is_refused(pusher: Pusher, timestamp: str) -> None:
    query, body = pusher.parts(waybill())
    parts = {"timestamp": timestamp, "nonce": query["nonce"]}
    query |= parts | {"signature": push_signature(token=SECRETS["push_token"], **parts)}
    assert pusher.send(query, body).status_code == 403


@every_mode
def test_a_push_that_comes_again_is_the_same_event(pusher: Pusher, mode: str, form: str) -> None:
    """Whether its bytes are the same, or WeChat signs it anew, or the other clock is wrong."""
    query, body = pusher.parts(waybill(), mode=mode, form=form)
    now = datetime.now(UTC).timestamp()
    for seconds in (0, 5, 3600, 23 * 3600):
        with time_machine.travel(datetime.fromtimestamp(now + seconds, UTC), tick=False):
            assert pusher.send(query, body).status_code == 200
            anew = pusher.push(waybill(), mode=mode, form=form)
            assert anew.status_code == 200
    assert stored().repeats == 7


def test_two_orders_of_one_second_are_two_events(pusher: Pusher) -> None:
    for changed in (
        {},
        {"shop_order_id": "A2"},
        {"shopid": "another"},
        {"order_status": 201},
        {"action_time": 1764500001},
        {"waybill_id": "w2"},
    ):
        pusher.push(waybill(**changed))
    assert InboundEvent.objects.count() == 6


# The check of the address


def check(pusher: Pusher, **query: str) -> Any:
    return pusher.client.get(pusher.path, query)


def test_the_address_is_checked_as_wechat_publishes_it(db: None) -> None:
    pusher = Pusher(MiniProgramFactory(credentials={"push_token": TOKEN}))
    query = {
        "signature": "f464b24fc39322e44b38aa78f5edd27bd1441696",
        "timestamp": "1714036504",
        "nonce": "1514711492",
    }
    answer = check(pusher, **query, echostr="4375120948345356249")
    assert (answer.status_code, answer.content) == (200, b"4375120948345356249")
    assert answer["Content-Type"].startswith("text/plain")
    for wrong in ({"nonce": "1"}, {"signature": ""}, {"timestamp": ""}):
        assert check(pusher, **query | wrong, echostr="1").status_code == 403
    assert check(pusher, **query).status_code == 400
    assert check(pusher, **query, echostr="1" * 300).status_code == 400
    markup = check(pusher, **query, echostr="<b>1</b>")
    assert markup.content == b"<b>1</b>"
    assert markup["X-Content-Type-Options"] == "nosniff"


def test_an_address_of_nobody_is_not_found(pusher: Pusher, provider: Connection) -> None:
    for pk in (0, pusher.connection.pk + 10_000, 2**70):
        for path in (f"/wechat/{pk}/push/", f"/wechat/{pk}/tickets/"):
            assert pusher.client.post(path, b"{}", content_type="text/xml").status_code == 404
            assert pusher.client.get(path).status_code == 404
    child = MiniProgramFactory(parent=provider, credentials=SECRETS)
    assert Pusher(child).push().status_code == 404
    # $APPID$ is of providers only, and a shop has no tickets.
    assert Pusher(pusher.connection, "push-of", (pusher.app.appid,)).push().status_code == 404
    assert Pusher(pusher.connection, "tickets").push(mode="secure").status_code == 404
    other = MiniProgramFactory(platform="umember", credentials=SECRETS)
    assert Pusher(other).push().status_code == 404


def test_an_inactive_connection_takes_nothing(pusher: Pusher) -> None:
    Connection.objects.update(is_active=False)
    assert pusher.push().status_code == 404


def test_strangers_are_slowed_down_and_wechat_is_not(pusher: Pusher) -> None:
    answers = [pusher.push(push_token="guess").status_code for _ in range(62)]
    assert (answers[0], answers[-1]) == (403, 429)
    assert check(pusher, echostr="1").status_code == 429
    assert pusher.push().status_code == 200


def test_another_method_is_not_allowed(pusher: Pusher) -> None:
    assert pusher.client.put(pusher.path).status_code == 405


def test_a_push_needs_no_cookie_and_no_csrf_token(pusher: Pusher) -> None:
    pusher.client = Client(enforce_csrf_checks=True)
    assert pusher.push().status_code == 200


def test_the_addresses_are_those_that_people_enter(shop: Connection) -> None:
    assert reverse("delivery:push", args=[7]) == "/wechat/7/push/"
    assert reverse("delivery:push-of", args=[7, "wx1"]) == "/wechat/7/push/wx1/"
    assert reverse("delivery:tickets", args=[7]) == "/wechat/7/tickets/"
