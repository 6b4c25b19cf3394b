"""The simulated WeChat pushes over real sockets, and reads what we answer."""

from collections.abc import Iterator
from typing import Any

import pytest
from django.urls import reverse
from pytest_django.fixtures import Settings
from pytest_django.live_server_helper import LiveServer

from delivery.models import Authorisation
from delivery.sandbox import WechatSandbox
from delivery.services.authorising import came_back
from delivery.services.wechat import Wechat
from delivery.tasks import exchange_owed
from delivery.wire.events import parse_event
from stores.models import Connection, InboundEvent
from stores.sandbox import SandboxServer
from tests.delivery.factories import MiniProgramFactory
from tests.delivery.webhooks.conftest import COMPONENT
from tests.delivery.webhooks.pushing import KEY, SECRETS, TOKEN, handle_all
from tests.delivery.wechat_sandbox.calling import APPID, Shop, get, post
from tests.processes import wait_until
from tests.stores.factories import MerchantFactory

pytestmark = pytest.mark.django_db(transaction=True)


@pytest.fixture
def server(settings: Settings) -> Iterator[SandboxServer]:
    with SandboxServer([WechatSandbox()]) as server:
        settings.WECHAT_BASE_URL = f"{server.url}/wechat"
        post(server, "seed", {})
        post(server, "settings", {"push_retry_seconds": [0.05, 0.05, 0.05], "ticket_seconds": 0})
        yield server


def riding(server: SandboxServer) -> Shop:
    """A shop of which one order waits for a rider."""
    client = Wechat(MiniProgramFactory(account=APPID)).client
    shop = Shop(server, client, client.login(APPID, "demo-app-secret").text)
    shop.add("SS", "A1")
    return shop


def register(server: SandboxServer, callback: str, **how: Any) -> None:
    known = {"push_token": TOKEN, "aes_key": KEY, "callback": callback}
    post(server, "apps", {"appid": APPID, **known, **how})


def states(server: SandboxServer) -> list[str]:
    return [push["state"] for push in get(server, "pushes")["pushes"]]


@pytest.mark.parametrize("form", ["json", "xml"])
@pytest.mark.parametrize("mode", ["plain", "compat", "secure"])
def test_a_push_is_acknowledged_at_once_in_each_mode(
    server: SandboxServer, live_server: LiveServer, mode: str, form: str
) -> None:
    shop = riding(server)
    connection = MiniProgramFactory(account=APPID, credentials=SECRETS)
    address = live_server.url + reverse("delivery:push", args=[connection.pk])
    register(server, address, mode=mode, form=form)
    post(server, "settings", {"push_copies": 1})
    shop.report("SS", "A1", 102)
    wait_until(lambda: states(server) == ["acknowledged"] * 2)
    event = InboundEvent.objects.get()
    assert (event.connection, event.repeats) == (connection, 1)
    assert parse_event(event.body["said"]).shop_order_id == "A1"


def test_a_push_with_a_wrong_signature_is_sent_again_until_it_is_right(
    server: SandboxServer, live_server: LiveServer
) -> None:
    shop = riding(server)
    connection = MiniProgramFactory(account=APPID, credentials=SECRETS)
    register(
        server, live_server.url + reverse("delivery:push", args=[connection.pk]), mode="secure"
    )
    post(server, "settings", {"wrong_sign_next": 2})
    shop.report("SS", "A1", 102)
    wait_until(lambda: states(server) == ["acknowledged"])
    [push] = get(server, "pushes")["pushes"]
    assert [tried["status"] for tried in push["tries"]] == [403, 403, 200]
    assert InboundEvent.objects.count() == 1


def test_a_provider_from_the_first_ticket_to_the_withdrawal(
    server: SandboxServer, live_server: LiveServer
) -> None:
    provider = MiniProgramFactory(
        merchant=None, account=COMPONENT, credentials={"secret": "provider-secret", **SECRETS}
    )
    tickets = live_server.url + reverse("delivery:tickets", args=[provider.pk])
    known = {"push_token": TOKEN, "aes_key": KEY, "callback": tickets}
    post(server, "providers", {"appid": COMPONENT, "secret": "provider-secret", **known})

    post(server, f"providers/{COMPONENT}/ticket", {})
    wait_until(lambda: InboundEvent.objects.count() == 1)
    handle_all()
    told = post(server, f"apps/{APPID}/authorise", {"provider": COMPONENT})
    wait_until(lambda: InboundEvent.objects.count() == 2)
    handle_all()
    exchange_owed()
    row = Authorisation.objects.get()
    assert (row.state, row.merchant) == ("granted", None)

    provider.refresh_from_db()
    merchant = MerchantFactory()
    shop = came_back(
        provider=provider, merchant=merchant, code=told["AuthorizationCode"], actor=None
    ).connection
    assert shop
    assert len(Wechat(shop).call(lambda client, token: client.accounts(token))) == 6

    # What WeChat tells of the shop comes to the provider, sealed with his key and for him.
    post(server, f"apps/{APPID}/withdraw", {})
    wait_until(lambda: InboundEvent.objects.count() == 3)
    handle_all()
    shop.refresh_from_db()
    assert shop.state == Connection.State.REFUSED
    assert set(states(server)) == {"acknowledged"}
