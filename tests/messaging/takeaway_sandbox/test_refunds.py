"""Refunds: whole and in part, withdrawn and applied for again, and who decides."""

import json
from typing import Any

import pytest

from stores.sandbox import SandboxServer
from tests.messaging.takeaway_sandbox.calling import Provider, act, get, place, post
from tests.messaging.takeaway_sandbox.receiver import Receiver
from tests.processes import wait_until

AGREE, REJECT = "/waimai/order/agreeRefund", "/waimai/order/rejectRefund"
INFO = "/waimai/ng/order/getBatchOrderRefundInfo"


def confirmed(server: SandboxServer, **changes: Any) -> str:
    order_id = place(server, **changes)
    act(server, order_id, "confirm")
    return order_id


def infos(provider: Provider, order_id: str) -> list[dict[str, Any]]:
    (row,) = provider.ok(INFO, {"orderIds": [order_id]})
    assert str(row["order_id"]) == order_id
    found: list[dict[str, Any]] = row["OrderRefundInfo"]
    return found


def test_a_refund_that_was_applied_for_twice_is_pushed_byte_by_byte_the_same(
    server: SandboxServer, provider: Provider, receiver: Receiver
) -> None:
    order_id = confirmed(server)
    for action in ("refund", "withdraw", "refund"):
        act(server, order_id, action, reason="不想要了")
    first, second, third = (row.fields for row in receiver.wait("refund", 3))
    assert first == third
    assert json.loads(second["orderRefund"])["notifyType"] == "cancelRefund"
    rows = infos(provider, order_id)
    assert [(row["res_type"], row["refund_type"]) for row in rows] == [(7, "2"), (0, "2")]
    assert rows[0]["refund_id"] != rows[1]["refund_id"]
    assert "money" not in rows[1]


@pytest.mark.parametrize(
    ("path", "res_type", "status", "notify"), [(AGREE, 2, 9, "agree"), (REJECT, 1, 4, "reject")]
)
def test_the_shop_decides_once(
    server: SandboxServer,
    provider: Provider,
    receiver: Receiver,
    path: str,
    res_type: int,
    status: int,
    notify: str,
) -> None:
    order_id = confirmed(server)
    biz = {"orderId": order_id, "reason": "好的"}
    assert provider.refusal(path, biz) == "订单没有退款申请"
    act(server, order_id, "refund")
    provider.ok(path, biz)
    assert "已处理" in provider.refusal(path, biz)
    assert infos(provider, order_id)[0]["res_type"] == res_type
    assert get(server, f"orders/{order_id}")["status"] == status
    data = receiver.wait("refund", 2)[1].json("orderRefund")
    assert (data["notifyType"], data["reason"]) == (notify, "好的")
    assert "order_cancelled" not in receiver.events()


def test_a_refund_that_the_shop_leaves_open_agrees_by_itself(
    server: SandboxServer, provider: Provider
) -> None:
    order_id = confirmed(server)
    post(server, "settings", {"refund_seconds": 0.1})
    act(server, order_id, "refund")
    wait_until(lambda: infos(provider, order_id)[0]["res_type"] == 5)
    assert get(server, f"orders/{order_id}")["status"] == 9


@pytest.mark.parametrize(
    ("action", "res_type"),
    [("service-agree", 4), ("service-reject", 3), ("withdraw-appeal", 8), ("system-agree", 6)],
)
def test_after_an_appeal_the_shop_can_do_nothing(
    server: SandboxServer, provider: Provider, action: str, res_type: int
) -> None:
    order_id = confirmed(server)
    act(server, order_id, "refund")
    provider.ok(REJECT, {"orderId": order_id, "reason": "已出餐"})
    act(server, order_id, "appeal")
    (info,) = infos(provider, order_id)
    assert (info["res_type"], info["is_appeal"]) == (0, 1)
    for path in (AGREE, REJECT):
        assert "客服" in provider.refusal(path, {"orderId": order_id, "reason": "x"})
    act(server, order_id, action)
    assert infos(provider, order_id)[0]["res_type"] == res_type


