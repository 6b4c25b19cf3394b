"""The page on which an owner authorises a service provider, and the way back from WeChat."""

import re
from collections.abc import Iterator
from urllib.parse import parse_qs, parse_qsl, urlsplit

import pytest
from django.contrib.auth.models import User
from django.db import connection
from django.test import Client
from django.test.utils import CaptureQueriesContext
from django.utils import timezone
from pytest_django.fixtures import Settings

from delivery.models import Authorisation
from delivery.sandbox import WechatSandbox
from stores.models import Connection, Merchant
from stores.roles import Role
from stores.sandbox import SandboxServer
from tests.delivery.factories import CourierAccountFactory, MiniProgramFactory
from tests.delivery.services.providers import COMPONENT, World
from tests.delivery.wechat_sandbox.calling import APPID, post
from tests.pages import dangling, english
from tests.stores.factories import MerchantFactory, UserFactory, member

pytestmark = [pytest.mark.django_db(transaction=True), pytest.mark.usefixtures("in_english")]
PAGE, BACK = "/wechat/authorise/", "/wechat/authorised/"


@pytest.fixture
def world(settings: Settings) -> Iterator[World]:
    with SandboxServer([WechatSandbox()]) as server:
        settings.WECHAT_BASE_URL = f"{server.url}/wechat"
        settings.PUBLIC_BASE_URL = "https://shop.example"
        yield World.made(server)


@pytest.fixture
def merchant(db: None) -> Merchant:
    made: Merchant = MerchantFactory()
    return made


@pytest.fixture
def owner(merchant: Merchant) -> User:
    return member(merchant, Role.OWNER, password=None)


@pytest.fixture
def client(owner: User) -> Client:
    return english(owner)


def led_to(client: Client, world: World, merchant: Merchant) -> dict[str, str]:
    """Presses the button; returns what WeChat's page is told."""
    given = {"merchant": merchant.pk, "provider": world.provider.pk}
    answer = client.post(PAGE, given)
    assert answer.status_code == 302, answer.content
    # WeChat wants to know from where somebody comes.
    assert answer["Referrer-Policy"] == "strict-origin-when-cross-origin"
    address = urlsplit(answer["Location"])
    assert (address.netloc, address.path) == (
        "mp.weixin.qq.com",
        "/cgi-bin/componentloginpage",
    )
    return dict(parse_qsl(address.query))


def state_of(told: dict[str, str]) -> str:
    back = urlsplit(told["redirect_uri"])
    assert (back.scheme, back.netloc, back.path) == ("https", "shop.example", BACK)
    return parse_qs(back.query)["state"][0]


def test_an_owner_is_led_to_wechat_and_back(
    world: World, merchant: Merchant, client: Client
) -> None:
    page = client.get(PAGE)
    assert "mp.weixin.qq.com" in page["Content-Security-Policy"]
    told = led_to(client, world, merchant)
    assert told["component_appid"] == COMPONENT
    assert told["pre_auth_code"] in world.book.providers[COMPONENT].pre_auth_codes
    code = world.agree()["AuthorizationCode"]
    for _again in range(2):
        answer = client.get(BACK, {"state": state_of(told), "auth_code": code, "expires_in": 600})
        assert f"The mini-program {APPID} is authorised." in answer.content.decode()
    shop = Connection.objects.get(account=APPID)
    assert (shop.merchant, shop.parent) == (merchant, world.provider)
    assert APPID in client.get(PAGE).content.decode()


def authorised(world: World, merchant: Merchant, client: Client) -> Authorisation:
    told = led_to(client, world, merchant)
    code = world.agree()["AuthorizationCode"]
    client.get(BACK, {"state": state_of(told), "auth_code": code, "expires_in": 600})
    return Authorisation.objects.get(appid=APPID)


def test_the_administrator_is_asked_to_open_the_function_and_to_bind_a_courier(
    world: World, merchant: Merchant, client: Client
) -> None:
    row = authorised(world, merchant, client)
    assert "Asked" not in client.get(PAGE).content.decode()
    for given in ({}, {"courier": "SS"}):
        assert client.post(PAGE, {"ask": row.pk, **given}).status_code == 302
    page = client.get(PAGE).content.decode()
    assert "Asked at" in page
    assert "Asked, and not bound yet: FlashEx." in page
    row.refresh_from_db()
    assert row.opening_asked_at is not None
    assert set(row.couriers_asked) == {"SS"}


