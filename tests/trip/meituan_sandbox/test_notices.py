"""Notices to Meituan: what they change, and how they are refused."""

from datetime import timedelta
from typing import Any

import pytest
import requests

from stores.sandbox import SandboxServer
from tests.trip.meituan_sandbox.talking import (
    consume_notice,
    get,
    notice,
    pay_notice,
    place,
    post,
    refund_notice,
)
from tests.trip.suppliers import Supplier, success


def test_a_pay_notice_makes_the_order_issued(server: SandboxServer, supplier: Supplier) -> None:
    supplier.answers["pay"] = lambda body: success(
        {"orderId": body["orderId"], "partnerOrderId": "S1"}, 598, "出票中"
    )
    order_id = place(server, pay=True)
    assert notice(server, "order/pay", pay_notice(order_id)) == {
        "code": 200,
        "describe": "success",
        "partnerId": 1001,
    }
    order = get(server, f"orders/{order_id}")
    assert (order["status"], order["voucher_type"]) == ("issued", 1)
    assert order["vouchers"] == {"A1": "unused", "A2": "unused"}


def test_a_pay_notice_of_a_failure_names_the_reason(
    server: SandboxServer, supplier: Supplier
) -> None:
    supplier.answers["pay"] = lambda body: success(code=598, describe="出票中")
    order_id = place(server, pay=True)
    ids = {"orderId": order_id, "partnerOrderId": "S1"}
    failed = {"partnerId": 1001, "issueType": 2, "describe": "", "body": ids}
    assert notice(server, "order/pay", failed)["describe"] == "出票失败必须说明真实原因"
    assert notice(server, "order/pay", {**failed, "describe": "上游无票"})["code"] == 200
    order = get(server, f"orders/{order_id}")
    assert (order["status"], order["reason"]) == ("pay_failed", "上游无票")


def test_a_refused_refund_may_be_agreed_later_but_not_the_other_way(
    server: SandboxServer, supplier: Supplier
) -> None:
    supplier.answers["refund"] = lambda body: success(code=602, describe="审核中")
    order_id = place(server, pay=True)
    (refund_id,) = post(server, f"orders/{order_id}/refunds", {"quantity": 2})["order"]["refunds"]
    states = []
    for code, describe in [(606, "已过入园时间"), (200, "退款成功"), (606, "已过入园时间")]:
        assert (
            notice(server, "order/refund", refund_notice(order_id, refund_id, code, describe))[
                "code"
            ]
            == 200
        )
        order = get(server, f"orders/{order_id}")
        states.append((order["refunds"][refund_id]["state"], order["refunded"]))
    assert states == [("refused", 0), ("agreed", 2), ("agreed", 2)]


def test_consume_notices_count_up_and_a_late_one_counts_nothing_down(
    server: SandboxServer, supplier: Supplier
) -> None:
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
        assert (
            notice(server, "order/pay", pay_notice(number, voucherType=2, vouchers=["A1"]))["code"]
            == 200
        )
        assert notice(server, "order/consume", consume_notice(number))["code"] == 200
        order = get(server, f"orders/{number}")
        assert (order["quantity"], order["used"], order["voucher_type"]) == (2, 1, 2)


def test_the_next_notices_and_a_share_of_the_others_are_still_being_processed(
    server: SandboxServer, supplier: Supplier
) -> None:
    order_id = place(server, pay=True)
    post(server, "settings", {"processing_next": 1})
    first, second = (notice(server, "order/consume", consume_notice(order_id)) for _ in range(2))
    assert (first["code"], first["describe"], second["code"]) == (
        300,
        "支付通知阶段-美团内部处理中",
        200,
    )
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
    (
        "order/pay",
        lambda message: message | {"body": message["body"] | {"vouchers": ["A" * 21, "B"]}},
    ),
    ("order/pay", lambda message: message | {"body": message["body"] | {"orderId": "12"}}),
    (
        "order/pay",
        lambda message: message | {"body": message["body"] | {"partnerOrderId": "other"}},
    ),
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
    assert [
        row["message"]["body"][0]["status"] for row in get(server, "notices")["notices"][:1]
    ] == [5]
