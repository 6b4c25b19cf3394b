"""Notices in forms, in XML and sealed, over real sockets: what is told, and what is hostile."""

import json
from typing import Any
from urllib.parse import urlencode

import pytest
from pytest_django.live_server_helper import LiveServer

from stores.models import Connection, InboundEvent
from stores.platforms.inbound import inbox
from tests.stores.platforms.inbound.conftest import FAKES, address
from tests.stores.platforms.inbound.fakes import Seal, Sender, form_sign, plain_sign

pytestmark = [pytest.mark.urls(FAKES), pytest.mark.django_db(transaction=True)]
SECRET = "demoSignKey00001"
ORDER = json.dumps({"orderId": 27060130000000001, "caution": "少辣 🌶", "detail": "[]"})
PARCEL = {"Event": "parcel", "FromUserName": "o9AgO5Kd5gg", "CreateTime": 1714112445}


@pytest.fixture
def push(live_server: LiveServer, meals: Connection) -> Sender:
    return address(live_server, meals)


@pytest.fixture
def post_office(live_server: LiveServer, letters: Connection) -> Sender:
    return address(live_server, letters)


def stored() -> list[tuple[str, dict[str, Any]]]:
    return [(event.kind, event.body) for event in InboundEvent.objects.order_by("id")]


def handle_all() -> None:
    for pk in InboundEvent.objects.order_by("id").values_list("pk", flat=True):
        inbox.handle(pk)


# Forms with JSON inside


def test_a_form_with_json_inside_is_stored_and_acknowledged(push: Sender) -> None:
    answer = push.push(SECRET, store="shop-001", order=ORDER, empty="")
    assert (answer.status, json.loads(answer.body)) == (200, {"data": "OK"})
    assert stored() == [
        ("order", {"kind": "order", "store": "shop-001", "what": json.loads(ORDER)})
    ]


def test_a_form_is_signed_as_the_platforms_documents_say(push: Sender) -> None:
    fields = {
        "developerId": "100000",
        "ePoiId": "shop-001",
        "order": '{"orderId":27060130000000001,"status":2}',
    }
    assert form_sign(SECRET, fields) == "069ebea19d04a51eb5d45ebc18f10e8733e8a543"
    assert push.push(SECRET, **fields).status == 200


@pytest.mark.parametrize("kind", ["text/plain", "application/json", "multipart/form-data", "x"])
def test_a_form_is_read_whatever_its_content_type_says(push: Sender, kind: str) -> None:
    body = urlencode({"order": ORDER, "sign": form_sign(SECRET, {"order": ORDER})}).encode()
    assert push.send(body, kind=kind).status == 200
    assert len(stored()) == 1


def test_an_empty_post_is_the_consoles_check(push: Sender) -> None:
    answer = push.send(b"")
    assert (answer.status, json.loads(answer.body)) == (200, {"data": "OK"})
    assert stored() == []


def test_an_empty_post_to_an_address_of_nobody_is_refused(live_server: LiveServer) -> None:
    assert Sender(f"{live_server.url}/meals/999999/push").send(b"").status == 404


def test_an_empty_post_is_no_check_where_the_platform_makes_none(post_office: Sender) -> None:
    assert post_office.send(b"").status == 400


def test_a_body_that_ends_early_is_refused_in_the_platforms_form(push: Sender) -> None:
    answer = push.send(b"order=%7B", cut=5)
    assert (answer.status, json.loads(answer.body)) == (400, {"error": "the body ended early"})
    assert stored() == []


def test_a_body_larger_than_any_is_refused_in_the_platforms_form(
    push: Sender, settings: Any
) -> None:
    settings.DATA_UPLOAD_MAX_MEMORY_SIZE = 1000
    answer = push.send(b"order=" + b"x" * 2000)
    assert (answer.status, json.loads(answer.body)) == (413, {"error": "body too large"})


