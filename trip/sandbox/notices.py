"""The four notices that a partner sends: their paths, their required fields, and how each one
changes an order.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any

from . import learning
from .orders import Order

ROUTES = {
    "/rhone/mtp/api/order/pay/notice": "pay_notice",
    "/rhone/mtp/api/order/refund/notice": "refund_notice",
    "/rhone/mtp/api/order/consume/notice": "consume_notice",
    "/rhone/mtp/api/deal/change/notice": "product_notice",
}
PROCESSING = "支付通知阶段-美团内部处理中"
LEARN: dict[str, Callable[[Order, dict[str, Any]], None]] = {
    "pay_notice": learning.pay_noticed,
    "refund_notice": learning.refund_noticed,
    "consume_notice": learning.consume_noticed,
}


@dataclass
class Notice:
    """One notice; `at` in Unix seconds, `code` Meituan's answer, `applied` whether it changed the
    order; `order_id` 0 for products.
    """

    at: float
    partner_id: str
    kind: str
    message: dict[str, Any]
    order_id: int = 0
    code: int = 200
    describe: str = "success"
    applied: bool = False


def trouble(kind: str, message: Mapping[str, Any]) -> str:
    """Returns the text of what is missing or wrong in a notice; "" when it is complete."""
    body = message.get("body")
    if kind == "product_notice":
        return _product_trouble(body)
    if not isinstance(body, dict):
        return "body必须是对象"
    if type(body.get("orderId")) is not int:
        return "orderId必填，为整数"
    if not isinstance(body.get("partnerOrderId"), str) or not body["partnerOrderId"]:
        return "partnerOrderId必填"
    return {
        "pay_notice": _pay_trouble,
        "refund_notice": _refund_trouble,
        "consume_notice": _consume_trouble,
    }[kind](message, body)


def _pay_trouble(message: Mapping[str, Any], body: dict[str, Any]) -> str:
    if message.get("issueType") not in (1, 2):
        return "issueType必须为1或2"
    if message["issueType"] == 2:
        return "" if message.get("describe") else "出票失败必须说明真实原因"
    kind, codes = body.get("voucherType"), body.get("vouchers")
    if kind not in (0, 1, 2):
        return "voucherType必填"
    if kind == 0:
        return ""
    if (
        not isinstance(codes, list)
        or not codes
        or not all(isinstance(code, str) and code for code in codes)
    ):
        return "vouchers必填"
    if len(set(codes)) != len(codes) or any(len(code) > 20 for code in codes):
        return "vouchers重复或超过20个字符"
    if kind == 2 and len(codes) != 1:
        return "一码多用只能有一个券码"
    return ""


def _refund_trouble(message: Mapping[str, Any], body: dict[str, Any]) -> str:
    if type(message.get("code")) is not int:
        return "code必填，为整数"
    if message["code"] not in (200, 601) and not message.get("describe"):
        return "拒绝退款必须说明真实原因"
    absent = [name for name in ("refundId", "requestTime", "responseTime") if not body.get(name)]
    return f"{'、'.join(absent)}必填" if absent else ""


def _consume_trouble(message: Mapping[str, Any], body: dict[str, Any]) -> str:
    counts: list[Any] = [
        body.get(name) for name in ("quantity", "usedQuantity", "refundedQuantity")
    ]
    if any(type(count) is not int or count < 0 for count in counts):
        return "quantity、usedQuantity、refundedQuantity必填，为整数"
    if counts[1] + counts[2] > counts[0] or counts[1] < 1:
        return "消费数量与退款数量之和超过购买数量"
    rows = body.get("voucherList")
    if not isinstance(rows, list):
        return "voucherList必须是数组"
    for row in rows:
        if (
            not isinstance(row, dict)
            or row.get("status") != 1
            or type(row.get("quantity")) is not int
        ):
            return "voucherList每项需要voucher、quantity及status=1"
    return ""


def _product_trouble(body: Any) -> str:
    rows = body if isinstance(body, list) else []
    right = all(
        isinstance(row, dict) and row.get("partnerDealId") and row.get("status") in (0, 1, 2, 5)
        for row in rows
    )
    if rows and right:
        return ""
    return "body必须是数组，每项需要partnerDealId及status"


def contradiction(kind: str, order: Order, message: Mapping[str, Any]) -> str:
    """Returns how a complete notice contradicts this order; "" if it does not."""
    body = message["body"]
    if order.partner_order_id and body["partnerOrderId"] != order.partner_order_id:
        return "partnerOrderId与订单不符"
    if kind == "pay_notice" and message["issueType"] == 1 and body["voucherType"] == 1:
        is_complete = len(body["vouchers"]) == order.quantity
        return "" if is_complete else "券码数量与购买数量不符"
    if kind == "consume_notice" and body["quantity"] != order.quantity:
        return "quantity与购买数量不符"
    return ""