def test_many_shops_take_as_many_queries_as_one(merchant: Merchant, client: Client) -> None:
    provider = MiniProgramFactory(merchant=None)

    def queries(count: int) -> int:
        for _each in range(count):
            shop = MiniProgramFactory(merchant=merchant, parent=provider)
            CourierAccountFactory(connection=shop, delivery_id="DADA")
            CourierAccountFactory(connection=shop, delivery_id="UU", vanished_at=timezone.now())
            Authorisation.objects.create(
                provider=provider,
                appid=shop.account,
                merchant=merchant,
                connection=shop,
                state=Authorisation.State.GRANTED,
                told_at=timezone.now(),
                couriers_asked={"SS": "2026-12-01T09:00:00+00:00"},
            )
        with CaptureQueriesContext(connection) as found:
            page = client.get(PAGE).content.decode()
        shops = Authorisation.objects.count()
        assert (page.count("aria-describedby"), dangling(page)) == (2 * shops, set())
        assert page.count("Asked, and not bound yet: FlashEx.") == shops
        assert (page.count('value="DADA"'), page.count('value="UU"')) == (0, shops)
        return len(found)

    assert queries(1) == queries(5)


@pytest.mark.parametrize("given", [{"courier": "NOBODY"}, {"ask": "x"}, {"ask": "0"}])
def test_nobody_is_asked_for_what_there_is_not(
    world: World, merchant: Merchant, client: Client, given: dict[str, str]
) -> None:
    row = authorised(world, merchant, client)
    assert client.post(PAGE, {"ask": str(row.pk)} | given).status_code == 404


def test_a_stranger_asks_no_shop_of_others(
    world: World, merchant: Merchant, client: Client
) -> None:
    row = authorised(world, merchant, client)
    stranger = english(member(MerchantFactory(), Role.OWNER, password=None))
    assert stranger.post(PAGE, {"ask": str(row.pk)}).status_code == 404
    row.refresh_from_db()
    assert row.opening_asked_at is None


def test_what_wechat_refuses_is_said(world: World, merchant: Merchant, client: Client) -> None:
    row = authorised(world, merchant, client)
    post(world.server, f"apps/{APPID}/withdraw", {})
    answer = client.post(PAGE, {"ask": str(row.pk)})
    assert 'role="alert"' in answer.content.decode()
    row.refresh_from_db()
    assert row.opening_asked_at is None


@pytest.mark.parametrize("changed", ["", "forged", "x:y:z"])
def test_a_way_back_that_we_did_not_sign_claims_nothing(
    world: World, client: Client, changed: str
) -> None:
    code = world.agree()["AuthorizationCode"]
    answer = client.get(BACK, {"state": changed, "auth_code": code})
    assert "This link is too old" in answer.content.decode()
    assert not Authorisation.objects.exists()


def test_the_way_back_is_of_the_person_who_asked(
    world: World, merchant: Merchant, client: Client
) -> None:
    state = state_of(led_to(client, world, merchant))
    code = world.agree()["AuthorizationCode"]
    for other in (member(merchant, Role.OWNER), member(MerchantFactory(), Role.OWNER)):
        answer = english(other).get(BACK, {"state": state, "auth_code": code})
        assert "This link is too old" in answer.content.decode()
    assert client.get(BACK, {"state": state}).status_code == 404
    assert client.get(BACK, {"state": state, "auth_code": "c" * 600}).status_code == 404
    assert not Authorisation.objects.exists()


def test_nobody_authorises_for_another_merchant(world: World, client: Client) -> None:
    other = MerchantFactory()
    given = {"merchant": other.pk, "provider": world.provider.pk}
    assert client.post(PAGE, given).status_code == 404
    assert client.post(PAGE, {"merchant": "x", "provider": "y"}).status_code == 404
    manager = member(other, Role.MANAGER)
    assert english(manager).post(PAGE, given).status_code == 403
    assert not world.server.arrivals.all()


def test_trouble_at_wechat_is_said_in_words(
    world: World, merchant: Merchant, client: Client
) -> None:
    world.server.faults.add(kind="status_502", operation="component/api_create_preauthcode")
    answer = client.post(PAGE, {"merchant": merchant.pk, "provider": world.provider.pk})
    assert answer.status_code == 200
    assert 'role="alert"' in answer.content.decode()


def test_an_operator_gives_a_shop_to_its_merchant(
    world: World, merchant: Merchant, client: Client
) -> None:
    world.push(world.agree())
    world.exchange()
    row = Authorisation.objects.get()
    given = {"appid": row.pk, "merchant": merchant.pk}
    assert client.post(PAGE, given).status_code == 403
    assert APPID not in client.get(PAGE).content.decode()
    operator = english(UserFactory(is_superuser=True))
    assert APPID in operator.get(PAGE).content.decode()
    assert operator.post(PAGE, given).status_code == 302
    row.refresh_from_db()
    assert (row.merchant, row.connection is not None) == (merchant, True)
    assert operator.post(PAGE, given).status_code == 404


def test_without_a_provider_an_owner_connects_the_mini_program_itself(client: Client) -> None:
    page = client.get(PAGE).content.decode()
    assert "There is no service provider here." in page
    found = re.search(r'href="([^"]+)">Connect the mini-program<', page)
    assert found
    form = client.get(found[1]).content.decode()
    assert "AppSecret" in form