@pytest.mark.parametrize(
    "body",
    [
        b"order={}&order={}",
        b"order",
        b"&",
        b"order=%ff",
        b"order=%ED%A0%80",
        b"\xff\xfe=1",
        b"order=" + b"x" * 30_000,
        b"&".join(b"f%d=1" % number for number in range(1000)),
        b"\x00",
        b"--x\r\nContent-Disposition: form-data; name=order\r\n\r\n{}\r\n--x--",
    ],
)
def test_what_is_no_form_is_refused_and_nothing_is_stored(push: Sender, body: bytes) -> None:
    assert push.send(body).status in (400, 403, 413)
    assert stored() == []


def test_a_duplicate_field_is_refused_although_its_last_value_is_signed(push: Sender) -> None:
    body = urlencode({"order": ORDER, "sign": form_sign(SECRET, {"order": ORDER})})
    answer = push.send(f"order=%7B%7D&{body}".encode())
    assert (answer.status, json.loads(answer.body)) == (400, {"error": "a field occurs twice"})
    assert stored() == []


def test_a_forged_form_is_refused(push: Sender) -> None:
    assert push.push("guessed", order=ORDER).status == 403
    assert push.send(urlencode({"order": ORDER}).encode()).status == 403
    assert stored() == []


@pytest.mark.parametrize(
    "inner",
    [
        "",
        "x",
        "[]",
        "1",
        '{"a": NaN}',
        '{"a": Infinity}',
        "[" * 5000,
        '{"a":' * 300 + "1" + "}" * 300,
    ],
)
def test_what_is_no_json_inside_a_signed_form_is_refused(push: Sender, inner: str) -> None:
    assert push.push(SECRET, order=inner).status == 400
    assert stored() == []


def test_characters_that_databases_refuse_do_not_lose_a_form(push: Sender) -> None:
    answer = push.push(SECRET, order='{"text": "a\\u0000b\\ud83d", "n": 1e999}', store="a\x00b")
    assert answer.status == 200
    [(_, body)] = stored()
    assert body["what"] == {"text": "a\ufffdb\ufffd", "n": "inf"}
    assert body["store"] == "a\ufffdb"


def test_half_a_surrogate_pair_in_a_form_is_refused(push: Sender) -> None:
    assert push.push(SECRET, order=ORDER, store="\ud83d").status == 400


def test_numbers_longer_than_any_column_are_stored(push: Sender) -> None:
    assert push.push(SECRET, order='{"orderId": 123456789012345678901234567890}').status == 200
    assert stored()[0][1]["what"] == {"orderId": 123456789012345678901234567890}


# Unknown kinds, and notices without an id


def test_an_unknown_kind_is_stored_and_done(push: Sender, handled: list[Any]) -> None:
    assert push.push(SECRET, orderWhatever="{}").status == 200
    handle_all()
    event = InboundEvent.objects.get()
    assert (event.kind, event.state, handled) == ("unknown", "handled", [])
    assert event.body == {"kind": "unknown", "orderWhatever": "{}"}


def test_the_same_bytes_are_a_repetition_where_the_platform_says_so(
    push: Sender, handled: list[Any]
) -> None:
    for _ in range(3):
        push.push(SECRET, order=ORDER)
    push.push(SECRET, order=ORDER, again="1")
    handle_all()
    assert [event.repeats for event in InboundEvent.objects.order_by("id")] == [2, 0]
    assert len(handled) == 2


def test_the_same_bytes_are_a_new_fact_where_the_platform_says_so(
    push: Sender, handled: list[Any]
) -> None:
    for _ in range(3):
        push.push(SECRET, orderCancel='{"orderId": 1}')
    handle_all()
    assert [event.repeats for event in InboundEvent.objects.all()] == [0, 0, 0]
    assert [kind for kind, _ in handled] == ["orderCancel"] * 3