def test_a_part_refund_names_dishes_with_boxes_per_piece(
    server: SandboxServer, provider: Provider, receiver: Receiver
) -> None:
    dishes = [{"quantity": 2, "price": 1000, "box_num": 4, "box_price": 50}, {"name": "汤"}]
    order_id = confirmed(server, dishes=dishes, discounts=[])
    assert [row["count"] for row in refundable(provider, order_id)] == [2, 1]
    act(server, order_id, "refund", foods={"0": 1})
    data = receiver.wait("part_refund")[0].json("partOrderRefund")
    assert (data["notifyType"], data["money"]) == ("part", 11.0)
    (food,) = json.loads(data["food"])
    assert (food["app_food_code"], food["count"], food["box_num"]) == ("D001", 1, 2)
    provider.ok(AGREE, {"orderId": order_id, "reason": "好的"})
    (info,) = infos(provider, order_id)
    assert (info["refund_type"], info["money"]) == ("1", 11.0)
    assert [row["count"] for row in refundable(provider, order_id)] == [1, 1]
    assert get(server, f"orders/{order_id}")["status"] == 4


def refundable(provider: Provider, order_id: str) -> list[dict[str, Any]]:
    rows: list[dict[str, Any]] = provider.ok(
        "/waimai/order/queryPartRefundFoods", {"orderId": order_id}
    )
    return rows


def test_a_shop_refunds_a_part_by_itself_but_not_all_of_it(
    server: SandboxServer, provider: Provider, receiver: Receiver
) -> None:
    order_id = confirmed(server)
    path = "/waimai/order/applyPartRefund"

    def biz(*foods: dict[str, Any]) -> dict[str, Any]:
        return {"orderId": order_id, "reason": "缺货", "foodData": json.dumps(foods)}

    rice = {"app_food_code": "D002", "sku_id": "D002-1", "count": 1}
    assert "foodData" in provider.refusal(path, {**biz(), "foodData": "{"})
    assert "不在订单" in provider.refusal(path, biz({"app_food_code": "X", "count": 1}))
    assert "不正确" in provider.refusal(path, biz({**rice, "count": 3}))
    everything = {"app_food_code": "D001", "count": 1}
    assert "全部" in provider.refusal(path, biz(everything, {**rice, "count": 2}))
    provider.ok(path, biz(rice))
    assert infos(provider, order_id)[0]["res_type"] == 2
    assert receiver.wait("part_refund")[0].json("partOrderRefund")["notifyType"] == "agree"


def test_a_refund_after_completion_leaves_the_order_finished(
    server: SandboxServer, provider: Provider
) -> None:
    order_id = confirmed(server)
    act(server, order_id, "finish")
    act(server, order_id, "refund", pictures=["https://p.example.com/1.jpg"])
    provider.ok(AGREE, {"orderId": order_id, "reason": "好的"})
    assert get(server, f"orders/{order_id}")["status"] == 8
    assert infos(provider, order_id)[0]["pictures"] == ["https://p.example.com/1.jpg"]


def test_whether_a_whole_refund_is_also_pushed_as_a_cancellation_is_a_switch(
    server: SandboxServer, provider: Provider, receiver: Receiver
) -> None:
    post(server, "settings", {"cancel_push_after_refund": True})
    order_id = confirmed(server)
    act(server, order_id, "refund")
    provider.ok(AGREE, {"orderId": order_id, "reason": "好的"})
    assert receiver.wait("order_cancelled")[0].json("orderCancel")["reasonCode"] == "1103"


def test_the_customer_cannot_do_what_the_state_does_not_allow(server: SandboxServer) -> None:
    order_id = confirmed(server)
    for action in ("withdraw", "appeal", "service-agree"):
        assert post(server, f"orders/{order_id}/{action}", status=409)["error"]
    act(server, order_id, "refund")
    assert post(server, f"orders/{order_id}/refund", status=409)["error"]
    assert post(server, f"orders/{order_id}/appeal", status=409)["error"]
    assert post(server, f"orders/{order_id}/refund", {"foods": {"0": "1"}}, status=400)["error"]
