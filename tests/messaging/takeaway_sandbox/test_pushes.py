"""Pushes: their forms and signatures, acknowledgements, repetitions, and how they go wrong."""

import json
import time
from typing import Any

import pytest
import requests

from messaging.sandbox import TakeawaySandbox
from stores.sandbox import ControlError, SandboxServer
from tests.messaging.takeaway_sandbox.calling import (
    DEVELOPER,
    READER,
    SHOP,
    SIGN_KEY,
    Provider,
    act,
    get,
    place,
    post,
    sha1_sign,
    status_of,
)
from tests.messaging.takeaway_sandbox.receiver import Receiver
from tests.processes import wait_until


def pushes(server: SandboxServer, event: str) -> list[dict[str, Any]]:
    return [row for row in get(server, "pushes")["pushes"] if row["event"] == event]


def settled(server: SandboxServer, event: str, state: str) -> dict[str, Any]:
    """Returns the first push of this event once it has this state."""
    return wait_until(
        lambda: next((row for row in pushes(server, event) if row["state"] == state), None)
    )


def test_an_order_is_pushed_with_json_inside_json(
    server: SandboxServer, provider: Provider, receiver: Receiver
) -> None:
    order_id = place(server, caution='少辣 100% + "不要香菜" 😀')
    (push,) = receiver.wait("order_new")
    assert set(push.fields) == {"developerId", "ePoiId", "order", "sign"}
    assert (push.fields["developerId"], push.fields["ePoiId"]) == (str(DEVELOPER), SHOP)
    assert push.is_signed(SIGN_KEY)
    order = push.json("order")
    assert str(order["orderId"]) == order_id
    assert order["caution"] == (
        '少辣 100% + "不要香菜" 😀 收餐人隐私号 13900000000_1234，手机号 138****8000'
    )
    assert json.loads(order["detail"])[0]["food_name"] == "宫保鸡丁"
    assert json.loads(order["poiReceiveDetail"])["onlinePayment"] == round(order["total"] * 100)
    queried = provider.ok("/waimai/order/queryById", {"orderId": order_id})
    renamed = {"ctime": "cTime", "utime": "uTime"}
    assert {renamed.get(name, name) for name in order} == set(queried)


def test_a_push_can_be_incomplete_and_the_query_is_whole(
    server: SandboxServer, provider: Provider, receiver: Receiver
) -> None:
    order_id = place(server, incomplete=["recipient", "money"])
    order = receiver.wait("order_new")[0].json("order")
    assert (order["incmpCode"], json.loads(order["incmpModules"])) == (-1, ["recipient", "money"])
    assert not {"recipientPhone", "poiReceiveDetail"} & set(order)
    whole = provider.ok("/waimai/order/queryById", {"orderId": order_id})
    assert whole["incmpCode"] == 0
    assert {"recipientPhone", "poiReceiveDetail"} <= set(whole)


def test_the_events_of_an_orders_life_come_in_order(
    server: SandboxServer, receiver: Receiver
) -> None:
    order_id = place(server)
    act(server, order_id, "confirm")
    act(server, order_id, "remind")
    act(server, order_id, "shipping", state=20, name="王骑手")
    act(server, order_id, "degrade")
    act(server, order_id, "finish")
    act(server, order_id, "settle")
    (settlement,) = receiver.wait("settlement")
    assert receiver.events() == [
        "order_new", "order_confirmed", "remind", "shipping", "privacy", "order_finished",
        "settlement",
    ]  # fmt: skip
    received = {row.event: row for row in receiver.received}
    assert received["order_finished"].json("order")["status"] == 8
    shipping = received["shipping"].json("shippingStatus")
    assert (shipping["shippingStatus"], shipping["dispatcherName"]) == (20, "王骑手")
    assert str(received["remind"].json("pushOrderRemind")["orderId"]) == order_id
    assert set(received["privacy"].fields) == {"developerId", "ePoiId", "sign"}
    assert str(settlement.json("tradeDetail")["orderId"]) == order_id
    assert all(row.is_signed(SIGN_KEY) for row in receiver.received)


