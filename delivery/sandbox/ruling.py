"""A page on which to change couriers' rules and moods, and how pushes come."""

from __future__ import annotations

import math
import time
from collections.abc import Callable, Mapping
from html import escape
from typing import Any

from stores.sandbox import ControlError, Reply, Request, pages

from .book import FORMS, MODES, App, Courier, Provider
from .control import ControlRoutes
from .playing import shown
from .settings import Settings

PAGE = "/couriers"
HOUR = 3600
# The largest number of a box.
MOST = 10_000_000
MOODS = {
    "takes": "接单",
    "refuses": "拒绝：收件人信息不正确",
    "offline": "门店已下线",
    "silent": "接了单，没有动静",
    "no_answer": "不回答（930556）",
}
NUMBERS = {
    "base": "起步价（元）",
    "per_km": "每公里（元）",
    "reach": "最远（米）",
    "seconds": "预计用时（秒）",
    "cancel_fee": "取消扣费（元）",
    "free_seconds": "接单后免费取消（秒）",
}
STEPS = ("accept", "arrive", "pick_up", "leave", "deliver")
# Name of the box → switches of settings.py when it is ticked, and words.
BOXES: Mapping[str, tuple[Mapping[str, Any], str]] = {
    "rides": ({f"{step}_seconds": 20.0 for step in STEPS}, "自己走完每一步，每步 20 秒"),
    "slow": ({"answer_seconds": 8.0}, "很慢：8 秒后才回答"),
    "repeats": ({"repeats_pick_up": True}, "取货（202）推送两次"),
    "cancels_late": ({"cancel_seconds": 8.0}, "取消 8 秒后才回答"),
    "accepts_late": ({"accepts_after_end_seconds": 10.0}, "取消或 502 之后 10 秒仍有骑手接单"),
    "gives_up": ({"give_up_seconds": 30.0}, "30 秒没有骑手就 502"),
    "hides_fee": ({"precancel_without_fee": True}, "预取消不说扣多少"),
    "hides_number": ({"add_without_waybill": True}, "下单不给运单号"),
    "get_fails": ({"get_fails": True}, "查单失败，只带旧骑手"),
    "masks": ({"masks_ended_riders": True}, "结束后隐藏骑手电话"),
    "silent_bookings": ({"silent_bookings": True}, "预约单接了就没有消息"),
}
PUSHES = {
    "send": "正常推送",
    "hour": "一小时内的推送全部丢失",
    "hold": "先攒着",
    "lose": "全部丢失",
}
MODE_WORDS = {"plain": "明文", "compat": "兼容", "secure": "安全（加密）"}
Act = Callable[[ControlRoutes, Mapping[str, str]], None]


def page(routes: ControlRoutes, request: Request) -> Reply:
    """The rules (GET), and what a button changes (POST)."""
    if request.method != "POST":
        return _page(routes)
    fields = pages.form(request)
    act = ACTS.get(fields.get("do", ""))
    try:
        if act:
            act(routes, fields)
    except ControlError as error:
        return _page(routes, error.message)
    return pages.back("couriers", {})


# What the buttons do


def _change_courier(routes: ControlRoutes, fields: Mapping[str, str]) -> None:
    with routes.lock:
        courier = routes.book.couriers.get(fields.get("courier", ""))
        if courier is None:
            raise ControlError("没有这家运力", 404)
        body: dict[str, Any] = {"delivery_id": courier.delivery_id, "mood": fields.get("mood", "")}
        body |= {name: _number(fields, name) for name in NUMBERS}
        body["seconds"] = int(body["seconds"])
        body["switches"] = _switches(routes.settings, courier, fields)
        balances = {
            account.shopid: _number(fields, f"balance {account.shopid}", least=-MOST)
            for account in routes.book.accounts.values()
            if f"balance {account.shopid}" in fields
        }
        routes.put_courier(body)
        for shopid, balance in balances.items():
            routes.put_account({"shopid": shopid, "balance": balance})


def _switches(settings: Settings, courier: Courier, fields: Mapping[str, str]) -> dict[str, Any]:
    """Returns the courier's own switches; a box that stays ticked keeps the values it had."""
    own, usual = dict(courier.switches), Settings()
    for box, (ticked, _words) in BOXES.items():
        for name, value in ticked.items():
            if box not in fields:
                own[name] = getattr(usual, name)
            elif not _is_on(settings, courier, box):
                own[name] = value
    return {name: value for name, value in own.items() if value != getattr(settings, name)}


def _is_on(settings: Settings, courier: Courier, box: str) -> bool:
    now, usual = settings.of(courier.switches), Settings()
    return any(getattr(now, name) != getattr(usual, name) for name in BOXES[box][0])


def _change_app(routes: ControlRoutes, fields: Mapping[str, str]) -> None:
    appid = fields.get("app", "")
    if appid not in routes.book.apps:
        raise ControlError("没有这个小程序", 404)
    mode, form = fields.get("mode", ""), fields.get("form", "")
    if mode not in MODES or form not in FORMS:
        raise ControlError("没有这种模式")
    if mode != "plain" and not routes.book.apps[appid].aes_key:
        raise ControlError("没有 EncodingAESKey，只能用明文模式")
    routes.put_app({"appid": appid, "mode": mode, "form": form})


