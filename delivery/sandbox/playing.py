"""A page on which to play the riders: who rides for what, and a button for each next step."""

from __future__ import annotations

import time
from collections.abc import Iterable, Mapping
from html import escape
from typing import Any
from urllib.parse import urlencode

from stores.sandbox import ControlError, Reply, Request, given, pages

from .book import Courier, Waybill
from .control import ControlRoutes

PAGE = "/riders"
SHOWN, SHOWN_ENDED = 60, 6
STATES = {
    101: "等骑手接单",
    102: "骑手已接单",
    103: "商家取消",
    201: "骑手已到店",
    202: "已取货",
    203: "未取货，商家取消",
    204: "未取货，骑手取消",
    205: "未取货，因商家取消",
    301: "配送中",
    302: "已送达",
    303: "商家取消，返还中",
    304: "联系不上收货人，返还中",
    305: "收货人拒收，返还中",
    401: "已返还商家",
    501: "运力取消",
    502: "不可抗力取消",
}
BUTTONS = {
    101: "转单：再找骑手",
    102: "接单",
    201: "到店",
    202: "取货",
    204: "骑手取消",
    205: "商家原因取消",
    301: "配送中",
    302: "送达",
    303: "按商家取消返还 303",
    304: "联系不上 304",
    305: "拒收 305",
    401: "已返还",
    501: "拒单 501",
    502: "无人接单 502",
}
_BACK = (303, 304, 305)
# Who has given up an order may still take it.
_LATE = (102,)
NEXT: Mapping[int, tuple[int, ...]] = {
    101: (102, 501, 502),
    102: (201, 202, 101, 204, 205, 501, 502),
    201: (202, 204, 205, 501, 502),
    202: (301, 302, *_BACK, 202, 501, 502),
    301: (302, *_BACK, 501, 502),
    **dict.fromkeys(_BACK, (401,)),
    **dict.fromkeys((103, 204, 501, 502), _LATE),
}
STYLE = """
body{font:16px/1.5 sans-serif;max-width:48rem;margin:0 auto;padding:1rem;color:#111;background:#fff}
button,input,select{font:inherit;min-height:2.75rem;padding:.2rem .8rem;margin:.15rem 0}
input{box-sizing:border-box}nav a{display:inline-block;padding:.5rem .8rem .5rem 0}a{color:#1d4ed8}
article{border:1px solid #ccc;border-radius:.4rem;padding:.6rem .8rem;margin:.6rem 0}
article p,h2{margin:.2rem 0}b,.number{overflow-wrap:anywhere}.ended{color:#555}
.trouble{color:#b42318}label{display:block}label input[type=checkbox]{min-height:0}
input[type=number]{width:6rem}fieldset{border:1px solid #ccc;margin:.6rem 0}
"""
# Nothing is loaded and no script runs, whatever stands in an order.
POLICY = (
    '<meta http-equiv="Content-Security-Policy" content="default-src \'none\';'
    " style-src 'unsafe-inline'; img-src data:; form-action 'self'; base-uri 'none'\">"
)
REFRESH = '<meta http-equiv="refresh" content="4">'


def page(routes: ControlRoutes, request: Request) -> Reply:
    """The orders (GET), and what a button does (POST)."""
    if request.method != "POST":
        return _page(routes, request.query)
    fields = pages.form(request)
    chosen = {name: fields[name] for name in ("courier", "find") if fields.get(name)}
    try:
        _step(routes, fields)
    except ControlError as error:
        return _page(routes, chosen, error.message)
    return pages.back("riders", chosen)


def shown(title: str, parts: Iterable[str], *, trouble: str = "", head: str = "") -> Reply:
    """Returns a page of the riders' side; texts in `parts` are escaped already."""
    said = f'<p class="trouble" role="alert">{escape(trouble)}</p>' if trouble else ""
    links = '<nav><a href="riders">骑手</a><a href="couriers">运力与开关</a></nav>'
    body = f"<h1>{escape(title)}</h1>{said}{links}{''.join(parts)}"
    head = f"<title>{escape(title)}</title>{POLICY}{head}"
    return pages.html(body, 409 if trouble else 200, style=STYLE, head=head)


