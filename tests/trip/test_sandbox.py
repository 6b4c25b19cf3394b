"""Meituan's side, played over real sockets against a supplier that answers what it is told to."""

import json
import re
import time
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
import requests

from stores.platforms import signatures
from stores.platforms.sandbox import SandboxServer
from tests.trip.suppliers import CLIENT_ID, PARTNER_ID, SECRET, Supplier, refused, success
from trip.sandbox import MeituanTripSandbox

ORDER = {"partner_id": PARTNER_ID, "partner_deal_id": "P-7", "unit_price": 95, "buy_price": 80.5, "visitors": []}
PAID = {"voucherType": 1, "vouchers": ["A1", "A2"], "voucherPics": []}


@pytest.fixture
def server() -> Iterator[SandboxServer]:
    with SandboxServer([MeituanTripSandbox()]) as server:
        yield server


@pytest.fixture
def supplier(server: SandboxServer) -> Iterator[Supplier]:
    """Registered with Meituan, creates every order as S1 and issues A1 and A2."""
    with Supplier() as supplier:
        supplier.answers["create"] = lambda body: success({"partnerOrderId": "S1"})
        supplier.answers["pay"] = lambda body: success({"orderId": body["orderId"], "partnerOrderId": "S1", **PAID})
        partner = {"partner_id": PARTNER_ID, "client_id": CLIENT_ID, "client_secret": SECRET}
        post(server, "partners", {**partner, "endpoints": supplier.endpoints})
        yield supplier


def post(server: SandboxServer, path: str, body: Any = None, status: int = 200) -> Any:
    answer = requests.post(f"{server.url}/_control/trip/{path}", json=body or {}, timeout=30)
    assert answer.status_code == status, answer.text
    return answer.json()


def get(server: SandboxServer, path: str) -> Any:
    answer = requests.get(f"{server.url}/_control/trip/{path}", timeout=30)
    assert answer.status_code == 200, answer.text
    return answer.json()


def place(server: SandboxServer, **changes: Any) -> Any:
    """The order's number, after create and, when asked for, pay."""
    return post(server, "orders", {**ORDER, "quantity": 2, **changes})["order"]["order_id"]


def notice(server: SandboxServer, kind: str, message: Any, **changes: Any) -> dict[str, Any]:
    """A notice signed by our own side's functions."""
    path = f"/trip/rhone/mtp/api/{kind}/notice"
    at = datetime.now(UTC) + changes.get("clock", timedelta(0))
    headers = signatures.signed_headers(
        method="POST", path=path, client_id=CLIENT_ID, secret=changes.get("secret", SECRET), at=at
    )
    headers["PartnerId"] = changes.get("partner", PARTNER_ID)
    answer = requests.post(f"{server.url}{path}", json=message, headers=headers, timeout=30)
    assert answer.status_code == 200
    told: dict[str, Any] = answer.json()
    return told


def pay_notice(order_id: int, **changes: Any) -> dict[str, Any]:
    body = {"orderId": order_id, "partnerOrderId": "S1", **PAID, **changes}
    return {"partnerId": 1001, "issueType": 1, "describe": "success", "body": body}


def consume_notice(order_id: int, used: int = 1, code: str = "A1") -> dict[str, Any]:
    rows = [{"voucher": code, "voucherPics": "", "voucherInvalidTime": "", "quantity": 1, "status": 1}]
    body = {"orderId": order_id, "partnerOrderId": "S1", "quantity": 2, "usedQuantity": used, "refundedQuantity": 0}
    return {"partnerId": 1001, "body": {**body, "voucherList": rows}}


def refund_notice(order_id: int, refund_id: str, code: int = 200, describe: str = "退款成功") -> dict[str, Any]:
    times = {"requestTime": "2026-05-01 10:00:00", "responseTime": "2026-05-01 11:00:00"}
    body = {"orderId": order_id, "refundId": refund_id, "partnerOrderId": "S1", **times}
    return {"code": code, "describe": describe, "partnerId": 1001, "body": body}


def query_answer(order_id: int, states: dict[str, int], **changes: Any) -> dict[str, Any]:
    rows = [
        {"voucher": code, "voucherPics": "", "voucherInvalidTime": "", "quantity": 1, "status": state}
        for code, state in states.items()
    ]
    used, gone = list(states.values()).count(1), list(states.values()).count(2)
    body = {"orderId": order_id, "partnerOrderId": "S1", "orderStatus": 4, "orderQuantity": 2, "voucherType": 1}
    return success({**body, "usedQuantity": used, "refundedQuantity": gone, "voucherList": rows, **changes})


