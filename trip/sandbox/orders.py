"""An order in Meituan's view, built only from answers and notices; and invented visitors."""

from __future__ import annotations

import random
import threading
from dataclasses import asdict, dataclass, field
from datetime import datetime
from decimal import Decimal
from typing import Any

from .calls import BEIJING, beijing

_dice = random.SystemRandom()
REVIEW, AGREED, REFUSED, ASKED = "review", "agreed", "refused", "asked"


@dataclass
class Refund:
    """One application of the buyer. Prices in yuan; `state` is asked (no answer yet), review,
    agreed or refused.
    """

    refund_id: str
    quantity: int
    vouchers: list[str] = field(default_factory=list)
    price: float = 0.0
    fee: float = 0.0
    time: str = ""
    state: str = ASKED
    reason: str = ""


@dataclass
class Order:
    """One order. Prices in yuan, as numbers.

    `status`: new (no answer to create yet), created, create_failed, paying (598, or a lost answer),
    issued, pay_failed, closed.

    `vouchers` maps a code to unused, used, refunded or voided; `used` and `refunded` count tickets.
    """

    order_id: int
    partner_id: str
    deal_id: str
    quantity: int = 1
    unit_price: float = 0.0
    buy_price: float = 0.0
    travel_date: str | None = None
    visitors: list[dict[str, Any]] = field(default_factory=list)
    total_price: float | None = None
    mt_deal_id: int = 555
    status: str = "new"
    reason: str = ""
    partner_order_id: str = ""
    voucher_type: int | None = None
    vouchers: dict[str, str] = field(default_factory=dict)
    used: int = 0
    refunded: int = 0
    closed_as: int | None = None
    refunds: dict[str, Refund] = field(default_factory=dict)
    messages: dict[str, int] = field(default_factory=dict)

    @property
    def total(self) -> float:
        if self.total_price is not None:
            return self.total_price
        return float(Decimal(str(self.unit_price)) * self.quantity)

    def as_json(self) -> dict[str, Any]:
        return asdict(self)

    @classmethod
    def from_json(cls, row: dict[str, Any]) -> Order:
        refunds = {key: Refund(**value) for key, value in row.get("refunds", {}).items()}
        return cls(**{**row, "refunds": refunds})


def new_order_id(lead: str = "") -> int:
    """Returns a random id of 15 digits that begins with `lead`.

    A count would repeat itself: processes that are forked from one start it at the same number.
    """
    tenth: int = 10 ** (14 - len(lead))
    return int(lead or 0) * 10 * tenth + _dice.randrange(0 if lead else tenth, 9 * tenth)


_refund_lock = threading.Lock()
_last_moment = ""


def refund_id(order_id: int) -> str:
    """Returns <orderId>-yyyyMMddHHmmssSSS in Beijing time, different in each call."""
    global _last_moment
    with _refund_lock:
        moment = datetime.now(BEIJING).strftime("%Y%m%d%H%M%S%f")[:17]
        if moment <= _last_moment:
            moment = str(int(_last_moment) + 1)
        _last_moment = moment
        return f"{order_id}-{_last_moment}"


# The bodies of messages


def create_body(order: Order) -> dict[str, Any]:
    body: dict[str, Any] = {
        "orderId": order.order_id,
        "partnerDealId": order.deal_id,
        "mtDealId": order.mt_deal_id,
        "buyPrice": order.buy_price,
        "unitPrice": order.unit_price,
        "totalPrice": order.total,
        "quantity": order.quantity,
        "visitors": order.visitors,
    }
    if order.travel_date is not None:
        body["travelDate"] = order.travel_date
    return body


def named(order: Order) -> dict[str, Any]:
    return {"orderId": order.order_id, "partnerOrderId": order.partner_order_id}


def refund_body(order: Order, refund: Refund) -> dict[str, Any]:
    return {
        **named(order),
        "refundId": refund.refund_id,
        "partnerDealId": order.deal_id,
        "voucherList": refund.vouchers,
        "refundQuantity": refund.quantity,
        "unitPrice": order.unit_price,
        "refundPrice": refund.price,
        "refundFee": refund.fee,
        "refundTime": refund.time or beijing(),
    }


def refunded_body(
    order: Order, *, kind: int, serial: str, vouchers: list[str], count: int, reason: str
) -> dict[str, Any]:
    """Returns the already-refunded message (已退款消息); `kind` is refundMessageType, `count` is in
    tickets.
    """
    return {
        **named(order),
        "refundSerialNo": serial,
        "voucherList": vouchers,
        "voucherType": order.voucher_type or 0,
        "refundPrice": -1,
        "refundMessageType": kind,
        "operator": "客服" if kind == 1 else "系统",
        "reason": reason,
        "refundTime": beijing(),
        "count": count,
    }


def close_body(order: Order, kind: int) -> dict[str, Any]:
    return {**named(order), "closeType": kind}


# Invented people: valid in form and new in each call, so that purchase limits do not connect two
# orders

_WEIGHTS = (7, 9, 10, 5, 8, 4, 2, 1, 6, 3, 7, 9, 10, 5, 8, 4, 2)


def identity_card() -> str:
    """Returns 18 characters with a correct check digit and a district number that was never
    used.
    """
    born = f"{_dice.randrange(1960, 2000)}{_dice.randrange(1, 13):02}{_dice.randrange(1, 29):02}"
    digits = f"110199{born}{_dice.randrange(1000):03}"
    return (
        digits + "10X98765432"[sum(int(d) * w for d, w in zip(digits, _WEIGHTS, strict=True)) % 11]
    )


def visitor(number: int = 1) -> dict[str, Any]:
    return {
        "name": "甲乙丙丁戊己庚辛壬癸"[(number - 1) % 10] + "游客",
        "pinyin": "YOUKE",
        "mobile": f"199{_dice.randrange(10**8):08}",
        "address": "北京市东城区",
        "postCode": "100010",
        "email": f"youke{number}@example.com",
        "credentials": {"0": identity_card()},
        "gender": 1 + number % 2,
    }


def visitors_for(
    visitor_info_type: int, quantity: int, group_size: int = 1
) -> list[dict[str, Any]]:
    """Returns as many visitors as visitorInfoType needs: 1 none, 2 one, 3 each, 4 one per group."""
    groups = -(-quantity // max(group_size, 1))
    count = {1: 0, 2: 1, 3: quantity, 4: groups}.get(visitor_info_type, quantity)
    return [visitor(number) for number in range(1, count + 1)]
