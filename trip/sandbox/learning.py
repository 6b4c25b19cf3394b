"""Meituan's conclusions about an order from answers and notices; no function here sends
anything.
"""

from __future__ import annotations

from typing import Any

from .calls import Exchange
from .orders import AGREED, ASKED, REFUSED, REVIEW, Order, Refund

ISSUING, UNDER_REVIEW, REFUND_DONE, SUCCESS = 598, 602, 601, 200
VOUCHER_STATES = {0: "unused", 1: "used", 2: "refunded", 3: "voided"}
ORDER_STATES = {"created": 2, "create_failed": 3, "issued": 4, "paying": 5, "pay_failed": 6}
# A notice or a poll may arrive before the answer to pay, so an order never goes back from these
# states.
SETTLED = ("issued", "closed", "pay_failed")


def created(order: Order, exchange: Exchange) -> None:
    """Applies the answer to create; a lost answer leaves the order new, and Meituan calls again or
    closes it with type 2.
    """
    if exchange.code == SUCCESS:
        order.partner_order_id = str((exchange.body or {}).get("partnerOrderId") or "")
        if order.status in ("new", "create_failed"):
            order.status = "created"
    elif exchange.code is not None and order.status == "new":
        order.status, order.reason = "create_failed", exchange.describe


def paid(order: Order, exchange: Exchange) -> None:
    if exchange.code == SUCCESS:
        issued(order, exchange.body or {})
    elif order.status not in SETTLED and (
        exchange.code in (None, ISSUING) or order.status == "paying"
    ):
        order.status = "paying"
    elif order.status == "created":
        order.status, order.reason = "pay_failed", exchange.describe


def issued(order: Order, body: dict[str, Any]) -> None:
    """Adds the vouchers of an issued order; known vouchers keep their state."""
    if order.status != "closed":
        order.status = "issued"
    order.partner_order_id = str(body.get("partnerOrderId") or order.partner_order_id)
    order.voucher_type = body.get("voucherType", order.voucher_type)
    state = "voided" if order.status == "closed" else "unused"
    for code in body.get("vouchers") or []:
        order.vouchers.setdefault(str(code), state)


def queried(order: Order, exchange: Exchange) -> None:
    """Applies the answer to a query: only whether the order is issued; quantities come from
    notices, so that a lost notice is detected.
    """
    body = exchange.body
    if exchange.code != SUCCESS or not isinstance(body, dict):
        return
    state = body.get("orderStatus")
    if state == ORDER_STATES["issued"] and order.status in ("new", "created", "paying"):
        codes = [row.get("voucher") for row in body.get("voucherList") or []]
        issued(order, {**body, "vouchers": list(dict.fromkeys(codes))})
    elif state == ORDER_STATES["pay_failed"] and order.status == "paying":
        order.status = "pay_failed"


def refund_answered(order: Order, refund: Refund, exchange: Exchange) -> None:
    if exchange.code in (SUCCESS, REFUND_DONE):
        agreed(order, refund)
    elif refund.state != AGREED and exchange.code is not None:
        refund.state = REVIEW if exchange.code == UNDER_REVIEW else REFUSED
        refund.reason = exchange.describe


def agreed(order: Order, refund: Refund) -> None:
    """Marks a refund as agreed, which is final: an agreement may follow a refusal, but not the
    other way round.
    """
    if refund.state == AGREED:
        return
    refund.state, refund.reason = AGREED, ""
    _take_back(order, refund.vouchers, refund.quantity)


def refunded_by_us(
    order: Order, serial: str, vouchers: list[str], count: int, exchange: Exchange
) -> None:
    """Applies the answer to the already-refunded message; the money was paid back before the
    message was sent.
    """
    repeated = serial in order.messages
    order.messages[serial] = exchange.code or 0
    refund = order.refunds.get(serial)
    if refund is not None:
        agreed(order, refund)
    elif not repeated:
        _take_back(order, vouchers, count)


