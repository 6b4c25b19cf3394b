"""An order as couriers take it, and what they say of it (docs/platforms/wechat_delivery.md §2).

Money is yuan with two decimals.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from decimal import ROUND_HALF_UP, Decimal
from typing import Any

from delivery.choices import WaybillState
from stores.platforms.reading import CENT, any_text, any_whole, any_yuan

LONGEST_ID, LONGEST_PHONE = 128, 64
PLACES = Decimal("0.000001")
# Couriers' sums in yuan, and states, are below what our columns hold.
TOO_MUCH, MOST_CODE = 1_000_000, 2**31 - 1
NOW, BOOKED = 0, 1
# From the store to the receiver; the other way round is not sent here.
STORE_TO_RECEIVER = 1
# Of the goods in cm, by WeChat's names: the most that it takes.
LARGEST_SIZE: Mapping[str, Decimal] = {
    "goods_height": Decimal(45),
    "goods_length": Decimal(65),
    "goods_width": Decimal(50),
}
GCJ02 = 0


@dataclass(frozen=True)
class Party:
    """The sender or the receiver. Coordinates are GCJ-02; phones may have an extension."""

    name: str
    city: str
    address: str
    detail: str
    phone: str
    lng: Decimal
    lat: Decimal

    def as_json(self) -> dict[str, Any]:
        return {
            "name": self.name,
            "city": self.city,
            "address": self.address,
            "address_detail": self.detail,
            "phone": self.phone,
            "lng": _number(self.lng, PLACES),
            "lat": _number(self.lat, PLACES),
            "coordinate_type": GCJ02,
        }


@dataclass(frozen=True)
class Good:
    name: str
    count: int
    price: Decimal | None = None
    unit: str = ""

    def as_json(self) -> dict[str, Any]:
        found: dict[str, Any] = {"good_count": self.count, "good_name": self.name}
        if self.price is not None:
            found["good_price"] = _number(self.price)
        return found | ({"good_unit": self.unit} if self.unit else {})


@dataclass(frozen=True)
class Cargo:
    """What is carried: value in yuan, weight in kg, and the pair of its kind (§2.7). `size` is by
    WeChat's names, as "goods_height", in cm; what is not known is left out.
    """

    value: Decimal
    weight: Decimal
    first_class: str
    second_class: str
    goods: Sequence[Good] = ()
    pickup_info: str = ""
    delivery_info: str = ""
    size: Mapping[str, Decimal] = field(default_factory=dict)

    def as_json(self) -> dict[str, Any]:
        found: dict[str, Any] = {
            "goods_value": _number(self.value),
            "goods_weight": _number(self.weight),
            "cargo_first_class": self.first_class,
            "cargo_second_class": self.second_class,
            **{name: _number(length) for name, length in self.size.items()},
        }
        if self.goods:
            found["goods_detail"] = {"goods": [good.as_json() for good in self.goods]}
        if self.pickup_info:
            found["goods_pickup_info"] = self.pickup_info
        if self.delivery_info:
            found["goods_delivery_info"] = self.delivery_info
        return found


@dataclass(frozen=True)
class Wishes:
    """`order_info`: what the shop wants of the courier. What is empty is not sent.

    `booked` holds one of WeChat's `expected_…` names and its moment.
    """

    ordered_at: datetime
    service_code: str = ""
    pick_method: int | None = None
    number: str = ""
    note: str = ""
    booked: tuple[str, datetime] | None = None
    insured_for: Decimal | None = None
    tip: Decimal | None = None
    is_direct: bool | None = None
    needs_pickup_code: bool = False
    needs_finish_code: bool = False

    def as_json(self) -> dict[str, Any]:
        found: dict[str, Any] = {
            "order_type": BOOKED if self.booked else NOW,
            "order_time": int(self.ordered_at.timestamp()),
            "is_pickup_code_needed": int(self.needs_pickup_code),
            "is_finish_code_needed": int(self.needs_finish_code),
        }
        if self.booked:
            name, moment = self.booked
            found[name] = int(moment.timestamp())
        if self.insured_for is not None:
            found |= {"is_insured": 1, "declared_value": _number(self.insured_for)}
        if self.tip:
            found["tips"] = _number(self.tip)
        if self.is_direct is not None:
            found["is_direct_delivery"] = int(self.is_direct)
        if self.pick_method is not None:
            found["rider_pick_method"] = self.pick_method
        texts = {
            "delivery_service_code": self.service_code,
            "poi_seq": self.number,
            "note": self.note,
        }
        return found | {name: text for name, text in texts.items() if text}


@dataclass(frozen=True)
class Notice:
    """`shop`: what the receiver's notice shows, and the page of the mini-program it opens."""

    page: str
    picture: str
    goods: str
    count: int

    def as_json(self) -> dict[str, Any]:
        return {
            "wxa_path": self.page,
            "img_url": self.picture,
            "goods_name": self.goods,
            "goods_count": self.count,
        }


