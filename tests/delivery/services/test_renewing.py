"""Tokens are renewed before they end, and a server that takes them is noticed."""

from collections.abc import Iterator
from datetime import timedelta

import pytest
from django.contrib.auth.models import User
from django.utils import timezone
from pytest_django.fixtures import Settings

from delivery.dashboard import operator_alerts, provider_alerts
from delivery.models import LostTokens
from delivery.sandbox import WechatSandbox
from delivery.services import authorising, losses, renewing
from delivery.services.providing import ticket_told
from delivery.services.wechat import Wechat
from delivery.tasks import exchange_owed, renew_tokens
from stores.models import Connection
from stores.platforms.errors import PlatformError
from stores.roles import Role
from stores.sandbox import SandboxServer
from tests.delivery.factories import MiniProgramFactory
from tests.delivery.services.providers import World
from tests.delivery.wechat_sandbox.calling import APPID, post
from tests.stores.factories import MerchantFactory, UserFactory, member

pytestmark = pytest.mark.django_db(transaction=True)
SHOP_TOKEN, PROVIDER_TOKEN = "component/api_authorizer_token", "component/api_component_token"


@pytest.fixture
def world(settings: Settings) -> Iterator[World]:
    with SandboxServer([WechatSandbox()]) as server:
        settings.WECHAT_BASE_URL = f"{server.url}/wechat"
        yield World.made(server)


@pytest.fixture
def shop(world: World) -> Connection:
    """A shop below the provider, with a token."""
    made = authorising.came_back(
        provider=world.provider,
        merchant=MerchantFactory(),
        code=world.agree()["AuthorizationCode"],
        actor=None,
    ).connection
    assert made
    return made


def nearly_over(*rows: Connection, ends_in: timedelta = timedelta(minutes=4)) -> None:
    now = timezone.now()
    Connection.objects.filter(pk__in=[row.pk for row in rows]).update(
        token_renew_at=now - timedelta(minutes=1), token_ends_at=now + ends_in
    )


def ask(connection: Connection) -> None:
    connection.refresh_from_db()
    Wechat(connection).call(lambda client, token: client.accounts(token))


def test_tokens_of_providers_and_of_their_shops_are_renewed_ahead(
    world: World, shop: Connection
) -> None:
    nearly_over(world.provider, shop)
    refresh = shop.credentials["refresh_token"]
    assert renewing.renew_all() == 2
    shop.refresh_from_db()
    assert shop.credentials["refresh_token"] not in ("", refresh)
    assert shop.credentials["refresh_token"] == world.book.authorisations[APPID].refresh
    assert renewing.renew_all() == 0
    ask(shop)
    assert (world.calls(PROVIDER_TOKEN), world.calls(SHOP_TOKEN)) == (2, 1)


def test_a_refresh_token_survives_a_ticket_that_comes_meanwhile(
    world: World, shop: Connection
) -> None:
    post(world.server, f"providers/{world.provider.account}/ticket", {})
    ticket = world.book.providers[world.provider.account].ticket
    ticket_told(provider=world.provider, ticket=ticket, at=timezone.now())
    nearly_over(world.provider, shop)
    # The rows that the worker has read are older than the ticket.
    assert renewing.renew_all() == 2
    world.provider.refresh_from_db()
    assert world.provider.credentials["ticket"] == ticket


def test_a_shop_that_has_withdrawn_silently_makes_no_storm(world: World, shop: Connection) -> None:
    post(world.server, f"apps/{APPID}/withdraw", {})
    nearly_over(shop)
    Connection.objects.update(login_lease_until=None)
    assert renewing.renew_all() == 0
    shop.refresh_from_db()
    # The token may live on: its calls go on until it ends.
    assert shop.state == "working"
    nearly_over(shop, ends_in=timedelta(minutes=-1))
    for _again in range(5):
        Connection.objects.update(login_lease_until=None)
        assert renewing.renew_all() == 0
    shop.refresh_from_db()
    assert shop.state == "refused"
    assert world.calls(SHOP_TOKEN) == 2


def test_one_that_cannot_be_renewed_stops_no_other(world: World, shop: Connection) -> None:
    own = MiniProgramFactory(account=APPID, token="t", credentials={"secret": "wrong"})
    nearly_over(own, world.provider, shop)
    renew_tokens()
    exchange_owed()
    shop.refresh_from_db()
    assert shop.token_renew_at is not None
    assert shop.token_renew_at > timezone.now()


def test_a_merchant_who_is_switched_off_is_not_renewed(world: World, shop: Connection) -> None:
    nearly_over(shop)
    shop.tenant.is_active = False
    shop.tenant.save()
    assert renewing.renew_all() == 0


# Another server


def steal_and_ask(world: World, shop: Connection) -> None:
    post(world.server, f"apps/{APPID}/steal", {})
    ask(shop)


def test_a_server_that_takes_tokens_is_noticed_and_said(world: World) -> None:
    shop = MiniProgramFactory(account=APPID)
    owner = member(shop.tenant, Role.OWNER)
    ask(shop)
    for _time in range(2):
        steal_and_ask(world, shop)
    assert LostTokens.objects.get().count == 2
    assert not list(provider_alerts(owner))
    steal_and_ask(world, shop)
    [alert] = provider_alerts(owner)
    assert "another server" in str(alert.text) or "服务器" in str(alert.text)
    assert not list(provider_alerts(member(MerchantFactory(), Role.OWNER)))
    assert not list(provider_alerts(member(shop.tenant, Role.CLERK)))


def test_each_token_is_lost_once_and_old_losses_are_forgotten(world: World) -> None:
    shop = MiniProgramFactory(account=APPID)
    ask(shop)
    shop.refresh_from_db()
    for _process in range(3):
        losses.note_lost(shop.pk, shop.token)
    assert LostTokens.objects.get().count == 1
    LostTokens.objects.update(count=9, last_at=timezone.now() - timedelta(hours=2), serial=0)
    losses.note_lost(shop.pk, shop.token)
    assert LostTokens.objects.get().count == 1


def test_a_token_that_was_over_anyway_is_not_lost(world: World) -> None:
    shop = MiniProgramFactory(account=APPID)
    ask(shop)
    shop.refresh_from_db()
    losses.note_lost(shop.pk, "an older one")
    nearly_over(shop)
    losses.note_lost(shop.pk, shop.token)
    assert not LostTokens.objects.exists()


# What is said


@pytest.fixture
def operator(db: None) -> User:
    made: User = UserFactory(is_superuser=True)
    return made


def test_a_withdrawal_is_said_to_the_merchant(world: World, shop: Connection) -> None:
    owner = member(shop.tenant, Role.OWNER)
    assert not list(provider_alerts(owner))
    world.withdraw()
    [alert] = provider_alerts(owner)
    assert APPID in str(alert.text)


def test_an_operator_is_told_of_unclaimed_shops_and_of_silence(world: World) -> None:
    world.push(world.agree())
    assert len(list(operator_alerts())) == 1
    Connection.objects.update(created_at=timezone.now() - timedelta(hours=2))
    assert len(list(operator_alerts())) == 2


def test_without_a_ticket_no_call_is_made_for_a_shop(world: World, shop: Connection) -> None:
    world.provider.credentials = {"secret": "provider-secret"}
    world.provider.token = ""
    world.provider.save()
    nearly_over(shop, ends_in=timedelta(minutes=-1))
    with pytest.raises(PlatformError):
        ask(shop)
