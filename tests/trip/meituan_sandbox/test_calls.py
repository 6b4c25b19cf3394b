"""Meituan calls the supplier: orders, payments, refunds, and how they can go wrong."""

import json
import re
import time
from datetime import UTC, datetime
from typing import Any

import pytest

from stores.sandbox import SandboxServer
from tests.trip.meituan_sandbox.talking import ORDER, get, place, post, query_answer
from tests.trip.suppliers import CLIENT_ID, PARTNER_ID, SECRET, Supplier, refused, success
from trip import signatures


def test_create_says_what_the_interface_asks_for(server: SandboxServer, supplier: Supplier) -> None:
    told = post(server, "orders", {**ORDER, "quantity": 2, "travel_date": "2026-05-01"})
    (body,) = supplier.bodies("create")
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


def test_calls_are_signed_so_that_our_side_agrees(
    server: SandboxServer, supplier: Supplier
) -> None:
    place(server)
    headers = supplier.headers("create")
    authorization = signatures.parse_authorization(headers["Authorization"])
    assert authorization is not None
    assert headers["PartnerId"] == PARTNER_ID
    assert authorization.client_id == CLIENT_ID
    assert signatures.is_signed(
        authorization.signature,
        method="POST",
        path="/trip/create",
        date=headers["Date"],
        secrets=[SECRET],
    )


@pytest.mark.parametrize("wrong", ["garbled", "wrong_secret", "foreign_client", "bare"])
def test_a_signature_can_be_wrong_on_purpose(
    server: SandboxServer, supplier: Supplier, wrong: str
) -> None:
    place(server, signature=wrong)
    headers = supplier.headers("create")
    found = signatures.parse_authorization(headers["Authorization"])
    right = found is not None and found.client_id == CLIENT_ID
    assert not (
        right
        and found is not None
        and signatures.is_signed(
            found.signature,
            method="POST",
            path="/trip/create",
            date=headers["Date"],
            secrets=[SECRET],
        )
    )


def test_clock_and_headers_can_be_wrong_on_purpose(
    server: SandboxServer, supplier: Supplier
) -> None:
    order_id = place(server, clock=-660, without=["PartnerId"])
    headers = supplier.headers("create")
    date = signatures.parse_date(headers["Date"])
    assert date is not None
    assert 655 < (datetime.now(UTC) - date).total_seconds() < 690
    assert "PartnerId" not in headers
    post(server, f"orders/{order_id}/query", {"date": "yesterday", "partner_header": "9"})
    assert (supplier.headers("query")["Date"], supplier.headers("query")["PartnerId"]) == (
        "yesterday",
        "9",
    )


def test_prices_and_visitors_are_found_by_pulling_the_product(
    server: SandboxServer, supplier: Supplier
) -> None:
    deal = {
        "partnerDealId": "P-7",
        "useDateMode": 1,
        "visitorInfoType": 3,
        "mtPrice": 1,
        "settlementPrice": 1,
    }
    row = {"partnerDealId": "P-7", "date": "2026-05-01", "mtPrice": 99.9, "settlementPrice": 88}
    supplier.answers["products"] = lambda body: {**success([deal]), "totalSize": 1}
    supplier.answers["prices"] = lambda body: success([row])
    asked = {
        "partner_id": PARTNER_ID,
        "partner_deal_id": "P-7",
        "quantity": 2,
        "travel_date": "2026-05-01",
    }
    order = post(server, "orders", asked)["order"]
    assert (order["unit_price"], order["buy_price"]) == (99.9, 88.0)
    assert supplier.bodies("create")[0]["totalPrice"] == 199.8
    assert [sorted(visitor["credentials"]) for visitor in order["visitors"]] == [["0"], ["0"]]
    assert supplier.bodies("prices") == [
        {"partnerDealId": "P-7", "startTime": "2026-05-01", "endTime": "2026-05-01"}
    ]


def test_a_product_that_the_pull_does_not_know_needs_its_prices_given(
    server: SandboxServer, supplier: Supplier
) -> None:
    supplier.answers["products"] = lambda body: {**success([]), "totalSize": 0}
    told = post(server, "orders", {"partner_id": PARTNER_ID, "partner_deal_id": "P-7"}, status=400)
    assert "P-7" in told["error"]
    assert supplier.bodies("create") == []


def test_a_failed_create_keeps_the_reason(server: SandboxServer, supplier: Supplier) -> None:
    supplier.answers["create"] = lambda body: refused(420, "库存不足，仅剩1张")
    order = post(server, "orders", ORDER)["order"]
    assert (order["status"], order["reason"]) == ("create_failed", "库存不足，仅剩1张")


def test_an_order_can_be_paid_before_it_is_created(
    server: SandboxServer, supplier: Supplier
) -> None:
    supplier.answers["pay"] = lambda body: refused(599, "订单不存在")
    order_id = place(server, send=False)
    assert supplier.messages == []
    assert post(server, f"orders/{order_id}/pay")["order"]["status"] == "new"
    assert post(server, f"orders/{order_id}/create")["order"]["status"] == "created"
    assert [name for name, _, _ in supplier.messages] == ["pay", "create"]


