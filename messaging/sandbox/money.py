"""What an order costs, in fen. Meituan's own forms are yuan in orders and cents in settlements.

The sums agree: dishes + boxes + bags + shipping - discounts is what the customer pays; that +
Meituan's share of the discounts - commission - Meituan's shipping is what the shop receives.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from stores.sandbox import ControlError, given

LARGEST = 10_000_000


@dataclass
class Dish:
    """One line. `price` and `box_price` in fen for one piece; `box_num` is the line's total."""

    code: str
    name: str
    quantity: int = 1
    price: int = 1800
    box_num: int = 1
    box_price: int = 100
    sku_id: str = ""
    spec: str = ""
    unit: str = "份"
    properties: str = ""
    bag: int = 0
    refunded: int = 0

    @classmethod
    def read(cls, row: Mapping[str, Any], number: int) -> Dish:
        """Reads a dish of a control route; what is missing is invented. Raises ControlError."""
        made = cls(f"D{number:03}", "宫保鸡丁")
        kinds = {name: type(value) for name, value in vars(made).items() if name != "refunded"}
        unknown = set(row) - set(kinds)
        if unknown:
            raise ControlError(f"a dish has {', '.join(kinds)}, not {', '.join(sorted(unknown))}")
        if "box_num" not in row and "quantity" in row:
            made.box_num = given.value(row, "quantity", int)
        for name, kind in kinds.items():
            setattr(made, name, given.value(row, name, kind, getattr(made, name)))
        amounts = (made.price, made.box_num, made.box_price)
        if not 1 <= made.quantity <= 999 or not all(0 <= amount <= LARGEST for amount in amounts):
            raise ControlError(f"impossible amounts of a dish: {dict(row)}")
        made.sku_id = made.sku_id or f"{made.code}-1"
        return made

    @property
    def total(self) -> int:
        return self.price * self.quantity + self.box_price * self.box_num

    @property
    def boxes_a_piece(self) -> float:
        """Returns boxes per piece, as refunds count them."""
        boxes = self.box_num / self.quantity
        return int(boxes) if boxes.is_integer() else round(boxes, 2)

    def price_of(self, count: int) -> int:
        """Returns what `count` pieces cost with their boxes, in fen; all pieces cost the line."""
        boxes = self.box_num * count // self.quantity
        return self.price * count + self.box_price * boxes


@dataclass
class Discount:
    """An activity: `by_shop` and `by_platform` fen less for the customer."""

    remark: str
    by_shop: int = 0
    by_platform: int = 0
    kind: int = 2
    activity: int = 1

    @classmethod
    def read(cls, row: Mapping[str, Any], number: int) -> Discount:
        """Reads a discount of a control route. Raises ControlError."""
        made = cls(given.value(row, "remark", str, "满减优惠"), activity=number)
        made.by_shop = given.value(row, "by_shop", int, 0)
        made.by_platform = given.value(row, "by_platform", int, 0)
        if not all(0 <= share <= LARGEST for share in (made.by_shop, made.by_platform)):
            raise ControlError(f"impossible amounts of a discount: {dict(row)}")
        return made


@dataclass
class Bill:
    """All amounts of an order in fen; `bag` is the packing bag."""

    dishes: list[Dish] = field(default_factory=list)
    discounts: list[Discount] = field(default_factory=list)
    shipping: int = 500
    bag: int = 0
    commission: int = 0
    platform_ships: bool = True

    @property
    def original(self) -> int:
        return sum(dish.total for dish in self.dishes) + self.shipping + self.bag

    @property
    def by_shop(self) -> int:
        return sum(discount.by_shop for discount in self.discounts)

    @property
    def by_platform(self) -> int:
        return sum(discount.by_platform for discount in self.discounts)

    @property
    def total(self) -> int:
        return self.original - self.by_shop - self.by_platform

    @property
    def logistics(self) -> int:
        return self.shipping if self.platform_ships else 0

    @property
    def received(self) -> int:
        return self.total + self.by_platform - self.commission - self.logistics

    @classmethod
    def from_json(cls, row: Mapping[str, Any]) -> Bill:
        dishes = [Dish(**dish) for dish in row["dishes"]]
        discounts = [Discount(**discount) for discount in row["discounts"]]
        return cls(**{**row, "dishes": dishes, "discounts": discounts})


