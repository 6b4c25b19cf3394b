"""Each check of a set-up below a service provider finds what is right, and says what is wrong."""

from collections.abc import Callable
from typing import Any

import pytest
from pytest_django.fixtures import Settings
from pytest_django.live_server_helper import LiveServer

import delivery.webhooks.handlers  # noqa: F401
from delivery.choices import Audit
from delivery.models import StoreCourier
from delivery.services.doctor import running
from delivery.services.providing import WITHDRAWN
from stores.models import Connection, InboundEvent
from tests.delivery.below import Below, below_provider
from tests.delivery.doctor.conftest import change
from tests.delivery.doctor.examining import check, verdicts, words
from tests.delivery.services.providers import COMPONENT, SECRET
from tests.delivery.town import APPID, Town
from tests.delivery.webhooks.pushing import handle_all

SIGNED_IN = ("opened", "bound", "audit", "secret", "shop_no")


@pytest.fixture
def below(town: Town, live_server: LiveServer, settings: Settings) -> Below:
    settings.PUBLIC_BASE_URL = live_server.url
    return below_provider(town, live_server.url)


def rows_of(below: Below, **more: Any) -> dict[str, dict[str, Any]]:
    return check(below.town.place, **more)


def test_a_shop_that_is_set_up_has_nothing_wrong(below: Below) -> None:
    rows = rows_of(below, with_order=True)
    # A test's server is in our own network.
    assert {name for name, found in verdicts(rows).items() if found != "ok"} == {"reachable"}
    assert "own network" in words(rows["reachable"])
    assert "lets the service provider act" in words(rows["token"])
    assert below.shop.credentials.keys() == {"refresh_token"}


def test_the_push_of_the_test_order_goes_to_the_provider_and_is_the_shops(below: Below) -> None:
    rows_of(below, with_order=True)
    handle_all()
    events = InboundEvent.objects.filter(kind="update_waybill_status")
    assert {(event.connection, event.is_drill, event.error) for event in events} == {
        (below.shop, True, "")
    }


def test_without_the_appid_in_the_address_the_push_is_heard_as_well(below: Below) -> None:
    path = below.town.get("providers")["providers"][0]["messages"].removesuffix("$APPID$/")
    below.town.post("providers", {"appid": COMPONENT, "messages": path})
    assert rows_of(below, with_order=True)["order"]["verdict"] == "ok"


# Signing in


def wrong_secret(below: Below) -> None:
    change(below.provider, secret="another one")
    below.provider_signs_in_anew()


def no_ticket(below: Below) -> None:
    change(below.provider, ticket="an old one")
    below.provider_signs_in_anew()


def locked(below: Below) -> None:
    below.town.switch(refuses_tokens_with=50002)
    below.provider_signs_in_anew()


@pytest.mark.parametrize(
    ("make", "part"),
    [(wrong_secret, "40125"), (no_ticket, "61006"), (locked, "50002")],
)
def test_what_is_wrong_with_the_provider_is_not_said_of_the_mini_program(
    below: Below, make: Callable[[Below], None], part: str
) -> None:
    make(below)
    rows = rows_of(below)
    assert rows["token"]["verdict"] == "wrong"
    assert "nothing is wrong with your mini-program" in words(rows["token"])
    assert part in words(rows["token"])
    assert "reset it there" not in words(rows["token"])
    # The number by which WeChat explains an error says nothing to a shop.
    assert "rid" not in words(rows["token"]).replace("ride", "")
    assert {rows[name]["verdict"] for name in ("address", *SIGNED_IN)} == {"skipped"}
    assert rows["keys"]["verdict"] == "ok"


def test_what_the_operator_has_put_right_counts_at_once(below: Below) -> None:
    wrong_secret(below)
    assert rows_of(below)["token"]["verdict"] == "wrong"
    change(below.provider, secret=SECRET)
    assert rows_of(below)["token"]["verdict"] == "ok"


@pytest.mark.parametrize("is_told", [True, False])
def test_a_withdrawal_is_said_whether_wechat_told_of_it_or_not(below: Below, is_told: bool) -> None:
    if is_told:
        below.withdraw()
        assert Connection.objects.get(pk=below.shop.pk).last_error == WITHDRAWN
    else:
        below.town.post(f"apps/{APPID}/withdraw", {})
    rows = rows_of(below)
    assert rows["token"]["verdict"] == "wrong"
    assert "authorise the service provider again" in words(rows["token"])
    assert {rows[name]["verdict"] for name in SIGNED_IN} == {"skipped"}