def test_a_handler_that_decides_by_the_state_it_meets_acts_once_per_change(
    push: Sender, meals: Connection
) -> None:
    """A cancellation acts on an order that is open, and does nothing when it is cancelled."""
    cancelled: list[int] = []

    def cancel(event: InboundEvent) -> None:
        row = Connection.objects.select_for_update().get(pk=event.connection_id)
        if row.name != "cancelled":
            Connection.objects.filter(pk=row.pk).update(name="cancelled")
            cancelled.append(event.pk)

    inbox.handles("meals", "orderCancel")(cancel)
    try:
        push.push(SECRET, orderCancel='{"orderId": 1}')
        push.push(SECRET, orderCancel='{"orderId": 1}')
        handle_all()
        Connection.objects.filter(pk=meals.pk).update(name="open again")
        push.push(SECRET, orderCancel='{"orderId": 1}')
        handle_all()
    finally:
        inbox._handlers.pop(("meals", "orderCancel"))
    pks = list(InboundEvent.objects.order_by("id").values_list("pk", flat=True))
    assert cancelled == [pks[0], pks[2]]


def test_what_a_platform_does_not_want_kept_is_not_kept(push: Sender) -> None:
    push.push(SECRET, orderWhatever="{}")
    assert "sign" not in InboundEvent.objects.get().body


# A GET that is answered with an echo


def check(echo: str, token: str = "AAAAA", time: str = "1714036504") -> str:
    sign = plain_sign(token, time, "1514711492")
    return urlencode({"signature": sign, "timestamp": time, "nonce": "1514711492", "echostr": echo})


def test_an_address_is_verified_by_an_echo(post_office: Sender) -> None:
    assert "f464b24fc39322e44b38aa78f5edd27bd1441696" in check("x")
    answer = post_office.send(b"", query=check("4375120948345356249"), method="GET")
    assert (answer.status, answer.body) == (200, b"4375120948345356249")


def test_an_echo_is_plain_text_even_when_it_looks_like_a_page(post_office: Sender) -> None:
    answer = post_office.send(b"", query=check("<script>alert(1)</script>"), method="GET")
    assert (answer.body, answer.kind) == (
        b"<script>alert(1)</script>",
        "text/plain; charset=utf-8",
    )


def test_a_stranger_gets_no_echo(post_office: Sender, live_server: LiveServer) -> None:
    assert post_office.send(b"", query=check("x", token="guessed"), method="GET").status == 403
    assert post_office.send(b"", method="GET").status == 403
    nobody = Sender(f"{live_server.url}/letters/999999/push")
    assert nobody.send(b"", query=check("x"), method="GET").status == 404


def test_an_address_that_makes_no_echo_takes_no_get(push: Sender) -> None:
    assert push.send(b"", method="GET").status == 405


# Sealed bodies and sealed answers


@pytest.mark.parametrize("xml", [True, False])
def test_a_sealed_letter_is_opened_and_answered_sealed(
    post_office: Sender, letters: Connection, xml: bool
) -> None:
    answer = post_office.letter(letters, json.dumps(PARCEL).encode(), xml=xml)
    assert stored() == [("parcel", PARCEL)]
    told = json.loads(answer.body)
    sign = plain_sign("AAAAA", str(told["TimeStamp"]), told["Nonce"], told["Encrypt"])
    assert (answer.status, told["MsgSignature"]) == (200, sign)
    assert json.loads(Seal.of(letters).open(told["Encrypt"])) == {
        "ToUserName": "o9AgO5Kd5gg",
        "resultcode": 0,
        "resultmsg": "ok",
    }


def test_a_sealed_letter_in_xml_keeps_what_is_nested_and_what_repeats(
    post_office: Sender, letters: Connection
) -> None:
    message = (
        "<xml><Event><![CDATA[parcel]]></Event><FromUserName>o9</FromUserName><CreateTime>1</CreateTime>"
        "<agent><name>我是小哥</name><phone/></agent><no>1</no><no>2</no></xml>"
    )
    assert post_office.letter(letters, message.encode(), xml=True).status == 200
    [(_, body)] = stored()
    assert body["agent"] == {"name": "我是小哥", "phone": ""}
    assert body["no"] == ["1", "2"]


