"""The life of an order: what providers and Meituan do with it, and how it is shown."""

import json
import time
from typing import Any

import pytest

from stores.sandbox import SandboxServer
from tests.messaging.takeaway_sandbox.calling import (
    READER,
    SHOP,
    Provider,
    act,
    get,
    place,
    post,
    status_of,
)
from tests.processes import wait_until

DISHES = [
    {"name": "鱼香肉丝", "quantity": 3, "price": 1999, "box_num": 3, "box_price": 33},
    {"name": "米饭", "quantity": 1, "price": 250, "box_num": 0, "bag": 1},
]


def fen(yuan: float) -> int:
    return round(yuan * 100)


def query(provider: Provider, order_id: str) -> dict[str, Any]:
    found: dict[str, Any] = provider.ok("/waimai/order/queryById", {"orderId": int(order_id)})
    return found


def test_an_order_is_placed_confirmed_and_finished(
    server: SandboxServer, provider: Provider
) -> None:
    order_id = place(server)
    assert int(order_id) > 2**53
    assert query(provider, order_id)["status"] == 2
    assert provider.ok("/waimai/order/confirm", {"orderId": order_id}) == "ok"
    shown = query(provider, order_id)
    assert shown["status"] == 4
    assert 1190 < shown["poiMealAssessmentTime"] - time.time() <= 1200
    act(server, order_id, "finish")
    assert query(provider, order_id)["status"] == 8


def test_a_second_confirmation_is_an_error_text(server: SandboxServer, provider: Provider) -> None:
    order_id = place(server)
    provider.ok("/waimai/order/confirm", {"orderId": order_id})
    assert "已经确认" in provider.refusal("/waimai/order/confirm", {"orderId": order_id})
    post(server, "settings", {"already_confirmed": "order has been confirmed"})
    again = provider.refusal("/waimai/order/confirm", {"orderId": order_id})
    assert again == "order has been confirmed"


def test_orders_of_others_and_unknown_ones_do_not_exist(
    server: SandboxServer, provider: Provider
) -> None:
    others = place(server, epoi_id=READER)
    for order_id in (others, "12", "x", None):
        refusal = provider.refusal("/waimai/order/confirm", {"orderId": order_id})
        assert "订单" in refusal or "orderId" in refusal
    assert status_of(server, others) == 2


@pytest.mark.parametrize(
    "amounts",
    [
        {},
        {"dishes": DISHES, "shipping": 377, "bag": 20, "commission": 611},
        {"dishes": DISHES, "logistics_code": "0000"},
        {"dishes": DISHES, "discounts": []},
        {"dishes": DISHES, "discounts": [{"by_shop": 777, "by_platform": 1}, {"by_shop": 5}]},
    ],
)
def test_the_sums_of_an_order_agree_to_the_fen(
    server: SandboxServer, provider: Provider, amounts: dict[str, Any]
) -> None:
    shown = query(provider, place(server, **amounts))
    detail, extras = json.loads(shown["detail"]), json.loads(shown["extras"])
    received = json.loads(shown["poiReceiveDetail"])
    lines = sum(
        fen(row["price"]) * row["quantity"] + fen(row["box_price"]) * row["box_num"]
        for row in detail
    )
    bag = fen(json.loads(shown["packageBagFeeInfo"])["packageBagFee"])
    reduced = sum(fen(row["reduce_fee"]) for row in extras)
    assert all(fen(row["reduce_fee"]) == fen(row["mt_charge"]) + fen(row["poi_charge"])
               for row in extras)  # fmt: skip
    assert fen(shown["originalPrice"]) == lines + fen(shown["shippingFee"]) + bag
    assert fen(shown["total"]) == fen(shown["originalPrice"]) - reduced
    assert received["onlinePayment"] == fen(shown["total"])
    by_platform = sum(row["moneyCent"] for row in received["actOrderChargeByMt"])
    assert received["wmPoiReceiveCent"] == (
        received["onlinePayment"]
        + by_platform
        - received["foodShareFeeChargeByPoi"]
        - received["logisticsFee"]
    )


def test_fields_that_are_not_subscribed_to_are_absent(
    server: SandboxServer, provider: Provider
) -> None:
    order_id = place(server, dinners=-10, pick_type=1)
    assert query(provider, order_id)["dinnersNumber"] == -10
    post(server, "settings", {"fields_subscribed": False})
    shown = query(provider, order_id)
    assert not {"pickType", "dinnersNumber", "isFavorites"} & set(shown)
    assert "cart_id" not in json.loads(shown["detail"])[0]
    assert "poi_charge" not in json.loads(shown["extras"])[0]


def test_addresses_of_old_orders_read_hidden_and_the_riders_number_goes(
    server: SandboxServer, provider: Provider
) -> None:
    order_id = place(server)
    act(server, order_id, "confirm")
    act(server, order_id, "shipping", state=10)
    assert query(provider, order_id)["shipperPhone"] == "13700137000"
    assert "@#" in query(provider, order_id)["recipientAddress"]
    act(server, order_id, "finish")
    assert query(provider, order_id)["shipperPhone"] == ""
    post(server, "settings", {"hide_address_seconds": 0.001})
    time.sleep(0.01)
    assert query(provider, order_id)["recipientAddress"] == "hidden"


