"""Calls about orders, for providers that take them (/waimai) and for those that read them
(/wmoper).
"""

from __future__ import annotations

import time
from collections.abc import Callable, Mapping
from datetime import datetime, timedelta
from typing import Any

from stores.sandbox.outgoing import ACKNOWLEDGED

from . import actions, orders, shapes
from .accounts import TAKING
from .answers import Refused, business_error
from .calls import NONE, OK, OPTIONAL, Biz, Call, Caller, nested, number, order_of, text
from .orders import Order
from .world import World

REASON_CODES = {str(code) for code in (*range(1101, 1104), *range(2001, 2017), 1301)}
DAYS_READABLE = 5
MOST_NUMBERS = 1000


def _acting(act: Callable[[World, Order, Biz], None]) -> Call:
    """Returns a call that acts on one order of the store and answers "ok"."""

    def run(world: World, caller: Caller, biz: Biz) -> str:
        act(world, order_of(world, caller, biz), biz)
        return OK

    return Call(run)


def _cancel(world: World, order: Order, biz: Biz) -> None:
    code = text(biz, "reasonCode")
    if code not in REASON_CODES:
        raise business_error("reasonCode不正确")
    actions.cancel(world, order, code, text(biz, "reason"))


def _decide(action: str) -> Call:
    def act(world: World, order: Order, biz: Biz) -> None:
        refund = order.open_refund or (order.refunds[-1] if order.refunds else None)
        if refund is None:
            raise business_error("订单没有退款申请")
        actions.refund_step(world, order, refund, action, text(biz, "reason"))

    return _acting(act)


def _part_refund(world: World, order: Order, biz: Biz) -> None:
    rows = nested(biz.get("foodData"))
    if not isinstance(rows, list) or not rows:
        raise business_error("foodData必填，为JSON数组")
    foods: dict[str, int] = {}
    for row in rows:
        line = _line(order, row if isinstance(row, Mapping) else {})
        foods[line] = foods.get(line, 0) + number(row, "count")
    actions.refund_by_shop(world, order, foods, text(biz, "reason"))


def _line(order: Order, row: Mapping[str, Any]) -> str:
    """Returns the number of the line that a row of foodData names. Raises Refused."""
    code = row.get("app_food_code") or row.get("appFoodCode")
    sku = row.get("sku_id") or row.get("skuId")
    bag = row.get("cart_id", row.get("cartId"))
    for line, dish in enumerate(order.bill.dishes):
        if dish.code == code and sku in (None, "", dish.sku_id) and bag in (None, dish.bag):
            return str(line)
    raise business_error("退款菜品不在订单中")


def _own(state: int) -> Call:
    def act(world: World, order: Order, biz: Biz) -> None:
        names = {"name": "courierName", "phone": "courierPhone"}
        courier = {ours: text(biz, theirs, required=False) for ours, theirs in names.items()}
        given = {name: value for name, value in courier.items() if value}
        actions.own_delivery(world, order, state, given)

    return _acting(act)


def _answer_time(state: int) -> Call:
    return _acting(lambda world, order, biz: actions.answer_time(world, order, state))


def _reply(world: World, order: Order, biz: Biz) -> None:
    """Answers an urge. The parameters are not published; any text field counts as the words."""
    words = [biz.get(name) for name in ("replyContent", "content", "reply")]
    actions.reply_to_remind(world, order, next((str(word) for word in words if word), ""))


def _report(world: World, caller: Caller, biz: Biz) -> str:
    if biz.get("type") != "ORDER_PRINT_COMPLETE":
        raise business_error("type不正确")
    value = nested(biz.get("value"))
    view_id = number(value if isinstance(value, Mapping) else {}, "orderViewId")
    order = world.book.orders.get(view_id - orders.VIEW_OFFSET)
    known = {shop.e_poi_id for shop in world.book.shops_of(caller.developer.developer_id)}
    if order is None or order.e_poi_id not in known:
        raise business_error("订单不存在")
    order.printed.append(time.time())
    world.touch()
    return OK


