"""Rules, moods and switches of the simulated couriers, each over a real socket."""

import hashlib
import json
import re
import time
from dataclasses import replace
from decimal import Decimal
from typing import Any

import pytest
import requests

from delivery.choices import CancelReason, WaybillState
from delivery.sandbox.settings import Settings
from delivery.wire.answers import CourierRefused
from stores.platforms.errors import Refused, Throttled, Unknown
from stores.sandbox import SandboxServer
from tests.controls import Control
from tests.delivery.wechat_sandbox.calling import (
    APPID,
    ORDER,
    RECEIVER,
    Receiver,
    Shop,
    account,
    get,
    post,
)
from tests.processes import wait_until

CALLS = "/cgi-bin/express/local/business/"
SS = "ss-demo-shop"


def switch(shop: Shop, courier: str, **switches: Any) -> None:
    post(shop.server, "couriers", {"delivery_id": courier, "switches": switches})


def mood(shop: Shop, courier: str, mood: str) -> None:
    post(shop.server, "couriers", {"delivery_id": courier, "mood": mood})


def asked(shop: Shop, path: str, body: Any) -> dict[str, Any]:
    """Returns the answer to a body that is sent as it is, in UTF-8."""
    url = f"{shop.server.url}/wechat{path}"
    data = json.dumps(body, ensure_ascii=False).encode()
    answer = requests.post(url, data, params={"access_token": shop.token}, timeout=10)
    assert answer.status_code == 200
    found: dict[str, Any] = json.loads(answer.content)
    return found


def signed(courier: str, number: str, **more: Any) -> dict[str, Any]:
    known = account(courier)
    source = known.shopid + number + known.secret
    sign = hashlib.sha1(source.encode(), usedforsecurity=False).hexdigest()
    given = {"shopid": known.shopid, "shop_order_id": number, "delivery_sign": sign}
    return {**given, "delivery_id": courier, **more}


def cancel(shop: Shop, courier: str, number: str, *, waybill_id: str = "w") -> Decimal | None:
    return shop.client.cancel(
        shop.token, account(courier), number, waybill_id=waybill_id, reason=CancelReason.PRICE
    )


def tip(shop: Shop, courier: str, number: str, total: str) -> None:
    shop.client.tip(
        shop.token, account(courier), number,
        waybill_id="w", openid="o", total=Decimal(total),
    )  # fmt: skip


def balance(shop: Shop, shopid: str = SS) -> float:
    rows = get(shop.server, "accounts")["accounts"]
    return float(next(row["balance"] for row in rows if row["shopid"] == shopid))


def pushes(server: SandboxServer) -> list[dict[str, Any]]:
    found: list[dict[str, Any]] = get(server, "pushes")["pushes"]
    return found


# Rules


def test_prices_and_reach_are_each_couriers_own(shop: Shop) -> None:
    far = replace(ORDER, receiver=replace(RECEIVER, lng=Decimal("120.3")))
    post(shop.server, "couriers", {"delivery_id": "SS", "reach": 30_000.0})
    fee = shop.client.quote(shop.token, account("SS"), "Q1", far).price.fee
    assert fee is not None
    assert fee > Decimal("18.08")
    with pytest.raises(CourierRefused, match="超出配送范围"):
        shop.client.quote(shop.token, account("DADA"), "Q1", far)


@pytest.mark.parametrize(
    ("courier", "taken", "refused"),
    [
        ("SS", ["2", "5"], ["6", "5", "4"]),
        ("DADA", ["1.5", "29"], ["29.05", "30.5"]),
        ("MTPS", [], ["2"]),
        ("UU", ["1.5", "99"], ["99"]),
    ],
)
def test_each_courier_has_its_own_ladder_of_tips(
    shop: Shop, courier: str, taken: list[str], refused: list[str]
) -> None:
    shop.add(courier, "A1")
    for total in taken:
        tip(shop, courier, "A1", total)
    for total in refused:
        with pytest.raises(CourierRefused):
            tip(shop, courier, "A1", total)
    shop.report(courier, "A1", 102)
    with pytest.raises(CourierRefused):
        tip(shop, courier, "A1", "100")


