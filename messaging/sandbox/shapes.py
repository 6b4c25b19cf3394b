"""Orders in Meituan's forms: camelCase for providers that take orders, snake_case for others."""

from __future__ import annotations

import json
import re
import time
from typing import Any

from . import money
from .accounts import Shop
from .orders import CANCELLED, FINISHED, Order
from .refunds import PART, Refund
from .settings import Settings

HIDDEN = "hidden"


def as_text(value: Any) -> str:
    """Returns JSON as Gson writes it: no spaces, Chinese as it is."""
    return json.dumps(value, ensure_ascii=False, separators=(",", ":"))


# Module of incmpModules → the fields that are then missing
MISSING = {
    "recipient": ("recipientName", "recipientPhone", "backupRecipientPhone", "recipientAddress"),
    "money": ("extras", "poiReceiveDetail", "wmPoiReceiveCent"),
    "food": ("detail",),
}


def pushed(order: Order, shop: Shop, settings: Settings) -> dict[str, Any]:
    """Returns the `order` of a push, which may be incomplete (incmpCode -1)."""
    body = _whole(order, shop, settings)
    if order.incomplete:
        body |= {"incmpCode": -1, "incmpModules": as_text(order.incomplete)}
        for module in order.incomplete:
            for name in MISSING[module]:
                del body[name]
    return body


def _whole(order: Order, shop: Shop, settings: Settings) -> dict[str, Any]:
    bill = order.bill
    subscribed = settings.fields_subscribed
    body: dict[str, Any] = {
        "orderId": order.order_id,
        "orderIdView": order.view_id,
        "ePoiId": order.e_poi_id,
        "poiId": shop.poi_id,
        "poiName": shop.name,
        "daySeq": str(order.day_seq),
        "status": order.status,
        "payType": order.pay_type,
        "ctime": order.created_at,
        "utime": order.updated_at,
        "deliveryTime": order.delivery_time,
        "estimateArrivalTime": order.estimated_arrival,
        "orderSendTime": int(order.paid_at),
        "shippingFee": money.yuan(bill.shipping),
        "total": money.yuan(bill.total),
        "originalPrice": money.yuan(bill.original),
        "caution": _caution(order, settings),
        "hasInvoiced": int(bool(order.invoice)),
        "invoiceTitle": order.invoice.get("title", ""),
        "taxpayerId": order.invoice.get("taxpayer_id", ""),
        "logisticsCode": order.logistics_code,
        "isThirdShipping": 0,
        "packageBagFeeInfo": as_text({"packageBagFee": money.yuan(bill.bag)}),
        **_recipient(order, settings),
        **_courier(order),
        "detail": as_text(money.detail(bill, subscribed)),
        "extras": as_text(money.extras(bill, subscribed)),
        "poiReceiveDetail": as_text(money.receive_detail(bill)),
        "wmPoiReceiveCent": bill.received,
        "orderTagList": "[]",
        "incmpCode": 0,
    }
    if subscribed:
        body |= {
            "pickType": order.pick_type,
            "dinnersNumber": order.dinners,
            "isFavorites": False,
            "isPoiFirstOrder": False,
        }
    if order.confirmed_at:
        # A booked meal is wanted in its time, not soon after it was accepted.
        begins = max(order.confirmed_at, order.delivery_time - 2 * settings.meal_seconds)
        body["poiMealAssessmentTime"] = int(begins + settings.meal_seconds)
    if order.eta:
        body["etaModify"] = as_text(order.eta)
    return body


def queried(order: Order, shop: Shop, settings: Settings) -> dict[str, Any]:
    """Returns the order as queryById does: with cTime and uTime."""
    body = _whole(order, shop, settings)
    body["cTime"], body["uTime"] = body.pop("ctime"), body.pop("utime")
    return body


def read_only(order: Order, shop: Shop, settings: Settings) -> dict[str, Any]:
    """Returns the order for providers that take no orders; `detail` and `activity` are lists."""
    body = {snake(name): value for name, value in _whole(order, shop, settings).items()}
    del body["extras"]
    body["detail"] = money.detail(order.bill, settings.fields_subscribed)
    body["activity"] = money.extras(order.bill, settings.fields_subscribed)
    return body


def snake(name: str) -> str:
    return re.sub(r"(?<=[a-z])([A-Z])", lambda found: "_" + found[1].lower(), name).lower()


def _caution(order: Order, settings: Settings) -> str:
    """Returns the customer's words and what Meituan appends to them."""
    parts = [order.caution]
    if order.pick_type == 1:
        parts.append("【到店自取】")
    if settings.numbers_in_caution:
        hidden, real = order.recipient["phone"], order.recipient["real_phone"]
        parts.append(f"收餐人隐私号 {hidden}，手机号 {real[:3]}****{real[-4:]}")
    return " ".join(part for part in parts if part)


def _recipient(order: Order, settings: Settings) -> dict[str, Any]:
    person = order.recipient
    hidden_after = settings.hide_address_seconds
    is_old = bool(
        hidden_after and order.finished_at and time.time() > order.finished_at + hidden_after
    )
    return {
        "recipientName": person["name"],
        "recipientPhone": person["real_phone"] if order.is_degraded else person["phone"],
        "backupRecipientPhone": as_text([] if order.is_degraded else person["backup"]),
        "recipientAddress": HIDDEN if is_old else person["address"],
        "recipientAddressDesensitization": HIDDEN if is_old else person["address_desensitized"],
        "latitude": person["latitude"],
        "longitude": person["longitude"],
    }


def _courier(order: Order) -> dict[str, Any]:
    """Returns the rider, whose number is empty once the order has ended."""
    has_ended = order.status in (FINISHED, CANCELLED)
    return {
        "shipperPhone": "" if has_ended else order.courier.get("phone", ""),
        "logisticsName": order.courier.get("name", ""),
        "logisticsStatus": order.delivery_state,
    }


def refund_foods(order: Order, refund: Refund) -> list[dict[str, Any]]:
    """Returns the dishes of a part refund, where box_num is per piece."""
    return [_food(order, int(line), count) for line, count in refund.foods.items()]


def refundable(order: Order) -> list[dict[str, Any]]:
    """Returns the dishes that can still be refunded."""
    return [
        _food(order, line, dish.quantity - dish.refunded)
        for line, dish in enumerate(order.bill.dishes)
        if dish.quantity > dish.refunded
    ]


def _food(order: Order, line: int, count: int) -> dict[str, Any]:
    dish = order.bill.dishes[line]
    return {
        "app_food_code": dish.code,
        "food_name": dish.name,
        "sku_id": dish.sku_id,
        "spec": dish.spec,
        "food_property": dish.properties,
        "cart_id": dish.bag,
        "count": count,
        "food_price": money.yuan(dish.price),
        "origin_food_price": money.yuan(dish.price),
        "refund_price": money.yuan(dish.price),
        "box_num": dish.boxes_a_piece,
        "box_price": money.yuan(dish.box_price),
    }


def refund_push(order: Order, refund: Refund, notify: str, settings: Settings) -> dict[str, Any]:
    """Returns the body of a refund's push. It names no refund, so two can be byte-identical."""
    body: dict[str, Any] = {
        "orderId": order.order_id,
        "notifyType": notify,
        "reason": refund.answer if notify in ("agree", "reject") else refund.reason,
    }
    if refund.kind == PART:
        foods: Any = refund_foods(order, refund)
        if settings.part_refund_food_as_text:
            foods = as_text(foods)
        body |= {"money": money.yuan(refund.money), "food": foods}
    return body
