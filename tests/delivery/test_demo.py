"""Delivery's part of the demo: a mini-program that is bound, what `--info` says, and restarts."""

from typing import Any

import pytest
from django.urls import resolve

from delivery.demo import DeliveryDemo
from delivery.models import CourierAccount, DeliveryStore, StoreCourier
from delivery.sandbox import WechatSandbox
from delivery.services.accounts import Changes, accounts_sync
from delivery.signatures import key_of
from stores.demo.world import SandboxWord, World
from stores.models import Connection
from stores.sandbox import SandboxServer
from stores.sandbox.state import StateFile
from tests.demos import demo_info, prepared

pytestmark = pytest.mark.xdist_group("filled demo of delivery")


def words(demo: World) -> list[SandboxWord]:
    part = DeliveryDemo()
    part.connect(demo)
    return list(part.sandbox_words(demo))


def test_the_info_says_what_another_wechat_needs(demo: World) -> None:
    info = demo_info(demo.place)
    shown = info["wechat"]
    names = {"appid", "token", "encoding_aes_key", "callback", "stores", "riders_page"}
    assert set(shown) == names
    assert shown["riders_page"] == "http://127.0.0.1:8100/wechat/riders"
    connection = Connection.objects.get(platform="wechat")
    assert connection.account == shown["appid"] == "wxdemo0000000001"
    assert connection.credentials["push_token"] == shown["token"]
    assert connection.credentials["aes_key"] == shown["encoding_aes_key"]
    assert key_of(shown["encoding_aes_key"])
    found = resolve(shown["callback"].removeprefix("http://127.0.0.1:8000"))
    assert (found.view_name, found.kwargs) == ("delivery:push", {"connection_id": connection.pk})
    [store] = shown["stores"]
    assert store["id"] == info["stores"][0]["id"]
    assert (store["city"], store["lng"], store["lat"]) == ("杭州市", 120.131441, 30.279383)
    assert [row["delivery_id"] for row in store["couriers"]] == ["DADA", "SS", "MTPS", "SFTC", "UU"]
    for row in store["couriers"]:
        assert set(row) == {"delivery_id", "shopid", "shop_no", "app_secret"}
        assert all(row.values())
        bound = StoreCourier.objects.get(account__shopid=row["shopid"])
        assert (bound.secret, bound.place.store_id) == (row["app_secret"], store["id"])
        assert bound.place.connection == connection
    assert len({row["app_secret"] for row in store["couriers"]}) == 5


def test_the_simulated_wechat_knows_the_same_accounts(demo: World) -> None:
    sandbox = WechatSandbox()
    StateFile(demo.place.sandbox_state, [sandbox]).load()
    connection = Connection.objects.get(platform="wechat")
    app = sandbox.book.apps[connection.account]
    assert (app.secret, app.mode) == (connection.credentials["secret"], "secure")
    assert app.callback == demo_info(demo.place)["wechat"]["callback"]
    accounts = sandbox.book.accounts
    for courier in StoreCourier.objects.select_related("account"):
        assert accounts[courier.account.shopid].secret == courier.secret
    rows = CourierAccount.objects.filter(connection=connection)
    assert {row.shopid for row in rows} == set(accounts)
    with SandboxServer([sandbox]) as server:
        Connection.objects.update(base_url=f"{server.url}/wechat")
        assert accounts_sync(connection=Connection.objects.get(pk=connection.pk)) == Changes(
            (), (), ()
        )


def test_a_second_start_keeps_bindings_and_secrets(demo: World) -> None:
    before = demo_info(demo.place)["wechat"]
    courier = StoreCourier.objects.get(account__delivery_id="SS")
    courier.secret = "changed-by-a-person"
    courier.save()
    prepared(demo.place)
    after = demo_info(demo.place)["wechat"]
    changed: Any = after["stores"][0]["couriers"][1]
    assert changed["app_secret"] == "changed-by-a-person"
    changed["app_secret"] = before["stores"][0]["couriers"][1]["app_secret"]
    assert after == before
    sandbox = WechatSandbox()
    StateFile(demo.place.sandbox_state, [sandbox]).load()
    assert sandbox.book.accounts[courier.account.shopid].secret == "changed-by-a-person"


def test_another_wechat_is_called_with_the_same_secrets(
    demo: World, monkeypatch: pytest.MonkeyPatch
) -> None:
    connection = Connection.objects.get(platform="wechat")
    assert connection.base_url == "http://127.0.0.1:8100/wechat"
    Connection.objects.update(token="of the first")
    before = demo_info(demo.place)["wechat"]
    monkeypatch.setenv("WECHAT_BASE_URL", "http://127.0.0.1:9999/")
    prepared(demo.place)
    connection.refresh_from_db()
    assert (connection.base_url, connection.token) == ("http://127.0.0.1:9999", "")
    assert demo_info(demo.place)["wechat"] == before
    monkeypatch.delenv("WECHAT_BASE_URL")
    prepared(demo.place)
    connection.refresh_from_db()
    assert connection.base_url == "http://127.0.0.1:8100/wechat"


def test_the_appsecret_and_a_store_of_a_persons_own_are_told_too(demo: World) -> None:
    connection = Connection.objects.get(platform="wechat")
    connection.credentials |= {"secret": "another", "aes_key": ""}
    connection.save()
    DeliveryStore.objects.update(city="上海市")
    [seed] = words(demo)
    assert (seed.body["app"]["secret"], seed.body["app"]["mode"]) == ("another", "plain")
    assert demo.facts["wechat"]["stores"][0]["city"] == "上海市"