# Reading


def _by_id(world: World, caller: Caller, biz: Biz) -> Any:
    return shapes.queried(order_of(world, caller, biz), caller.store, world.settings)


def _of_the_day(world: World, caller: Caller, biz: Biz) -> Order:
    """Returns the order with a day number; the names of the parameters are not published."""
    day = str(biz.get("date") or biz.get("dateTime") or orders.beijing_day(time.time()))
    seq = number(biz, "daySeq")
    for order in world.book.orders_of([caller.store]):
        if (order.day, order.day_seq) == (day, seq):
            return order
    raise business_error("订单不存在")


def _id_of_the_day(world: World, caller: Caller, biz: Biz) -> int:
    return _of_the_day(world, caller, biz).order_id


def _by_day_seq(world: World, caller: Caller, biz: Biz) -> Any:
    return shapes.queried(_of_the_day(world, caller, biz), caller.store, world.settings)


def _all_of(world: World, caller: Caller) -> list[Order]:
    """Returns the orders of the token's store, without a token those of all stores."""
    shops = world.book.shops_of(caller.developer.developer_id)
    taking = [shop for shop in shops if shop.business_id == TAKING]
    return world.book.orders_of([caller.shop] if caller.shop else taking)


def _unconfirmed(world: World, caller: Caller, biz: Biz) -> list[Any]:
    return [
        shapes.queried(order, world.book.shops[order.e_poi_id], world.settings)
        for order in _all_of(world, caller)
        if order.status in orders.UNCONFIRMED
    ]


def _abnormal(world: World, caller: Caller, biz: Biz) -> list[int]:
    """Returns orders whose push was not acknowledged in time, or that a control route marked."""
    before = time.time() - world.settings.abnormal_seconds
    acknowledged = {
        push.subject
        for push in world.book.pushes.all()
        if push.event == "order_new" and push.state == ACKNOWLEDGED
    }
    return [
        order.order_id
        for order in _all_of(world, caller)
        if order.is_abnormal
        or (
            order.status in orders.UNCONFIRMED
            and order.paid_at < before
            and str(order.order_id) not in acknowledged
        )
    ]


def _refund_infos(world: World, caller: Caller, biz: Biz) -> list[dict[str, Any]]:
    """Returns the refunds of several orders; unknown orders are left out."""
    asked = nested(biz.get("orderIds"))
    if not isinstance(asked, list):
        raise business_error("orderIds必填，为数组")
    wanted = {number({"orderIds": order_id}, "orderIds") for order_id in asked}
    return [
        {
            "order_id": order.order_id,
            "OrderRefundInfo": [refund.as_info(order.order_id) for refund in order.refunds],
        }
        for order in world.book.orders_of([caller.store])
        if order.order_id in wanted
    ]


def _refundable(world: World, caller: Caller, biz: Biz) -> list[dict[str, Any]]:
    return shapes.refundable(order_of(world, caller, biz))


def _page(biz: Biz) -> slice:
    offset, limit = number(biz, "degradOffset"), number(biz, "degradLimit")
    if offset < 0 or not 1 <= limit <= MOST_NUMBERS:
        raise business_error("degradLimit不能超过1000")
    return slice(offset, offset + limit)


def _customer_numbers(world: World, caller: Caller, biz: Biz) -> list[dict[str, Any]]:
    """Returns the real numbers of open orders whose privacy numbers were given up."""
    return [
        {**_named(order), "realPhoneNumber": order.recipient["real_phone"]}
        for order in _all_of(world, caller)
        if order.is_open and order.is_degraded
    ][_page(biz)]


def _rider_numbers(world: World, caller: Caller, biz: Biz) -> list[dict[str, Any]]:
    return [
        {
            **_named(order),
            "riderName": order.courier.get("name", ""),
            "riderRealPhoneNumber": order.courier.get("phone", ""),
        }
        for order in _all_of(world, caller)
        if order.is_open and order.is_degraded and order.courier
    ][_page(biz)]