def read_bill(body: Mapping[str, Any], platform_ships: bool) -> Bill:
    """Reads the amounts of a new order, in fen; two dishes and a discount when none are given.

    Raises ControlError.
    """
    dishes = given.rows(body, "dishes") or [
        {"name": "宫保鸡丁", "price": 2800, "spec": "大份", "properties": "微辣"},
        {"name": "米饭", "quantity": 2, "price": 200, "box_num": 2, "box_price": 50},
    ]
    usual = [{"remark": "满25减5元", "by_shop": 300, "by_platform": 200}]
    discounts = given.rows(body, "discounts") if "discounts" in body else usual
    bill = Bill(
        [Dish.read(row, number) for number, row in enumerate(dishes, 1)],
        [Discount.read(row, number) for number, row in enumerate(discounts, 1)],
        given.value(body, "shipping", int, 500),
        given.value(body, "bag", int, 0),
        platform_ships=platform_ships,
    )
    bill.commission = given.value(body, "commission", int, bill.original * 6 // 100)
    amounts = (bill.shipping, bill.bag, bill.commission)
    if not all(0 <= amount <= LARGEST for amount in amounts) or bill.total < 0:
        raise ControlError("impossible amounts of an order")
    return bill


def yuan(fen: int) -> float:
    return fen / 100


# Meituan's forms


def detail(bill: Bill, subscribed: bool) -> list[dict[str, Any]]:
    return [_line(dish, subscribed) for dish in bill.dishes]


def _line(dish: Dish, subscribed: bool) -> dict[str, Any]:
    line: dict[str, Any] = {
        "app_food_code": dish.code,
        "food_name": dish.name,
        "sku_id": dish.sku_id,
        "upc": "",
        "quantity": dish.quantity,
        "price": yuan(dish.price),
        "box_num": dish.box_num,
        "box_price": yuan(dish.box_price),
        "unit": dish.unit,
        "food_discount": 1.0,
        "spec": dish.spec,
        "mt_spu_id": f"9{dish.code.lstrip('D')}",
        "mt_sku_id": f"9{dish.code.lstrip('D')}1",
    }
    if subscribed:
        line |= {"food_property": dish.properties, "cart_id": dish.bag}
    return line


def extras(bill: Bill, subscribed: bool) -> list[dict[str, Any]]:
    rows: list[dict[str, Any]] = []
    for discount in bill.discounts:
        row: dict[str, Any] = {
            "act_detail_id": discount.activity,
            "reduce_fee": yuan(discount.by_shop + discount.by_platform),
            "remark": discount.remark,
            "type": discount.kind,
        }
        if subscribed:
            row |= {
                "mt_charge": yuan(discount.by_platform),
                "poi_charge": yuan(discount.by_shop),
            }
        rows.append(row)
    return rows


def receive_detail(bill: Bill) -> dict[str, Any]:
    """Returns poiReceiveDetail, in cents."""
    return {
        "actOrderChargeByMt": _charges(bill, "by_platform"),
        "actOrderChargeByPoi": _charges(bill, "by_shop"),
        "foodShareFeeChargeByPoi": bill.commission,
        "logisticsFee": bill.logistics,
        "onlinePayment": bill.total,
        "wmPoiReceiveCent": bill.received,
        "reconciliationExtras": "{}",
    }


def _charges(bill: Bill, share: str) -> list[dict[str, Any]]:
    return [
        {"comment": discount.remark, "feeTypeDesc": "活动款", "moneyCent": getattr(discount, share)}
        for discount in bill.discounts
        if getattr(discount, share)
    ]
