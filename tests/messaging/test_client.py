"""Calls to the takeaway platform over real sockets: what is sent to the letter, and what the
answers become.
"""

import hashlib
import json
from collections.abc import Callable
from typing import Any
from urllib.parse import parse_qsl

import pytest

from messaging.choices import Provider
from messaging.client import SocketToken, TakeawayClient
from stores.platforms.errors import LoginRefused, PlatformError, Refused, Unknown
from tests.canned import Canned, answer
from tests.messaging.samples import ORDER_ID, order

KEY, TOKEN = "demoSignKey00001", "tok-demo-0001"
NUMBER = str(ORDER_ID)
Call = Callable[[TakeawayClient], Any]


def client(url: str, provider: Provider = Provider.TAKING, **fields: Any) -> TakeawayClient:
    known = {"developer_id": "100000", "sign_key": KEY, "token": TOKEN} | fields
    return TakeawayClient(url, provider=provider, timeout=(1.0, 1.0), **known)


def success(data: Any = "ok") -> bytes:
    return answer(json.dumps({"code": "OP_SUCCESS", "msg": "成功", "data": data}))


def refusal(message: str) -> bytes:
    return answer(json.dumps({"code": "OP_BIZ_ERROR", "msg": message}, ensure_ascii=False))


def sent(server: Canned) -> tuple[str, dict[str, str]]:
    """The path of the only request, and its fields, whose signature is checked by hand."""
    [request] = server.requests
    head, _, body = request.partition(b"\r\n\r\n")
    assert b"application/x-www-form-urlencoded" in head
    fields = dict(parse_qsl(body.decode(), strict_parsing=True))
    signed = "".join(f"{name}{fields[name]}" for name in sorted(fields) if name != "sign")
    assert fields["sign"] == hashlib.sha1(f"{KEY}{signed}".encode()).hexdigest()
    return head.split(b" ")[1].decode(), fields


@pytest.mark.parametrize(
    ("call", "path", "biz"),
    [
        (lambda c: c.confirm(NUMBER), "/waimai/order/confirm", {"orderId": ORDER_ID}),
        (
            lambda c: c.cancel(NUMBER, code="2001", reason="卖完了"),
            "/waimai/order/cancel",
            {"orderId": ORDER_ID, "reasonCode": "2001", "reason": "卖完了"},
        ),
        (
            lambda c: c.agree_refund(NUMBER, reason="好"),
            "/waimai/order/agreeRefund",
            {"orderId": NUMBER, "reason": "好"},
        ),
        (
            lambda c: c.reject_refund(NUMBER, reason="已送"),
            "/waimai/order/rejectRefund",
            {"orderId": NUMBER, "reason": "已送"},
        ),
        (
            lambda c: c.refund_part(NUMBER, reason="少送", dishes=[{"sku_id": "s1", "count": 1}]),
            "/waimai/order/applyPartRefund",
            {"orderId": ORDER_ID, "reason": "少送", "foodData": '[{"sku_id":"s1","count":1}]'},
        ),
        (
            lambda c: c.on_the_way(NUMBER, courier="王", phone="13800138000"),
            "/waimai/order/delivering",
            {"orderId": ORDER_ID, "courierName": "王", "courierPhone": "13800138000"},
        ),
        (
            lambda c: c.delivered(NUMBER, courier="王", phone="13800138000"),
            "/waimai/order/delivered",
            {"orderId": ORDER_ID, "courierName": "王", "courierPhone": "13800138000"},
        ),
        (lambda c: c.call_rider(NUMBER), "/waimai/order/dispatchShip", {"orderId": ORDER_ID}),
        (lambda c: c.cancel_rider(NUMBER), "/waimai/order/cancelDispatch", {"orderId": ORDER_ID}),
        (
            lambda c: c.meal_ready(NUMBER),
            "/waimai/order/preparationMealComplete",
            {"orderId": ORDER_ID},
        ),
        (lambda c: c.answer_urge(NUMBER), "/waimai/ng/order/remindReply", {"orderId": ORDER_ID}),
        (
            lambda c: c.agree_time(NUMBER),
            "/waimai/ng/order/eta/modify/agree",
            {"orderId": ORDER_ID},
        ),
        (
            lambda c: c.refuse_time(NUMBER),
            "/waimai/ng/order/eta/modify/refuse",
            {"orderId": ORDER_ID},
        ),
        (
            lambda c: c.report_printed(NUMBER),
            "/waimai/ng/order/reportMetrics",
            {"type": "ORDER_PRINT_COMPLETE", "value": json.dumps({"orderViewId": ORDER_ID})},
        ),
        (lambda c: c.switch_chat(is_on=True), "/waimai/ng/im/setPoiIMStatus", {"imStatus": 1}),
        (
            lambda c: c.mark_read("880012345", message_id="7"),
            "/waimai/ng/im/msgRead",
            {"openUserId": 880012345, "msgId": 7},
        ),
    ],
)
def test_each_call_goes_to_its_path_with_its_content(
    call: Call, path: str, biz: dict[str, Any]
) -> None:
    with Canned(success()) as server:
        call(client(server.url))
    where, fields = sent(server)
    assert (where, json.loads(fields["biz"])) == (path, biz)
    assert {name: fields[name] for name in ("businessId", "developerId", "version", "charset")} == {
        "businessId": "2",
        "developerId": "100000",
        "version": "2",
        "charset": "UTF-8",
    }
    assert fields["appAuthToken"] == TOKEN


