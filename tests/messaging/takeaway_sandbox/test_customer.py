"""The page on which to play the customer."""

import io
from typing import Any

import pytest
import requests
from PIL import Image

from messaging.sandbox.messages import PICTURE, URGENT_SCENE
from stores.sandbox import SandboxServer
from tests.messaging.takeaway_sandbox.calling import READER, SHOP, act, get, post
from tests.messaging.takeaway_sandbox.receiver import Receiver


def press(server: SandboxServer, do: str, **fields: object) -> requests.Response:
    return requests.post(f"{server.url}/takeaway/customer", {"do": do, **fields}, timeout=10)


def shown(server: SandboxServer, path: str = "customer", **query: str) -> str:
    answer = requests.get(f"{server.url}/takeaway/{path}", query, timeout=10)
    answer.encoding = "utf-8"
    return answer.text


def orders(server: SandboxServer) -> list[dict[str, Any]]:
    found: list[dict[str, Any]] = get(server, "orders")["orders"]
    return found


@pytest.fixture
def order(server: SandboxServer) -> str:
    press(server, "order", store=SHOP, dish0=2, dish2=1, text="少辣 <b>")
    return str(orders(server)[0]["order_id"])


def test_an_order_is_placed_and_pushed(
    server: SandboxServer, receiver: Receiver, order: str
) -> None:
    (made,) = orders(server)
    assert (made["e_poi_id"], made["caution"]) == (SHOP, "少辣 <b>")
    assert [dish["quantity"] for dish in made["bill"]["dishes"]] == [2, 1]
    assert str(receiver.wait("order_new")[0].json("order")["orderId"]) == order
    assert f"customer?order={order}" in shown(server)
    assert f"talk?order={order}" in shown(server, order=order)


def test_what_the_customer_writes_reaches_the_shop(server: SandboxServer, order: str) -> None:
    press(server, "write", order=order, text="到哪了 <i>")
    press(server, "urgent", order=order, text="漏了一份")
    press(server, "picture", order=order)
    sent = get(server, "messages")["messages"]
    address = f"{server.url}/takeaway/pictures/soup.jpg"
    assert [row["text"] for row in sent] == ["到哪了 <i>", "漏了一份", address]
    assert [row["scene_tag"] for row in sent] == [-1, URGENT_SCENE, -1]
    assert sent[2]["kind"] == PICTURE
    talk = shown(server, "customer/talk", order=order)
    assert "到哪了 &lt;i&gt;" in talk
    assert "等商家接单" in talk
    assert f'<img src="{address}"' in talk


def test_the_pictures_can_be_seen(server: SandboxServer) -> None:
    seen = []
    for name in ("soup", "card"):
        answer = requests.get(f"{server.url}/takeaway/pictures/{name}.jpg", timeout=10)
        assert answer.headers["content-type"] == "image/jpeg"
        with Image.open(io.BytesIO(answer.content)) as picture:
            picture.verify()
            seen.append(picture.size)
    assert seen == [(640, 480)] * 2


def test_a_customer_asks_before_an_order(server: SandboxServer) -> None:
    press(server, "ask", store=SHOP, text="今天营业到几点 <i>")
    (sent,) = get(server, "messages")["messages"]
    assert (sent["e_poi_id"], sent["order_id"], sent["text"]) == (SHOP, "0", "今天营业到几点 <i>")
    assert f"talk?store={SHOP}" in shown(server, store=SHOP)
    assert "今天营业到几点 &lt;i&gt;" in shown(server, "customer/talk", store=SHOP)
    assert not orders(server)


def test_who_looks_has_read_what_the_shop_wrote(server: SandboxServer, order: str) -> None:
    post(server, "messages", {"order_id": order, "text": "马上到", "source": 1})
    assert not get(server, "state")["read_times"]
    assert 'class="shop">马上到' in shown(server, "customer/talk", order=order)
    assert get(server, "state")["read_times"]


@pytest.mark.parametrize(
    ("before", "do", "state"),
    [
        ([], "cancel", "已取消"),
        (["confirm"], "finish", "已完成"),
        (["confirm"], "refund", "退款处理中"),
        (["confirm", "refund"], "withdraw", "商家已接单"),
        (["confirm"], "remind", "商家已接单"),
    ],
)
def test_the_buttons_of_an_order(
    server: SandboxServer, order: str, before: list[str], do: str, state: str
) -> None:
    for action in before:
        act(server, order, action)
    assert press(server, do, order=order, text="快点").status_code == 200
    assert state in shown(server, "customer/talk", order=order)


@pytest.mark.parametrize(
    ("do", "fields", "words"),
    [
        ("order", {"store": SHOP}, "请选择菜品"),
        ("order", {"store": "none", "dish0": "1"}, "no such store"),
        ("order", {"store": SHOP, "dish0": "-1"}, "请选择菜品"),
        ("write", {"text": " "}, "请输入内容"),
        ("ask", {"store": SHOP, "text": ""}, "请输入内容"),
        ("ask", {"store": "none", "text": "在吗"}, "no such store"),
        ("finish", {}, "订单未确认或已结束"),
        ("withdraw", {}, "订单没有退款申请"),
    ],
)
def test_what_cannot_be_done_is_said(
    server: SandboxServer, order: str, do: str, fields: dict[str, str], words: str
) -> None:
    answer = press(server, do, order=order, **fields)
    assert answer.status_code == 409
    answer.encoding = "utf-8"
    assert words in answer.text
    assert len(orders(server)) == 1


def test_an_unknown_button_or_order_does_nothing(server: SandboxServer) -> None:
    assert press(server, "explode").status_code == 200
    assert press(server, "finish", order="12").status_code == 409
    assert "没有这个订单" in shown(server, "customer/talk", order="x")
    assert not orders(server)


def test_both_kinds_of_store_are_offered(server: SandboxServer) -> None:
    page = shown(server)
    assert f'value="{SHOP}"' in page
    assert f'value="{READER}"' in page
