"""The chat between customers and stores: who may write when, and the reply rate."""

from __future__ import annotations

import time
from dataclasses import dataclass
from typing import Any

from stores.sandbox import ControlError, given

from .accounts import Shop
from .messages import (
    FROM_CUSTOMER,
    FROM_SHOP,
    NO_SCENE,
    PICTURE,
    SCENES,
    TEXT,
    URGENT_SCENE,
    Message,
)
from .orders import Order, beijing_day
from .world import Impossible, World

HALF_AN_HOUR = 1800
RIGHTS = ((1, "评价联系"), (3, "评价实时更新"), (5, "邀请顾客评价"), (6, "屏蔽恶意顾客"))


def deliver(world: World, shop: Shop, message: Message, *, is_pushed: bool = True) -> Message:
    """Stores a message and tells the provider by HTTP push and by every listener."""
    world.book.messages.append(message)
    world.touch()
    if not is_pushed:
        return message
    for listener in world.listeners:
        message.was_delivered |= listener(message)
    if shop.im_subscribed or not world.settings.im_needs_subscription:
        secret = world.book.developers[shop.developer_id].im_secret
        world.push("message", shop, message.as_envelope(secret), str(message.open_user_id))
    return message


def customer_writes(world: World, shop: Shop, body: dict[str, Any]) -> Message:
    """Has a customer, or the shop in Meituan's own app ("source": 1), write. Raises ControlError,
    Impossible.
    """
    order = None
    if body.get("order_id"):
        order = world.book.order(given.whole(body["order_id"]))
        if order.e_poi_id != shop.e_poi_id:
            raise ControlError("the order belongs to another store")
    source = given.value(body, "source", int, FROM_CUSTOMER)
    user = given.whole(body.get("open_user_id", order.open_user_id if order else None))
    if user is None:
        raise ControlError("a message needs open_user_id or order_id")
    if not shop.im_status:
        raise Impossible("门店未开启在线联系")
    if source == FROM_CUSTOMER and str(user) in shop.blocked:
        raise Impossible("顾客已被屏蔽")
    now = time.time()
    scene = given.value(body, "scene_tag", int, NO_SCENE)
    message = Message(
        msg_id=given.whole(body.get("msg_id")) or world.book.next_number("message"),
        e_poi_id=shop.e_poi_id,
        open_user_id=user,
        text=given.value(body, "text", str, ""),
        cts=given.value(body, "cts", int, int(now)),
        at=now,
        source=source,
        kind=given.value(body, "msg_type", int, TEXT),
        order_id=order.order_id if order else 0,
        scene_tag=scene,
        scene_name=SCENES.get(scene, ""),
        origin="app" if source == FROM_SHOP else "customer",
        content=given.value(body, "content", str, ""),
    )
    return deliver(world, shop, message)


@dataclass(frozen=True)
class Sent:
    """What a provider sends, after its form was checked and its text decrypted."""

    sender_id: int
    open_user_id: int
    text: str
    kind: int
    cts: int
    order_id: int


def provider_writes(world: World, shop: Shop, sent: Sent) -> Message:
    """Sends a provider's message to the customer. Raises Impossible.

    That these are refused is known or likely, the texts are ours.
    """
    if not shop.im_status:
        raise Impossible("门店未开启在线联系")
    if str(sent.open_user_id) in shop.blocked:
        raise Impossible("顾客已被屏蔽")
    known = world.book.conversation(shop.e_poi_id, sent.open_user_id)
    order = _order_of(world, shop, sent)
    if order is None and not known:
        raise Impossible("顾客不存在")
    if order and order.ended_at and time.time() > order.ended_at + world.settings.chat_seconds:
        raise Impossible("订单完成已超过48小时，不能发送消息")
    repeated = any(row.sender_id == sent.sender_id for row in known)
    if repeated and world.settings.im_repeated_id == "refuse":
        raise Impossible("消息重复")
    message = Message(
        msg_id=world.book.next_number("message"),
        e_poi_id=shop.e_poi_id,
        open_user_id=sent.open_user_id,
        text=sent.text,
        cts=sent.cts,
        at=time.time(),
        source=FROM_SHOP,
        kind=sent.kind,
        order_id=sent.order_id,
        sender_id=sent.sender_id,
        origin="provider",
    )
    return deliver(world, shop, message, is_pushed=world.settings.im_echo)