def test_dada_takes_no_tip_above_the_value_of_the_goods(shop: Shop) -> None:
    cheap = replace(ORDER, cargo=replace(ORDER.cargo, value=Decimal("4.50")))
    shop.client.add(shop.token, account("DADA"), "A1", cheap)
    tip(shop, "DADA", "A1", "4.5")
    with pytest.raises(CourierRefused, match="上限"):
        tip(shop, "DADA", "A1", "4.6")


@pytest.mark.parametrize(
    ("courier", "status", "words"),
    [
        ("DADA", 202, "已取货"),
        ("SFTC", 101, "订单号不存在"),
        ("MTPS", 101, "缺少必传参数"),
        ("SS", 304, "返还中"),
    ],
)
def test_each_courier_has_its_own_rules_of_cancelling(
    shop: Shop, courier: str, status: int, words: str
) -> None:
    shop.add(courier, "A1")
    shop.report(courier, "A1", status)
    with pytest.raises(CourierRefused, match=words):
        cancel(shop, courier, "A1", waybill_id="" if status == 101 else "w")


def test_a_fee_is_paid_given_back_and_kept_in_part(shop: Shop) -> None:
    post(shop.server, "couriers", {"delivery_id": "SS", "free_seconds": 0.0})
    before = balance(shop)
    shop.add("SS", "A1")
    assert balance(shop) == pytest.approx(before - 18.08)
    shop.report("SS", "A1", 102)
    assert cancel(shop, "SS", "A1") == 2
    assert balance(shop) == pytest.approx(before - 2)
    shop.report("SS", "A1", 102)
    assert balance(shop) == pytest.approx(before - 20.08)
    shop.add("SS", "A2")
    shop.report("SS", "A2", 501)
    assert balance(shop) == pytest.approx(before - 20.08)


def test_an_empty_account_is_refused(shop: Shop) -> None:
    post(shop.server, "accounts", {"shopid": SS, "balance": 0.0})
    with pytest.raises(CourierRefused, match="余额不足"):
        shop.add("SS", "A1")
    assert shop.add("DADA", "A1").waybill_id


# WeChat's own limits, layers and test orders


def test_wechats_test_account_may_order_five_hundred_times_a_day(shop: Shop) -> None:
    assert Settings().calls_a_day == 500
    platform = shop.server.platform("wechat")
    shop.add("TEST", "T1")
    [(day, used)] = platform.book.calls.items()  # type: ignore[attr-defined]
    assert used == 1
    platform.book.calls |= {day: 500, "2020-01-01": 300}  # type: ignore[attr-defined]
    quota = asked(shop, "/cgi-bin/openapi/quota/get", {"cgi_path": CALLS + "order/add"})
    assert quota["quota"] == {"daily_limit": 500, "used": 500, "remain": 0}
    with pytest.raises(Throttled, match="930564"):
        shop.add("TEST", "T2")
    shop.add("SS", "A1")
    platform.book.calls = {"2020-01-01": 500}  # type: ignore[attr-defined]
    shop.add("TEST", "T2")


@pytest.mark.parametrize(
    ("path", "body", "code"),
    [
        ("order/add", {}, 930560),
        ("order/get", signed("SS", "none"), 930563),
        ("order/add", [], 47001),
        ("shop/add", {}, 86000),
        ("test_update_order", {"shopid": SS, "shop_order_id": "none"}, 930563),
    ],
)
def test_wechats_own_errors_carry_a_rid_and_couriers_do_not(
    shop: Shop, path: str, body: Any, code: int
) -> None:
    answer = asked(shop, CALLS + path, body)
    assert answer["errcode"] == code
    assert re.search(r" rid: [0-9a-f]{8}-[0-9a-f]{8}-[0-9a-f]{8}$", answer["errmsg"])
    wrong = asked(shop, CALLS + "order/get", signed("SS", "A1", delivery_sign="0"))
    assert (wrong["resultcode"], wrong["resultmsg"]) == (1, "签名校验失败")
    assert "errcode" not in wrong


