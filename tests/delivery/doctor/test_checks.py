"""Each check of a set-up finds what is right, and says what is wrong."""

import time
from typing import Any

import pytest
from django.utils import timezone
from pytest_django.fixtures import Settings

from delivery.choices import Audit
from delivery.client.ourselves import PushKeys
from delivery.models import CourierAccount, StoreCourier
from delivery.services import doctor
from delivery.services.doctor import heard, judging, pushes, running
from stores.conflicts import Conflict
from stores.models import InboundEvent, OutboundCall
from tests.delivery.doctor.conftest import change
from tests.delivery.doctor.examining import check, verdicts, words
from tests.delivery.town import APPID, Town

NOT_SIGNED_IN = ("opened", "bound", "audit", "secret", "shop_no")


def test_a_shop_that_is_set_up_has_nothing_wrong(shop: Town) -> None:
    begun = time.monotonic()
    rows = check(shop.place)
    assert time.monotonic() - begun < 20
    # A test's server is in our own network, and a test order was not asked for.
    assert {name for name, found in verdicts(rows).items() if found != "ok"} == {
        "reachable", "order",
    }  # fmt: skip
    assert "own network" in words(rows["reachable"])
    assert "500 test orders" in words(rows["order"])
    [bound] = rows["bound"]["said"]
    assert ("、" in bound["zh-hans"], ", " in bound["zh-hans"]) == (True, False)
    assert ", " in bound["en"]
    assert shop.orders() == []


@pytest.mark.parametrize(
    ("code", "part"), [(40125, "AppSecret"), (40013, "AppID"), (50002, "locked")]
)
def test_a_refused_sign_in_is_said_and_the_rest_is_not_checked(
    shop: Town, code: int, part: str
) -> None:
    shop.switch(refuses_tokens_with=code)
    rows = check(shop.place)
    assert rows["token"]["verdict"] == "wrong"
    assert part in words(rows["token"])
    assert {rows[name]["verdict"] for name in ("address", *NOT_SIGNED_IN)} == {"skipped"}
    assert rows["keys"]["verdict"] == "ok"


def test_the_address_that_is_missing_on_the_white_list_is_named_to_be_copied(shop: Town) -> None:
    shop.switch(refuses_tokens_with=40164)
    rows = check(shop.place)
    assert (rows["address"]["verdict"], rows["address"]["copy"]) == ("wrong", "203.0.113.7")
    assert "IP白名单" in words(rows["address"])
    assert rows["token"]["verdict"] == "skipped"


def test_a_token_that_somebody_else_takes_is_said(
    shop: Town, monkeypatch: pytest.MonkeyPatch
) -> None:
    shop.switch(refuses_calls_with=40001)
    rows = check(shop.place)
    assert rows["token"]["verdict"] == "wrong"
    assert "another system" in words(rows["token"])
    assert rows["address"]["verdict"] == "ok"


@pytest.mark.parametrize("code", [48001, 930568, 930566])
def test_a_console_without_instant_delivery_leads_to_self_delivery(shop: Town, code: int) -> None:
    shop.switch(refuses_calls_with=code)
    rows = check(shop.place)
    assert rows["opened"]["verdict"] == "wrong"
    assert "entry is missing" in words(rows["opened"])
    assert "deliver yourselves" in words(rows["opened"])
    assert rows["bound"]["verdict"] == "skipped"


def test_accounts_that_are_not_bound_are_said_with_what_dada_means(shop: Town) -> None:
    other = {"appid": "wxother", "secret": "x"}
    shop.post("apps", other)
    for row in shop.get("accounts")["accounts"]:
        shop.post("accounts", {**row, "appid": "wxother"})
    rows = check(shop.place)
    assert (rows["bound"]["verdict"], rows["audit"]["verdict"]) == ("wrong", "skipped")
    assert "已开通其他渠道" in words(rows["bound"])
    assert not CourierAccount.objects.filter(vanished_at=None).exists()


def test_an_account_that_is_listed_no_longer_is_named(shop: Town) -> None:
    account = CourierAccount.objects.get(delivery_id="UU")
    CourierAccount.objects.filter(pk=account.pk).update(shopid="uu-elsewhere")
    rows = check(shop.place)
    assert rows["bound"]["verdict"] == "wrong"
    assert "no longer lists: UU" in words(rows["bound"])