def _step(routes: ControlRoutes, fields: Mapping[str, str]) -> None:
    with routes.lock:
        waybill = routes.book.waybills.get(fields.get("order", ""))
        if waybill is None:
            raise ControlError("没有这个订单", 404)
        before, after = (given.whole(fields.get(name, "")) for name in ("from", "do"))
        if before != waybill.status:
            raise ControlError(
                f"订单已是“{STATES.get(waybill.status, waybill.status)}”，请再看一眼"
            )
        if after not in NEXT.get(waybill.status, ()):
            raise ControlError("这一步走不了")
        routes.report_on(waybill, {"status": after})


def _page(routes: ControlRoutes, query: Mapping[str, str], trouble: str = "") -> Reply:
    chosen, find = query.get("courier", ""), query.get("find", "")
    with routes.lock:
        book, now = routes.book, time.time()
        rows = sorted(book.waybills.values(), key=lambda row: -row.added_at)
        counts: dict[str, int] = {}
        for row in rows:
            counts[row.delivery_id] = counts.get(row.delivery_id, 0) + row.is_live
        fitting = [row for row in rows if find in row.name and chosen in ("", row.delivery_id)]
        live = [row for row in fitting if row.is_live]
        ended = [row for row in fitting if not row.is_live]
        links = _links(book.couriers.values(), counts, chosen, find)
        parts = [
            links,
            _finder(chosen, find),
            *(_card(row, book.couriers[row.delivery_id], now, query) for row in live[:SHOWN]),
            "" if live else "<p>没有进行中的订单。</p>",
            f"<p>还有 {len(live) - SHOWN} 单，请按单号查找。</p>" if len(live) > SHOWN else "",
            "<h2>已结束</h2>" if ended else "",
            *(
                _card(row, book.couriers[row.delivery_id], now, query)
                for row in ended[:SHOWN_ENDED]
            ),
        ]
    return shown("骑手", parts, trouble=trouble, head="" if trouble else REFRESH)


def _links(couriers: Iterable[Courier], counts: Mapping[str, int], chosen: str, find: str) -> str:
    links = [("", "全部", sum(counts.values()))]
    links += [(row.delivery_id, row.name, counts.get(row.delivery_id, 0)) for row in couriers]
    shown_links = ""
    for key, name, count in links:
        there = escape(urlencode({"courier": key, "find": find}))
        mark = ' aria-current="page"' if key == chosen else ""
        shown_links += f'<a href="riders?{there}"{mark}>{escape(name or key)} {count}</a>'
    return f"<nav>{shown_links}</nav>"


def _finder(chosen: str, find: str) -> str:
    return (
        f'<form><input type="hidden" name="courier" value="{escape(chosen)}">'
        f'<input name="find" value="{escape(find)}" placeholder="单号" aria-label="单号">'
        " <button>查找</button></form>"
    )


def _card(row: Waybill, courier: Courier, now: float, query: Mapping[str, str]) -> str:
    """One order; `query` is what was chosen on the page."""
    tip = f"，小费 {row.tip:.2f} 元" if row.tip else ""
    kept = f"，已扣 {row.deducted:.2f} 元" if row.deducted else ""
    lives = f" · 第 {row.lives} 次" if row.lives > 1 else ""
    booked = " · 预约单" if row.is_booked else ""
    state = STATES.get(row.status, "")
    hidden: dict[str, Any] = {"order": row.name, "from": row.status}
    hidden |= {name: query[name] for name in ("courier", "find") if query.get(name)}
    inputs = "".join(
        f'<input type="hidden" name="{name}" value="{escape(str(value))}">'
        for name, value in hidden.items()
    )
    buttons = " ".join(
        f'<button name="do" value="{code}">{_button(row, code)}</button>'
        for code in NEXT.get(row.status, ())
    )
    ended = "" if row.is_live else ' class="ended"'
    name = escape(f"{courier.name or courier.delivery_id} · {row.shop_order_id}")
    return (
        f"<article{ended}>"
        f"<p><b>{name}</b></p>"
        f'<p class="number">门店 {escape(row.shop_no or "-")} · '
        f"{row.status} {state}{lives}{booked}</p>"
        f"<p>{row.fee:.2f} 元{tip}{kept} · {_age(now - row.added_at)}</p>"
        f'<form method="post" action="riders">{inputs}{buttons}</form></article>'
    )


def _button(row: Waybill, code: int) -> str:
    if code == row.status:
        return f"再推送一次 {code}"
    return BUTTONS[code] if row.is_live else "结束后又接单"


def _age(seconds: float) -> str:
    minutes = max(0, int(seconds)) // 60
    return f"{minutes} 分钟" if minutes < 120 else f"{minutes // 60} 小时"