def test_test_orders_and_mocked_real_ones_are_moved(shop: Shop, receiver: Receiver) -> None:
    shop.add("TEST", "T1")
    shop.add("SS", "A1")
    at = int(time.time())
    test = {"shopid": "test_shop_id", "shop_order_id": "T1", "action_time": at}
    real = signed("SS", "A1", action_time=at)
    for path, body in (("test_update_order", test), ("realmock_update_order", real)):
        answer = asked(shop, CALLS + path, {**body, "order_status": 102})
        assert answer["resultcode"] == 0
        milliseconds = {**body, "action_time": at * 1000, "order_status": 102}
        assert asked(shop, CALLS + path, milliseconds)["errcode"] == 930561
    unsigned = {**real, "delivery_sign": "0", "order_status": 102}
    assert asked(shop, CALLS + "realmock_update_order", unsigned)["resultcode"] == 1
    first, second = (push.event() for push in receiver.wait(2))
    assert (first.waybill_id, second.waybill_id) == ("test_waybill_id_T1", "push_A1_waybillid")
    assert first.rider is not None
    assert (first.rider.name, first.rider.phone) == ("我是小哥", "13712345678")


# Moods


def test_a_courier_that_does_not_answer_leaves_everything_open(shop: Shop) -> None:
    shop.add("SS", "A1")
    mood(shop, "SS", "no_answer")
    with pytest.raises(Unknown, match="930556"):
        shop.client.quote(shop.token, account("SS"), "A2", ORDER)
    with pytest.raises(Unknown):
        shop.add("SS", "A2")
    with pytest.raises(Unknown):
        shop.client.state(shop.token, account("SS"), "A1")
    assert [row["shop_order_id"] for row in get(shop.server, "orders")["orders"]] == ["A1"]
    shop.add("DADA", "A3")


def test_a_slow_courier_does_it_at_once_and_answers_later(shop: Shop) -> None:
    switch(shop, "SS", answer_seconds=0.5)
    shop.client = type(shop.client)(f"{shop.server.url}/wechat", timeout=(5, 0.1))
    with pytest.raises(Unknown):
        shop.add("SS", "A1")
    shop.add("DADA", "A2")
    assert len(get(shop.server, "orders")["orders"]) == 2


def test_a_silent_courier_takes_orders_and_moves_none(shop: Shop, receiver: Receiver) -> None:
    post(shop.server, "settings", {"accept_seconds": 0.05})
    mood(shop, "SS", "silent")
    shop.add("SS", "A1")
    shop.add("DADA", "A2")
    assert [push.event().shop_order_id for push in receiver.wait()] == ["A2"]
    assert get(shop.server, f"orders/{SS}/A1")["status"] == 101


# Switches


def test_a_switch_of_one_courier_is_not_the_others(shop: Shop) -> None:
    switch(shop, "SS", precancel_without_fee=True)
    fees = []
    for courier in ("SS", "DADA"):
        shop.add(courier, courier)
        known = account(courier)
        fees.append(shop.client.cancel_fee(shop.token, known, courier, waybill_id="w"))
    assert fees == [None, 0]


@pytest.mark.parametrize(
    "switches", [{"calls_a_day": 1}, {"nothing": 1}, {"get_fails": 1}, {"cancel_seconds": 90}]
)
def test_a_courier_cannot_have_every_switch(shop: Shop, switches: dict[str, Any]) -> None:
    body = {"delivery_id": "SS", "switches": switches}
    Control("wechat").post(shop.server, "couriers", body, status=400)
    assert not any(row["switches"] for row in get(shop.server, "couriers")["couriers"])


def test_an_order_without_a_waybill_number_has_one_in_its_push(
    shop: Shop, receiver: Receiver
) -> None:
    switch(shop, "SS", add_without_waybill=True)
    assert shop.add("SS", "A1").waybill_id == ""
    shop.report("SS", "A1", 102)
    assert receiver.wait()[0].event().waybill_id == "push_A1_waybillid"


def test_the_answer_of_a_call_may_have_a_couriers_own_state(shop: Shop) -> None:
    switch(shop, "SS", add_own_status=1)
    shop.add("SS", "A1")
    assert get(shop.server, f"orders/{SS}/A1")["status"] == 101


def test_a_cancellation_is_answered_late(shop: Shop) -> None:
    switch(shop, "SS", cancel_seconds=0.5)
    shop.add("SS", "A1")
    shop.client = type(shop.client)(f"{shop.server.url}/wechat", timeout=(5, 0.1))
    with pytest.raises(Unknown):
        cancel(shop, "SS", "A1")
    assert get(shop.server, f"orders/{SS}/A1")["status"] == 103


def test_a_rider_takes_an_order_after_its_cancellation(shop: Shop, receiver: Receiver) -> None:
    switch(shop, "SS", accepts_after_end_seconds=0.05)
    shop.add("SS", "A1")
    cancel(shop, "SS", "A1")
    assert receiver.wait()[0].event().code == 102