def test_a_store_without_couriers_is_told_to_add_some(shop: Town) -> None:
    StoreCourier.objects.all().update(is_active=False)
    rows = check(shop.place)
    assert "uses none" in words(rows["bound"])
    assert {rows[name]["verdict"] for name in ("audit", "secret", "shop_no")} == {"skipped"}


@pytest.mark.parametrize(
    ("audit", "part"), [(Audit.WAITING, "still checks"), (Audit.FAILED, "did not pass")]
)
def test_an_account_that_has_not_passed_is_named(shop: Town, audit: Audit, part: str) -> None:
    account = {"appid": APPID, "delivery_id": "SS", "shopid": "ss-demo-shop", "secret": "SS-secret"}
    shop.post("accounts", {**account, "audit": int(audit)})
    rows = check(shop.place)
    assert rows["audit"]["verdict"] == "wrong"
    assert part in words(rows["audit"])
    for name in ("secret", "shop_no"):
        assert rows[name]["verdict"] == "ok"
        assert "is checked once its account has passed" in words(rows[name])
        assert "not bound" not in words(rows[name])
    assert CourierAccount.objects.get(delivery_id="SS").audit == audit


@pytest.mark.parametrize("courier", ["DADA", "SFTC", "SS", "MTPS", "UU"])
def test_a_wrong_secret_is_told_from_a_right_one_at_each_courier(shop: Town, courier: str) -> None:
    row = StoreCourier.objects.get(account__delivery_id=courier)
    row.secret = "another one"
    row.save()
    rows = check(shop.place)
    assert rows["secret"]["verdict"] == "wrong"
    said = [text["en"] for text in rows["secret"]["said"]]
    assert [text.partition(":")[0] for text in said if "is wrong" in text] == [courier]
    assert sum(text.endswith(": right.") for text in said) == 4
    assert rows["shop_no"]["verdict"] == "ok"


def test_a_courier_that_would_not_come_has_accepted_the_secret(shop: Town) -> None:
    shop.post("couriers", {"delivery_id": "DADA", "mood": "refuses"})
    rows = check(shop.place)
    assert rows["secret"]["verdict"] == "ok"
    assert "right, but it would not come (1010" in words(rows["secret"])


def test_a_missing_secret_is_said_without_asking(shop: Town) -> None:
    StoreCourier.objects.filter(account__delivery_id="SS").update(secret="")
    rows = check(shop.place)
    assert rows["secret"]["verdict"] == "wrong"
    assert "no AppSecret is entered" in words(rows["secret"])
    assert "SS was not asked" in words(rows["shop_no"])


def test_a_store_that_the_courier_has_closed_is_said(shop: Town) -> None:
    shop.post("couriers", {"delivery_id": "SS", "mood": "offline"})
    rows = check(shop.place)
    assert rows["shop_no"]["verdict"] == "wrong"
    assert "门店已下线" in words(rows["shop_no"])


def test_a_courier_that_fetches_elsewhere_is_said_with_the_distance(shop: Town) -> None:
    shop.post("couriers", {"delivery_id": "SS", "lng": 120.2, "lat": 30.3})
    rows = check(shop.place)
    assert rows["shop_no"]["verdict"] == "wrong"
    assert "m away from your address (number S01)" in words(rows["shop_no"])


