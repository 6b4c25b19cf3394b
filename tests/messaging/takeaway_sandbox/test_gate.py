"""Who may call: signatures, tokens, prefixes, and the answers of the gateway."""

import json
from typing import Any

import pytest
import requests

from messaging.sandbox.signing import decrypt, encrypt, signature
from stores.sandbox import SandboxServer
from tests.messaging.takeaway_sandbox.calling import (
    DEVELOPER,
    SECRET,
    SHOP,
    SIGN_KEY,
    Provider,
    place,
    post,
)

STATUS = "/waimai/ng/im/getPoiIMStatus"
BASE = {
    "appAuthToken": "tok-demo-0001",
    "businessId": "2",
    "charset": "UTF-8",
    "developerId": "100000",
    "timestamp": "1616400000",
    "version": "2",
}
MESSAGE = (
    '{"biz_type":1,"push_content":{"msg_id":1616400000001,"msg_content":"CIPHER","msg_type":1,'
    '"msg_source":1,"cts":1616400000,"order_id":27060130000000001,"open_user_id":880012345}}'
)
VECTORS = [
    ({**BASE, "biz": "{}"}, "8b2e0ee6e1269116157012fb3698d522f07a0373"),
    (BASE, "dcc9ef17a6051a9798fd550c6f8b295a5a7a176c"),
    ({**BASE, "biz": MESSAGE}, "e6f92750adbd3ab4f0f9148b740a52f06ded1021"),
    (
        {
            "developerId": "100000",
            "ePoiId": "shop-001",
            "order": '{"orderId":27060130000000001,"status":2}',
        },
        "069ebea19d04a51eb5d45ebc18f10e8733e8a543",
    ),
    (
        {
            "businessId": "2",
            "developerId": "100000",
            "ePoiId": "shop-001",
            "ePoiName": "演示店",
            "timestamp": "1616400000",
        },
        "75ce614b112e0b127b99757494e7b3f950d6ea25",
    ),
]


@pytest.mark.parametrize(("fields", "expected"), VECTORS)
def test_signatures_are_those_of_the_vectors(fields: dict[str, str], expected: str) -> None:
    assert signature(SIGN_KEY, fields) == expected
    assert signature(SIGN_KEY, {**fields, "sign": "x", "empty": ""}) == expected


@pytest.mark.parametrize(
    ("text", "content"),
    [
        ("hello", "MOfLtxzZ0YgS4+5cPylFYw=="),
        (
            "您好，请问有什么可以帮您？",
            "XUlU7Qna2895I1VrGW4EEj2dQZbMgU187efYXCHbTTRrAsmVP3jop1AYg604LU7o",
        ),
    ],
)
def test_texts_are_encrypted_as_in_the_vectors(text: str, content: str) -> None:
    assert (encrypt(SECRET, text), decrypt(SECRET, content)) == (content, text)


@pytest.mark.parametrize("content", ["no base64", "MOfLtxzZ0YgS", "AAAAAAAAAAAAAAAAAAAAAA=="])
def test_what_is_no_encrypted_text_is_a_value_error(content: str) -> None:
    with pytest.raises(ValueError):
        decrypt(SECRET, content)


def test_a_signed_vector_is_accepted_on_the_socket(
    server: SandboxServer, provider: Provider
) -> None:
    post(server, "settings", {"timestamp_window": 0})
    fields, sign = VECTORS[1]
    assert provider.raw(STATUS, {**fields, "sign": sign})["code"] == "OP_SUCCESS"


def test_an_answer_has_code_text_data_and_a_trace(provider: Provider) -> None:
    data = provider.raw(STATUS, provider.fields())
    assert {name: data[name] for name in ("code", "msg", "data")} == {
        "code": "OP_SUCCESS",
        "msg": "成功",
        "data": {"app_id": DEVELOPER, "epoiId": SHOP, "im_status": 1},
    }
    assert data["traceId"]


def test_a_wrong_signature_and_a_changed_body_are_code_3(provider: Provider) -> None:
    fields = provider.fields({"imStatus": 0})
    for wrong in ({"sign": "0" * 40}, {"biz": '{"imStatus":1}'}, {"developerId": "7"}):
        data = provider.raw("/waimai/ng/im/setPoiIMStatus", {**fields, **wrong})
        assert (data["code"], data["data"]["code"]) == ("OP_UNIAUTH_FAILED", 3)
    assert provider.ok(STATUS)["im_status"] == 1


@pytest.mark.parametrize(
    "name", ["timestamp", "businessId", "developerId", "charset", "version", "sign"]
)
def test_a_missing_system_parameter_is_named(provider: Provider, name: str) -> None:
    fields = provider.fields()
    del fields[name]
    data = provider.raw(STATUS, fields)
    assert (data["code"], name in data["msg"]) == ("OP_SYSTEM_PARAM_ERROR", True)


@pytest.mark.parametrize("stamp", ["1616400000", "1616400000000", "yesterday"])
def test_a_timestamp_is_of_now_and_in_seconds(server: SandboxServer, stamp: str) -> None:
    wrong = Provider(server, changes={"timestamp": stamp})
    assert wrong.call(STATUS).code == "OP_SYSTEM_PARAM_ERROR"


@pytest.mark.parametrize(
    ("binding", "code"), [("expired", 4), ("revoked", 5)], ids=["expired", "revoked"]
)
def test_a_token_can_be_expired_or_revoked(
    server: SandboxServer, provider: Provider, binding: str, code: int
) -> None:
    post(server, f"stores/{SHOP}", {"binding": binding})
    answer = provider.call(STATUS)
    assert (answer.code, answer.data["code"]) == ("OP_UNIAUTH_FAILED", code)


