"""The pages on which people play the couriers."""

import re
import time
from collections.abc import Mapping
from decimal import Decimal
from html import unescape
from itertools import pairwise
from typing import Any

import pytest
import requests

from delivery.sandbox.book import App, Courier, Waybill
from delivery.sandbox.platform import WechatSandbox
from stores.sandbox import SandboxServer
from tests.delivery.wechat_sandbox.calling import APPID, Receiver, Shop, account, get, post

HOSTILE = "<script>alert(1)</script>\"'&"
A1 = "ss-demo-shop/A1"


def shown(server: SandboxServer, page: str = "riders", **query: str) -> str:
    answer = requests.get(f"{server.url}/wechat/{page}", query, timeout=10)
    assert answer.status_code == 200
    return answer.text


def press(
    server: SandboxServer, fields: Mapping[str, object], *, page: str = "riders", status: int = 200
) -> str:
    answer = requests.post(f"{server.url}/wechat/{page}", fields, timeout=10)
    assert answer.status_code == status, answer.text
    return answer.text


def change(server: SandboxServer, do: str, status: int = 200, **fields: object) -> str:
    return press(server, {"do": do, **fields}, page="couriers", status=status)


def step(shop: Shop, do: int, since: int) -> None:
    press(shop.server, {"do": do, "order": A1, "from": since})


def order(server: SandboxServer, name: str = A1) -> dict[str, Any]:
    found: dict[str, Any] = get(server, f"orders/{name}")
    return found


def save_courier(server: SandboxServer, courier: str, **changes: object) -> str:
    """Sends the form as it is shown, with these fields changed; None leaves a field out."""
    page = shown(server, "couriers")
    form = next(part for part in page.split("<form") if f'name="courier" value="{courier}"' in part)
    fields: dict[str, object] = {"do": "courier"}
    for tag in re.findall(r"<input[^>]*>", form):
        if "checkbox" not in tag or "checked" in tag:
            name, value = (re.search(f'{key}="([^"]*)"', tag) for key in ("name", "value"))
            assert name
            assert value
            fields[unescape(name[1])] = unescape(value[1])
    mood = re.search(r'value="([^"]*)" selected', form)
    assert mood
    fields |= {"mood": mood[1], **changes}
    given = {key: value for key, value in fields.items() if value}
    return press(server, given, page="couriers")


def courier(server: SandboxServer, name: str) -> dict[str, Any]:
    return next(row for row in get(server, "couriers")["couriers"] if row["delivery_id"] == name)


def test_an_order_is_shown_with_what_a_rider_needs(shop: Shop) -> None:
    shop.add("SS", "A1")
    shop.client.tip(
        shop.token, account("SS"), "A1", waybill_id="A1_waybillid", openid="o", total=Decimal(5)
    )
    page = shown(shop.server)
    for words in ("闪送 · A1", "门店 S01", "101 等骑手接单", "18.08 元，小费 5.00 元 · 0 分钟"):
        assert words in page
    assert "闪送 1" in page
    assert "A1" in shown(shop.server, find="A1", courier="SS")
    assert "闪送 · A1" not in shown(shop.server, courier="DADA")
    assert "闪送 · A1" not in shown(shop.server, find="B2")


def test_a_rider_is_played_to_the_end(shop: Shop, receiver: Receiver) -> None:
    shop.add("SS", "A1")
    way = [101, 102, 201, 202, 202, 301, 302]
    for before, after in pairwise(way):
        step(shop, after, before)
    assert [push.event().code for push in receiver.wait(6)] == way[1:]
    assert order(shop.server)["status"] == 302
    assert "302 已送达" in shown(shop.server)


@pytest.mark.parametrize(
    "way",
    [
        [101, 501],
        [101, 502, 102],
        [101, 102, 101, 102],
        [101, 102, 204, 102],
        [101, 102, 201, 205],
        [101, 102, 201, 202, 303, 401],
        [101, 102, 201, 202, 301, 304, 401],
        [101, 102, 201, 202, 301, 305, 401],
    ],
)
def test_riders_refuse_hand_over_and_bring_back(shop: Shop, way: list[int]) -> None:
    shop.add("SS", "A1")
    for before, after in pairwise(way):
        assert f'name="do" value="{after}"' in shown(shop.server)
        step(shop, after, before)
    assert [code for code, _at in order(shop.server)["history"]] == way