@dataclass(frozen=True)
class Order:
    """An order without what names the shop's account at a courier."""

    openid: str
    receiver: Party
    cargo: Cargo
    wishes: Wishes
    notice: Notice
    sender: Party | None = None

    def as_json(self) -> dict[str, Any]:
        sender = {"sender": self.sender.as_json()} if self.sender else {}
        return {
            "openid": self.openid,
            **sender,
            "receiver": self.receiver.as_json(),
            "cargo": self.cargo.as_json(),
            "order_info": self.wishes.as_json(),
            "shop": self.notice.as_json(),
        }


@dataclass(frozen=True)
class Price:
    """What a courier wants. A sum that it does not name is None, never 0."""

    fee: Decimal | None
    delivery: Decimal | None
    coupon: Decimal | None
    tip: Decimal | None
    insurance: Decimal | None


@dataclass(frozen=True)
class RemoteQuote:
    """The answer to a question for the price. Distance in metres, time in seconds; `token` keeps
    the price for a while.
    """

    price: Price
    distance: int | None
    seconds: int | None
    token: str


@dataclass(frozen=True)
class RemoteWaybill:
    """The answer to calling a rider. Its state is not in here: couriers put their own there."""

    waybill_id: str
    price: Price
    distance: int | None
    seconds: int | None
    pickup_code: str
    finish_code: str


@dataclass(frozen=True)
class RemoteState:
    """How an order stands. `state` is None for a code that is not known; `seconds_left` until the
    rider arrives.
    """

    code: int
    state: WaybillState | None
    waybill_id: str
    rider_name: str
    rider_phone: str
    lng: Decimal | None
    lat: Decimal | None
    seconds_left: int | None


def parse_quote(data: Mapping[str, Any]) -> RemoteQuote:
    """Reads the answer of pre_add. A courier that names no price answers zeros: then all sums are
    None.
    """
    return RemoteQuote(
        price=_price(data),
        distance=_count(data, "distance"),
        seconds=_count(data, "dispatch_duration"),
        token=any_text(data, "delivery_token"),
    )


def parse_waybill(data: Mapping[str, Any]) -> RemoteWaybill:
    """Reads the answer of add and readd."""
    return RemoteWaybill(
        waybill_id=any_text(data, "waybill_id", most=LONGEST_ID),
        price=_price(data),
        distance=_count(data, "distance"),
        seconds=_count(data, "dispatch_duration"),
        pickup_code=any_text(data, "pickup_code", most=20),
        finish_code=any_text(data, "finish_code", most=20),
    )


def parse_state(data: Mapping[str, Any]) -> RemoteState | None:
    """Reads the answer of order/get; None when it says nothing of the order (state 0)."""
    code = code_of(data)
    if not code:
        return None
    return RemoteState(
        code=code,
        state=WaybillState(code) if code in WaybillState.values else None,
        waybill_id=any_text(data, "waybill_id", most=LONGEST_ID),
        rider_name=any_text(data, "rider_name", most=50),
        rider_phone=any_text(data, "rider_phone", most=LONGEST_PHONE),
        lng=_degrees(data, "rider_lng", 180),
        lat=_degrees(data, "rider_lat", 90),
        seconds_left=_count(data, "reach_time"),
    )


def parse_deduction(data: Mapping[str, Any]) -> Decimal | None:
    """Returns what a cancellation costs; None when the courier does not say it."""
    return _yuan(data, "deduct_fee")


def _price(data: Mapping[str, Any]) -> Price:
    fee = _yuan(data, "fee")
    insurance = _yuan(data, "insurancefee")
    if insurance is None:
        # As samples and other clients spell it.
        insurance = _yuan(data, "insurancfee")
    delivery = _yuan(data, "deliverfee")
    names_price = bool(fee or delivery)
    return Price(
        fee=fee if names_price else None,
        delivery=delivery if names_price else None,
        coupon=_yuan(data, "couponfee") if names_price else None,
        tip=_yuan(data, "tips") if names_price else None,
        insurance=insurance if names_price else None,
    )


def _yuan(data: Mapping[str, Any], name: str) -> Decimal | None:
    """Returns a sum; what no ride costs is none that the courier names."""
    return any_yuan(data, name, below=TOO_MUCH)


def code_of(data: Mapping[str, Any]) -> int | None:
    """Returns the code of a state, known or not; None for what can be none."""
    code = any_whole(data, "order_status", most=MOST_CODE)
    return code if code is not None and code >= 0 else None


def _count(data: Mapping[str, Any], name: str) -> int | None:
    """Returns a number above 0 that a column holds; couriers say 0 for what they do not know."""
    found = any_whole(data, name, most=2**31 - 1)
    return found if found and found > 0 else None


def _degrees(data: Mapping[str, Any], name: str, most: int) -> Decimal | None:
    value = data.get(name)
    if isinstance(value, bool) or not isinstance(value, int | float | str):
        return None
    try:
        found = Decimal(str(value).strip())
    except ArithmeticError:
        return None
    if not found.is_finite() or not found or abs(found) > most:
        return None
    return found.quantize(PLACES, ROUND_HALF_UP)


def _number(value: Decimal, places: Decimal = CENT) -> float:
    """Returns a JSON number, rounded half up as WeChat does. Floats print these digits exactly."""
    return float(value.quantize(places, ROUND_HALF_UP))
