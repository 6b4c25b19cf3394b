"""Pushes at a service provider's addresses: whose shop they are about, tickets, authorisations."""

import time
from typing import Any

import pytest

from delivery.models import Authorisation
from stores.models import Connection, InboundEvent
from stores.platforms.inbound import inbox
from tests.delivery.factories import CourierAccountFactory, MiniProgramFactory
from tests.delivery.webhooks.conftest import COMPONENT
from tests.delivery.webhooks.pushing import (
    NUMBER,
    SECRETS,
    SHOPID,
    Pusher,
    handle_all,
    unsealed,
    waybill,
)

pytestmark = pytest.mark.django_db
State = Authorisation.State
CODE = "code@@@1"


def notice(kind: str, **more: Any) -> dict[str, Any]:
    fields = {"AppId": COMPONENT, "CreateTime": int(time.time()), "InfoType": kind}
    return fields | more


def agreed(kind: str = "authorized", appid: str = "wxshop1", **more: Any) -> dict[str, Any]:
    return notice(kind, AuthorizerAppid=appid, AuthorizationCode=CODE, **more)


def child(provider: Connection, appid: str = "wxshop1", **fields: Any) -> Connection:
    made: Connection = MiniProgramFactory(
        parent=provider, account=appid, credentials={"refresh_token": "r1"}, **fields
    )
    return made


def sealed_push(provider: Connection, *args: str) -> Pusher:
    made = Pusher(provider, "push-of" if args else "push", args)
    made.app.mode, made.app.form = "secure", "xml"
    return made


def row() -> Authorisation:
    return Authorisation.objects.get()


# Whose shop it is


def test_a_push_belongs_to_the_shop_that_the_address_names(provider: Connection) -> None:
    first, second = child(provider), child(provider, "wxshop2")
    answer = sealed_push(provider, "wxshop2").handled()
    assert unsealed(answer.content, appid=COMPONENT)["resultmsg"] == "ok"
    event = InboundEvent.objects.get()
    assert (event.connection, event.state, event.error) == (second, "handled", "")
    sealed_push(provider, "wxshop1").handled()
    assert InboundEvent.objects.filter(connection=first).count() == 1


def test_without_a_name_it_belongs_to_the_shop_with_that_account(provider: Connection) -> None:
    child(provider)
    second = child(provider, "wxshop2")
    CourierAccountFactory(connection=second, shopid=SHOPID)
    sealed_push(provider).handled()
    assert InboundEvent.objects.get().connection == second


def test_another_providers_shop_is_never_told(provider: Connection) -> None:
    other = MiniProgramFactory(merchant=None, account="wxprovider2", credentials=SECRETS)
    theirs = child(other, "wxshop9")
    CourierAccountFactory(connection=theirs, shopid=SHOPID)
    for push in (sealed_push(provider, "wxshop9"), sealed_push(provider)):
        assert push.handled().status_code == 200
    assert not InboundEvent.objects.filter(connection=theirs).exists()
    for event in InboundEvent.objects.all():
        assert (event.connection, event.state) == (provider, "handled")
        assert "no connection for the store" in event.error


def test_an_account_that_several_shops_have_names_none_of_them(provider: Connection) -> None:
    for appid in ("wxshop1", "wxshop2"):
        CourierAccountFactory(connection=child(provider, appid), shopid=SHOPID)
    sealed_push(provider).handled()
    assert InboundEvent.objects.get().connection == provider


def test_a_push_to_a_shop_that_is_added_later_can_be_handled_again(provider: Connection) -> None:
    sealed_push(provider, "wxshop1").handled()
    made = child(provider)
    event = InboundEvent.objects.get()
    inbox.replay(event)
    handle_all()
    event.refresh_from_db()
    assert (event.connection, event.error) == (made, "")


def test_a_provider_takes_only_what_is_sealed_for_it(provider: Connection) -> None:
    child(provider)
    push = sealed_push(provider, "wxshop1")
    assert push.push(mode="plain").status_code == 403
    # The key is the provider's, and so is the appid in it: not the shop's.
    assert push.push(appid="wxshop1").status_code == 403
    assert sealed_push(provider, "w" * 61).push().status_code == 404
    assert not InboundEvent.objects.exists()


# Tickets


def ticket(number: int, at: int) -> dict[str, Any]:
    return notice("component_verify_ticket", CreateTime=at, ComponentVerifyTicket=f"t{number}")