def test_a_shop_cancels_with_a_reason_of_its_list(
    server: SandboxServer, provider: Provider
) -> None:
    order_id = place(server)
    biz = {"orderId": order_id, "reasonCode": "2001", "reason": "菜品售完"}
    wrong = {**biz, "reasonCode": "9"}
    assert provider.refusal("/waimai/order/cancel", wrong) == "reasonCode不正确"
    provider.ok("/waimai/order/cancel", biz)
    order = get(server, f"orders/{order_id}")
    assert (order["status"], order["reason_code"], order["reason"]) == (9, "2001", "菜品售完")
    assert "不能" in provider.refusal("/waimai/order/cancel", biz)
    assert "不能确认" in provider.refusal("/waimai/order/confirm", {"orderId": order_id})


def test_the_clock_cancels_what_nobody_confirmed_or_paid(server: SandboxServer) -> None:
    post(server, "settings", {"confirm_seconds": 0.2, "unpaid_seconds": 0.2})
    waiting, unpaid = place(server), place(server, pay=False)
    wait_until(lambda: (status_of(server, waiting), status_of(server, unpaid)) == (9, 9))
    codes = [get(server, f"orders/{number}")["reason_code"] for number in (waiting, unpaid)]
    assert codes == ["1001", "1002"]


def test_without_these_times_nothing_is_cancelled(server: SandboxServer) -> None:
    post(server, "settings", {"confirm_seconds": 0, "unpaid_seconds": 0})
    order_id = place(server)
    time.sleep(0.4)
    assert status_of(server, order_id) == 2


def test_an_unpaid_order_is_paid_later(server: SandboxServer, provider: Provider) -> None:
    order_id = place(server, pay=False)
    assert status_of(server, order_id) == 1
    assert "未支付" in provider.refusal("/waimai/order/confirm", {"orderId": order_id})
    act(server, order_id, "pay")
    assert status_of(server, order_id) == 2


def test_meituans_rider_is_called_and_sent_away_until_the_meal_is_fetched(
    server: SandboxServer, provider: Provider
) -> None:
    order_id = place(server)
    biz = {"orderId": order_id}
    assert "未确认" in provider.refusal("/waimai/order/dispatchShip", biz)
    act(server, order_id, "confirm")
    provider.ok("/waimai/order/dispatchShip", biz)
    assert "已发起" in provider.refusal("/waimai/order/dispatchShip", biz)
    provider.ok("/waimai/order/cancelDispatch", biz)
    assert get(server, f"orders/{order_id}")["delivery_state"] == 100
    provider.ok("/waimai/order/dispatchShip", biz)
    act(server, order_id, "shipping", state=20)
    assert "已取餐" in provider.refusal("/waimai/order/cancelDispatch", biz)
    assert status_of(server, order_id) == 6


def test_the_shops_own_courier_is_on_the_way_and_has_delivered(
    server: SandboxServer, provider: Provider
) -> None:
    order_id, meituans = place(server, logistics_code="0000"), place(server)
    for number in (order_id, meituans):
        act(server, number, "confirm")
    biz = {"orderId": order_id, "courierName": "张三", "courierPhone": "13600136000"}
    provider.ok("/waimai/order/delivering", biz)
    provider.ok("/waimai/order/delivered", biz)
    order = get(server, f"orders/{order_id}")
    assert (order["delivery_state"], order["courier"]["name"], order["status"]) == (40, "张三", 6)
    refusal = provider.refusal("/waimai/order/delivering", {**biz, "orderId": meituans})
    assert refusal == "非商家自配送订单"


def test_a_meal_is_reported_ready_once(server: SandboxServer, provider: Provider) -> None:
    order_id = place(server)
    path, biz = "/waimai/order/preparationMealComplete", {"orderId": order_id}
    assert "未确认" in provider.refusal(path, biz)
    act(server, order_id, "confirm")
    provider.ok(path, biz)
    assert "已上报" in provider.refusal(path, biz)


def test_an_urge_is_answered(server: SandboxServer, provider: Provider) -> None:
    order_id = place(server)
    biz = {"orderId": order_id, "replyContent": "马上就好"}
    assert "没有" in provider.refusal("/waimai/ng/order/remindReply", biz)
    act(server, order_id, "remind")
    provider.ok("/waimai/ng/order/remindReply", biz)
    assert get(server, f"orders/{order_id}")["reminds"][0]["reply"] == "马上就好"


@pytest.mark.parametrize(("verb", "status"), [("agree", 2), ("refuse", 3)])
def test_another_time_is_agreed_to_or_refused(
    server: SandboxServer, provider: Provider, verb: str, status: int
) -> None:
    order_id = place(server)
    path = f"/waimai/ng/order/eta/modify/{verb}"
    assert "没有" in provider.refusal(path, {"orderId": order_id})
    act(server, order_id, "eta", at=2_000_000_000)
    assert json.loads(query(provider, order_id)["etaModify"])["state"] == 1
    provider.ok(path, {"orderId": order_id})
    shown = query(provider, order_id)
    assert json.loads(shown["etaModify"])["state"] == status
    assert (shown["estimateArrivalTime"] == 2_000_000_000) is (verb == "agree")