@pytest.mark.parametrize(
    ("fields", "words"),
    [
        ({"order": "none", "from": 101, "do": 102}, "没有这个订单"),
        ({"order": A1, "from": 101, "do": 302}, "这一步走不了"),
        ({"order": A1, "from": 101, "do": "x"}, "这一步走不了"),
        ({"order": A1, "from": 201, "do": 202}, "订单已是“等骑手接单”"),
        ({}, "没有这个订单"),
    ],
)
def test_a_step_that_does_not_fit_is_said(
    shop: Shop, fields: dict[str, object], words: str
) -> None:
    shop.add("SS", "A1")
    assert words in press(shop.server, fields, status=409)
    assert order(shop.server)["status"] == 101


def test_hostile_texts_are_only_texts(shop: Shop) -> None:
    platform = shop.server.platform("wechat")
    assert isinstance(platform, WechatSandbox)
    book, now = platform.book, time.time()
    book.couriers[HOSTILE] = Courier(HOSTILE, name=HOSTILE)
    book.apps[HOSTILE] = App(HOSTILE, "", callback=HOSTILE)
    row = Waybill(APPID, HOSTILE, "ss-demo-shop", HOSTILE, HOSTILE, HOSTILE, 101, 1.0, 1, now, now)
    book.waybills[row.name] = row
    post(shop.server, "providers", {"appid": HOSTILE, "secret": "s", "callback": HOSTILE})
    chosen = {"courier": HOSTILE, "find": HOSTILE}
    pages = [
        shown(shop.server),
        shown(shop.server, **chosen),
        shown(shop.server, "couriers"),
        press(shop.server, {**chosen, "order": row.name, "do": 102, "from": 101}),
        press(shop.server, {**chosen, "order": HOSTILE}, status=409),
        change(shop.server, "courier", 409, courier="SS", base=HOSTILE),
    ]
    for page in pages:
        assert "<script" not in page
        assert "\"'&" not in page
    assert "&lt;script&gt;" in pages[0]
    assert row.status == 102


def test_nothing_is_loaded_from_elsewhere_and_no_script_runs(shop: Shop) -> None:
    for page in (shown(shop.server), shown(shop.server, "couriers")):
        assert "default-src 'none'" in page
        assert not re.search(
            r'https?://|<script|<img|<link(?! rel="icon" href="data:,")|src=', page
        )


def test_a_couriers_rules_mood_and_balance_are_changed(shop: Shop) -> None:
    save_courier(
        shop.server, "SS", mood="no_answer", base=20, reach=500, seconds=60,
        **{"balance ss-demo-shop": "0.5"},
    )  # fmt: skip
    found = courier(shop.server, "SS")
    assert (found["mood"], found["base"], found["reach"], found["seconds"]) == (
        "no_answer", 20.0, 500.0, 60,
    )  # fmt: skip
    rows = get(shop.server, "accounts")["accounts"]
    assert [row["balance"] for row in rows if row["delivery_id"] == "SS"] == [0.5]
    assert courier(shop.server, "DADA")["mood"] == "takes"


def test_rules_are_changed_while_a_balance_is_below_zero(shop: Shop) -> None:
    post(shop.server, "accounts", {"shopid": "ss-demo-shop", "balance": -3.5})
    save_courier(shop.server, "SS", mood="refuses")
    assert courier(shop.server, "SS")["mood"] == "refuses"
    assert 'min="-' in shown(shop.server, "couriers")


def test_a_ticked_box_is_one_couriers_own_and_can_be_taken_back(shop: Shop) -> None:
    save_courier(shop.server, "SS", repeats=1, rides=1)
    own = courier(shop.server, "SS")["switches"]
    assert own["repeats_pick_up"] is True
    assert own["deliver_seconds"] == 20.0
    assert courier(shop.server, "DADA")["switches"] == {}
    post(shop.server, "couriers", {"delivery_id": "SS", "switches": own | {"accept_seconds": 3.0}})
    save_courier(shop.server, "SS", repeats=None)
    own = courier(shop.server, "SS")["switches"]
    assert "repeats_pick_up" not in own
    assert own["accept_seconds"] == 3.0
    save_courier(shop.server, "SS", rides=None)
    assert courier(shop.server, "SS")["switches"] == {}


