"""What customers, shops, riders, the service and the clock do with an order.

All functions raise Impossible when the order's state does not allow it, and push what they change.
"""

from __future__ import annotations

import time
from collections.abc import Mapping
from typing import Any

from stores.sandbox import given

from . import orders, shapes
from .accounts import Shop
from .chat import send_card
from .orders import Order
from .refunds import PART, WHOLE, Refund
from .world import Impossible, World

EVENT_OF = {PART: "part_refund", WHOLE: "refund"}
ETA_ASKED, ETA_AGREED, ETA_REFUSED, ETA_TIMED_OUT = 1, 2, 3, 4


def shop_of(world: World, order: Order) -> Shop:
    return world.book.shops[order.e_poi_id]


def push(world: World, event: str, order: Order, body: Any = None) -> None:
    """Pushes an event about the order; without a body, the order itself."""
    shop = shop_of(world, order)
    if body is None:
        body = shapes.pushed(order, shop, world.settings)
    world.push(event, shop, body, str(order.order_id))


def pay(world: World, order: Order) -> None:
    if not order.move(orders.PAID):
        raise Impossible("订单已支付或已取消")
    world.book.live.add(order.order_id)
    push(world, "order_new", order)


def confirm(world: World, order: Order) -> None:
    if order.status == orders.CANCELLED:
        raise Impossible("订单已取消，不能确认")
    if order.status == orders.SUBMITTED:
        raise Impossible("订单未支付，不能确认")
    if not order.move(orders.CONFIRMED):
        raise Impossible(world.settings.already_confirmed)
    push(world, "order_confirmed", order)


def cancel(world: World, order: Order, reason_code: str, reason: str) -> None:
    if not order.move(orders.CANCELLED):
        raise Impossible("订单已完成或已取消，不能取消")
    order.reason_code, order.reason = reason_code, reason
    body = {"orderId": order.order_id, "reasonCode": reason_code, "reason": reason}
    push(world, "order_cancelled", order, body)


def finish(world: World, order: Order) -> None:
    if not order.move(orders.FINISHED):
        raise Impossible("订单未确认或已结束，不能完成")
    push(world, "order_finished", order)
    send_card(world, shop_of(world, order), order)


def deliver(world: World, order: Order, state: int, courier: Mapping[str, str]) -> None:
    """Changes the delivery state, also backwards: after 100 a new delivery may follow."""
    order.delivery_state = state
    order.courier |= courier
    if state == orders.FETCHED:
        order.move(orders.SHIPPED)
    order.touch()
    body = {
        "orderId": order.order_id,
        "shippingStatus": state,
        "dispatcherName": order.courier.get("name", ""),
        "dispatcherMobile": order.courier.get("phone", ""),
        "time": int(time.time()),
    }
    push(world, "shipping", order, body)


def call_rider(world: World, order: Order) -> None:
    """Calls one of Meituan's riders (发配送)."""
    if order.logistics_code == orders.OWN_DELIVERY:
        raise Impossible("商家自配送订单，不能发起美团配送")
    if order.status not in (orders.CONFIRMED, orders.SHIPPED):
        raise Impossible("订单未确认或已结束，不能发起配送")
    if order.delivery_state not in (None, orders.NO_DELIVERY):
        raise Impossible("订单已发起配送")
    deliver(world, order, 0, {})


def cancel_rider(world: World, order: Order) -> None:
    if order.delivery_state in (None, orders.NO_DELIVERY):
        raise Impossible("订单没有配送")
    if order.delivery_state >= orders.FETCHED:
        raise Impossible("骑手已取餐，不能取消配送")
    deliver(world, order, orders.NO_DELIVERY, {})


def own_delivery(world: World, order: Order, state: int, courier: Mapping[str, str]) -> None:
    """Notes what the shop's own courier did: 20 on the way, 40 delivered."""
    if order.logistics_code != orders.OWN_DELIVERY:
        raise Impossible("非商家自配送订单")
    if order.status not in (orders.CONFIRMED, orders.SHIPPED):
        raise Impossible("订单未确认或已结束")
    if order.delivery_state == orders.DELIVERED:
        raise Impossible("订单已送达")
    deliver(world, order, state, courier)
    if state == orders.DELIVERED and world.settings.delivered_finishes:
        finish(world, order)


def meal_ready(world: World, order: Order) -> None:
    if order.status not in (orders.CONFIRMED, orders.SHIPPED):
        raise Impossible("订单未确认或已结束，不能上报出餐")
    if order.meal_ready_at:
        raise Impossible("订单已上报出餐")
    order.meal_ready_at = time.time()
    order.touch()
    world.touch()


def remind(world: World, order: Order, text: str) -> None:
    """Lets the customer urge the shop (催单)."""
    if not order.is_open:
        raise Impossible("订单已结束，不能催单")
    number = len(order.reminds) + 1
    order.reminds.append({"id": number, "at": int(time.time()), "text": text, "reply": None})
    body = {"orderId": order.order_id, "remindId": number, "remindTime": int(time.time())}
    push(world, "remind", order, body)


def reply_to_remind(world: World, order: Order, text: str) -> None:
    waiting = [row for row in order.reminds if row["reply"] is None]
    if not waiting:
        raise Impossible("订单没有待回复的催单")
    for row in waiting:
        row["reply"] = text
    world.touch()


def ask_for_time(world: World, order: Order, at: int, deadline: int) -> None:
    """Lets the customer ask for another time of arrival; the keys' names are ours."""
    if not order.is_open:
        raise Impossible("订单已结束，不能修改送达时间")
    order.eta = {"etaTime": at, "deadline": deadline, "state": ETA_ASKED}
    order.touch()
    world.book.live.add(order.order_id)
    world.touch()