def test_another_time_that_nobody_answers_runs_out(
    server: SandboxServer, provider: Provider
) -> None:
    order_id = place(server)
    act(server, order_id, "eta", deadline=int(time.time()) - 1)
    wait_until(lambda: json.loads(query(provider, order_id)["etaModify"])["state"] == 4)


def test_a_printed_receipt_is_reported_by_the_number_that_people_see(
    server: SandboxServer, provider: Provider
) -> None:
    order_id = place(server)
    view_id = query(provider, order_id)["orderIdView"]
    assert str(view_id) != order_id
    path = "/waimai/ng/order/reportMetrics"
    biz = {"type": "ORDER_PRINT_COMPLETE", "value": json.dumps({"orderViewId": view_id})}
    provider.ok(path, biz)
    assert len(get(server, f"orders/{order_id}")["printed"]) == 1
    wrong = {**biz, "value": json.dumps({"orderViewId": int(order_id)})}
    assert provider.refusal(path, wrong) == "订单不存在"


def test_orders_are_found_by_their_number_of_the_day(
    server: SandboxServer, provider: Provider
) -> None:
    first, second = place(server), place(server)
    by_seq = "/waimai/ng/order/getOrderIdByDaySeq"
    assert [str(provider.ok(by_seq, {"daySeq": seq})) for seq in ("1", 2)] == [first, second]
    assert provider.refusal(by_seq, {"daySeq": 3}) == "订单不存在"
    found = provider.ok("/waimai/order/queryByDaySeq", {"daySeq": 2})
    assert str(found["orderId"]) == second


def test_unconfirmed_orders_of_all_stores_are_pulled_without_a_token(
    server: SandboxServer, provider: Provider
) -> None:
    waiting, confirmed = place(server), place(server)
    place(server, epoi_id=READER)
    act(server, confirmed, "confirm")
    (row,) = Provider(server, "").ok("/waimai/ng/order/getUnConfirmedOrders")
    assert (str(row["orderId"]), row["ePoiId"]) == (waiting, SHOP)
    assert row == query(provider, waiting)


def test_abnormal_orders_are_those_whose_push_nobody_took(server: SandboxServer) -> None:
    lost, marked = place(server), place(server)
    pull = Provider(server, "")
    path = "/waimai/ng/order/batchFetchAbnormalOrder"
    assert pull.ok(path) == []
    act(server, marked, "abnormal")
    assert pull.ok(path) == [int(marked)]
    post(server, "settings", {"abnormal_seconds": 0.001})
    assert pull.ok(path) == [int(lost), int(marked)]


def test_real_numbers_are_pulled_after_a_downgrade(
    server: SandboxServer, provider: Provider
) -> None:
    order_id = place(server)
    path, biz = "/waimai/order/batchPullPhoneNumber", {"degradOffset": 0, "degradLimit": 1000}
    everywhere = Provider(server, "")
    assert provider.ok(path, biz) == []
    act(server, order_id, "degrade")
    for caller in (provider, everywhere):
        (row,) = caller.ok(path, biz)
        assert (row["ePoiId"], row["realPhoneNumber"]) == (SHOP, "13800138000")
    assert query(provider, order_id)["recipientPhone"] == "13800138000"
    assert provider.ok(path, {**biz, "degradOffset": 1}) == []
    assert "1000" in provider.refusal(path, {**biz, "degradLimit": 1001})
    act(server, order_id, "cancel")
    assert provider.ok(path, biz) == []


def test_providers_that_take_no_orders_read_them_in_a_form_of_their_own(
    server: SandboxServer, reader: Provider
) -> None:
    order_id = place(server, epoi_id=READER)
    shown = reader.ok("/wmoper/ng/order/queryDetail", {"order_id": order_id})
    assert (str(shown["order_id"]), shown["e_poi_id"]) == (order_id, READER)
    assert isinstance(shown["detail"], list)
    assert isinstance(shown["activity"], list)
    assert isinstance(shown["poi_receive_detail"], str)
    refusal = reader.call("/waimai/order/confirm", {"orderId": order_id})
    assert refusal.code == "OP_API_GRANT_FAILED"


def test_the_orders_of_a_day_are_read_once_a_minute_and_five_days_back(
    server: SandboxServer, reader: Provider
) -> None:
    order_id = place(server, epoi_id=READER)
    path = "/wmoper/ng/order/queryOrders"
    today = get(server, f"orders/{order_id}")["day"]
    assert reader.refusal(path, {"date": "20200101"}) == "只能查询最近5天的订单"
    assert [str(row["order_id"]) for row in reader.ok(path, {"date": today})] == [order_id]
    assert reader.call(path, {"date": today}).code == "OP_LIMITATION_REJECT"
    post(server, "settings", {"query_orders_seconds": 0})
    assert len(reader.ok(path, {"date": today})) == 1
