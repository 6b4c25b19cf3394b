"""One address per developer account, with the store named inside: whose event it is, and who sees
it.
"""

import json
from typing import Any

import pytest
from django.contrib.auth.models import User
from django.core.exceptions import ValidationError
from django.db import IntegrityError
from django.test import Client
from django.urls import reverse
from pytest_django.live_server_helper import LiveServer

from stores.conflicts import Conflict
from stores.models import Connection, InboundEvent, OutboundCall
from stores.platforms.inbound import inbox
from stores.roles import Role
from tests.stores.factories import (
    ConnectionFactory,
    MerchantFactory,
    UserFactory,
    api_key,
    member,
)
from tests.stores.platforms.inbound.conftest import FAKES
from tests.stores.platforms.inbound.fakes import Reply, Sender

on_a_socket = pytest.mark.urls(FAKES)
pytestmark = pytest.mark.django_db(transaction=True)
SECRET = "demoSignKey00001"


def account(**fields: Any) -> Connection:
    values = {"platform": "meals", "credentials": {"secret": SECRET}} | fields
    connection: Connection = ConnectionFactory(**values)
    return connection


@pytest.fixture
def operators() -> Connection:
    """The operator's developer account."""
    return account(merchant=None, account="100000")


@pytest.fixture
def mine(operators: Connection) -> Connection:
    return account(parent=operators, account="shop-mine")


@pytest.fixture
def theirs(operators: Connection) -> Connection:
    return account(parent=operators, account="shop-theirs")


@pytest.fixture
def owner(mine: Connection) -> User:
    return member(mine.tenant, Role.OWNER)


def push(server: LiveServer, connection: Connection, **fields: str) -> Reply:
    return Sender(f"{server.url}/meals/{connection.pk}/shared").push(SECRET, **fields)


def order(number: int = 1) -> str:
    return json.dumps({"orderId": number})


def seen_by(actor: Any) -> set[str]:
    return {event.store_name for event in InboundEvent.objects.for_staff(actor)}


@on_a_socket
def test_an_event_lands_on_the_connection_of_the_store_that_it_names(
    live_server: LiveServer,
    operators: Connection,
    mine: Connection,
    theirs: Connection,
    handled: list[tuple[str, int]],
) -> None:
    for store in ("shop-mine", "shop-theirs"):
        assert push(live_server, operators, store=store, order=order()).status == 200
    for event in InboundEvent.objects.order_by("id"):
        inbox.handle(event.pk)
    assert handled == [("order", mine.pk), ("order", theirs.pk)]


@on_a_socket
def test_merchants_below_one_account_see_their_own_events_and_nobody_elses(
    live_server: LiveServer,
    operators: Connection,
    mine: Connection,
    theirs: Connection,
    owner: User,
) -> None:
    for store in ("shop-mine", "shop-theirs", "shop-nobody"):
        push(live_server, operators, store=store, order=order())
    push(live_server, operators, somethingNew="x")
    assert seen_by(owner) == {"shop-mine"}
    assert seen_by(api_key(theirs.tenant)[0]) == {"shop-theirs"}
    assert seen_by(member(mine.tenant, Role.CLERK)) == set()
    assert seen_by(UserFactory()) == set()
    assert seen_by(UserFactory(is_superuser=True)) == {
        "shop-mine",
        "shop-theirs",
        "shop-nobody",
        "",
    }


def test_the_operators_account_and_its_calls_are_seen_by_operators_only(
    operators: Connection, mine: Connection, owner: User
) -> None:
    names: dict[str, Any] = {"platform": "meals", "operation": "x", "subject_id": 1}
    for connection in (operators, mine):
        OutboundCall.objects.create(
            **names,
            key=str(connection.pk),
            connection=connection,
            pace=connection.pace,
            expires_at=connection.created_at,
        )
    superuser = UserFactory(is_superuser=True)
    for rows in (Connection.objects, OutboundCall.objects):
        assert rows.for_staff(owner).count() == 1
        assert rows.for_staff(superuser).count() == 2
    assert list(Connection.objects.for_staff(owner)) == [mine]


