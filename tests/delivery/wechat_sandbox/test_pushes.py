"""Pushes of the simulated WeChat, opened by our own side in every mode."""

import pytest

from delivery.choices import WaybillState
from tests.delivery.wechat_sandbox.calling import Receiver, Shop, account, get, post


@pytest.mark.parametrize("form", ["json", "xml"])
@pytest.mark.parametrize("mode", ["plain", "compat", "secure"])
def test_a_push_is_signed_and_says_the_same_in_each_mode(
    shop: Shop, receiver: Receiver, mode: str, form: str
) -> None:
    receiver.register(shop.server, mode=mode, form=form)
    shop.add("SS", "A1")
    shop.report("SS", "A1", 102, message="骑手已接单")
    push = receiver.wait()[0]
    event = push.event()
    assert push.is_signed()
    assert push.body.startswith(b"<xml>" if form == "xml" else b"{")
    assert (event.shopid, event.shop_order_id) == ("ss-demo-shop", "A1")
    assert (event.state, event.message) == (WaybillState.ACCEPTED, "骑手已接单")
    assert event.rider is not None
    assert event.rider.expected_at is not None
    assert event.waybill_id not in ("", "A1_waybillid")


def test_a_wrong_signature_is_told_apart(shop: Shop, receiver: Receiver) -> None:
    receiver.register(shop.server, mode="secure", form="xml")
    post(shop.server, "settings", {"wrong_sign_next": 1})
    shop.add("SS", "A1")
    shop.report("SS", "A1", 102)
    assert not receiver.wait()[0].is_signed()


def test_pushes_come_doubled_held_and_again(shop: Shop, receiver: Receiver) -> None:
    post(shop.server, "settings", {"push_copies": 1, "repeats_pick_up": True})
    shop.add("SS", "A1")
    shop.report("SS", "A1", 202)
    assert [push.event().code for push in receiver.wait(4)] == [202] * 4
    post(shop.server, "settings", {"push_copies": 0, "pushes": "hold"})
    shop.report("SS", "A1", 301)
    post(shop.server, "settings", {"pushes": "lose"})
    shop.report("SS", "A1", 302)
    states = [push["state"] for push in get(shop.server, "pushes")["pushes"]]
    assert states[-2:] == ["held", "lost"]
    post(shop.server, "settings", {"pushes": "send"})
    assert receiver.wait(5)[-1].event().code == 301
    post(shop.server, "pushes/1/repeat", {})
    receiver.wait(6)


def test_a_state_is_pushed_that_the_order_does_not_have(shop: Shop, receiver: Receiver) -> None:
    shop.add("SS", "A1")
    post(shop.server, "orders/ss-demo-shop/A1/push", {"status": 302, "at": 1767225600})
    assert receiver.wait()[0].event().code == 302
    state = shop.client.state(shop.token, account("SS"), "A1")
    assert state is not None
    assert state.code == 101


def test_riders_ride_by_themselves(shop: Shop, receiver: Receiver) -> None:
    steps = ("accept", "arrive", "pick_up", "leave", "deliver")
    post(shop.server, "settings", {f"{step}_seconds": 0.05 for step in steps})
    shop.add("SS", "A1")
    assert [push.event().code for push in receiver.wait(5)] == [102, 201, 202, 301, 302]


def test_a_rider_takes_an_order_that_was_given_up(shop: Shop, receiver: Receiver) -> None:
    post(
        shop.server,
        "settings",
        {"give_up_seconds": 0.05, "accepts_after_end_seconds": 0.05},
    )
    shop.add("SS", "A1")
    assert [push.event().code for push in receiver.wait(2)] == [502, 102]


def test_the_state_survives_a_restart(shop: Shop) -> None:
    shop.add("SS", "A1")
    state = get(shop.server, "state")
    platform = shop.server.platform("wechat")
    platform.reset()
    assert not get(shop.server, "orders")["orders"]
    platform.restore(state)
    assert shop.client.state(shop.token, account("SS"), "A1") is not None