# Calls


def test_create_says_what_the_interface_asks_for(server: SandboxServer, supplier: Supplier) -> None:
    told = post(server, "orders", {**ORDER, "quantity": 2, "travel_date": "2026-05-01"})
    (body,) = supplier.asked("create")
    assert body == {
        "orderId": told["order"]["order_id"],
        "partnerDealId": "P-7",
        "mtDealId": 555,
        "buyPrice": 80.5,
        "unitPrice": 95.0,
        "totalPrice": 190.0,
        "quantity": 2,
        "visitors": [],
        "travelDate": "2026-05-01",
    }
    assert re.fullmatch(r"[1-9]\d{14}", str(body["orderId"]))
    assert (told["order"]["status"], told["order"]["partner_order_id"]) == ("created", "S1")
    assert (told["exchanges"][0]["code"], told["exchanges"][0]["error"]) == (200, "")


def test_calls_are_signed_so_that_our_side_agrees(server: SandboxServer, supplier: Supplier) -> None:
    place(server)
    headers = supplier.headers("create")
    authorization = signatures.parse_authorization(headers["Authorization"])
    assert authorization is not None
    assert headers["PartnerId"] == PARTNER_ID
    assert authorization.client_id == CLIENT_ID
    assert signatures.is_signed(
        authorization.signature, method="POST", path="/trip/create", date=headers["Date"], secrets=[SECRET]
    )


@pytest.mark.parametrize("wrong", ["garbled", "wrong_secret", "foreign_client", "bare"])
def test_a_signature_can_be_wrong_on_purpose(server: SandboxServer, supplier: Supplier, wrong: str) -> None:
    place(server, signature=wrong)
    headers = supplier.headers("create")
    found = signatures.parse_authorization(headers["Authorization"])
    right = found is not None and found.client_id == CLIENT_ID
    assert not (
        right
        and found is not None
        and signatures.is_signed(
            found.signature, method="POST", path="/trip/create", date=headers["Date"], secrets=[SECRET]
        )
    )


def test_clock_and_headers_can_be_wrong_on_purpose(server: SandboxServer, supplier: Supplier) -> None:
    order_id = place(server, clock=-660, without=["PartnerId"])
    headers = supplier.headers("create")
    date = signatures.parse_date(headers["Date"])
    assert date is not None
    assert 655 < (datetime.now(UTC) - date).total_seconds() < 690
    assert "PartnerId" not in headers
    post(server, f"orders/{order_id}/query", {"date": "yesterday", "partner_header": "9"})
    assert (supplier.headers("query")["Date"], supplier.headers("query")["PartnerId"]) == ("yesterday", "9")


def test_prices_and_visitors_are_found_by_pulling_the_product(server: SandboxServer, supplier: Supplier) -> None:
    deal = {"partnerDealId": "P-7", "useDateMode": 1, "visitorInfoType": 3, "mtPrice": 1, "settlementPrice": 1}
    row = {"partnerDealId": "P-7", "date": "2026-05-01", "mtPrice": 99.9, "settlementPrice": 88}
    supplier.answers["products"] = lambda body: {**success([deal]), "totalSize": 1}
    supplier.answers["prices"] = lambda body: success([row])
    asked = {"partner_id": PARTNER_ID, "partner_deal_id": "P-7", "quantity": 2, "travel_date": "2026-05-01"}
    order = post(server, "orders", asked)["order"]
    assert (order["unit_price"], order["buy_price"]) == (99.9, 88.0)
    assert supplier.asked("create")[0]["totalPrice"] == 199.8
    assert [sorted(visitor["credentials"]) for visitor in order["visitors"]] == [["0"], ["0"]]
    assert supplier.asked("prices") == [{"partnerDealId": "P-7", "startTime": "2026-05-01", "endTime": "2026-05-01"}]


def test_a_product_that_the_pull_does_not_know_needs_its_prices_given(
    server: SandboxServer, supplier: Supplier
) -> None:
    supplier.answers["products"] = lambda body: {**success([]), "totalSize": 0}
    told = post(server, "orders", {"partner_id": PARTNER_ID, "partner_deal_id": "P-7"}, status=400)
    assert "P-7" in told["error"]
    assert supplier.asked("create") == []


