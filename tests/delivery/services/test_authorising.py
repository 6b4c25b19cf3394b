"""A shop authorises a service provider: the code is exchanged once, whoever brings it first."""

import contextlib
from collections.abc import Iterator
from datetime import timedelta
from typing import Any

import pytest
import time_machine
from django.utils import timezone
from pytest_django.fixtures import Settings

from delivery.models import Authorisation, CourierAccount
from delivery.sandbox import WechatSandbox
from delivery.services import asking, authorising, providing
from delivery.services.accounts import accounts_sync
from delivery.services.wechat import Wechat
from stores.conflicts import Conflict
from stores.models import AuditEntry, Connection, Merchant
from stores.platforms.errors import LoginRefused, PlatformError
from stores.sandbox import SandboxServer
from tests.delivery.factories import MiniProgramFactory
from tests.delivery.services.providers import World, at_once
from tests.delivery.wechat_sandbox.calling import APPID, post
from tests.stores.factories import MerchantFactory

pytestmark = pytest.mark.django_db(transaction=True)
State = Authorisation.State
GRANT = "component/api_query_auth"


@pytest.fixture
def world(settings: Settings) -> Iterator[World]:
    with SandboxServer([WechatSandbox()]) as server:
        settings.WECHAT_BASE_URL = f"{server.url}/wechat"
        yield World.made(server)


@pytest.fixture
def merchant(db: None) -> Merchant:
    made: Merchant = MerchantFactory()
    return made


def come_back(world: World, merchant: Merchant, told: dict[str, Any]) -> Authorisation:
    return authorising.came_back(
        provider=world.provider, merchant=merchant, code=told["AuthorizationCode"], actor=None
    )


def is_served(merchant: Merchant) -> bool:
    """Whether couriers' accounts can be read for the merchant's mini-program."""
    shop = Connection.objects.get(merchant=merchant, account=APPID)
    accounts_sync(connection=shop)
    return CourierAccount.objects.filter(connection=shop).count() == 6


def row() -> Authorisation:
    return Authorisation.objects.get()


def test_the_redirect_comes_first(world: World, merchant: Merchant) -> None:
    told = world.agree()
    made = come_back(world, merchant, told)
    assert (made.state, made.merchant, made.may_deliver) == (State.GRANTED, merchant, True)
    world.push(told)
    world.exchange()
    assert row().state == State.GRANTED
    assert world.calls(GRANT) == 1
    assert is_served(merchant)
    shop = Connection.objects.get(merchant=merchant)
    assert (shop.parent, shop.state) == (world.provider, "working")


def test_the_push_comes_first(world: World, merchant: Merchant) -> None:
    told = world.agree()
    world.push(told)
    world.exchange()
    assert (row().state, row().connection, row().code) == (State.GRANTED, None, "")
    assert row().refresh_token
    made = come_back(world, merchant, told)
    assert (made.connection is not None, made.refresh_token) == (True, "")
    assert world.calls(GRANT) == 1
    assert is_served(merchant)


def test_the_redirect_comes_while_the_push_waits(world: World, merchant: Merchant) -> None:
    told = world.agree()
    world.push(told)
    come_back(world, merchant, told)
    world.exchange()
    assert world.calls(GRANT) == 1
    assert is_served(merchant)


def test_a_page_that_is_loaded_again_changes_nothing(world: World, merchant: Merchant) -> None:
    told = world.agree()
    first = come_back(world, merchant, told)
    assert come_back(world, merchant, told) == first
    assert world.calls(GRANT) == 1
    assert AuditEntry.objects.filter(verb="wechat.claimed").count() == 1


def test_an_authorisation_nobody_claims_is_given_to_a_merchant_by_the_operator(
    world: World, merchant: Merchant
) -> None:
    world.push(world.agree())
    world.exchange()
    assert list(Authorisation.objects.unclaimed()) == [row()]
    providing.claim(row(), merchant, actor=None)
    assert not Authorisation.objects.unclaimed().exists()
    assert is_served(merchant)


def test_a_shop_is_taken_from_no_merchant(world: World, merchant: Merchant) -> None:
    come_back(world, merchant, world.agree())
    thief: Merchant = MerchantFactory()
    with pytest.raises(Conflict):
        come_back(world, thief, world.agree())
    with pytest.raises(Conflict):
        providing.claim(row(), thief, actor=None)
    assert row().merchant == merchant
    assert not Connection.objects.filter(merchant=thief).exists()
    assert is_served(merchant)


def test_a_mini_program_with_its_own_secret_is_not_made_twice(
    world: World, merchant: Merchant
) -> None:
    MiniProgramFactory(merchant=merchant, account=APPID)
    with pytest.raises(Conflict, match="AppSecret"):
        come_back(world, merchant, world.agree())
    assert Connection.objects.filter(account=APPID).count() == 1


def test_a_code_that_is_none_is_refused_and_leaves_nothing(
    world: World, merchant: Merchant
) -> None:
    with pytest.raises(Conflict, match="重新授权"):
        come_back(world, merchant, {"AuthorizationCode": "guess"})
    assert not Authorisation.objects.exists()


def test_a_pushed_code_that_wechat_refuses_is_said(world: World) -> None:
    world.push({**world.agree(), "AuthorizationCode": "guess"})
    world.exchange()
    assert (row().state, row().code) == (State.FAILED, "")
    assert "61010" in row().problem
    assert "guess" not in row().problem