def test_the_operators_rows_are_not_there_for_a_merchants_owner_in_the_back_office(
    operators: Connection, mine: Connection, owner: User, client: Client
) -> None:
    inbox.receive(connection=operators, kind="k", dedup_key="1", body={"name": "王小明"})
    event = InboundEvent.objects.get()
    pages = [
        reverse("admin:stores_inboundevent_change", args=[event.pk]),
        reverse("admin:stores_connection_change", args=[operators.pk]),
    ]
    client.force_login(owner)
    assert [client.get(page).status_code for page in pages] == [404, 404]
    listed = client.get(reverse("admin:stores_connection_changelist")).content.decode()
    assert ("shop-mine" in listed, "100000" in listed) == (True, False)
    client.force_login(UserFactory(is_superuser=True))
    assert [client.get(page).status_code for page in pages] == [200, 200]


@on_a_socket
def test_an_event_of_an_unknown_store_is_stored_and_done(
    live_server: LiveServer, operators: Connection, handled: list[tuple[str, int]]
) -> None:
    push(live_server, operators, store="shop-new", order=order())
    event = InboundEvent.objects.get()
    assert inbox.handle(event.pk)
    event.refresh_from_db()
    assert (event.connection, event.state) == (operators, "handled")
    assert event.error == "no connection for the store shop-new"
    assert handled == []
    assert inbox.sweep() == 0


@on_a_socket
def test_an_event_of_a_store_that_became_known_is_handled_there(
    live_server: LiveServer, operators: Connection, handled: list[tuple[str, int]]
) -> None:
    push(live_server, operators, store="shop-new", order=order())
    event = InboundEvent.objects.get()
    inbox.handle(event.pk)
    event.refresh_from_db()
    assert event.may_be_replayed
    inbox.replay(event)
    inbox.handle(event.pk)
    event.refresh_from_db()
    assert handled == []
    new = account(parent=operators, account="shop-new")
    inbox.replay(event)
    assert inbox.handle(event.pk)
    assert handled == [("order", new.pk)]
    event.refresh_from_db()
    assert (event.connection, event.error) == (new, "")


@on_a_socket
def test_an_event_that_the_store_has_received_meanwhile_is_not_handled_twice(
    live_server: LiveServer, operators: Connection, handled: list[tuple[str, int]]
) -> None:
    push(live_server, operators, store="shop-new", order=order())
    old = InboundEvent.objects.get()
    inbox.handle(old.pk)
    account(parent=operators, account="shop-new")
    push(live_server, operators, store="shop-new", order=order())
    old.refresh_from_db()
    with pytest.raises(Conflict):
        inbox.replay(old)


@pytest.mark.parametrize("name", ["", "x" * 201])
@on_a_socket
def test_an_order_without_a_usable_store_name_is_refused(
    live_server: LiveServer, operators: Connection, name: str
) -> None:
    assert push(live_server, operators, store=name, order=order()).status == 400
    assert push(live_server, operators, order=order()).status == 400
    assert not InboundEvent.objects.exists()


@pytest.mark.parametrize("name", ["shop-mine\x00", "SHOP-MINE", " shop-mine", "%", "1 OR 1=1"])
@on_a_socket
def test_a_name_that_only_looks_like_a_stores_is_unknown(
    live_server: LiveServer, operators: Connection, mine: Connection, name: str
) -> None:
    assert push(live_server, operators, store=name, order=order()).status == 200
    assert InboundEvent.objects.get().connection == operators


@on_a_socket
def test_a_store_that_is_named_as_the_account_itself_is_unknown(
    live_server: LiveServer, operators: Connection, handled: list[tuple[str, int]]
) -> None:
    push(live_server, operators, store=operators.account, order=order())
    event = InboundEvent.objects.get()
    inbox.handle(event.pk)
    assert (event.connection, handled) == (operators, [])


@on_a_socket
def test_a_store_that_was_switched_off_is_unknown(
    live_server: LiveServer, operators: Connection, mine: Connection, theirs: Connection
) -> None:
    Connection.objects.filter(pk=mine.pk).update(is_active=False)
    theirs.tenant.is_active = False
    theirs.tenant.save()
    for store in ("shop-mine", "shop-theirs"):
        push(live_server, operators, store=store, order=order())
    assert {event.connection for event in InboundEvent.objects.all()} == {operators}


@on_a_socket
def test_a_merchants_own_account_finds_its_own_stores_and_no_others(
    live_server: LiveServer, mine: Connection, owner: User, handled: list[tuple[str, int]]
) -> None:
    own = account(merchant=MerchantFactory(), account="200000")
    store = account(merchant=own.merchant, parent=own, account="shop-1")
    for name in ("shop-1", "shop-mine"):
        assert push(live_server, own, store=name, order=order()).status == 200
    events = {event.store_name: event for event in InboundEvent.objects.all()}
    assert (events["shop-1"].connection, events["shop-mine"].connection) == (store, own)
    assert seen_by(owner) == set()
    assert seen_by(member(own.tenant, Role.OWNER)) == {"shop-1", "shop-mine"}