def test_a_failed_create_keeps_the_reason(server: SandboxServer, supplier: Supplier) -> None:
    supplier.answers["create"] = lambda body: refused(420, "库存不足，仅剩1张")
    order = post(server, "orders", ORDER)["order"]
    assert (order["status"], order["reason"]) == ("create_failed", "库存不足，仅剩1张")


def test_an_order_can_be_paid_before_it_is_created(server: SandboxServer, supplier: Supplier) -> None:
    supplier.answers["pay"] = lambda body: refused(599, "订单不存在")
    order_id = place(server, send=False)
    assert supplier.heard == []
    assert post(server, f"orders/{order_id}/pay")["order"]["status"] == "new"
    assert post(server, f"orders/{order_id}/create")["order"]["status"] == "created"
    assert [name for name, _, _ in supplier.heard] == ["pay", "create"]


def test_a_dropped_answer_leaves_meituan_ignorant(server: SandboxServer, supplier: Supplier) -> None:
    order_id = place(server)
    told = post(server, f"orders/{order_id}/pay", {"drop": True})
    assert (told["exchanges"][0]["error"], told["exchanges"][0]["answer"]) == ("dropped", "")
    assert (told["order"]["status"], told["order"]["vouchers"]) == ("paying", {})


def test_meituan_waits_no_longer_than_its_limit(server: SandboxServer, supplier: Supplier) -> None:
    post(server, "settings", {"patience": 0.01})

    def slow(body: Any) -> dict[str, Any]:
        time.sleep(1)
        return success({"partnerOrderId": "S1"})

    supplier.answers["create"] = slow
    told = post(server, "orders", ORDER)
    assert told["exchanges"][0]["error"] == "timeout"
    assert 140 <= told["exchanges"][0]["ms"] < 900
    assert told["order"]["status"] == "new"


@pytest.mark.parametrize(("how", "count"), [({"times": 3}, 3), ({"at_once": 8}, 8)])
def test_a_message_can_be_repeated(server: SandboxServer, supplier: Supplier, how: dict[str, int], count: int) -> None:
    order_id = place(server)
    told = post(server, f"orders/{order_id}/pay", how)
    assert len(told["exchanges"]) == count
    assert len(supplier.asked("pay")) == count
    assert told["order"]["vouchers"] == {"A1": "unused", "A2": "unused"}


def test_garbage_and_a_partner_that_is_away_are_noted(server: SandboxServer, supplier: Supplier) -> None:
    order_id = place(server)
    supplier.answers["pay"] = lambda body: b"<html>"
    assert post(server, f"orders/{order_id}/pay")["exchanges"][0]["error"] == "not JSON"
    nowhere = {**supplier.endpoints, "pay": "http://127.0.0.1:9/pay"}
    partner = {"partner_id": PARTNER_ID, "client_id": CLIENT_ID, "client_secret": SECRET, "endpoints": nowhere}
    post(server, "partners", partner)
    assert post(server, f"orders/{order_id}/pay")["exchanges"][0]["error"] == "refused"


def test_polling_ends_when_the_order_is_issued(server: SandboxServer, supplier: Supplier) -> None:
    supplier.answers["pay"] = lambda body: success({"orderId": body["orderId"], "partnerOrderId": "S1"}, 598, "出票中")
    order_id = place(server, pay=True)
    still = [query_answer(order_id, {}, orderStatus=5)] * 2
    supplier.answers["query"] = lambda body: still.pop() if still else query_answer(order_id, {"A1": 0, "A2": 0})
    order = post(server, f"orders/{order_id}/poll", {"seconds": 20, "every": 0.01})["order"]
    assert (order["status"], order["vouchers"]) == ("issued", {"A1": "unused", "A2": "unused"})
    assert len(supplier.asked("query")) == 3


def test_a_refund_names_an_application_that_can_be_asked_again(server: SandboxServer, supplier: Supplier) -> None:
    supplier.answers["refund"] = lambda body: success(code=602, describe="审核中")
    order_id = place(server, pay=True)
    order = post(server, f"orders/{order_id}/refunds", {"vouchers": ["A2"], "fee": 5})["order"]
    (refund,) = order["refunds"].values()
    assert re.fullmatch(rf"{order_id}-20\d{{15}}", refund["refund_id"])
    assert (refund["state"], order["refunded"]) == ("review", 0)
    supplier.answers["refund"] = lambda body: success()
    order = post(server, f"orders/{order_id}/refunds/{refund['refund_id']}")["order"]
    assert (order["refunded"], order["vouchers"]) == (1, {"A1": "unused", "A2": "refunded"})
    first, again = supplier.asked("refund")
    assert first == again
    assert {name: first[name] for name in ("refundQuantity", "voucherList", "refundPrice", "refundFee")} == {
        "refundQuantity": 1,
        "voucherList": ["A2"],
        "refundPrice": 90.0,
        "refundFee": 5.0,
    }


