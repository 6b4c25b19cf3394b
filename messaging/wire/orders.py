"""Orders as Meituan pushes them and answers with them (docs/platforms/takeaway.md §4.1 to §4.4).

Amounts are fen. Only the number of an order is required: what else cannot be read is named in
`unreadable`, and the order is asked for again.
"""

import math
from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any

from messaging.choices import DeliveryState, OrderState
from messaging.wire.values import (
    LARGEST,
    LONGEST_TEXT,
    Unreadable,
    address,
    any_count,
    any_fen,
    any_moment,
    camel_case,
    embedded,
    number,
    phones,
)
from stores.platforms.reading import Malformed, Problem, any_text, any_whole, dicts

STATES = {
    1: OrderState.NEW,
    2: OrderState.NEW,
    3: OrderState.NEW,
    4: OrderState.CONFIRMED,
    6: OrderState.CONFIRMED,
    8: OrderState.FINISHED,
    9: OrderState.CANCELLED,
}
DELIVERY_STATES = {
    0: DeliveryState.SENT,
    1: DeliveryState.SENT,
    5: DeliveryState.HELD,
    10: DeliveryState.TAKEN,
    15: DeliveryState.AT_SHOP,
    20: DeliveryState.PICKED_UP,
    40: DeliveryState.DELIVERED,
    100: DeliveryState.CANCELLED,
}
# `dinnersNumber` beside the numbers of guests.
MORE_THAN_TEN, WANTS_CUTLERY, NO_CUTLERY = -10, 88, 99
INCOMPLETE = -1
CASH = 1
PICKED_UP_BY_CUSTOMER = 1
# Of one order; a larger list is cut, and the order marked as unreadable there.
MOST_DISHES = 500


@dataclass(frozen=True)
class Dish:
    """One line of an order: `price` is per piece, `boxes` and `box_amount` are the whole line's.

    `bag` counts from 1.
    """

    name: str
    spec: str
    wishes: str
    quantity: int
    unit: str
    price: int
    boxes: int
    box_amount: int
    bag: int
    sku: str

    @property
    def amount(self) -> int:
        """The line without its boxes."""
        return self.price * self.quantity


@dataclass(frozen=True)
class Discount:
    """One reduction; who bears it. The parts may be unknown, and are 0 then."""

    words: str
    amount: int
    by_meituan: int
    by_shop: int


@dataclass(frozen=True)
class Share:
    """What the shop receives of an order, and what is kept; None where Meituan says nothing."""

    received: int | None = None
    service_fee: int | None = None
    delivery_fee: int | None = None
    paid_online: int | None = None


@dataclass(frozen=True)
class TimeChange:
    """Another time that the customer asks for, and until when the shop may answer."""

    wanted_at: datetime | None
    answer_until: datetime | None
    state: int | None


@dataclass(frozen=True)
class RemoteOrder:
    """An order; `order_id` and `view_id` are numbers beyond 2^53 as text.

    `is_cash`: the customer pays the rider. `bag_fee` is for the packing bag, beside the boxes.

    `wanted_at` is None for "at once". Empty texts mean that Meituan did not say. `is_incomplete`:
    Meituan asks for the order to be read again.
    """

    order_id: str
    view_id: str
    state: OrderState
    store_name: str
    day_number: int | None
    ordered_at: datetime | None
    changed_at: datetime | None
    wanted_at: datetime | None
    expected_at: datetime | None
    ready_until: datetime | None
    is_pick_up: bool | None
    guests: int | None
    logistics: str
    recipient: str
    phones: tuple[str, ...]
    address: str
    remark: str
    invoice_title: str
    taxpayer: str
    paid: int | None
    original: int | None
    shipping_fee: int | None
    bag_fee: int
    is_cash: bool
    dishes: tuple[Dish, ...]
    discounts: tuple[Discount, ...]
    share: Share
    rider_phones: tuple[str, ...]
    time_change: TimeChange | None
    is_incomplete: bool
    unreadable: tuple[str, ...] = field(default=())

    @property
    def boxes(self) -> int:
        """Fen for all boxes."""
        return sum(dish.box_amount for dish in self.dishes)

    @property
    def adds_up(self) -> bool:
        """Whether dishes, boxes, bag and delivery less the discounts are what the customer paid."""
        reduced = sum(discount.amount for discount in self.discounts)
        fees = self.boxes + self.bag_fee + (self.shipping_fee or 0)
        asked = sum(dish.amount for dish in self.dishes) + fees
        return self.paid is not None and asked - reduced == self.paid


def order_number(data: Mapping[str, Any]) -> str:
    """Returns `orderId` as text. Raises Malformed when there is none."""
    found = number(data, "orderId") or number(data, "order_id")
    if not found:
        raise Malformed("orderId", Problem.MISSING)
    return found