@on_a_socket
def test_another_developers_secret_opens_no_address(
    live_server: LiveServer, operators: Connection, mine: Connection
) -> None:
    other = account(merchant=MerchantFactory(), credentials={"secret": "another"})
    sender = Sender(f"{live_server.url}/meals/{operators.pk}/shared")
    secret = other.credentials["secret"]
    assert sender.push(secret, store="shop-mine", order=order()).status == 403
    assert not InboundEvent.objects.exists()


@on_a_socket
def test_the_same_notice_of_two_stores_is_two_events(
    live_server: LiveServer, operators: Connection, mine: Connection, theirs: Connection
) -> None:
    for connection in (mine, theirs):
        for _ in range(2):
            inbox.receive(
                connection=operators,
                kind="order",
                dedup_key="7",
                body={},
                store_name=connection.account,
            )
    assert [event.repeats for event in InboundEvent.objects.all()] == [1, 1]


# What can be a developer account


def test_a_store_cannot_be_below_another_merchants_account() -> None:
    own = account(merchant=MerchantFactory())
    with pytest.raises(ValueError, match="is no developer account for"):
        account(merchant=MerchantFactory(), parent=own)


def test_a_store_listed_below_another_merchants_account_by_mistake_is_not_found() -> None:
    own, other = account(account="200000"), account(account="shop-1")
    Connection.objects.filter(pk=other.pk).update(parent=own)
    assert inbox.store_below(own, "shop-1") is None


def test_whose_store_it_is_is_known_without_decrypting_anything(mine: Connection) -> None:
    assert mine.parent is not None
    found = inbox.store_below(mine.parent, mine.account)
    assert found == mine
    assert found.get_deferred_fields() >= {"credentials", "token"}
    assert found.credentials == {"secret": SECRET}


def test_there_is_no_account_below_a_store_and_none_of_another_platform(mine: Connection) -> None:
    with pytest.raises(ValueError, match="no developer account"):
        account(merchant=mine.merchant, parent=mine)
    with pytest.raises(ValueError, match="no developer account"):
        account(merchant=mine.merchant, parent=mine.parent, platform="letters")


def test_a_store_name_is_given_once_below_one_account(
    operators: Connection, mine: Connection
) -> None:
    with pytest.raises(IntegrityError):
        account(parent=operators, account="shop-mine")


def test_the_operator_has_each_account_once(operators: Connection) -> None:
    with pytest.raises(IntegrityError):
        account(merchant=None, account="100000")


def test_the_operators_account_hangs_below_nothing(operators: Connection) -> None:
    with pytest.raises(IntegrityError):
        Connection.objects.create(
            platform="meals", account="x", parent=operators, pace=operators.pace
        )


def test_an_account_of_the_operator_has_no_tenant(operators: Connection, mine: Connection) -> None:
    assert mine.tenant == mine.merchant
    with pytest.raises(ValueError, match="belongs to no merchant"):
        _ = operators.tenant


def test_stores_called_alike_below_two_accounts_do_not_share_a_pace(
    operators: Connection, mine: Connection
) -> None:
    own = account(merchant=MerchantFactory(), account="200000")
    alike = account(merchant=own.merchant, parent=own, account="shop-mine")
    assert alike.pace != mine.pace
    assert account(account="shop-mine").pace not in (alike.pace, mine.pace)


def test_a_merchant_is_asked_for_unless_an_operator_adds_where_operators_have_accounts(
    mine: Connection, owner: User, client: Client, monkeypatch: pytest.MonkeyPatch
) -> None:
    from stores.platforms.tools import connection_form

    form = connection_form("umember")
    assert form is not None
    page = f"{reverse('admin:stores_connection_add')}?platform=umember"

    def required(user: User) -> bool:
        client.force_login(user)
        field = client.get(page).context["adminform"].form.fields["merchant"]
        return bool(field.required)

    operator = UserFactory(is_superuser=True)
    assert (required(operator), required(owner)) == (True, True)
    monkeypatch.setattr(form, "for_operator", True)
    assert (required(operator), required(owner)) == (False, True)


def test_a_form_names_an_account_that_the_operator_has_already(operators: Connection) -> None:
    again = Connection(platform="meals", account="100000", pace=operators.pace)
    with pytest.raises(ValidationError):
        again.validate_constraints()