def test_a_question_that_fails_carries_the_last_rider(shop: Shop) -> None:
    shop.add("SS", "A1")
    shop.report("SS", "A1", 102)
    rider = get(shop.server, f"orders/{SS}/A1")["rider"]
    switch(shop, "SS", get_fails=True)
    answer = asked(shop, CALLS + "order/get", signed("SS", "A1"))
    assert (answer["resultcode"], answer["order_status"]) == (5, 0)
    assert (answer["rider_name"], answer["rider_phone"]) == (rider["name"], rider["phone"])


def test_a_riders_phone_is_masked_after_the_end(shop: Shop) -> None:
    switch(shop, "SS", masks_ended_riders=True)
    shop.add("SS", "A1")
    for status, is_masked in ((102, False), (302, True)):
        shop.report("SS", "A1", status)
        state = shop.client.state(shop.token, account("SS"), "A1")
        assert state is not None
        assert ("****" in state.rider_phone) is is_masked


def test_nothing_is_heard_of_a_booked_order_and_the_question_tells(
    shop: Shop, receiver: Receiver
) -> None:
    post(shop.server, "settings", {"silent_bookings": True, "accept_seconds": 0.05})
    booked = int(time.time()) + 7200
    body = ORDER.as_json()
    body["order_info"] |= {"order_type": 1, "expected_delivery_time": booked}
    answer = asked(shop, CALLS + "order/add", {**body, **signed("SS", "A1", shop_no="S01")})
    assert answer["resultcode"] == 0
    shop.add("DADA", "A2")
    receiver.wait(1)
    shop.report("SS", "A1", 201)
    shop.report("DADA", "A2", 201)
    receiver.wait(2)
    assert {push["subject"] for push in pushes(shop.server)} == {"dada-demo-shop/A2"}
    state = shop.client.state(shop.token, account("SS"), "A1")
    assert state is not None
    assert state.state == WaybillState.AT_SHOP


def test_two_orders_have_an_event_in_the_same_second(shop: Shop, receiver: Receiver) -> None:
    for number in ("A1", "A2"):
        shop.add("SS", number)
    for number in ("A1", "A2"):
        shop.report("SS", number, 102, at=1767225600)
    events = [push.event() for push in receiver.wait(2)]
    assert {event.shop_order_id for event in events} == {"A1", "A2"}
    assert events[0].action_at == events[1].action_at


# Pushes that nobody takes


def test_wechat_waits_five_seconds_and_tries_three_times_more() -> None:
    settings = Settings()
    assert (settings.push_timeout, settings.push_retry_seconds) == (5.0, [5, 5, 5])


def test_a_push_that_nobody_takes_is_given_up_after_the_third_retry(shop: Shop) -> None:
    post(shop.server, "apps", {"appid": APPID, "callback": "http://127.0.0.1:9/push"})
    shop.add("SS", "A1")
    shop.report("SS", "A1", 102)
    wait_until(lambda: pushes(shop.server)[0]["state"] == "given_up")
    assert [tried["status"] for tried in pushes(shop.server)[0]["tries"]] == [None] * 4


def test_an_answer_after_the_patience_does_not_count(shop: Shop, receiver: Receiver) -> None:
    post(shop.server, "settings", {"push_timeout": 0.05, "push_retry_seconds": [0.05]})
    receiver.slow_seconds = 0.5
    shop.add("SS", "A1")
    shop.report("SS", "A1", 102)
    wait_until(lambda: pushes(shop.server)[0]["state"] == "given_up")
    assert [tried["error"] for tried in pushes(shop.server)[0]["tries"]] == ["timeout"] * 2
    with pytest.raises(Refused):
        shop.add("SS", "A1")


@pytest.mark.parametrize(
    "wrong", ["nan", "1e999", "much", [1], pytest.param(10**400, id="endless")]
)
def test_what_is_no_number_is_refused(shop: Shop, wrong: Any) -> None:
    before = balance(shop)
    order = ORDER.as_json()
    for part, name in (("receiver", "lng"), ("cargo", "goods_weight"), ("order_info", "tips")):
        body = signed("SS", "A1", **{**order, part: {**order[part], name: wrong}})
        assert asked(shop, f"{CALLS}order/add", body)["errcode"] == 930561
    assert balance(shop) == before
