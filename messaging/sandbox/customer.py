"""A page on which to play the customer: ask, order, write, complain, and want the money back."""

from __future__ import annotations

import time
from collections.abc import Callable, Mapping
from html import escape
from typing import Any
from urllib.parse import urlencode

from stores.sandbox import ControlError, Reply, Request, given, pages

from . import pictures
from .control import ControlRoutes
from .messages import FROM_CUSTOMER, PICTURE, URGENT_SCENE, Message
from .orders import (
    CANCELLED,
    CONFIRMED,
    FINISHED,
    PAID,
    RECEIVED,
    SHIPPED,
    SUBMITTED,
    Order,
)

PAGE, TALK = "/customer", "/customer/talk"
SHOWN = 12
# Somebody who has not ordered.
ASKER = 800_000_000
DISHES = (("鲜虾云吞面", 2600), ("干炒牛河", 2800), ("冻柠茶", 1200))
STATES = {
    SUBMITTED: "未支付",
    PAID: "等商家接单",
    RECEIVED: "等商家接单",
    CONFIRMED: "商家已接单",
    SHIPPED: "配送中",
    FINISHED: "已完成",
    CANCELLED: "已取消",
}
STYLE = """
body{font:16px/1.5 sans-serif;max-width:40rem;margin:0 auto;padding:1rem}
button,input,select{font:inherit;min-height:2.75rem;padding:.3rem .8rem;margin:.15rem 0}
input[type=number]{width:4.5rem}input[type=text],iframe{width:100%;box-sizing:border-box}
iframe{border:1px solid #ccc;height:20rem}li{margin:.4rem 0}.shop{text-align:right;color:#1d4ed8}
.trouble{color:#b42318}p{margin:.3rem 0}
.talk{display:flex;flex-direction:column-reverse;max-height:95vh;overflow:auto}
"""
Act = Callable[[ControlRoutes, dict[str, str]], Any]


def page(routes: ControlRoutes, request: Request) -> Reply:
    """The page and the talk inside it (GET), and what a button does (POST)."""
    if request.path == TALK:
        return _talk(routes, request.query)
    if request.method != "POST":
        return _page(routes, request.query)
    fields = pages.form(request)
    act = ACTS.get(fields.get("do", ""))
    chosen: dict[str, str] = {name: fields[name] for name in ("store", "order") if name in fields}
    try:
        made = act(routes, fields) if act else None
    except ControlError as error:
        return _page(routes, chosen, error.message)
    if isinstance(made, dict) and "order_id" in made:
        chosen["order"] = str(made["order_id"])
    return pages.back("customer", chosen)


# What the buttons do


def _order(routes: ControlRoutes, fields: Mapping[str, str]) -> Any:
    counts = [given.whole(fields.get(f"dish{number}", "")) or 0 for number in range(len(DISHES))]
    dishes = [
        {"name": name, "price": price, "quantity": count}
        for (name, price), count in zip(DISHES, counts, strict=True)
        if 0 < count < 100
    ]
    if not dishes:
        raise ControlError("请选择菜品")
    body = {"epoi_id": fields.get("store", ""), "dishes": dishes, "discounts": []}
    return routes.place_order(body | {"caution": fields.get("text", "")})


def _writes(**more: Any) -> Act:
    def act(routes: ControlRoutes, fields: dict[str, str]) -> Any:
        text = more.get("text") or _text(fields)
        routes.write_message({"order_id": fields.get("order", ""), **more, "text": text})

    return act


def _send_picture(routes: ControlRoutes, fields: dict[str, str]) -> None:
    address = f"{routes.world.here}{pictures.SOUP}"
    _writes(msg_type=PICTURE, text=address)(routes, fields)


def _ask(routes: ControlRoutes, fields: dict[str, str]) -> None:
    """Writes to a store before an order."""
    body = {"epoi_id": fields.get("store", ""), "open_user_id": ASKER, "text": _text(fields)}
    routes.write_message(body)


def _text(fields: Mapping[str, str]) -> str:
    if text := fields.get("text", "").strip():
        return text
    raise ControlError("请输入内容")


def _acts(action: str) -> Act:
    def act(routes: ControlRoutes, fields: dict[str, str]) -> Any:
        reason = fields.get("text", "").strip()
        body = {"reason": reason} if reason else {}
        return routes.act_on_order(fields.get("order", ""), action, body)

    return act


ACTS: dict[str, Act] = {
    "order": _order,
    "ask": _ask,
    "write": _writes(),
    "urgent": _writes(scene_tag=URGENT_SCENE),
    "picture": _send_picture,
    "remind": _acts("remind"),
    "finish": _acts("finish"),
    "cancel": _acts("cancel"),
    "refund": _acts("refund"),
    "withdraw": _acts("withdraw"),
}
OF_AN_ORDER = (
    ("write", "发送"),
    ("urgent", "紧急投诉"),
    ("picture", "发图片"),
    ("remind", "催单"),
    ("finish", "确认收货"),
    ("refund", "申请退款"),
    ("withdraw", "撤销退款"),
    ("cancel", "取消订单"),
)