def test_what_all_couriers_have_can_be_taken_from_one(shop: Shop) -> None:
    post(shop.server, "settings", {"get_fails": True})
    save_courier(shop.server, "SS", get_fails=None)
    assert courier(shop.server, "SS")["switches"] == {"get_fails": False}
    save_courier(shop.server, "DADA")
    assert courier(shop.server, "DADA")["switches"] == {}


@pytest.mark.parametrize(
    ("fields", "words"),
    [
        ({"do": "courier", "courier": "none"}, "没有这家运力"),
        ({"do": "courier", "courier": "SS", "mood": "takes", "base": "nan"}, "不是 0 到"),
        ({"do": "app", "app": "none"}, "没有这个小程序"),
        ({"do": "app", "app": APPID, "mode": "loud", "form": "json"}, "没有这种模式"),
        ({"do": "app", "app": APPID, "mode": "secure", "form": "json"}, "EncodingAESKey"),
        ({"do": "pushes", "pushes": "never"}, "pushes cannot be"),
        ({"do": "withdraw", "app": APPID}, "no provider acts"),
    ],
)
def test_what_cannot_be_changed_is_said(shop: Shop, fields: dict[str, object], words: str) -> None:
    assert words in unescape(press(shop.server, fields, page="couriers", status=409))


def test_an_unknown_button_changes_nothing(shop: Shop) -> None:
    before = get(shop.server, "settings")
    assert change(shop.server, "explode")
    assert get(shop.server, "settings") == before


@pytest.mark.parametrize("mode", ["plain", "compat", "secure"])
def test_the_mode_of_pushes_is_chosen(shop: Shop, receiver: Receiver, mode: str) -> None:
    change(shop.server, "app", app=APPID, mode=mode, form="xml")
    shop.add("SS", "A1")
    step(shop, 102, 101)
    push = receiver.wait()[0]
    assert (push.is_signed(), push.body.startswith(b"<xml>")) == (True, True)
    assert (b"<Encrypt>" in push.body, b"<shopid>" in push.body) == (
        mode != "plain", mode != "secure",
    )  # fmt: skip


def test_pushes_are_lost_for_an_hour_and_come_again(shop: Shop, receiver: Receiver) -> None:
    change(shop.server, "pushes", pushes="hour")
    assert 'value="hour" selected' in shown(shop.server, "couriers")
    shop.add("SS", "A1")
    step(shop, 102, 101)
    [push] = get(shop.server, "pushes")["pushes"]
    assert push["state"] == "lost"
    until = get(shop.server, "settings")["pushes_lost_until"]
    assert 3590 < until - time.time() <= 3600
    change(shop.server, "pushes", pushes="send", twice=1)
    step(shop, 201, 102)
    assert [each.event().code for each in receiver.wait(2)] == [201, 201]


def test_the_hour_ends_by_itself(shop: Shop, receiver: Receiver) -> None:
    post(shop.server, "settings", {"pushes_lost_until": time.time() - 1})
    shop.add("SS", "A1")
    step(shop, 102, 101)
    assert receiver.wait()[0].event().code == 102


def test_tickets_fall_silent_and_a_shop_withdraws(shop: Shop) -> None:
    post(shop.server, "providers", {"appid": "wxp", "secret": "s"})
    post(shop.server, f"apps/{APPID}/authorise", {"provider": "wxp"})
    change(shop.server, "tickets", silent=1)
    assert get(shop.server, "settings")["ticket_seconds"] == 0
    assert 'name="silent" value="1" checked' in shown(shop.server, "couriers")
    change(shop.server, "tickets")
    assert get(shop.server, "settings")["ticket_seconds"] == 600
    change(shop.server, "withdraw", app=APPID)
    assert get(shop.server, "state")["authorisations"] == []
    change(shop.server, "steal", app=APPID)
    assert get(shop.server, "apps")["apps"][0]["token"] != shop.token