def test_an_unknown_token_is_code_5_and_none_is_a_missing_parameter(server: SandboxServer) -> None:
    assert Provider(server, "another").call(STATUS).data["code"] == 5
    assert Provider(server, "").call(STATUS).code == "OP_SYSTEM_PARAM_ERROR"
    assert Provider(server, "").call("/waimai/order/queryById", {"orderId": 1}).code == (
        "OP_SYSTEM_PARAM_ERROR"
    )
    assert Provider(server, "").ok("/waimai/ng/im/getConnectionToken")["imSecret"] == SECRET


def test_each_kind_of_provider_has_its_prefix(
    server: SandboxServer, provider: Provider, reader: Provider
) -> None:
    assert reader.ok("/wmoper/ng/im/getPoiIMStatus")["epoiId"] == "shop-016"
    wrong = [
        provider.call("/wmoper/ng/im/getPoiIMStatus"),
        reader.call(STATUS),
        Provider(server, reader.token, 2).call(STATUS),
        Provider(server, provider.token, 58).call(STATUS),
    ]
    assert {answer.code for answer in wrong} == {"OP_API_GRANT_FAILED"}


def test_paths_methods_and_bodies_that_are_not_offered(provider: Provider) -> None:
    assert provider.call("/waimai/order/dance").code == "OP_API_NOT_EXIST"
    url = f"{provider.server.url}/takeaway{STATUS}"
    data = requests.get(url, timeout=30).json()
    assert data["code"] == "OP_HTTP_UNSUPPORTED_METHOD_TYPE"
    data = requests.post(url, json=provider.fields(), timeout=30).json()
    assert data["code"] == "OP_HTTP_UNSUPPORTED_CONTENT_TYPE"
    fields = provider.fields()
    broken = Provider(provider.server, changes={"biz": "{"})
    assert fields["version"] == "2"
    assert broken.refusal(STATUS) == "biz不是JSON对象"


def test_the_old_form_has_no_biz_and_an_error_of_its_own(server: SandboxServer) -> None:
    order_id = place(server)
    old = Provider(server, changes={"version": "1", "orderId": order_id})
    assert old.raw("/waimai/order/confirm", old.fields()) == {"data": "ok"}
    data = old.raw("/waimai/order/confirm", {**old.fields(), "sign": "x"})
    assert data["error"] == {
        "code": 3,
        "error_type": "signature_error",
        "message": "签名验证失败",
    }


def test_faults_strike_calls_by_the_same_name_under_both_prefixes(
    server: SandboxServer, provider: Provider, reader: Provider
) -> None:
    server.faults.add(kind="throttle", operation="im/getPoiIMStatus", times=2)
    answers = [provider.call(STATUS), reader.call("/wmoper/ng/im/getPoiIMStatus")]
    assert [answer.code for answer in answers] == ["OP_LIMITATION_REJECT"] * 2
    server.faults.add(kind="auth")
    assert provider.call(STATUS).data["code"] == 4
    server.faults.add(kind="wrong_types")
    assert json.dumps(provider.raw(STATUS, provider.fields())["msg"]) == "{}"
    arrival = server.arrivals.all()[-1]
    assert (arrival.operation, arrival.account) == ("im/getPoiIMStatus", str(DEVELOPER))


@pytest.mark.parametrize(
    ("path", "body", "status"),
    [
        ("developers", {"developer_id": "x", "sign_key": "k"}, 400),
        ("developers", {"developer_id": 1, "sign_key": "k", "im_secret": "short"}, 400),
        ("developers/100000/push", {"nonsense": "http://x"}, 400),
        ("developers/100000/push", {"bind": "ftp://x"}, 400),
        ("developers/9/push", {}, 404),
        ("stores", {"epoi_id": "x", "developer_id": 9}, 404),
        ("stores", {"epoi_id": "x", "developer_id": 100000, "business_id": 3}, 400),
        ("stores/shop-001", {"im_status": 2}, 400),
        ("stores/shop-001/status", {"status": 5}, 400),
        ("stores/nowhere", {}, 404),
        ("orders", {"epoi_id": "nowhere"}, 404),
        ("orders", {"epoi_id": SHOP, "dishes": [{"price": -1}]}, 400),
        ("orders", {"epoi_id": SHOP, "dishes": [{"taste": "good"}]}, 400),
        ("orders", {"epoi_id": SHOP, "recipient": {"mood": "good"}}, 400),
        ("orders", {"epoi_id": SHOP, "incomplete": ["mood"]}, 400),
        ("orders/12/confirm", {}, 404),
        ("orders/x/confirm", {}, 404),
        ("messages", {"epoi_id": SHOP, "text": "a"}, 400),
        ("pushes", {"event": "bind", "epoi_id": "nowhere", "fields": {}}, 404),
        ("pushes/99/repeat", {}, 404),
        ("settings", {"push_retry_seconds": [-1]}, 400),
        ("settings", {"acknowledgement": "loose"}, 400),
        ("settings", {"mood": "bad"}, 400),
        ("nonsense", {}, 404),
    ],
)
def test_a_senseless_wish_is_refused_and_changes_nothing(
    server: SandboxServer, path: str, body: dict[str, Any], status: int
) -> None:
    before = server.platform("takeaway").snapshot()
    assert post(server, path, body, status=status)["error"]
    after = server.platform("takeaway").snapshot()
    before["numbers"] = after["numbers"]
    assert after == before