def test_a_lost_refresh_token_is_said_as_an_authorisation_that_is_needed(below: Below) -> None:
    change(below.shop, refresh_token="an old one")
    assert "authorise the service provider again" in words(rows_of(below)["token"])


def test_the_address_that_is_missing_on_the_providers_list_is_named_to_be_copied(
    below: Below,
) -> None:
    below.town.switch(refuses_tokens_with=61004)
    below.provider_signs_in_anew()
    rows = rows_of(below)
    assert (rows["address"]["verdict"], rows["address"]["copy"]) == ("wrong", "203.0.113.7")
    assert "白名单IP地址列表" in words(rows["address"])
    assert "IP白名单)" not in words(rows["address"])
    assert rows["token"]["verdict"] == "skipped"


# What WeChat and couriers answer


def test_a_permission_that_was_not_granted_is_told_from_a_function_that_is_not_opened(
    below: Below,
) -> None:
    below.town.switch(refuses_calls_with=61007)
    rows = rows_of(below)
    assert rows["opened"]["verdict"] == "wrong"
    assert "permission for instant delivery" in words(rows["opened"])
    assert "entry is missing" not in words(rows["opened"])
    below.town.switch(refuses_calls_with=930566)
    assert "entry is missing" in words(rows_of(below)["opened"])


def test_accounts_that_are_not_bound_are_said(below: Below) -> None:
    below.town.post("apps", {"appid": "wxother", "secret": "x"})
    for row in below.town.get("accounts")["accounts"]:
        below.town.post("accounts", {**row, "appid": "wxother"})
    rows = rows_of(below)
    assert (rows["bound"]["verdict"], rows["audit"]["verdict"]) == ("wrong", "skipped")
    assert "已开通其他渠道" in words(rows["bound"])


def test_an_account_that_has_not_passed_is_named(below: Below) -> None:
    account = {"appid": APPID, "delivery_id": "SS", "shopid": "ss-demo-shop", "secret": "SS-secret"}
    below.town.post("accounts", {**account, "audit": int(Audit.FAILED)})
    rows = rows_of(below)
    assert rows["audit"]["verdict"] == "wrong"
    assert "did not pass" in words(rows["audit"])


def test_a_wrong_secret_at_a_courier_is_told_from_a_right_one(below: Below) -> None:
    row = StoreCourier.objects.get(account__delivery_id="DADA")
    row.secret = "another one"
    row.save()
    rows = rows_of(below)
    assert rows["secret"]["verdict"] == "wrong"
    assert sum(text["en"].endswith(": right.") for text in rows["secret"]["said"]) == 4


def test_a_courier_that_fetches_elsewhere_is_said_with_the_distance(below: Below) -> None:
    below.town.post("couriers", {"delivery_id": "SS", "lng": 120.2, "lat": 30.3})
    rows = rows_of(below)
    assert rows["shop_no"]["verdict"] == "wrong"
    assert "m away from your address" in words(rows["shop_no"])


# Pushes


def test_the_providers_address_is_asked_for_this_shop(below: Below, settings: Settings) -> None:
    settings.PUBLIC_BASE_URL = "http://127.0.0.1:1"
    rows = rows_of(below)
    assert rows["reachable"]["verdict"] == "wrong"
    assert rows["reachable"]["copy"] == (
        f"http://127.0.0.1:1/wechat/{below.provider.pk}/push/{APPID}/"
    )
    assert rows["keys"]["verdict"] == "skipped"


@pytest.mark.parametrize(
    ("keys", "part"),
    [
        ({"push_token": ""}, "No Token"),
        ({"aes_key": ""}, "all pushes to a provider are sealed"),
        ({"aes_key": "short"}, "43 letters"),
    ],
)
def test_missing_keys_are_the_providers(below: Below, keys: dict[str, str], part: str) -> None:
    change(below.provider, **keys)
    found = words(rows_of(below)["keys"])
    assert part in found
    assert "form of the service provider" in found
    assert "form of the connection" not in found


def test_a_push_that_does_not_arrive_is_said_to_be_the_providers(
    below: Below, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(running, "ORDER_SECONDS", 0.5)
    below.town.switch(wrong_sign_next=9)
    rows = rows_of(below, with_order=True)
    assert rows["order"]["verdict"] == "wrong"
    assert "did not arrive" in words(rows["order"])
    assert "open platform" in words(rows["order"])


def test_our_own_message_stays_out_of_the_list_of_pushes(below: Below) -> None:
    rows_of(below)
    events = InboundEvent.objects.exclude(kind="component_verify_ticket")
    own = events.filter(kind="event debug_demo")
    assert [(event.connection, event.is_drill) for event in own] == [(below.shop, True)]