def test_the_newest_ticket_counts(provider: Connection, tickets: Pusher) -> None:
    now = int(time.time())
    for number, at in ((1, now - 20), (2, now - 5), (3, now - 10)):
        answer = tickets.handled(ticket(number, at))
        assert (answer.status_code, answer.content) == (200, b"success")
    provider.refresh_from_db()
    assert provider.credentials["ticket"] == "t2"
    assert provider.credentials["secret"] == "provider-secret"


def test_a_ticket_of_tomorrow_does_not_outlive_the_next_one(
    provider: Connection, tickets: Pusher
) -> None:
    tickets.handled(ticket(1, int(time.time()) + 9 * 10**6))
    tickets.handled(ticket(2, int(time.time())))
    provider.refresh_from_db()
    assert provider.credentials["ticket"] == "t2"


def test_the_ledger_shows_no_ticket_and_no_code(tickets: Pusher) -> None:
    tickets.push(ticket(1, 1))
    tickets.push(agreed(PreAuthCode="preauth-1"))
    for event in InboundEvent.objects.all():
        words = str(event.body)
        assert "'t1'" not in words
        assert CODE not in words
        assert "preauth-1" not in words
        assert event.body["said"]["InfoType"] == event.kind


@pytest.mark.parametrize("mode", ["plain", "secure"])
def test_a_notice_to_another_provider_is_refused(tickets: Pusher, mode: str) -> None:
    wrong = ticket(1, 1) | {"AppId": "wxprovider2"}
    assert tickets.push(wrong, mode=mode).status_code == 403
    assert tickets.push(ticket(1, 1), mode="plain").status_code == 403
    assert tickets.push(ticket(1, 1), push_token="guess").status_code == 403
    assert not InboundEvent.objects.exists()


def test_a_notice_about_no_shop_is_refused(tickets: Pusher) -> None:
    for kind in ("authorized", "updateauthorized", "unauthorized"):
        answer = tickets.push(notice(kind))
        assert (answer.status_code, answer.content) == (400, b"AuthorizerAppid is missing")


def test_an_unknown_notice_is_kept_and_done(tickets: Pusher) -> None:
    assert tickets.handled(notice("notify_third_fasteregister")).content == b"success"
    assert InboundEvent.objects.get().state == "handled"


def test_an_order_push_at_the_address_for_tickets_is_refused(tickets: Pusher) -> None:
    assert tickets.push(waybill()).status_code == 400


# Authorisations


def test_an_authorisation_nobody_has_claimed_waits(tickets: Pusher) -> None:
    for _again in range(3):
        assert tickets.handled(agreed()).content == b"success"
    assert (row().appid, row().state, row().merchant) == ("wxshop1", State.OWED, None)
    assert row().code == CODE
    assert list(Authorisation.objects.unclaimed()) == [row()]
    assert InboundEvent.objects.first().subject_id == row().pk  # type: ignore[union-attr]


def test_a_withdrawal_closes_the_shop_and_its_pushes_go_on(
    provider: Connection, tickets: Pusher
) -> None:
    made = child(provider, token="a1", token_serial=3)
    Authorisation.objects.create(
        provider=provider, appid="wxshop1", merchant=made.merchant, connection=made,
        state=State.GRANTED, told_at=made.created_at.replace(microsecond=0),
    )  # fmt: skip
    tickets.handled(notice("unauthorized", AuthorizerAppid="wxshop1"))
    made.refresh_from_db()
    assert (made.state, made.token, made.credentials) == ("refused", "", {})
    assert "withdrawn" in made.last_error
    assert row().state == State.WITHDRAWN
    sealed_push(provider, "wxshop1").handled(waybill(shop_order_id=NUMBER))
    assert InboundEvent.objects.filter(connection=made).exists()


def test_a_withdrawal_that_is_told_first_counts_against_the_older_authorisation(
    tickets: Pusher,
) -> None:
    now = int(time.time())
    tickets.handled(notice("unauthorized", AuthorizerAppid="wxshop1", CreateTime=now - 5))
    tickets.handled(agreed(CreateTime=now - 60))
    assert row().state == State.WITHDRAWN
    tickets.handled(agreed(CreateTime=now - 1))
    assert row().state == State.OWED
    tickets.handled(notice("unauthorized", AuthorizerAppid="wxshop1", CreateTime=now - 30))
    assert row().state == State.OWED