def parse_order(given: Mapping[str, Any]) -> RemoteOrder:
    """Reads an order of a push, of queryById, or of a list of them. Raises Malformed without an
    order number.
    """
    data = camel_case(given)
    parts = _Parts(data)
    # Providers that take no orders find them under another name.
    extras = [item for item in dicts(parts.read("extras") or parts.read("activity")) if item]
    return RemoteOrder(
        order_id=order_number(data),
        view_id=number(data, "orderIdView") or number(data, "wmOrderIdView") or order_number(data),
        state=STATES.get(any_whole(data, "status") or 0, OrderState.UNKNOWN),
        store_name=any_text(data, "ePoiId"),
        day_number=any_count(data, "daySeq"),
        ordered_at=any_moment(data, "ctime") or any_moment(data, "cTime"),
        changed_at=any_moment(data, "utime") or any_moment(data, "uTime"),
        wanted_at=any_moment(data, "deliveryTime"),
        expected_at=any_moment(data, "estimateArrivalTime"),
        ready_until=any_moment(data, "poiMealAssessmentTime"),
        is_pick_up=_is_pick_up(data),
        guests=any_whole(data, "dinnersNumber", most=LARGEST),
        logistics=any_text(data, "logisticsCode", most=20),
        recipient=any_text(data, "recipientName", most=100),
        phones=(*phones(data, "recipientPhone"), *phones(data, "backupRecipientPhone")),
        address=address(data, "recipientAddress"),
        remark=any_text(data, "caution", most=LONGEST_TEXT),
        invoice_title=any_text(data, "invoiceTitle"),
        taxpayer=any_text(data, "taxpayerId", most=60),
        paid=any_fen(data, "total"),
        original=any_fen(data, "originalPrice"),
        shipping_fee=any_fen(data, "shippingFee"),
        bag_fee=_bag_fee(parts.read("packageBagFeeInfo")),
        is_cash=any_whole(data, "payType") == CASH,
        dishes=_dishes(parts),
        discounts=tuple(_discount(item) for item in extras if _is_discount(item)),
        share=_share(parts.read("poiReceiveDetail")),
        rider_phones=phones(data, "shipperPhone"),
        time_change=_time_change(parts.read("etaModify")),
        is_incomplete=any_whole(data, "incmpCode") == INCOMPLETE,
        unreadable=tuple(parts.unreadable),
    )


class _Parts:
    """The parts of an order that are JSON in JSON, and the names of those that are broken."""

    def __init__(self, data: Mapping[str, Any]) -> None:
        self.data = data
        self.unreadable: list[str] = []

    def read(self, name: str) -> Any:
        try:
            return embedded(self.data, name)
        except Unreadable:
            self.unreadable.append(name)
            return None


def _is_pick_up(data: Mapping[str, Any]) -> bool | None:
    """None when the field is not subscribed."""
    kind = any_whole(data, "pickType")
    return None if kind is None else kind == PICKED_UP_BY_CUSTOMER


def _dishes(parts: _Parts) -> tuple[Dish, ...]:
    lines = dicts(parts.read("detail"))
    if len(lines) > MOST_DISHES or any(any_fen(line, "price") is None for line in lines):
        parts.unreadable.append("detail")
    return tuple(_dish(line) for line in lines[:MOST_DISHES])


def _dish(line: Mapping[str, Any]) -> Dish:
    return Dish(
        name=any_text(line, "food_name"),
        spec=any_text(line, "spec"),
        wishes=any_text(line, "food_property"),
        quantity=any_count(line, "quantity") or 0,
        unit=any_text(line, "unit", most=20),
        price=any_fen(line, "price") or 0,
        boxes=_boxes(line),
        box_amount=_box_amount(line),
        bag=(any_whole(line, "cart_id", most=1000) or 0) + 1,
        sku=any_text(line, "sku_id", most=100) or any_text(line, "mt_sku_id", most=100),
    )


def _boxes(line: Mapping[str, Any]) -> int:
    """Returns how many boxes are handed out: `box_num` may be 1.5."""
    return max(0, math.ceil(_hundredths(line) / 100))


def _box_amount(line: Mapping[str, Any]) -> int:
    return max(0, round(_hundredths(line) * (any_fen(line, "box_price") or 0) / 100))


def _hundredths(line: Mapping[str, Any]) -> int:
    """Returns `box_num` in hundredths, which are read as fen are."""
    return any_fen(line, "box_num") or 0


def _bag_fee(value: Any) -> int:
    return any_fen(value, "packageBagFee") or 0 if isinstance(value, dict) else 0


def _is_discount(item: Mapping[str, Any]) -> bool:
    return bool(any_fen(item, "reduce_fee"))


def _discount(item: Mapping[str, Any]) -> Discount:
    return Discount(
        words=any_text(item, "remark"),
        amount=any_fen(item, "reduce_fee") or 0,
        by_meituan=any_fen(item, "mt_charge") or 0,
        by_shop=any_fen(item, "poi_charge") or 0,
    )


def _share(value: Any) -> Share:
    if not isinstance(value, dict):
        return Share()
    return Share(
        received=any_whole(value, "wmPoiReceiveCent", most=LARGEST),
        service_fee=any_whole(value, "foodShareFeeChargeByPoi", most=LARGEST),
        delivery_fee=any_whole(value, "logisticsFee", most=LARGEST),
        paid_online=any_whole(value, "onlinePayment", most=LARGEST),
    )


def _time_change(value: Any) -> TimeChange | None:
    if not isinstance(value, dict) or not value:
        return None
    return TimeChange(
        wanted_at=any_moment(value, "etaTime") or any_moment(value, "modifyTime"),
        answer_until=any_moment(value, "deadline"),
        state=any_whole(value, "state"),
    )