def test_an_answer_depends_on_what_was_received(post_office: Sender, letters: Connection) -> None:
    answer = post_office.letter(letters, json.dumps(PARCEL | {"Event": "debug_demo"}).encode())
    assert answer.body == b"success"


BOMB = b"".join(
    [
        b'<!DOCTYPE x [<!ENTITY a0 "ha">',
        *(b'<!ENTITY a%d "%s">' % (n, b"&a%d;" % (n - 1) * 10) for n in range(1, 10)),
        b"]><xml><Encrypt>&a9;</Encrypt></xml>",
    ]
)


@pytest.mark.parametrize(
    "body",
    [
        BOMB,
        b"<!DOCTYPE xml><xml><Encrypt>1</Encrypt></xml>",
        b'<!DOCTYPE x SYSTEM "http://127.0.0.1:1/x.dtd"><xml><Encrypt>1</Encrypt></xml>',
        b'<!DOCTYPE x [<!ENTITY e SYSTEM "file:///etc/passwd">]><xml><Encrypt>&e;</Encrypt></xml>',
        b"<xml><Encrypt>&undefined;</Encrypt></xml>",
        b"<xml><Encrypt>\xff\xfe</Encrypt></xml>",
        b"<xml><Encrypt>\x00</Encrypt></xml>",
        b"<xml><Encrypt>&#xD800;</Encrypt></xml>",
        b"<xml>",
        b"<xml></xml>",
        b"<a>" * 2000 + b"</a>" * 2000,
        b"<xml><Encrypt>1</Encrypt><Encrypt>2</Encrypt></xml>",
        b'{"Encrypt": 1}',
        b'{"Encrypt": null}',
        b"{" * 3000,
        b"",
        b"<xml>" + b" " * 30_000,
    ],
    ids=lambda body: body[:20].decode("latin-1"),
)
def test_hostile_letters_are_refused_and_nothing_is_stored(
    post_office: Sender, body: bytes
) -> None:
    assert post_office.send(body, kind="text/xml").status in (400, 413)
    assert stored() == []


@pytest.mark.parametrize(
    "message",
    [BOMB, b"<!DOCTYPE xml><xml><a>1</a></xml>", b"[1]", b"\xff", b"<xml/>", b"{'a': 1}"],
    ids=lambda message: message[:20].decode("latin-1"),
)
def test_hostile_words_in_a_well_sealed_letter_are_refused(
    post_office: Sender, letters: Connection, message: bytes
) -> None:
    assert post_office.letter(letters, message).status == 400
    assert stored() == []


def test_a_letter_that_was_tampered_with_is_refused(
    post_office: Sender, letters: Connection
) -> None:
    sealed = Seal.of(letters).close(json.dumps(PARCEL).encode())
    sign = plain_sign("AAAAA", "1", "2", sealed)
    query = urlencode({"timestamp": "1", "nonce": "2", "msg_signature": sign})
    other = ("B" if sealed[0] == "A" else "A") + sealed[1:]
    assert post_office.send(json.dumps({"Encrypt": other}).encode(), query=query).status == 403
    rubbish = plain_sign("AAAAA", "1", "2", "rubbish")
    query = urlencode({"timestamp": "1", "nonce": "2", "msg_signature": rubbish})
    assert post_office.send(b'{"Encrypt": "rubbish"}', query=query).status == 400
    assert stored() == []


def test_a_letter_sealed_for_another_app_is_refused(
    post_office: Sender, letters: Connection
) -> None:
    answer = post_office.letter(letters, json.dumps(PARCEL).encode(), app="wx0000000000000000")
    assert (answer.status, answer.body) == (400, b"sealed for another app")
    assert stored() == []