def _named(order: Order) -> dict[str, Any]:
    return {
        "orderId": order.order_id,
        "orderIdView": order.view_id,
        "ePoiId": order.e_poi_id,
        "daySeq": order.day_seq,
    }


# Reading only (businessId 16)


def _detail(world: World, caller: Caller, biz: Biz) -> Any:
    name = "order_id" if "order_id" in biz else "orderId"
    return shapes.read_only(order_of(world, caller, biz, name), caller.store, world.settings)


def _orders_of_a_day(world: World, caller: Caller, biz: Biz) -> list[Any]:
    """Returns the orders of a day (yyyyMMdd, at most five days ago), once a minute."""
    shop, now = caller.store, time.time()
    if now < shop.orders_read_at + world.settings.query_orders_seconds:
        raise Refused("OP_LIMITATION_REJECT", "请求过于频繁")
    day = text(biz, "date")
    today = datetime.fromtimestamp(now, orders.BEIJING)
    days = [(today - timedelta(days=back)).strftime("%Y%m%d") for back in range(DAYS_READABLE)]
    if day not in days:
        raise business_error("只能查询最近5天的订单")
    shop.orders_read_at = now
    return [
        shapes.read_only(order, shop, world.settings)
        for order in world.book.orders_of([shop])
        if order.day == day and order.status != orders.SUBMITTED
    ]


def _ready(world: World, caller: Caller, biz: Biz) -> str:
    name = "order_id" if "order_id" in biz else "orderId"
    actions.meal_ready(world, order_of(world, caller, biz, name))
    return OK


CALLS: dict[str, Call] = {
    "/waimai/order/confirm": _acting(lambda world, order, biz: actions.confirm(world, order)),
    "/waimai/order/cancel": _acting(_cancel),
    "/waimai/order/agreeRefund": _decide("agree"),
    "/waimai/order/rejectRefund": _decide("reject"),
    "/waimai/order/applyPartRefund": _acting(_part_refund),
    "/waimai/order/queryPartRefundFoods": Call(_refundable),
    "/waimai/order/delivering": _own(orders.FETCHED),
    "/waimai/order/delivered": _own(orders.DELIVERED),
    "/waimai/order/dispatchShip": _acting(
        lambda world, order, biz: actions.call_rider(world, order)
    ),
    "/waimai/order/cancelDispatch": _acting(
        lambda world, order, biz: actions.cancel_rider(world, order)
    ),
    "/waimai/order/preparationMealComplete": Call(_ready),
    "/waimai/order/queryById": Call(_by_id),
    "/waimai/order/queryByDaySeq": Call(_by_day_seq),
    "/waimai/ng/order/getOrderIdByDaySeq": Call(_id_of_the_day),
    "/waimai/order/batchPullPhoneNumber": Call(_customer_numbers, OPTIONAL),
    "/waimai/order/getRiderInfoPhoneNumber": Call(_rider_numbers, OPTIONAL),
    "/waimai/ng/order/getUnConfirmedOrders": Call(_unconfirmed, NONE),
    "/waimai/ng/order/batchFetchAbnormalOrder": Call(_abnormal, NONE),
    "/waimai/ng/order/getBatchOrderRefundInfo": Call(_refund_infos),
    "/waimai/ng/order/remindReply": _acting(_reply),
    "/waimai/ng/order/reportMetrics": Call(_report, OPTIONAL),
    "/waimai/ng/order/eta/modify/agree": _answer_time(actions.ETA_AGREED),
    "/waimai/ng/order/eta/modify/refuse": _answer_time(actions.ETA_REFUSED),
    "/wmoper/ng/order/detail": Call(_detail),
    "/wmoper/ng/order/queryDetail": Call(_detail),
    "/wmoper/ng/order/queryOrders": Call(_orders_of_a_day),
    "/wmoper/ng/order/preparationMealComplete": Call(_ready),
    "/wmoper/ng/order/getBatchOrderRefundInfo": Call(_refund_infos),
}