def test_a_cancellation_names_its_reason(server: SandboxServer, receiver: Receiver) -> None:
    order_id = place(server)
    act(server, order_id, "cancel")
    assert receiver.wait("order_cancelled")[0].json("orderCancel") == {
        "orderId": int(order_id),
        "reasonCode": "1101",
        "reason": "用户取消",
    }


def test_an_acknowledged_order_counts_as_received(
    server: SandboxServer, receiver: Receiver
) -> None:
    order_id = place(server)
    wait_until(lambda: status_of(server, order_id) == 3)
    assert settled(server, "order_new", "acknowledged")["tries"][0]["answer"] == '{"data":"OK"}'


def test_store_states_and_bindings_are_pushed(server: SandboxServer, receiver: Receiver) -> None:
    post(server, f"stores/{SHOP}/status", {"status": 120, "reason": "休息"})
    data = receiver.wait("poi_status")[0].json("poiStatus")
    assert (data["poiStatus"], data["operator"], data["reason"]) == (120, "BUSINESS", "休息")
    token = post(server, f"stores/{SHOP}/bind")["token"]
    (bound,) = receiver.wait("bind")
    assert bound.fields["appAuthToken"] == token
    assert {"poiId", "poiName", "businessId", "timestamp"} <= set(bound.fields)
    assert Provider(server, token).ok("/waimai/ng/im/getPoiIMStatus")
    post(server, f"stores/{SHOP}/unbind")
    (unbound,) = receiver.wait("unbind")
    assert {"ePoiId", "timestamp"} <= set(unbound.fields)
    assert bound.is_signed(SIGN_KEY)
    assert unbound.is_signed(SIGN_KEY)
    assert settled(server, "unbind", "acknowledged")
    assert Provider(server, token).call("/waimai/ng/im/getPoiIMStatus").data["code"] == 5


@pytest.mark.parametrize(
    ("how", "accepted", "refused"),
    [
        ("exact", b'{"data":"OK"}', b'{ "data": "OK"}'),
        ("json", b'{ "data": "OK"}', b'{"data":"ok"}'),
        ("any_case", b'{"data": "ok"}', b'{"data":"success"}'),
        ("exact", b'{"data":"OK"}', b"OK"),
    ],
)
def test_a_push_is_repeated_until_it_is_acknowledged(
    server: SandboxServer, receiver: Receiver, how: str, accepted: bytes, refused: bytes
) -> None:
    post(server, "settings", {"acknowledgement": how})
    receiver.answers["order_new"] = [refused, refused, accepted]
    place(server)
    row = settled(server, "order_new", "acknowledged")
    assert [tried["acknowledged"] for tried in row["tries"]] == [False, False, True]
    first, second, third = receiver.wait("order_new", 3)
    assert first.fields == second.fields == third.fields


def test_a_push_is_given_up_after_its_last_repetition_and_can_be_sent_again(
    server: SandboxServer, receiver: Receiver
) -> None:
    receiver.answers["order_new"] = [b"{}"]
    place(server)
    row = settled(server, "order_new", "given_up")
    assert len(row["tries"]) == 4
    receiver.answers.clear()
    post(server, f"pushes/{row['number']}/repeat")
    settled(server, "order_new", "acknowledged")


def test_a_receiver_that_is_away_is_tried_again(server: SandboxServer) -> None:
    with Receiver() as gone:
        addresses = gone.addresses
    post(server, f"developers/{DEVELOPER}/push", {"order_new": addresses["order_new"]})
    place(server)
    row = settled(server, "order_new", "given_up")
    assert row["tries"][0]["error"]
    assert row["tries"][0]["status"] is None


def test_an_event_without_an_address_is_not_sent(server: SandboxServer) -> None:
    place(server)
    assert pushes(server, "order_new")[0]["state"] == "no_address"