def _change_pushes(routes: ControlRoutes, fields: Mapping[str, str]) -> None:
    wanted = fields.get("pushes", "")
    until = time.time() + HOUR if wanted == "hour" else 0.0
    pushes = "send" if wanted == "hour" else wanted
    copies = 1 if "twice" in fields else 0
    routes.change_settings({"pushes": pushes, "pushes_lost_until": until, "push_copies": copies})


def _change_tickets(routes: ControlRoutes, fields: Mapping[str, str]) -> None:
    seconds = 0.0 if "silent" in fields else Settings().ticket_seconds
    routes.change_settings({"ticket_seconds": seconds})


def _of_app(action: str) -> Act:
    def act(routes: ControlRoutes, fields: Mapping[str, str]) -> None:
        method = {"steal": routes.steal, "withdraw": routes.withdraw}[action]
        method(fields.get("app", ""), {})

    return act


def _number(fields: Mapping[str, str], name: str, *, least: int = 0) -> float:
    text = fields.get(name, "")
    try:
        number = float(text)
    except ValueError:
        number = math.nan
    if not least <= number <= MOST:
        raise ControlError(f"“{text[:20]}”不是 {least} 到 {MOST} 的数")
    return number


ACTS: Mapping[str, Act] = {
    "courier": _change_courier,
    "app": _change_app,
    "pushes": _change_pushes,
    "tickets": _change_tickets,
    "steal": _of_app("steal"),
    "withdraw": _of_app("withdraw"),
}


# What is shown


def _page(routes: ControlRoutes, trouble: str = "") -> Reply:
    with routes.lock:
        book, settings = routes.book, routes.settings
        parts = [
            "<h2>推送</h2>",
            _pushes(settings),
            *(_app(app, app.appid in book.authorisations) for app in book.apps.values()),
            *(_provider(row) for row in book.providers.values()),
            _tickets(settings) if book.providers else "",
            "<h2>运力</h2>",
            *(_courier(routes, courier) for courier in book.couriers.values()),
        ]
    return shown("运力与开关", parts, trouble=trouble)


def _pushes(settings: Settings) -> str:
    is_lost = time.time() < settings.pushes_lost_until
    now = "hour" if is_lost else settings.pushes
    return _form(
        "pushes",
        f"<p>{_select('pushes', '推送', PUSHES, now)}"
        f"{_box('twice', '每条推送发两次', bool(settings.push_copies))}</p>",
    )


def _app(app: App, is_authorised: bool) -> str:
    more = ' <button name="do" value="steal">另一台服务器取走令牌</button>'
    if is_authorised:
        more += ' <button name="do" value="withdraw">取消对服务商的授权</button>'
    forms = {form: form.upper() for form in FORMS}
    return _form(
        "app",
        f"<legend>{escape(app.appid)}</legend>"
        f'<input type="hidden" name="app" value="{escape(app.appid)}">'
        f'<p class="number">{escape(app.callback or "没有推送地址")}</p>'
        f"{_select('mode', '模式', MODE_WORDS, app.mode)}"
        f"{_select('form', '格式', forms, app.form)}",
        more,
    )


def _provider(row: Provider) -> str:
    return f'<p class="number">服务商 {escape(row.appid)} · {escape(row.callback)}</p>'


def _tickets(settings: Settings) -> str:
    return _form("tickets", _box("silent", "不再推送 ticket", not settings.ticket_seconds))


def _courier(routes: ControlRoutes, courier: Courier) -> str:
    numbers = "".join(
        _input(name, words, getattr(courier, name)) for name, words in NUMBERS.items()
    )
    balances = "".join(
        # Fees of cancellations and calls may have brought it below zero.
        _input(f"balance {account.shopid}", f"余额（元）{account.shopid}", account.balance, -MOST)
        for account in routes.book.accounts.values()
        if account.delivery_id == courier.delivery_id
    )
    boxes = "".join(
        _box(box, words, _is_on(routes.settings, courier, box))
        for box, (_ticked, words) in BOXES.items()
    )
    name = f"{courier.name} {courier.delivery_id}"
    return _form(
        "courier",
        f"<legend>{escape(name)}</legend>"
        f'<input type="hidden" name="courier" value="{escape(courier.delivery_id)}">'
        f"{_select('mood', '心情', MOODS, courier.mood)}{boxes}{numbers}{balances}",
    )


def _form(act: str, inside: str, more: str = "") -> str:
    button = f'<button name="do" value="{act}">保存</button>'
    return f'<form method="post"><fieldset>{inside}<p>{button}{more}</p></fieldset></form>'


def _select(name: str, words: str, choices: Mapping[str, str], now: str) -> str:
    options = "".join(
        f'<option value="{key}"{" selected" * (key == now)}>{title}</option>'
        for key, title in choices.items()
    )
    return f'<label>{words} <select name="{name}">{options}</select></label>'


def _box(name: str, words: str, is_on: bool) -> str:
    ticked = " checked" * is_on
    return f'<label><input type="checkbox" name="{name}" value="1"{ticked}> {words}</label>'


def _input(name: str, words: str, value: float, least: int = 0) -> str:
    return (
        f'<label><input type="number" step="any" min="{least}" name="{escape(name)}"'
        f' value="{round(value, 2)}"> {escape(words)}</label>'
    )
