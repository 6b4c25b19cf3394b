"""Our client and the simulated WeChat, which share no code."""

from datetime import UTC, datetime
from decimal import Decimal
from typing import Any

import pytest

from delivery.choices import Audit, CancelReason, WaybillState
from delivery.client.shop import CourierAccount
from delivery.wire.answers import EXISTS, HAS_ENDED, NO_SUCH_ORDER, CourierRefused
from stores.platforms.errors import AuthExpired, LoginRefused, PlatformError, Refused, Throttled
from tests.delivery.wechat_sandbox.calling import APPID, ORDER, Shop, account, post


def refusal(error: pytest.ExceptionInfo[Refused]) -> str:
    return error.value.code


def test_a_token_is_the_same_until_it_is_nearly_over(shop: Shop) -> None:
    again = shop.client.login(APPID, "demo-app-secret")
    assert again.text == shop.token
    assert 7000 < again.lives.total_seconds() <= 7200
    with pytest.raises(LoginRefused):
        shop.client.login(APPID, "wrong")
    with pytest.raises(LoginRefused):
        shop.client.login("wx0", "demo-app-secret")


def test_a_forced_token_ends_the_old_one(shop: Shop) -> None:
    new = shop.client.login(APPID, "demo-app-secret", is_forced=True).text
    assert new != shop.token
    assert shop.client.login(APPID, "demo-app-secret", is_forced=True).text == new
    with pytest.raises(AuthExpired):
        shop.client.couriers(shop.token)
    assert shop.client.couriers(new)


def test_a_stolen_token_is_over(shop: Shop) -> None:
    post(shop.server, f"apps/{APPID}/steal", {})
    with pytest.raises(AuthExpired):
        shop.client.accounts(shop.token)


def test_couriers_and_accounts_are_listed(shop: Shop) -> None:
    names = {row.delivery_id: row.name for row in shop.client.couriers(shop.token)}
    assert names["DADA"] == "达达"
    accounts = {row.delivery_id: row for row in shop.client.accounts(shop.token)}
    assert accounts["SS"].shopid == "ss-demo-shop"
    assert accounts["SS"].audit == Audit.PASSED


def test_each_courier_has_its_price_and_one_names_none(shop: Shop) -> None:
    fees = {
        name: shop.client.quote(shop.token, account(name), "Q1", ORDER).price.fee
        for name in ("TEST", "DADA", "SS", "SFTC", "UU", "MTPS")
    }
    assert fees["TEST"] == Decimal("10.00")
    assert fees["MTPS"] is None
    assert (fees["DADA"], fees["SS"]) == (Decimal("7.56"), Decimal("18.08"))


@pytest.mark.parametrize(
    ("delivery_id", "code"), [("DADA", "2003"), ("SFTC", "-99"), ("SS", "1"), ("TEST", "1")]
)
def test_a_wrong_secret_is_refused_by_the_courier(shop: Shop, delivery_id: str, code: str) -> None:
    wrong = CourierAccount(delivery_id, account(delivery_id).shopid, "wrong")
    with pytest.raises(CourierRefused) as caught:
        shop.client.quote(shop.token, wrong, "Q1", ORDER)
    assert refusal(caught) == code


def test_a_rider_is_called_once_for_a_number(shop: Shop) -> None:
    waybill = shop.add("SS", "A1")
    assert (waybill.waybill_id, waybill.price.fee) == ("A1_waybillid", Decimal("18.08"))
    assert (len(waybill.pickup_code), len(waybill.finish_code)) == (4, 4)
    with pytest.raises(Refused) as caught:
        shop.add("SS", "A1")
    assert refusal(caught) == EXISTS
    state = shop.client.state(shop.token, account("SS"), "A1")
    assert state is not None
    assert state.state == WaybillState.WAITING
    with pytest.raises(Refused) as caught:
        shop.client.state(shop.token, account("SS"), "A2")
    assert refusal(caught) == NO_SUCH_ORDER


def test_a_locked_price_holds_for_its_order_only(shop: Shop) -> None:
    quote = shop.client.quote(shop.token, account("DADA"), "A1", ORDER)
    post(shop.server, "couriers", {"delivery_id": "DADA", "base": 60.0})
    with pytest.raises(CourierRefused) as caught:
        shop.add("DADA", "A2", delivery_token=quote.token)
    assert refusal(caught) == "2062"
    assert shop.add("DADA", "A1", delivery_token=quote.token).price.fee == quote.price.fee