def test_pushes_are_lost_for_a_time(server: SandboxServer, receiver: Receiver) -> None:
    post(server, "settings", {"pushes": "lose", "pushes_seconds": 0.2})
    lost = place(server)
    assert settled(server, "order_new", "lost")["subject"] == lost
    wait_until(lambda: get(server, "settings")["pushes"] == "send")
    told = place(server)
    assert [str(push.json("order")["orderId"]) for push in receiver.wait("order_new")] == [told]


def test_lost_pushes_never_come_and_held_ones_come_later(
    server: SandboxServer, provider: Provider, receiver: Receiver
) -> None:
    post(server, "settings", {"pushes": "lose", "pushes_affected": "order_new, shipping"})
    lost = place(server)
    act(server, lost, "confirm")
    receiver.wait("order_confirmed")
    post(server, "settings", {"pushes": "hold", "pushes_affected": ""})
    held = place(server)
    time.sleep(0.2)
    assert receiver.events() == ["order_confirmed"]
    post(server, "settings", {"pushes": "send"})
    (came,) = receiver.wait("order_new")
    assert str(came.json("order")["orderId"]) == held
    assert pushes(server, "order_new")[0]["state"] == "lost"
    assert provider.ok("/waimai/order/queryById", {"orderId": lost})["status"] == 4


def test_pushes_are_doubled_and_their_order_is_shuffled(
    server: SandboxServer, receiver: Receiver
) -> None:
    post(server, "settings", {"push_copies": 1, "push_shuffle_seconds": 0.5})
    order_id = place(server)
    for _ in range(6):
        act(server, order_id, "shipping", state=10)
    act(server, order_id, "confirm")
    receiver.wait("order_confirmed", 2)
    receiver.wait("shipping", 12)
    first, second = receiver.wait("order_new", 2)
    assert first.fields == second.fields
    events = receiver.events()
    assert events != sorted(events, key=["order_new", "shipping", "order_confirmed"].index)


def test_a_wrong_signature_is_followed_by_a_right_one(
    server: SandboxServer, receiver: Receiver
) -> None:
    post(server, "settings", {"wrong_sign_next": 1})
    receiver.answers["order_new"] = [b'{"error":"sign"}', b'{"data":"OK"}']
    place(server)
    wrong, right = receiver.wait("order_new", 2)
    assert (wrong.is_signed(SIGN_KEY), right.is_signed(SIGN_KEY)) == (False, True)


def test_fields_of_any_kind_can_be_pushed(server: SandboxServer, receiver: Receiver) -> None:
    fields = {"order": "{broken", "msgType": "999999", "message": {"a": 1}}
    post(server, "pushes", {"event": "order_new", "epoi_id": SHOP, "fields": fields})
    (push,) = receiver.wait("order_new")
    assert push.is_signed(SIGN_KEY)
    assert (push.fields["order"], push.json("message")) == ("{broken", {"a": 1})


def test_orders_of_stores_that_only_read_are_pushed_if_the_switch_says_so(
    server: SandboxServer, receiver: Receiver
) -> None:
    place(server, epoi_id=READER)
    assert pushes(server, "order_new") == []
    post(server, "settings", {"push_orders_to_readers": True, "push_timestamp": True})
    place(server, epoi_id=READER)
    (push,) = receiver.wait("order_new")
    assert push.fields["ePoiId"] == READER
    assert push.fields["timestamp"]
    assert push.is_signed(SIGN_KEY)


def test_what_waits_survives_a_restart_and_is_sent_then(
    server: SandboxServer, receiver: Receiver
) -> None:
    post(server, "settings", {"pushes": "hold"})
    order_id = place(server)
    act(server, order_id, "refund", foods={"0": 1})
    post(server, "messages", {"order_id": order_id, "text": "在吗"})
    state = json.loads(json.dumps(server.platform("takeaway").snapshot()))
    with SandboxServer([TakeawaySandbox()]) as other:
        other.platform("takeaway").restore(state)
        assert other.platform("takeaway").snapshot() == state
        post(other, "settings", {"pushes": "send"})
        (push,) = receiver.wait("order_new")
        assert str(push.json("order")["orderId"]) == order_id
        wait_until(lambda: settled(other, "part_refund", "acknowledged"))