def test_a_close_and_a_refunded_message_are_told_however_often(server: SandboxServer, supplier: Supplier) -> None:
    order_id = place(server, pay=True)
    post(server, f"orders/{order_id}/refunded", {"type": 1, "vouchers": ["A1"], "serial": "R1", "times": 2})
    order = get(server, f"orders/{order_id}")
    assert (order["refunded"], order["vouchers"], order["messages"]) == (
        1,
        {"A1": "refunded", "A2": "unused"},
        {"R1": 200},
    )
    (body, _) = supplier.asked("refunded")
    assert (body["refundMessageType"], body["count"], body["refundSerialNo"]) == (1, 1, "R1")
    post(server, f"orders/{order_id}/close", {"type": 3})
    assert supplier.asked("close") == [{"orderId": order_id, "partnerOrderId": "S1", "closeType": 3}]
    assert get(server, f"orders/{order_id}")["vouchers"] == {"A1": "refunded", "A2": "voided"}


def test_messages_about_no_order_go_out_too(server: SandboxServer, supplier: Supplier) -> None:
    post(server, f"partners/{PARTNER_ID}/heartbeat")
    post(server, f"partners/{PARTNER_ID}/balance", {"partnerDealIds": ["P-7"]})
    post(server, f"partners/{PARTNER_ID}/audit", {"partnerDealId": "P-7", "status": 1})
    post(server, f"partners/{PARTNER_ID}/products")
    post(server, f"partners/{PARTNER_ID}/send", {"operation": "create", "raw": "{"})
    assert [(name, json.loads(body) if body != b"{" else "{") for name, _, body in supplier.heard] == [
        ("heartbeat", {"partnerId": 1001}),
        ("balance", {"partnerId": 1001, "body": {"partnerDealIds": ["P-7"]}}),
        ("audit", {"partnerId": 1001, "body": [{"partnerDealId": "P-7", "status": 1}]}),
        ("products", {"partnerId": 1001, "body": {"method": "page", "currentPage": 1, "pageSize": 20}}),
        ("create", "{"),
    ]


# Notices


def test_a_pay_notice_makes_the_order_issued(server: SandboxServer, supplier: Supplier) -> None:
    supplier.answers["pay"] = lambda body: success({"orderId": body["orderId"], "partnerOrderId": "S1"}, 598, "出票中")
    order_id = place(server, pay=True)
    assert notice(server, "order/pay", pay_notice(order_id)) == {
        "code": 200,
        "describe": "success",
        "partnerId": 1001,
    }
    order = get(server, f"orders/{order_id}")
    assert (order["status"], order["voucher_type"]) == ("issued", 1)
    assert order["vouchers"] == {"A1": "unused", "A2": "unused"}


def test_a_pay_notice_of_a_failure_names_the_reason(server: SandboxServer, supplier: Supplier) -> None:
    supplier.answers["pay"] = lambda body: success(code=598, describe="出票中")
    order_id = place(server, pay=True)
    ids = {"orderId": order_id, "partnerOrderId": "S1"}
    failed = {"partnerId": 1001, "issueType": 2, "describe": "", "body": ids}
    assert notice(server, "order/pay", failed)["describe"] == "出票失败必须说明真实原因"
    assert notice(server, "order/pay", {**failed, "describe": "上游无票"})["code"] == 200
    order = get(server, f"orders/{order_id}")
    assert (order["status"], order["reason"]) == ("pay_failed", "上游无票")


def test_a_refused_refund_may_be_agreed_later_but_not_the_other_way(server: SandboxServer, supplier: Supplier) -> None:
    supplier.answers["refund"] = lambda body: success(code=602, describe="审核中")
    order_id = place(server, pay=True)
    (refund_id,) = post(server, f"orders/{order_id}/refunds", {"quantity": 2})["order"]["refunds"]
    states = []
    for code, describe in [(606, "已过入园时间"), (200, "退款成功"), (606, "已过入园时间")]:
        assert notice(server, "order/refund", refund_notice(order_id, refund_id, code, describe))["code"] == 200
        order = get(server, f"orders/{order_id}")
        states.append((order["refunds"][refund_id]["state"], order["refunded"]))
    assert states == [("refused", 0), ("agreed", 2), ("agreed", 2)]