def closed(order: Order, kind: int, exchange: Exchange) -> None:
    """Closes an order and voids its unused vouchers; type 3 means that Meituan has paid the money
    back.
    """
    order.status, order.closed_as = "closed", kind
    order.messages[f"close-{kind}"] = exchange.code or 0
    for code, state in order.vouchers.items():
        if state == "unused":
            order.vouchers[code] = "voided"


def pay_noticed(order: Order, message: dict[str, Any]) -> None:
    body = message["body"]
    if message["issueType"] == 1:
        issued(order, body)
    elif order.status not in SETTLED:
        order.status, order.reason = "pay_failed", str(message.get("describe") or "")


def refund_noticed(order: Order, message: dict[str, Any]) -> None:
    body = message["body"]
    refund = order.refunds.setdefault(body["refundId"], Refund(body["refundId"], 0, state=ASKED))
    if message["code"] in (SUCCESS, REFUND_DONE):
        agreed(order, refund)
    elif refund.state != AGREED:
        refund.state, refund.reason = REFUSED, str(message.get("describe") or "")


def consume_noticed(order: Order, message: dict[str, Any]) -> None:
    """Applies a consume notice; quantities are cumulative and an older notice may come later, so
    only a higher number counts.
    """
    body = message["body"]
    order.used = max(order.used, body["usedQuantity"])
    for row in body.get("voucherList") or []:
        if row.get("status") == 1 and row["voucher"] in order.vouchers:
            order.vouchers[row["voucher"]] = "used"


def _take_back(order: Order, vouchers: list[str], count: int) -> None:
    order.refunded = min(order.quantity, order.refunded + count)
    for code in vouchers:
        whole = order.voucher_type != 2 or order.refunded + order.used >= order.quantity
        if code in order.vouchers and whole:
            order.vouchers[code] = "refunded"


def differences(order: Order, answer: Exchange) -> list[str]:
    """Returns where the partner's answer to a query contradicts Meituan's data; empty if both
    agree.
    """
    if order.status in ("new", "create_failed") and answer.code != SUCCESS:
        return []
    body = answer.body
    if answer.code != SUCCESS or not isinstance(body, dict):
        return [f"query answered {answer.code} {answer.describe or answer.error}"]
    if order.status == "closed":
        usable = sum(
            row.get("quantity", 0)
            for row in body.get("voucherList") or []
            if row.get("status") == 0
        )
        if not usable:
            return []
        return [f"{usable} tickets of a closed order can still be used"]
    pairs = [
        ("orderStatus", ORDER_STATES.get(order.status), body.get("orderStatus")),
        ("orderQuantity", order.quantity, body.get("orderQuantity")),
        ("usedQuantity", order.used, body.get("usedQuantity")),
        ("refundedQuantity", order.refunded, body.get("refundedQuantity")),
        ("partnerOrderId", order.partner_order_id, body.get("partnerOrderId")),
    ]
    found = [
        f"{name}: Meituan {ours!r}, partner {theirs!r}"
        for name, ours, theirs in pairs
        if ours != theirs
    ]
    return found + _voucher_differences(order, body.get("voucherList") or [])


def _voucher_differences(order: Order, rows: list[dict[str, Any]]) -> list[str]:
    theirs: dict[str, set[str]] = {}
    for row in rows:
        theirs.setdefault(str(row.get("voucher")), set()).add(
            VOUCHER_STATES.get(row.get("status", -1), "?")
        )
    if set(theirs) != set(order.vouchers):
        return [f"vouchers: Meituan {sorted(order.vouchers)}, partner {sorted(theirs)}"]
    # A code for several tickets may be in several states at once; the quantities above cover those.
    single = order.voucher_type != 2
    return [
        f"voucher {code}: Meituan {state}, partner {'/'.join(sorted(theirs[code]))}"
        for code, state in order.vouchers.items()
        if single and theirs[code] != {state}
    ]