@pytest.mark.parametrize("kind", ["drop_before", "status_502", "half_body", "throttle"])
def test_a_code_is_exchanged_later_when_wechat_does_not_answer(
    world: World, merchant: Merchant, kind: str
) -> None:
    world.push(world.agree())
    world.server.faults.add(kind=kind, operation=GRANT)
    world.exchange()
    assert row().state == State.OWED
    world.exchange()
    assert world.calls(GRANT) == 1, "the lease was not kept"
    Authorisation.objects.update(lease_until=None)
    world.exchange()
    # An answer that was lost on its way back has used the code up.
    assert row().state == (State.FAILED if kind == "half_body" else State.GRANTED)


def test_two_workers_exchange_a_code_once(world: World) -> None:
    world.push(world.agree())
    pk = row().pk
    at_once(*[lambda: authorising.exchange(pk)] * 4)
    assert (row().state, world.calls(GRANT)) == (State.GRANTED, 1)


def test_the_redirect_and_a_worker_at_the_same_moment(world: World, merchant: Merchant) -> None:
    told = world.agree()
    pk = world.push(told).pk
    at_once(lambda: authorising.exchange(pk), lambda: come_back(world, merchant, told))
    assert row().state == State.GRANTED
    assert is_served(merchant)


def test_a_code_is_given_up_when_it_must_be_over(world: World) -> None:
    world.push(world.agree())
    Authorisation.objects.update(told_at=timezone.now() - timedelta(hours=1))
    world.exchange()
    assert row().state == State.FAILED
    assert world.calls(GRANT) == 0


def test_an_answer_that_is_lost_in_the_redirect_is_an_error_of_the_platform(
    world: World, merchant: Merchant
) -> None:
    told = world.agree()
    world.server.faults.add(kind="drop_before", operation=GRANT)
    with pytest.raises(PlatformError):
        come_back(world, merchant, told)
    assert come_back(world, merchant, told).state == State.GRANTED


def test_who_withdraws_is_left_alone_until_he_authorises_again(
    world: World, merchant: Merchant
) -> None:
    come_back(world, merchant, world.agree())
    world.withdraw()
    shop = Connection.objects.get(merchant=merchant)
    before = len(world.server.arrivals.all())
    for _again in range(3):
        with pytest.raises(LoginRefused):
            Wechat(shop).call(lambda client, token: client.accounts(token))
        shop.refresh_from_db()
    assert len(world.server.arrivals.all()) == before
    assert shop.state == "refused"

    told = world.agree()
    world.push(told)
    world.exchange()
    assert row().state == State.GRANTED
    assert is_served(merchant)
    shop.refresh_from_db()
    assert (shop.state, shop.last_error) == ("working", "")


def test_a_code_whose_shop_has_withdrawn_meanwhile_grants_nothing(world: World) -> None:
    told = world.agree()
    world.push(told)
    authorisation = row()
    granted = authorising._ask(world.provider, told["AuthorizationCode"])
    world.withdraw()
    authorising.granted_now(
        provider=world.provider,
        granted=granted,
        code=told["AuthorizationCode"],
        at=authorisation.told_at,
        is_told=True,
    )
    assert (row().state, row().refresh_token) == (State.WITHDRAWN, "")


def test_a_shop_is_asked_to_open_and_to_bind(world: World, merchant: Merchant) -> None:
    made = come_back(world, merchant, world.agree())
    assert made.connection
    asking.shop_open(connection=made.connection, actor=None)
    asking.courier_bind(connection=made.connection, delivery_id="SS", actor=None)
    assert row().opening_asked_at is not None
    assert providing.waiting_couriers(row()) == ["SS"]
    accounts_sync(connection=made.connection)
    assert providing.waiting_couriers(row()) == []
    verbs = set(AuditEntry.objects.values_list("verb", flat=True))
    assert {"wechat.opening.asked", "wechat.courier.asked", "wechat.authorised"} <= verbs


def test_the_administrator_gets_no_message_after_message(world: World, merchant: Merchant) -> None:
    connection = come_back(world, merchant, world.agree()).connection
    assert connection
    now = timezone.now()

    def asked(after: timedelta) -> int:
        with time_machine.travel(now + after, tick=False):
            with contextlib.suppress(Conflict):
                asking.shop_open(connection=connection, actor=None)
            with contextlib.suppress(Conflict):
                asking.courier_bind(connection=connection, delivery_id="SS", actor=None)
        return AuditEntry.objects.filter(verb__endswith=".asked").count()

    assert [asked(timedelta(minutes=minutes)) for minutes in (0, 9, 11)] == [2, 2, 4]


def test_only_a_providers_shop_is_asked(world: World) -> None:
    own = MiniProgramFactory(account=APPID)
    with pytest.raises(Conflict):
        asking.shop_open(connection=own, actor=None)
    with pytest.raises(Conflict):
        asking.courier_bind(connection=own, delivery_id="SS", actor=None)
    assert not world.server.arrivals.all()


def test_a_refusal_to_ask_leaves_no_trace(world: World, merchant: Merchant) -> None:
    made = come_back(world, merchant, world.agree())
    assert made.connection
    post(world.server, f"apps/{APPID}/withdraw", {})
    with pytest.raises(PlatformError):
        asking.shop_open(connection=made.connection, actor=None)
    assert row().opening_asked_at is None