def test_consume_notices_count_up_and_a_late_one_counts_nothing_down(server: SandboxServer, supplier: Supplier) -> None:
    order_id = place(server, pay=True)
    notice(server, "order/consume", consume_notice(order_id, used=2, code="A2"))
    notice(server, "order/consume", consume_notice(order_id, used=1, code="A1"))
    order = get(server, f"orders/{order_id}")
    assert (order["used"], order["vouchers"]) == (2, {"A1": "used", "A2": "used"})
    kept = get(server, f"orders/{order_id}/notices")["notices"]
    assert [row["message"]["body"]["usedQuantity"] for row in kept] == [2, 1]


def test_how_many_tickets_an_order_has_that_meituan_never_placed_is_learned_from_its_notices(
    server: SandboxServer, supplier: Supplier
) -> None:
    for number in (490000000000001, 490000000000002):
        assert notice(server, "order/pay", pay_notice(number, voucherType=2, vouchers=["A1"]))["code"] == 200
        assert notice(server, "order/consume", consume_notice(number))["code"] == 200
        order = get(server, f"orders/{number}")
        assert (order["quantity"], order["used"], order["voucher_type"]) == (2, 1, 2)


def test_the_next_notices_and_a_share_of_the_others_are_still_being_processed(
    server: SandboxServer, supplier: Supplier
) -> None:
    order_id = place(server, pay=True)
    post(server, "settings", {"processing_next": 1})
    first, second = (notice(server, "order/consume", consume_notice(order_id)) for _ in range(2))
    assert (first["code"], first["describe"], second["code"]) == (300, "支付通知阶段-美团内部处理中", 200)
    post(server, "settings", {"processing_share": 0.5})
    codes = [notice(server, "order/consume", consume_notice(order_id))["code"] for _ in range(40)]
    assert 8 <= codes.count(300) <= 32


def test_a_notice_that_is_refused_or_still_processed_may_not_have_been_taken_in(
    server: SandboxServer, supplier: Supplier
) -> None:
    order_id = place(server, pay=True)
    post(server, "settings", {"processing_next": 1, "processing_applies": False})
    notice(server, "order/consume", consume_notice(order_id))
    post(server, "settings", {"refuse_next": 1, "refuse_code": 500, "refuse_describe": "系统异常"})
    assert notice(server, "order/consume", consume_notice(order_id))["code"] == 500
    assert get(server, f"orders/{order_id}")["used"] == 0


def test_faults_strike_notices(server: SandboxServer, supplier: Supplier) -> None:
    order_id = place(server, pay=True)
    server.faults.add(kind="status_503", operation="consume_notice")
    path = f"{server.url}/trip/rhone/mtp/api/order/consume/notice"
    assert requests.post(path, json=consume_notice(order_id), timeout=30).status_code == 503
    assert server.arrivals.all()[-1].outcome == "fault:status_503"


WRONG_CALLERS = [
    ({"secret": "another"}, "BA认证失败"),
    ({"clock": timedelta(minutes=-11)}, "Date超出允许范围"),
    ({"partner": "9"}, "PartnerId不存在"),
]


@pytest.mark.parametrize(("how", "describe"), WRONG_CALLERS)
def test_a_notice_that_is_not_signed_right_is_not_read(
    server: SandboxServer, supplier: Supplier, how: dict[str, Any], describe: str
) -> None:
    order_id = place(server, pay=True)
    told = notice(server, "order/consume", consume_notice(order_id), **how)
    assert (told["code"], told["describe"]) == (300, describe)
    assert get(server, f"orders/{order_id}")["used"] == 0


WRONG_NOTICES = [
    ("order/pay", lambda message: message | {"issueType": 0}),
    ("order/pay", lambda message: message | {"partnerId": 7}),
    ("order/pay", lambda message: message | {"body": message["body"] | {"vouchers": ["A1"]}}),
    ("order/pay", lambda message: message | {"body": message["body"] | {"vouchers": ["A" * 21, "B"]}}),
    ("order/pay", lambda message: message | {"body": message["body"] | {"orderId": "12"}}),
    ("order/pay", lambda message: message | {"body": message["body"] | {"partnerOrderId": "other"}}),
    ("order/pay", lambda message: [message]),
]