def test_silence_of_a_courier_is_not_taken_for_a_wrong_secret(
    shop: Town, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(heard, "TIMEOUT", (1.0, 0.5))
    shop.server.faults.add(operation="order/pre_add", kind="slow", times=9, seconds=3)
    rows = check(shop.place)
    assert rows["secret"]["verdict"] == "skipped"
    assert rows["bound"]["verdict"] == "ok"


def test_without_a_token_nobody_can_sign_and_keys_are_asked_for(shop: Town) -> None:
    change(shop.place.connection, push_token="")
    rows = check(shop.place)
    assert (rows["reachable"]["verdict"], rows["keys"]["verdict"]) == ("skipped", "wrong")
    change(shop.place.connection, push_token="demo-push-token", aes_key="")
    assert "明文模式" in words(check(shop.place)["keys"])
    change(shop.place.connection, aes_key="short")
    assert "43 letters" in words(check(shop.place)["keys"])


def test_an_address_at_which_nobody_or_somebody_else_answers_is_said(
    shop: Town, settings: Settings
) -> None:
    settings.PUBLIC_BASE_URL = "http://127.0.0.1:1"
    rows = check(shop.place)
    assert rows["reachable"]["verdict"] == "wrong"
    assert rows["reachable"]["copy"].startswith("http://127.0.0.1:1/wechat/")
    assert rows["keys"]["verdict"] == "skipped"
    settings.PUBLIC_BASE_URL = shop.server.url
    rows = check(shop.place)
    assert "answers otherwise" in words(rows["reachable"])
    assert rows["keys"]["verdict"] == "wrong"


@pytest.mark.parametrize(
    ("base_url", "verdict", "part"),
    [
        ("http://192.168.1.5", "skipped", "own network"),
        ("http://shop", "skipped", "own network"),
        ("https://shop.example:8443", "wrong", "port 8443"),
        ("http://shop.example", "ok", "without https"),
        ("https://shop.example", "ok", "It answers."),
    ],
)
def test_what_wechat_would_find_at_an_address(base_url: str, verdict: str, part: str) -> None:
    at = pushes.Pushed(base_url, "/wechat/1/push/", PushKeys("wx1", "token", "A" * 43))
    row = pushes._of_place(at).as_json()
    assert row["verdict"] == verdict
    assert part in words(row)


def test_our_own_message_is_stored_and_nothing_is_done_about_it(shop: Town) -> None:
    check(shop.place)
    events = InboundEvent.objects.all()
    assert [(event.kind, event.is_drill, event.subject_id) for event in events] == [
        ("event debug_demo", True, None)
    ]
    assert not OutboundCall.objects.exists()


def test_a_test_order_runs_through_and_is_heard_of(shop: Town) -> None:
    rows = check(shop.place, with_order=True)
    assert rows["order"]["verdict"] == "ok"
    found = [(order["shopid"], order["status"]) for order in shop.orders()]
    assert found == [("test_shop_id", 203)]


def test_a_push_that_does_not_arrive_is_said(shop: Town, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(running, "ORDER_SECONDS", 0.5)
    shop.switch(wrong_sign_next=9)
    rows = check(shop.place, with_order=True)
    assert rows["order"]["verdict"] == "wrong"
    assert "did not arrive" in words(rows["order"])


def test_the_end_of_the_days_test_orders_is_said(shop: Town) -> None:
    shop.switch(calls_a_day=0)
    rows = check(shop.place, with_order=True)
    assert "stopped at “call a rider”: Too many calls" in words(rows["order"])


def test_a_check_that_breaks_is_not_checked_and_stops_no_other(
    shop: Town, monkeypatch: pytest.MonkeyPatch
) -> None:
    def breaks(*args: Any) -> None:
        raise ZeroDivisionError

    monkeypatch.setattr(judging, "of_audit", breaks)
    rows = check(shop.place)
    assert rows["audit"]["verdict"] == "skipped"
    assert "ZeroDivisionError" in words(rows["audit"])
    assert rows["secret"]["verdict"] == "ok"
    monkeypatch.setattr(running, "ask", breaks)
    assert {check(shop.place)[name]["verdict"] for name in NOT_SIGNED_IN} == {"skipped"}


@pytest.mark.parametrize("kind", ["html", "half_body", "wrong_types", "status_500"])
def test_strange_answers_of_wechat_break_nothing(shop: Town, kind: str) -> None:
    shop.server.faults.add(operation="shop/get", kind=kind, times=5)
    rows = check(shop.place)
    assert rows["opened"]["verdict"] in ("ok", "skipped")
    assert rows["keys"]["verdict"] == "ok"


def test_two_checks_of_one_store_are_not_done_at_once(shop: Town) -> None:
    run = doctor.start(place=shop.place, with_order=False, actor=None)
    with pytest.raises(Conflict):
        doctor.start(place=shop.place, with_order=False, actor=None)
    run.started_at = timezone.now() - 2 * run.ABANDONED
    run.save()
    assert doctor.start(place=shop.place, with_order=True, actor=None).pk == run.pk
