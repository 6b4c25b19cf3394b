"""An order at Meituan, and what may become of it."""

from __future__ import annotations

import time
from collections.abc import Mapping
from dataclasses import asdict, dataclass, field
from datetime import datetime, timedelta, timezone
from typing import Any

from stores.sandbox import ControlError, given

from .money import Bill, read_bill
from .refunds import Refund

BEIJING = timezone(timedelta(hours=8))
SUBMITTED, PAID, RECEIVED, CONFIRMED, SHIPPED, FINISHED, CANCELLED = 1, 2, 3, 4, 6, 8, 9
UNCONFIRMED = (PAID, RECEIVED)
# A status → the states that may follow it. A finished order can still be refunded.
FOLLOWS: dict[int, tuple[int, ...]] = {
    SUBMITTED: (PAID, CANCELLED),
    PAID: (RECEIVED, CONFIRMED, CANCELLED),
    RECEIVED: (CONFIRMED, CANCELLED),
    CONFIRMED: (SHIPPED, FINISHED, CANCELLED),
    SHIPPED: (FINISHED, CANCELLED),
    FINISHED: (),
    CANCELLED: (),
}
# 配送: 0 sent to delivery, 5 held back, 10 confirmed, 15 at the shop, 20 fetched, 40 delivered,
# 100 cancelled (after which a new delivery may follow)
DELIVERY = (0, 1, 5, 10, 15, 20, 40, 100)
FETCHED, DELIVERED, NO_DELIVERY = 20, 40, 100
OWN_DELIVERY = "0000"
NOT_CONFIRMED, NOT_PAID, BY_CUSTOMER = "1001", "1002", "1101"
REASONS = {
    NOT_CONFIRMED: "商家超时未接单",
    NOT_PAID: "用户未支付",
    BY_CUSTOMER: "用户取消",
}
# What may be missing in a push (incmpModules); the names are ours.
MODULES = {"food", "money", "recipient"}
# The view number that people see is not the order's number.
VIEW_OFFSET = 300_000_000_000_000_000


@dataclass
class Order:
    """One order. Times are Unix seconds (0: not yet, and `delivery_time` 0: at once)."""

    order_id: int
    e_poi_id: str
    day: str
    day_seq: int
    created_at: int
    bill: Bill
    status: int = SUBMITTED
    updated_at: int = 0
    paid_at: float = 0.0
    confirmed_at: float = 0.0
    finished_at: float = 0.0
    cancelled_at: float = 0.0
    delivery_time: int = 0
    estimated_arrival: int = 0
    open_user_id: int = 0
    recipient: dict[str, Any] = field(default_factory=dict)
    caution: str = ""
    pay_type: int = 2
    pick_type: int = 0
    dinners: int = 0
    logistics_code: str = "1001"
    invoice: dict[str, str] = field(default_factory=dict)
    delivery_state: int | None = None
    courier: dict[str, str] = field(default_factory=dict)
    reason_code: str = ""
    reason: str = ""
    refunds: list[Refund] = field(default_factory=list)
    reminds: list[dict[str, Any]] = field(default_factory=list)
    meal_ready_at: float = 0.0
    printed: list[float] = field(default_factory=list)
    eta: dict[str, Any] = field(default_factory=dict)
    is_degraded: bool = False
    # The parts that are missing in pushes until the order is queried (incmpModules)
    incomplete: list[str] = field(default_factory=list)
    is_abnormal: bool = False

    @property
    def view_id(self) -> int:
        return VIEW_OFFSET + self.order_id

    @property
    def is_open(self) -> bool:
        return self.status not in (FINISHED, CANCELLED)

    @property
    def ended_at(self) -> float:
        return self.finished_at or self.cancelled_at

    @property
    def refunded(self) -> int:
        """Returns the fen that were given back."""
        return sum(refund.money for refund in self.refunds if refund.is_agreed)

    @property
    def open_refund(self) -> Refund | None:
        return next((refund for refund in reversed(self.refunds) if refund.is_open), None)

    def move(self, status: int) -> bool:
        """Changes the status; returns False when it does not follow."""
        if status not in FOLLOWS[self.status]:
            return False
        self.status = status
        self.touch()
        stamps = {
            PAID: "paid_at",
            CONFIRMED: "confirmed_at",
            FINISHED: "finished_at",
            CANCELLED: "cancelled_at",
        }
        if status in stamps:
            setattr(self, stamps[status], time.time())
        return True

    def touch(self) -> None:
        self.updated_at = int(time.time())

    def as_json(self) -> dict[str, Any]:
        return asdict(self)

    @classmethod
    def from_json(cls, row: Mapping[str, Any]) -> Order:
        refunds = [Refund(**refund) for refund in row["refunds"]]
        return cls(**{**row, "bill": Bill.from_json(row["bill"]), "refunds": refunds})


def read_order(body: Mapping[str, Any], order_id: int, day_seq: int, logistics_code: str) -> Order:
    """Reads a new order of a control route; what is missing is invented. Raises ControlError."""
    now = int(time.time())
    code = given.value(body, "logistics_code", str, logistics_code)
    delivery_time = given.value(body, "delivery_time", int, 0)
    customer = 800_000_000 + order_id % 100_000_000
    return Order(
        order_id=order_id,
        e_poi_id=given.value(body, "epoi_id", str),
        day=beijing_day(now),
        day_seq=day_seq,
        created_at=now,
        updated_at=now,
        bill=read_bill(body, platform_ships=code != OWN_DELIVERY),
        delivery_time=delivery_time,
        estimated_arrival=given.value(body, "estimated_arrival", int, delivery_time or now + 2400),
        open_user_id=given.value(body, "open_user_id", int, customer),
        recipient=_recipient(body),
        caution=given.value(body, "caution", str, ""),
        pay_type=given.value(body, "pay_type", int, 2),
        pick_type=given.value(body, "pick_type", int, 0),
        dinners=given.value(body, "dinners", int, 0),
        logistics_code=code,
        invoice=_texts(given.value(body, "invoice", dict, {}), "invoice"),
        incomplete=_modules(body),
    )


def _recipient(body: Mapping[str, Any]) -> dict[str, Any]:
    usual: dict[str, Any] = {
        "name": "李女士",
        "phone": "13900000000_1234",
        "real_phone": "13800138000",
        "backup": ["13900000001_5678"],
        "address": "演示路1号院2号楼301@#北京市朝阳区演示街道演示路1号院",
        "address_desensitized": "演示路1号院****",
        "latitude": 39.99,
        "longitude": 116.48,
    }
    asked = given.value(body, "recipient", dict, {})
    unknown = set(asked) - set(usual)
    if unknown:
        raise ControlError(f"a recipient has {', '.join(usual)}, not {', '.join(sorted(unknown))}")
    return {name: given.value(asked, name, type(value), value) for name, value in usual.items()}


def _modules(body: Mapping[str, Any]) -> list[str]:
    modules = given.texts(body, "incomplete")
    if not set(modules) <= MODULES:
        raise ControlError(f"incomplete names {', '.join(sorted(MODULES))}")
    return modules


def _texts(found: dict[str, Any], what: str) -> dict[str, str]:
    if not all(isinstance(value, str) for value in found.values()):
        raise ControlError(f"{what} holds texts")
    return found


def beijing_day(at: float) -> str:
    """Returns the day in Beijing as yyyyMMdd."""
    return datetime.fromtimestamp(at, BEIJING).strftime("%Y%m%d")