def test_the_life_of_an_order(shop: Shop) -> None:
    shop.add("SS", "A1")
    tip: dict[str, Any] = {"waybill_id": "A1_waybillid", "openid": "o", "total": Decimal(5)}
    shop.client.tip(shop.token, account("SS"), "A1", **tip)
    with pytest.raises(CourierRefused):
        shop.client.tip(shop.token, account("SS"), "A1", **tip)
    shop.report("SS", "A1", 102)
    state = shop.client.state(shop.token, account("SS"), "A1")
    assert state is not None
    assert state.rider_name
    assert (state.state, state.seconds_left) == (WaybillState.ACCEPTED, 900)
    assert shop.client.cancel_fee(shop.token, account("SS"), "A1", waybill_id="A1_waybillid") == 0
    post(shop.server, "couriers", {"delivery_id": "SS", "free_seconds": 0.0})
    fee = shop.client.cancel_fee(shop.token, account("SS"), "A1", waybill_id="A1_waybillid")
    assert fee == 2
    shop.report("SS", "A1", 202)
    paid = shop.client.cancel(
        shop.token, account("SS"), "A1", waybill_id="A1_waybillid", reason=CancelReason.PRICE
    )
    assert paid == 2
    state = shop.client.state(shop.token, account("SS"), "A1")
    assert state is not None
    assert state.state == WaybillState.GOES_BACK
    shop.client.confirm_return(shop.token, account("SS"), "A1", waybill_id="A1_waybillid")
    with pytest.raises(Refused) as caught:
        shop.client.cancel_fee(shop.token, account("SS"), "A1", waybill_id="A1_waybillid")
    assert refusal(caught) == HAS_ENDED


def test_a_rider_is_called_again_under_the_same_number(shop: Shop) -> None:
    shop.add("SS", "A1")
    shop.report("SS", "A1", 501)
    assert shop.add("SS", "A1", is_again=True).waybill_id
    state = shop.client.state(shop.token, account("SS"), "A1")
    assert state is not None
    assert state.state == WaybillState.WAITING
    shop.add("MTPS", "A2")
    shop.report("MTPS", "A2", 501)
    with pytest.raises(CourierRefused):
        shop.add("MTPS", "A2", is_again=True)
    shop.report("SS", "A1", 302)
    with pytest.raises(CourierRefused, match="已完成"):
        shop.add("SS", "A1", is_again=True)


@pytest.mark.parametrize(
    ("delivery_id", "mood", "words"),
    [("SS", "offline", "门店已下线"), ("UU", "refuses", "收件人信息不正确")],
)
def test_a_courier_that_refuses_says_why(
    shop: Shop, delivery_id: str, mood: str, words: str
) -> None:
    post(shop.server, "couriers", {"delivery_id": delivery_id, "mood": mood})
    with pytest.raises(CourierRefused) as caught:
        shop.client.quote(shop.token, account(delivery_id), "Q", ORDER)
    assert caught.value.message == words


def test_a_fee_that_is_not_said_is_unknown(shop: Shop) -> None:
    post(shop.server, "settings", {"precancel_without_fee": True})
    shop.add("SS", "A1")
    assert shop.client.cancel_fee(shop.token, account("SS"), "A1", waybill_id="w") is None


def test_an_answer_that_fails_at_the_courier_shows_no_state(shop: Shop) -> None:
    shop.add("SS", "A1")
    shop.report("SS", "A1", 102)
    post(shop.server, "settings", {"get_fails": True})
    with pytest.raises(CourierRefused):
        shop.client.state(shop.token, account("SS"), "A1")


def test_wechats_own_test_order_is_moved_and_limited(shop: Shop) -> None:
    post(shop.server, "settings", {"calls_a_day": 1})
    shop.add("TEST", "T1")
    at = datetime.now(UTC)
    shop.client.change_test_order(shop.token, "test_shop_id", "T1", WaybillState.DELIVERED, at)
    state = shop.client.state(shop.token, account("TEST"), "T1")
    assert state is not None
    assert state.state == WaybillState.DELIVERED
    with pytest.raises(Throttled):
        shop.add("TEST", "T2")
    assert shop.client.quota(shop.token, "order/add").left == 0
    shop.add("SS", "A1")
    with pytest.raises(Refused):
        shop.client.change_test_order(shop.token, "ss-demo-shop", "A1", WaybillState.DELIVERED, at)


@pytest.mark.parametrize(
    ("kind", "applied"),
    [("drop_before", False), ("drop_after", True), ("half_body", True), ("status_502", False)],
)
def test_a_lost_answer_leaves_it_open_and_the_question_tells(
    shop: Shop, kind: str, applied: bool
) -> None:
    shop.server.faults.add(kind=kind, operation="order/add")
    with pytest.raises(PlatformError) as caught:
        shop.add("SS", "A1")
    assert not isinstance(caught.value, Refused)
    if applied:
        assert shop.client.state(shop.token, account("SS"), "A1") is not None
    else:
        with pytest.raises(Refused):
            shop.client.state(shop.token, account("SS"), "A1")


def test_escaped_classes_of_goods_are_refused(shop: Shop) -> None:
    answer = shop.client.request(
        "POST",
        "/cgi-bin/express/local/business/order/pre_add",
        params={"access_token": shop.token},
        body=ORDER.as_json(),
    )
    assert answer.json_object()["errcode"] == 930570
