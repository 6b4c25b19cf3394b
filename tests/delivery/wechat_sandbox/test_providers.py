"""Service providers: ticket, tokens, authorisation and its end, on both sides."""

from collections.abc import Iterator
from typing import Any

import pytest

from delivery.choices import Told
from delivery.client.provider import ProviderClient, authorisation_page
from delivery.sandbox import WechatSandbox
from delivery.signatures import unseal
from delivery.wire.events import parse_body, sealed_in
from delivery.wire.providers import ProviderNotice, parse_notice
from stores.platforms.errors import AuthExpired, LoginRefused, NotSent, Refused
from stores.sandbox import SandboxServer
from tests.delivery.wechat_sandbox.calling import (
    AES_KEY,
    APPID,
    ORDER,
    PUSH_TOKEN,
    Receiver,
    Shop,
    account,
    get,
    post,
)
from tests.processes import wait_until

PROVIDER, SECRET = "wxprovider000001", "provider-secret"


class Office:
    """A provider, his address for pushes, and his client."""

    def __init__(self, server: SandboxServer, receiver: Receiver) -> None:
        self.server, self._receiver = server, receiver
        self.client = ProviderClient(f"{server.url}/wechat", timeout=(5, 10))

    def notices(self, count: int) -> list[ProviderNotice]:
        """Returns what was pushed once there is so much, opened by our own side."""
        found = []
        for push in self._receiver.wait(count):
            assert push.is_signed()
            sealed = sealed_in(parse_body(push.body)[0])
            data, is_xml = parse_body(unseal(sealed, key=AES_KEY, appid=PROVIDER))
            assert is_xml
            found.append(parse_notice(data))
        return found

    def token(self) -> str:
        ticket = self.notices(1)[0].ticket
        return self.client.login(PROVIDER, SECRET, ticket).text


@pytest.fixture
def office(server: SandboxServer) -> Iterator[Office]:
    post(server, "settings", {"ticket_seconds": 0})
    with Receiver() as receiver:
        given: dict[str, Any] = {"push_token": PUSH_TOKEN, "aes_key": AES_KEY}
        given |= {"appid": PROVIDER, "secret": SECRET, "callback": f"{receiver.url}/tickets"}
        post(server, "providers", given)
        post(server, f"providers/{PROVIDER}/ticket", {})
        yield Office(server, receiver)


def test_a_ticket_opens_the_door(office: Office) -> None:
    notice = office.notices(1)[0]
    assert (notice.told, notice.provider) == (Told.TICKET, PROVIDER)
    assert office.client.login(PROVIDER, SECRET, notice.ticket).text
    with pytest.raises(NotSent):
        office.client.login(PROVIDER, SECRET, "an old one")
    with pytest.raises(LoginRefused):
        office.client.login(PROVIDER, "wrong", notice.ticket)


def test_tickets_come_by_themselves_until_there_is_silence(office: Office, shop: Shop) -> None:
    post(office.server, "settings", {"ticket_seconds": 0.1})
    notices = office.notices(3)
    assert len({notice.ticket for notice in notices}) == 3
    post(office.server, "settings", {"ticket_seconds": 0, "accept_seconds": 0.3})
    sent = len(get(office.server, "pushes")["pushes"])
    shop.add("SS", "A1")
    wait_until(lambda: get(office.server, "orders")["orders"][0]["status"] == 102)
    tickets = [push for push in get(office.server, "pushes")["pushes"] if push["appid"] == PROVIDER]
    assert len(tickets) == sent


def test_a_ticket_is_over_after_twelve_hours(office: Office) -> None:
    ticket = office.notices(1)[0].ticket
    platform = office.server.platform("wechat")
    assert isinstance(platform, WechatSandbox)
    platform.book.providers[PROVIDER].ticket_at -= 12 * 3600 + 1
    with pytest.raises(NotSent, match="61005"):
        office.client.login(PROVIDER, SECRET, ticket)


def test_a_provider_calls_riders_for_a_shop_until_it_withdraws(office: Office, shop: Shop) -> None:
    own = office.token()
    code = office.client.pre_auth_code(own, PROVIDER)
    page = authorisation_page(appid=PROVIDER, code=code, back_to="https://shop.example/back/")
    assert f"pre_auth_code={code}" in page
    post(office.server, f"apps/{APPID}/authorise", {"provider": PROVIDER})
    told = office.notices(2)[1]
    assert (told.told, told.appid) == (Told.AUTHORISED, APPID)
    granted = office.client.grant(own, PROVIDER, told.code)
    assert (granted.appid, granted.may_deliver) == (APPID, True)
    with pytest.raises(Refused):
        office.client.grant(own, PROVIDER, told.code)

    fee = shop.client.quote(granted.token.text, account("DADA"), "A1", ORDER).price.fee
    assert fee is not None
    shop.client.ask_to_bind(granted.token.text, "UU")
    shop.client.ask_to_open(granted.token.text)
    with pytest.raises(Refused) as caught:
        shop.client.ask_to_open(shop.token)
    assert caught.value.code == "86000"

    new = office.client.shop_token(own, PROVIDER, shop=APPID, refresh=granted.token.refresh)
    assert new.refresh != granted.token.refresh
    with pytest.raises(LoginRefused):
        office.client.shop_token(own, PROVIDER, shop=APPID, refresh=granted.token.refresh)
    with pytest.raises(AuthExpired):
        shop.client.accounts(granted.token.text)

    post(office.server, f"apps/{APPID}/withdraw", {})
    assert office.notices(3)[2].told == Told.WITHDRAWN
    with pytest.raises(AuthExpired):
        shop.client.accounts(new.text)
    with pytest.raises(LoginRefused):
        office.client.shop_token(own, PROVIDER, shop=APPID, refresh=new.refresh)


def test_a_second_authorisation_is_a_change(office: Office) -> None:
    for _ in range(2):
        post(office.server, f"apps/{APPID}/authorise", {"provider": PROVIDER})
    assert [notice.told for notice in office.notices(3)[1:]] == [Told.AUTHORISED, Told.CHANGED]