# What is shown


def _page(routes: ControlRoutes, query: Mapping[str, str], trouble: str = "") -> Reply:
    with routes.lock:
        book = routes.world.book
        shops = list(book.shops.values())
        order = book.orders.get(given.whole(query.get("order")) or 0)
        last = sorted(book.orders.values(), key=lambda row: row.created_at)[-SHOWN:]
        names = {shop.e_poi_id: shop.name for shop in shops}
        listed = "".join(_row(row, names) for row in reversed(last))
    chosen = order.e_poi_id if order else query.get("store", "")
    options = "".join(
        f'<option value="{escape(shop.e_poi_id)}"{" selected" * (shop.e_poi_id == chosen)}>'
        f"{escape(shop.name)}</option>"
        for shop in shops
    )
    dishes = "".join(
        f"<p><label>{name} {price / 100:.2f} 元 <input type=number name=dish{number} min=0 max=99"
        f" value={int(number == 0)}></label></p>"
        for number, (name, price) in enumerate(DISHES)
    )
    parts = [
        "<h1>顾客</h1>",
        f'<p class="trouble" role="alert">{escape(trouble)}</p>' if trouble else "",
        _about(order, names) if order else _asked(chosen, names),
        f'<h2>下单</h2><form method="post"><p><select name="store" aria-label="门店">{options}'
        f"</select></p>{dishes}<p>"
        '<input type="text" name="text" placeholder="备注，或要问商家的话"></p>'
        '<button name="do" value="order">下单并付款</button> '
        '<button name="do" value="ask">先问商家</button></form>',
        f"<h2>最近的订单</h2><ul>{listed}</ul>" if listed else "",
    ]
    return pages.html("".join(parts), 409 if trouble else 200, style=STYLE)


def _about(order: Order, names: Mapping[str, str]) -> str:
    buttons = "".join(
        f'<button name="do" value="{act}">{title}</button> ' for act, title in OF_AN_ORDER
    )
    return (
        f"<h2>#{order.day_seq} {escape(names.get(order.e_poi_id, ''))}</h2>"
        f'<iframe src="customer/talk?order={order.order_id}" title="聊天"></iframe>'
        f'<form method="post"><input type="hidden" name="order" value="{order.order_id}">'
        f'<p><input type="text" name="text" placeholder="消息，或催单、退款的原因" autofocus></p>'
        f"<p>{buttons}</p></form>"
    )


def _asked(e_poi_id: str, names: Mapping[str, str]) -> str:
    """What was said before an order, with the store that is chosen."""
    if e_poi_id not in names:
        return ""
    there = escape(urlencode({"store": e_poi_id}))
    return (
        f"<h2>下单前 · {escape(names[e_poi_id])}</h2>"
        f'<iframe src="customer/talk?{there}" title="聊天"></iframe>'
    )


def _row(order: Order, names: Mapping[str, str]) -> str:
    at = time.strftime("%H:%M", time.localtime(order.created_at))
    return (
        f'<li><a href="customer?order={order.order_id}">#{order.day_seq} '
        f"{escape(names.get(order.e_poi_id, ''))}</a> {at} {_state(order)}</li>"
    )


def _state(order: Order) -> str:
    if order.open_refund:
        return "退款处理中"
    if order.refunded and order.status not in (FINISHED, CANCELLED):
        return f"{STATES.get(order.status, '')}，已退 {order.refunded / 100:.2f} 元"
    return STATES.get(order.status, "")


def _talk(routes: ControlRoutes, query: Mapping[str, str]) -> Reply:
    """What was said about an order, or before one; who looks has read it. Loads itself again."""
    with routes.lock:
        book = routes.world.book
        order = book.orders.get(given.whole(query.get("order")) or 0)
        store = order.e_poi_id if order else query.get("store", "")
        if store not in book.shops:
            return pages.html("没有这个订单", 404)
        user = order.open_user_id if order else ASKER
        said = book.conversation(store, user)
        read_at = book.read_times.get(f"{store}/{user}", 0)
        last = max((int(row.at * 1000) for row in said if row.source != FROM_CUSTOMER), default=0)
        if last > read_at:
            book.read_times[f"{store}/{user}"] = last
            routes.touch()
        state = _state(order) if order else ""
    # From below, so that the end is in sight without a mark in the address: browsers would not load
    # the page again with one.
    lines = [f"<p>{state}</p>", *(_bubble(row) for row in said)]
    body = f'<div class="talk">{"".join(reversed(lines))}</div>'
    return pages.html(body, style=STYLE, head='<meta http-equiv="refresh" content="2">')


def _bubble(row: Message) -> str:
    who = "" if row.source == FROM_CUSTOMER else ' class="shop"'
    if row.kind == PICTURE and row.text.startswith(("http://", "https://")):
        return f'<p{who}><img src="{escape(row.text)}" alt="图片" width="200"></p>'
    return f"<p{who}>{escape(row.text)}</p>"