def test_a_snapshot_may_hold_only_the_accounts(provider: Provider, server: SandboxServer) -> None:
    developer = {"developer_id": DEVELOPER, "sign_key": SIGN_KEY}
    store = {"e_poi_id": SHOP, "developer_id": DEVELOPER, "token": provider.token}
    server.platform("takeaway").restore({"developers": [developer], "stores": [store]})
    assert provider.ok("/waimai/ng/im/getPoiIMStatus")["epoiId"] == SHOP
    with pytest.raises(ControlError):
        server.platform("takeaway").restore({"developers": [{"name": "x"}], "stores": []})
    assert provider.ok("/waimai/ng/im/getPoiIMStatus")["epoiId"] == SHOP


def test_seeding_again_keeps_what_has_happened(
    server: SandboxServer, provider: Provider, receiver: Receiver
) -> None:
    provider.ok("/waimai/ng/im/subscribeImByEpoi")
    before = get(server, "state")
    developer = {"developer_id": DEVELOPER, "sign_key": SIGN_KEY}
    stores = [{"epoi_id": SHOP, "app_auth_token": provider.token, "name": "新名"}]
    seeded = post(server, "seed", {"developer": developer, "stores": stores})
    assert (seeded["stores"][0]["name"], seeded["stores"][0]["im_subscribed"]) == ("新名", True)
    assert get(server, "state")["developers"] == before["developers"]
    other = {"epoi_id": SHOP, "developer_id": DEVELOPER, "business_id": 16}
    assert post(server, "stores", other, status=409)["error"]


def test_a_stopped_sandbox_pushes_nothing_until_it_starts_again(
    server: SandboxServer, receiver: Receiver
) -> None:
    receiver.answers["order_new"] = [b"{}"]
    post(server, "settings", {"push_retry_seconds": [0.1] * 50})
    place(server)
    receiver.wait("order_new")
    server.stop()
    time.sleep(0.5)
    before = len(receiver.received)
    time.sleep(0.5)
    assert len(receiver.received) == before
    server.start()
    receiver.wait("order_new", before + 1)


def test_a_store_is_bound_and_unbound_on_meituans_pages(
    server: SandboxServer, receiver: Receiver
) -> None:
    fields = {
        "businessId": "2",
        "developerId": str(DEVELOPER),
        "ePoiId": "shop-new",
        "ePoiName": "新店",
        "timestamp": str(int(time.time())),
    }
    page = f"{server.url}/takeaway/storemap"
    assert requests.get(page, params={**fields, "sign": "x"}, timeout=30).status_code == 403
    signed = {**fields, "sign": sha1_sign(SIGN_KEY, fields)}
    assert "新店" in requests.get(page, params=signed, timeout=30).text
    assert receiver.events() == []
    assert "绑定成功" in requests.post(page, params=signed, timeout=30).text
    token = receiver.wait("bind")[0].fields["appAuthToken"]
    assert Provider(server, token).ok("/waimai/ng/im/getPoiIMStatus")["epoiId"] == "shop-new"
    leaving = {"businessId": "2", "appAuthToken": token, "timestamp": fields["timestamp"]}
    signed = {**leaving, "sign": sha1_sign(SIGN_KEY, leaving)}
    page = f"{server.url}/takeaway/releasebinding"
    assert requests.get(page, params={**leaving, "sign": "x"}, timeout=30).status_code == 403
    assert "解绑" in requests.get(page, params=signed, timeout=30).text
    assert "解绑成功" in requests.post(page, params=signed, timeout=30).text
    assert receiver.wait("unbind")[0].fields["ePoiId"] == "shop-new"