def _order_of(world: World, shop: Shop, sent: Sent) -> Order | None:
    """Returns the order a message is about; without a number, the customer's last one. Raises
    Impossible.
    """
    if not sent.order_id:
        theirs = [
            order
            for order in world.book.orders_of([shop])
            if order.open_user_id == sent.open_user_id
        ]
        return theirs[-1] if theirs else None
    order = world.book.orders.get(sent.order_id)
    if order is None or order.e_poi_id != shop.e_poi_id:
        raise Impossible("订单不存在")
    if order.open_user_id != sent.open_user_id:
        raise Impossible("顾客与订单不符")
    return order


def send_card(world: World, shop: Shop, order: Order) -> None:
    """Sends the picture of the store's 安心卡 after completion, as Meituan does by itself."""
    card = shop.card
    if not card or not card["syncIM"] or shop.audit_status or not shop.im_status:
        return
    now = time.time()
    message = Message(
        msg_id=world.book.next_number("message"),
        e_poi_id=shop.e_poi_id,
        open_user_id=order.open_user_id,
        text=card["landPage"],
        cts=int(now),
        at=now,
        source=FROM_SHOP,
        kind=PICTURE,
        order_id=order.order_id,
        origin="platform",
    )
    deliver(world, shop, message)


def note_delivered(world: World, msg_id: int) -> None:
    for message in reversed(world.book.messages):
        if message.msg_id == msg_id:
            message.was_delivered = True
            return


def users_who_failed(world: World, developer_id: int, shop: Shop | None = None) -> int:
    """Counts the customers of whom a message of the last 30 minutes reached no system: those of the
    store for which a token was asked, where tokens hear of one store only.
    """
    shops = world.book.shops_of(developer_id)
    if shop and world.settings.im_tokens_of_store:
        shops = [shop]
    names = {each.e_poi_id for each in shops}
    since = time.time() - HALF_AN_HOUR
    failed = set()
    for message in reversed(world.book.messages):
        if message.at < since:
            break
        is_theirs = message.e_poi_id in names and message.source == FROM_CUSTOMER
        if is_theirs and not message.was_delivered:
            failed.add((message.e_poi_id, message.open_user_id))
    return len(failed)


def reversion(world: World, shop: Shop) -> dict[str, Any]:
    """Returns the reply rate of today and the rights; numbers are texts for /wmoper."""
    settings = world.settings
    rates = {
        "": _rate(world, shop, settings.reply_seconds, urgent=False),
        "urgent": _rate(world, shop, settings.urgent_reply_seconds, urgent=True),
    }
    if settings.reply_rate >= 0:
        rates = dict.fromkeys(rates, settings.reply_rate)
    has_rights = rates[""] >= settings.reply_target
    numbers = {
        "benefitStatus": int(has_rights),
        "reversionRate": rates[""],
        "targetReversionRate": settings.reply_target,
        "urgentBenefitStatus": int(rates["urgent"] >= settings.reply_target),
        "urgentReversionRate": rates["urgent"],
        "urgentTargetReversionRate": settings.reply_target,
    }
    rights = [{"code": code, "name": name} for code, name in RIGHTS] if has_rights else []
    as_texts = shop.business_id == 16
    answer: dict[str, Any] = {
        name: str(value) if as_texts else value for name, value in numbers.items()
    }
    return {**answer, "rightsList": rights, "tempRightsList": []}


def _rate(world: World, shop: Shop, seconds: float, *, urgent: bool) -> int:
    """Returns the percentage of today's questions that were answered in time; 100 without any.

    A question is the first message of a customer after the shop's last; which messages Meituan
    counts is not published.
    """
    now, today = time.time(), beijing_day(time.time())
    open_since: dict[int, float] = {}
    in_time = late = 0
    for row in world.book.messages:
        if row.e_poi_id != shop.e_poi_id or beijing_day(row.at) != today:
            continue
        user = row.open_user_id
        if row.source == FROM_CUSTOMER:
            if not urgent or row.scene_tag == URGENT_SCENE:
                open_since.setdefault(user, row.at)
        elif row.origin != "platform" and user in open_since:
            is_in_time = row.at - open_since.pop(user) <= seconds
            in_time, late = in_time + is_in_time, late + (not is_in_time)
    late += sum(now - since > seconds for since in open_since.values())
    return 100 * in_time // (in_time + late) if in_time + late else 100