def test_a_message_is_sent_in_the_envelope() -> None:
    with Canned(success(None)) as server:
        client(server.url).send(message_id="99", customer="88", order_id="", sealed="SEALED")
    where, fields = sent(server)
    biz = json.loads(fields["biz"])
    assert (where, biz["biz_type"]) == ("/waimai/ng/im/msg/send", 1)
    assert biz["push_content"].pop("cts") == int(fields["timestamp"])
    assert biz["push_content"] == {
        "msg_id": 99,
        "msg_content": "SEALED",
        "msg_type": 1,
        "msg_source": 1,
        "order_id": 0,
        "open_user_id": 88,
    }


@pytest.mark.parametrize(
    ("call", "path"),
    [
        (lambda c: c.meal_ready(NUMBER), "/wmoper/ng/order/preparationMealComplete"),
        (lambda c: c.refunds_of([NUMBER]), "/wmoper/ng/order/getBatchOrderRefundInfo"),
        (lambda c: c.switch_chat(is_on=False), "/wmoper/ng/im/setPoiIMStatus"),
    ],
)
def test_a_provider_that_takes_no_orders_has_paths_of_its_own(call: Call, path: str) -> None:
    with Canned(success()) as server:
        call(client(server.url, Provider.READING))
    where, fields = sent(server)
    assert (where, fields["businessId"]) == (path, "16")


@pytest.mark.parametrize(
    "call",
    [
        lambda c: c.confirm(NUMBER),
        lambda c: c.cancel(NUMBER, code="2001", reason=""),
        lambda c: c.agree_refund(NUMBER, reason=""),
        lambda c: c.call_rider(NUMBER),
        lambda c: c.unconfirmed(),
        lambda c: c.abnormal(),
    ],
)
def test_what_such_a_provider_may_not_do_is_never_sent(call: Call) -> None:
    with Canned() as server, pytest.raises(Refused, match="takes no orders"):
        call(client(server.url, Provider.READING))
    assert server.requests == []


@pytest.mark.parametrize("fields", [{"token": ""}, {"sign_key": ""}])
def test_without_key_or_token_nothing_is_sent(fields: dict[str, Any]) -> None:
    with Canned() as server, pytest.raises(LoginRefused):
        client(server.url, **fields).confirm(NUMBER)
    assert server.requests == []


def test_accepting_an_accepted_order_is_a_success() -> None:
    with Canned(refusal("订单已确认，请勿重复操作")) as server:
        client(server.url).confirm(NUMBER)
    with Canned(refusal("订单已取消")) as server, pytest.raises(Refused, match="已取消"):
        client(server.url).confirm(NUMBER)


def test_an_order_is_read() -> None:
    with Canned(success(order())) as server:
        assert client(server.url).order(NUMBER).paid == 5900
    assert sent(server)[0] == "/waimai/order/queryById"


@pytest.mark.parametrize("data", [None, "x", {}, order(orderId=7)])
def test_an_answer_with_another_order_says_nothing(data: Any) -> None:
    with Canned(success(data)) as server, pytest.raises(Unknown):
        client(server.url).order(NUMBER)


def test_the_questions_about_all_stores_need_no_token() -> None:
    with Canned(success([order(), {"orderId": "x"}, 7])) as server:
        found = client(server.url, token="").unconfirmed()
    assert [each.order_id for each in found] == [NUMBER]
    path, fields = sent(server)
    assert path == "/waimai/ng/order/getUnConfirmedOrders"
    assert "appAuthToken" not in fields
    assert "biz" not in fields
    with Canned(success([ORDER_ID, str(ORDER_ID + 1), "x", None])) as server:
        assert client(server.url, token="").abnormal() == [NUMBER, str(ORDER_ID + 1)]


def test_a_token_for_the_socket() -> None:
    data = {
        "connectionToken": "wo1token",
        "connectionId": "1_WMOPEN",
        "imSecret": "0123456789abcdef",
        "userCount": "2",
    }
    with Canned(success(data)) as server:
        token = client(server.url, token="").socket_token()
    assert token == SocketToken("1_WMOPEN", "wo1token", "0123456789abcdef", 2)
    with Canned(success({"connectionId": "1"})) as server, pytest.raises(Unknown):
        client(server.url, token="").socket_token()


@pytest.mark.parametrize(
    ("data", "wanted"), [({"im_status": 1}, True), ({"im_status": "0"}, False)]
)
def test_whether_chat_is_on(data: Any, wanted: bool) -> None:
    with Canned(success(data)) as server:
        assert client(server.url).is_chat_on() is wanted


def test_a_status_that_is_missing_says_nothing() -> None:
    with Canned(success({})) as server, pytest.raises(PlatformError):
        client(server.url).is_chat_on()
