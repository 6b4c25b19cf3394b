"""Accounts at couriers come from WeChat alone, with a token that is asked for once."""

from collections.abc import Iterator

import pytest
from django.contrib.auth.models import User
from pytest_django.fixtures import Settings

from delivery.choices import Audit
from delivery.models import CourierAccount
from delivery.sandbox import WechatSandbox
from delivery.sandbox.book import Book
from delivery.services.accounts import Changes, accounts_sync
from stores.models import AuditEntry, Connection
from stores.platforms.errors import LoginRefused, PlatformError
from stores.sandbox import SandboxServer
from tests.delivery.factories import MiniProgramFactory
from tests.delivery.wechat_sandbox.calling import APPID, get, post

pytestmark = pytest.mark.django_db(transaction=True)
PROVIDER = "wxprovider000001"


@pytest.fixture
def server(settings: Settings) -> Iterator[SandboxServer]:
    with SandboxServer([WechatSandbox()]) as server:
        settings.WECHAT_BASE_URL = f"{server.url}/wechat"
        post(server, "seed", {})
        yield server


@pytest.fixture
def shop(server: SandboxServer) -> Connection:
    made: Connection = MiniProgramFactory(account=APPID)
    return made


def book_of(server: SandboxServer) -> Book:
    platform = server.platform("wechat")
    assert isinstance(platform, WechatSandbox)
    return platform.book


def calls(server: SandboxServer, operation: str) -> int:
    return sum(row.operation == operation for row in server.arrivals.all())


def test_accounts_are_read_and_what_changed_is_said(
    server: SandboxServer, shop: Connection
) -> None:
    changes = accounts_sync(connection=shop)
    assert len(changes.added) == 6
    assert accounts_sync(connection=shop) == Changes((), (), ())
    assert calls(server, "stable_token") == 1

    flash = {"appid": APPID, "delivery_id": "SS", "shopid": "ss-demo-shop", "secret": "SS-secret"}
    post(server, "accounts", flash | {"audit": 2})
    book_of(server).accounts.pop("uu-demo-shop")
    changes = accounts_sync(connection=shop)
    assert changes == Changes((), ("闪送 ss-demo-shop",), ("UU跑腿 uu-demo-shop",))
    assert CourierAccount.objects.get(delivery_id="SS").audit == Audit.FAILED
    assert set(CourierAccount.objects.usable().values_list("delivery_id", flat=True)) == {
        "TEST",
        "DADA",
        "MTPS",
        "SFTC",
    }

    account = {"appid": APPID, "delivery_id": "UU", "shopid": "uu-demo-shop", "secret": "x"}
    post(server, "accounts", account)
    assert accounts_sync(connection=shop).changed == ("UU跑腿 uu-demo-shop",)
    assert CourierAccount.objects.count() == 6


def test_a_stolen_token_is_asked_for_anew_once(server: SandboxServer, shop: Connection) -> None:
    accounts_sync(connection=shop)
    post(server, f"apps/{APPID}/steal", {})
    assert accounts_sync(connection=shop) == Changes((), (), ())
    assert calls(server, "stable_token") == 2
    assert calls(server, "shop/get") == 3


@pytest.mark.parametrize("credentials", [{}, {"secret": "wrong"}])
def test_a_wrong_secret_changes_nothing(
    server: SandboxServer, shop: Connection, credentials: dict[str, str]
) -> None:
    shop.credentials = credentials
    shop.save()
    with pytest.raises(LoginRefused):
        accounts_sync(connection=shop)
    shop.refresh_from_db()
    assert shop.state == Connection.State.REFUSED
    assert not CourierAccount.objects.exists()


@pytest.mark.parametrize("kind", ["html", "status_502", "half_body", "drop_before", "throttle"])
def test_an_answer_that_is_none_makes_no_account_vanish(
    server: SandboxServer, shop: Connection, kind: str
) -> None:
    accounts_sync(connection=shop)
    server.faults.add(kind=kind, operation="shop/get")
    with pytest.raises(PlatformError):
        accounts_sync(connection=shop)
    assert not CourierAccount.objects.exclude(vanished_at=None).exists()


def test_who_reads_stands_in_the_audit_log(shop: Connection, admin_user: User) -> None:
    accounts_sync(connection=shop, actor=admin_user)
    entry = AuditEntry.objects.get()
    assert (entry.verb, entry.merchant) == ("wechat.accounts.synced", shop.merchant)
    assert len(entry.data["added"]) == 6


def test_a_provider_reads_for_a_shop_and_keeps_the_next_refresh_token(
    server: SandboxServer,
) -> None:
    post(server, "providers", {"appid": PROVIDER, "secret": "provider-secret"})
    post(server, f"providers/{PROVIDER}/ticket", {})
    post(server, f"apps/{APPID}/authorise", {"provider": PROVIDER})
    [provider_row] = get(server, "providers")["providers"]
    granted = book_of(server).authorisations[APPID]
    granted.refresh = "first"
    provider = MiniProgramFactory(
        merchant=None,
        account=PROVIDER,
        credentials={"secret": "provider-secret", "ticket": provider_row["ticket"]},
    )
    shop = MiniProgramFactory(
        account=APPID, parent=provider, credentials={"refresh_token": "first"}
    )
    assert len(accounts_sync(connection=shop).added) == 6
    shop.refresh_from_db()
    assert shop.credentials["refresh_token"] == granted.refresh != "first"
    granted.token_ends = 0
    assert accounts_sync(connection=shop) == Changes((), (), ())
    assert calls(server, "component/api_component_token") == 1
    assert calls(server, "component/api_authorizer_token") == 2

    post(server, f"apps/{APPID}/withdraw", {})
    shop.refresh_from_db()
    with pytest.raises(LoginRefused):
        accounts_sync(connection=shop)