@pytest.mark.parametrize(("kind", "spoil"), WRONG_NOTICES)
def test_a_notice_with_wrong_fields_is_refused(
    server: SandboxServer, supplier: Supplier, kind: str, spoil: Any
) -> None:
    order_id = place(server)
    assert notice(server, kind, spoil(pay_notice(order_id)))["code"] == 300
    assert get(server, f"orders/{order_id}")["status"] == "created"


def test_a_product_notice_is_a_list(server: SandboxServer, supplier: Supplier) -> None:
    message = {"partnerId": 1001, "body": [{"partnerDealId": "P-7", "status": 5}]}
    assert notice(server, "deal/change", message)["code"] == 200
    assert notice(server, "deal/change", {**message, "body": message["body"][0]})["code"] == 300  # type: ignore[index]
    assert [row["message"]["body"][0]["status"] for row in get(server, "notices")["notices"][:1]] == [5]


# Both sides


def test_both_sides_agree_or_say_where_they_do_not(server: SandboxServer, supplier: Supplier) -> None:
    order_id = place(server, pay=True)
    notice(server, "order/consume", consume_notice(order_id))
    supplier.answers["query"] = lambda body: query_answer(order_id, {"A1": 1, "A2": 0})
    assert get(server, f"orders/{order_id}/compare")["agree"] is True
    supplier.answers["query"] = lambda body: query_answer(order_id, {"A1": 1, "A2": 2})
    assert get(server, f"orders/{order_id}/compare")["differences"] == [
        "refundedQuantity: Meituan 0, partner 1",
        "voucher A2: Meituan unused, partner refunded",
    ]


def test_a_closed_order_whose_tickets_still_work_is_a_difference(server: SandboxServer, supplier: Supplier) -> None:
    order_id = place(server, pay=True)
    post(server, f"orders/{order_id}/close", {"type": 3})
    supplier.answers["query"] = lambda body: query_answer(order_id, {"A1": 3, "A2": 0})
    assert get(server, f"orders/{order_id}/compare")["differences"] == ["1 tickets of a closed order can still be used"]


def test_everything_said_is_in_the_log(server: SandboxServer, supplier: Supplier) -> None:
    order_id = place(server, pay=True)
    place(server)
    said = get(server, f"orders/{order_id}/log")["exchanges"]
    assert [(row["operation"], row["code"], row["status"]) for row in said] == [
        ("create", 200, 200),
        ("pay", 200, 200),
    ]
    assert json.loads(said[1]["answer"])["body"]["vouchers"] == ["A1", "A2"]
    assert len(get(server, "log")["exchanges"]) == 3


def test_what_meituan_knows_survives_a_restart(server: SandboxServer, supplier: Supplier) -> None:
    order_id = place(server, pay=True)
    notice(server, "order/consume", consume_notice(order_id))
    sandbox = MeituanTripSandbox()
    sandbox.restore(json.loads(json.dumps(server.platform("trip").snapshot())))
    assert sandbox.snapshot() == server.platform("trip").snapshot()
    assert sandbox.control(f"orders/{order_id}", None)["used"] == 1


@pytest.mark.parametrize(
    ("path", "body", "status"),
    [
        ("partners", {"partner_id": "x"}, 400),
        ("partners", {"partner_id": "1", "client_id": "c", "client_secret": "s", "endpoints": {"nonsense": "x"}}, 400),
        ("partners/9/heartbeat", {}, 404),
        (f"partners/{PARTNER_ID}/nonsense", {}, 404),
        ("orders", {"partner_id": "9", "partner_deal_id": "P-7"}, 404),
        ("orders", {**ORDER, "quantity": "2"}, 400),
        ("orders", {**ORDER, "signature": "lazy"}, 400),
        ("orders", {**ORDER, "at_once": 65}, 400),
        ("orders/12/pay", {}, 404),
        ("orders/x/pay", {}, 404),
        ("settings", {"patience": -1}, 400),
        ("settings", {"mood": "bad"}, 400),
        ("nonsense", {}, 404),
    ],
)
def test_a_senseless_wish_is_refused_and_changes_nothing(
    server: SandboxServer, supplier: Supplier, path: str, body: dict[str, Any], status: int
) -> None:
    before = server.platform("trip").snapshot()
    assert post(server, path, body, status=status)["error"]
    assert server.platform("trip").snapshot() == before