def answer_time(world: World, order: Order, state: int) -> None:
    if order.eta.get("state") != ETA_ASKED:
        raise Impossible("订单没有待处理的修改时间申请")
    order.eta["state"] = state
    if state == ETA_AGREED:
        order.estimated_arrival = order.eta["etaTime"]
    order.touch()
    world.touch()


# Refunds


def apply_refund(
    world: World, order: Order, foods: Mapping[str, int], reason: str, pictures: list[str]
) -> Refund:
    """Applies for a part of the dishes, or for the whole order when `foods` is empty."""
    if order.status in (orders.SUBMITTED, orders.CANCELLED):
        raise Impossible("订单未支付或已取消，不能申请退款")
    if order.open_refund:
        raise Impossible("订单有处理中的退款")
    refund = _new_refund(world, order, foods, reason)
    refund.pictures = pictures
    push(world, EVENT_OF[refund.kind], order, _refund_body(world, order, refund, refund.applied))
    return refund


def refund_by_shop(world: World, order: Order, foods: Mapping[str, int], reason: str) -> None:
    """Refunds dishes by the shop's own decision (商家部分退款)."""
    if order.status not in (orders.CONFIRMED, orders.SHIPPED, orders.FINISHED):
        raise Impossible("订单未确认或已取消，不能部分退款")
    if order.open_refund:
        raise Impossible("订单有处理中的退款")
    left = {
        str(line): dish.quantity - dish.refunded
        for line, dish in enumerate(order.bill.dishes)
        if dish.quantity > dish.refunded
    }
    if dict(foods) == left:
        raise Impossible("部分退款不能退全部菜品，请取消订单")
    refund = _new_refund(world, order, foods, reason)
    refund_step(world, order, refund, "agree", reason)


def refund_step(world: World, order: Order, refund: Refund, action: str, reason: str) -> None:
    """Carries out one of refunds.STEPS."""
    if action in ("agree", "reject") and refund.is_open and refund.is_appeal:
        raise Impossible("退款已申诉，由客服处理")
    if not refund.allows(action):
        raise Impossible("退款已处理或已撤销")
    notify = refund.take(action, reason, time.time())
    if refund.is_agreed:
        for line, count in refund.foods.items():
            order.bill.dishes[int(line)].refunded += count
    order.touch()
    world.book.live.add(order.order_id)
    push(world, EVENT_OF[refund.kind], order, _refund_body(world, order, refund, notify))
    if refund.is_agreed and refund.kind == WHOLE and order.move(orders.CANCELLED):
        order.reason_code, order.reason = "1103", "用户申请退款，商家同意"
        if world.settings.cancel_push_after_refund:
            body = {
                "orderId": order.order_id,
                "reasonCode": order.reason_code,
                "reason": order.reason,
            }
            push(world, "order_cancelled", order, body)


def _new_refund(world: World, order: Order, foods: Mapping[str, int], reason: str) -> Refund:
    for line, count in foods.items():
        known = line.isdigit() and int(line) < len(order.bill.dishes)
        dish = order.bill.dishes[int(line)] if known else None
        if dish is None or not 1 <= count <= dish.quantity - dish.refunded:
            raise Impossible("退款菜品或数量不正确")
    now = time.time()
    left = order.bill.total - order.refunded
    money = left
    if foods:
        wanted = sum(order.bill.dishes[int(line)].price_of(n) for line, n in foods.items())
        money = min(left, wanted)
    kind = PART if foods else WHOLE
    number = world.book.next_number("order")
    refund = Refund(number, kind, money, reason, int(now), dict(foods), opened_at=now)
    order.refunds.append(refund)
    order.touch()
    world.book.live.add(order.order_id)
    return refund


def _refund_body(world: World, order: Order, refund: Refund, notify: str) -> dict[str, Any]:
    return shapes.refund_push(order, refund, notify, world.settings)


# The clock


def tick(world: World) -> None:
    """Does what is due: cancels unpaid and unconfirmed orders, agrees to refunds."""
    now, settings = time.time(), world.settings
    for order_id in sorted(world.book.live):
        order = world.book.orders[order_id]
        _end_if_due(world, order, now)
        refund = order.open_refund
        waits_for_shop = refund and not refund.is_appeal
        if refund and waits_for_shop and _is_over(refund.opened_at, settings.refund_seconds, now):
            refund_step(world, order, refund, "time_out", "商家超时未处理，自动同意")
        if order.eta.get("state") == ETA_ASKED and now > order.eta["deadline"]:
            answer_time(world, order, ETA_TIMED_OUT)
        if not order.is_open and order.open_refund is None:
            world.book.live.discard(order_id)


def _end_if_due(world: World, order: Order, now: float) -> None:
    settings = world.settings
    code = ""
    if order.status == orders.SUBMITTED:
        if _is_over(order.created_at, settings.unpaid_seconds, now):
            code = orders.NOT_PAID
    elif order.status in orders.UNCONFIRMED and _is_over(
        order.paid_at, settings.confirm_seconds, now
    ):
        code = orders.NOT_CONFIRMED
    if code:
        cancel(world, order, code, orders.REASONS[code])


def _is_over(start: float, seconds: float, now: float) -> bool:
    return bool(seconds) and now > start + seconds


def note_received(world: World, order_id: str) -> None:
    """Notes that the shop's system received a new order (3 商家已收到)."""
    order = world.book.orders.get(given.whole(order_id) or 0)
    if order is not None and order.status == orders.PAID:
        order.move(orders.RECEIVED)