def test_a_dropped_answer_leaves_meituan_ignorant(
    server: SandboxServer, supplier: Supplier
) -> None:
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
def test_a_message_can_be_repeated(
    server: SandboxServer, supplier: Supplier, how: dict[str, int], count: int
) -> None:
    order_id = place(server)
    told = post(server, f"orders/{order_id}/pay", how)
    assert len(told["exchanges"]) == count
    assert len(supplier.bodies("pay")) == count
    assert told["order"]["vouchers"] == {"A1": "unused", "A2": "unused"}


def test_garbage_and_a_partner_that_is_away_are_noted(
    server: SandboxServer, supplier: Supplier
) -> None:
    order_id = place(server)
    supplier.answers["pay"] = lambda body: b"<html>"
    assert post(server, f"orders/{order_id}/pay")["exchanges"][0]["error"] == "not JSON"
    nowhere = {**supplier.endpoints, "pay": "http://127.0.0.1:9/pay"}
    partner = {
        "partner_id": PARTNER_ID,
        "client_id": CLIENT_ID,
        "client_secret": SECRET,
        "endpoints": nowhere,
    }
    post(server, "partners", partner)
    assert post(server, f"orders/{order_id}/pay")["exchanges"][0]["error"] == "refused"


def test_polling_ends_when_the_order_is_issued(server: SandboxServer, supplier: Supplier) -> None:
    supplier.answers["pay"] = lambda body: success(
        {"orderId": body["orderId"], "partnerOrderId": "S1"}, 598, "出票中"
    )
    order_id = place(server, pay=True)
    still = [query_answer(order_id, {}, orderStatus=5)] * 2
    supplier.answers["query"] = lambda body: (
        still.pop() if still else query_answer(order_id, {"A1": 0, "A2": 0})
    )
    order = post(server, f"orders/{order_id}/poll", {"seconds": 20, "every": 0.01})["order"]
    assert (order["status"], order["vouchers"]) == ("issued", {"A1": "unused", "A2": "unused"})
    assert len(supplier.bodies("query")) == 3


def test_a_refund_names_an_application_that_can_be_asked_again(
    server: SandboxServer, supplier: Supplier
) -> None:
    supplier.answers["refund"] = lambda body: success(code=602, describe="审核中")
    order_id = place(server, pay=True)
    order = post(server, f"orders/{order_id}/refunds", {"vouchers": ["A2"], "fee": 5})["order"]
    (refund,) = order["refunds"].values()
    assert re.fullmatch(rf"{order_id}-20\d{{15}}", refund["refund_id"])
    assert (refund["state"], order["refunded"]) == ("review", 0)
    supplier.answers["refund"] = lambda body: success()
    order = post(server, f"orders/{order_id}/refunds/{refund['refund_id']}")["order"]
    assert (order["refunded"], order["vouchers"]) == (1, {"A1": "unused", "A2": "refunded"})
    first, again = supplier.bodies("refund")
    assert first == again
    assert {
        name: first[name] for name in ("refundQuantity", "voucherList", "refundPrice", "refundFee")
    } == {
        "refundQuantity": 1,
        "voucherList": ["A2"],
        "refundPrice": 90.0,
        "refundFee": 5.0,
    }


def test_a_close_and_a_refunded_message_are_told_however_often(
    server: SandboxServer, supplier: Supplier
) -> None:
    order_id = place(server, pay=True)
    post(
        server,
        f"orders/{order_id}/refunded",
        {"type": 1, "vouchers": ["A1"], "serial": "R1", "times": 2},
    )
    order = get(server, f"orders/{order_id}")
    assert (order["refunded"], order["vouchers"], order["messages"]) == (
        1,
        {"A1": "refunded", "A2": "unused"},
        {"R1": 200},
    )
    (body, _) = supplier.bodies("refunded")
    assert (body["refundMessageType"], body["count"], body["refundSerialNo"]) == (1, 1, "R1")
    post(server, f"orders/{order_id}/close", {"type": 3})
    assert supplier.bodies("close") == [
        {"orderId": order_id, "partnerOrderId": "S1", "closeType": 3}
    ]
    assert get(server, f"orders/{order_id}")["vouchers"] == {"A1": "refunded", "A2": "voided"}


def test_messages_about_no_order_go_out_too(server: SandboxServer, supplier: Supplier) -> None:
    post(server, f"partners/{PARTNER_ID}/heartbeat")
    post(server, f"partners/{PARTNER_ID}/balance", {"partnerDealIds": ["P-7"]})
    post(server, f"partners/{PARTNER_ID}/audit", {"partnerDealId": "P-7", "status": 1})
    post(server, f"partners/{PARTNER_ID}/products")
    post(server, f"partners/{PARTNER_ID}/send", {"operation": "create", "raw": "{"})
    assert [
        (name, json.loads(body) if body != b"{" else "{") for name, _, body in supplier.messages
    ] == [
        ("heartbeat", {"partnerId": 1001}),
        ("balance", {"partnerId": 1001, "body": {"partnerDealIds": ["P-7"]}}),
        ("audit", {"partnerId": 1001, "body": [{"partnerDealId": "P-7", "status": 1}]}),
        (
            "products",
            {"partnerId": 1001, "body": {"method": "page", "currentPage": 1, "pageSize": 20}},
        ),
        ("create", "{"),
    ]
