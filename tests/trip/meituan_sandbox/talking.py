"""Calls to a simulated Meituan and to its control port."""

from datetime import UTC, datetime, timedelta
from typing import Any

import requests

from stores.sandbox import SandboxServer
from tests.controls import Control
from tests.trip.suppliers import CLIENT_ID, PARTNER_ID, SECRET, success
from trip import signatures

ORDER = {
    "partner_id": PARTNER_ID,
    "partner_deal_id": "P-7",
    "unit_price": 95,
    "buy_price": 80.5,
    "visitors": [],
}
PAID = {"voucherType": 1, "vouchers": ["A1", "A2"], "voucherPics": []}


_CONTROL = Control("trip")
post, get = _CONTROL.post, _CONTROL.get


def place(server: SandboxServer, **changes: Any) -> Any:
    """Places an order and returns its number, after create and, if asked for, pay."""
    return post(server, "orders", {**ORDER, "quantity": 2, **changes})["order"]["order_id"]


def notice(server: SandboxServer, kind: str, message: Any, **changes: Any) -> dict[str, Any]:
    """Sends a notice that is signed by our own side's functions."""
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
    rows = [
        {"voucher": code, "voucherPics": "", "voucherInvalidTime": "", "quantity": 1, "status": 1}
    ]
    body = {
        "orderId": order_id,
        "partnerOrderId": "S1",
        "quantity": 2,
        "usedQuantity": used,
        "refundedQuantity": 0,
    }
    return {"partnerId": 1001, "body": {**body, "voucherList": rows}}


def refund_notice(
    order_id: int, refund_id: str, code: int = 200, describe: str = "退款成功"
) -> dict[str, Any]:
    times = {"requestTime": "2026-05-01 10:00:00", "responseTime": "2026-05-01 11:00:00"}
    body = {"orderId": order_id, "refundId": refund_id, "partnerOrderId": "S1", **times}
    return {"code": code, "describe": describe, "partnerId": 1001, "body": body}


def query_answer(order_id: int, states: dict[str, int], **changes: Any) -> dict[str, Any]:
    rows = [
        {
            "voucher": code,
            "voucherPics": "",
            "voucherInvalidTime": "",
            "quantity": 1,
            "status": state,
        }
        for code, state in states.items()
    ]
    used, gone = list(states.values()).count(1), list(states.values()).count(2)
    body = {
        "orderId": order_id,
        "partnerOrderId": "S1",
        "orderStatus": 4,
        "orderQuantity": 2,
        "voucherType": 1,
    }
    return success(
        {**body, "usedQuantity": used, "refundedQuantity": gone, "voucherList": rows, **changes}
    )
