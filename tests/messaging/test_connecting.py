"""From "add" to "bound" and back: a store, its developer account and Meituan's pages."""

import re
from collections.abc import Iterator
from dataclasses import dataclass
from urllib.parse import parse_qsl, urlsplit

import pytest
import requests
from django.contrib.auth.models import User
from django.test import Client
from django.urls import reverse
from django.utils import timezone
from pytest_django.fixtures import Settings
from pytest_django.live_server_helper import LiveServer

from messaging.addresses import ADDRESSES
from messaging.admin.stores import TakeawayStoreAdmin
from messaging.choices import Provider
from messaging.models import Order, TakeawayStore
from messaging.sandbox import TakeawaySandbox
from messaging.services import connecting
from messaging.signatures import is_signed
from stores.conflicts import Conflict
from stores.models import AuditEntry, Connection, Merchant, Store
from stores.roles import Role
from stores.sandbox import SandboxServer
from tests.back_office import at_work, listed, page, press, shown
from tests.controls import Control
from tests.messaging.factories import (
    SIGN_KEY,
    DeveloperFactory,
    OrderFactory,
    TakeawayStoreFactory,
)
from tests.messaging.meituan import push_addresses
from tests.messaging.pushing import Pusher, handle_all
from tests.pages import english
from tests.processes import wait_until
from tests.stores.factories import MerchantFactory, StoreFactory, UserFactory, member

State = TakeawayStore.State
ADD = "/admin/messaging/takeawaystore/add/"
CONTROL = Control("takeaway")
pytestmark = [pytest.mark.django_db, pytest.mark.usefixtures("in_english")]


@dataclass(frozen=True)
class World:
    """Our server and Meituan's, which know each other's addresses, and the operator's account."""

    meituan: SandboxServer
    developer: Connection


@pytest.fixture
def world(
    transactional_db: None, live_server: LiveServer, settings: Settings, quick: None
) -> Iterator[World]:
    developer = DeveloperFactory()
    with SandboxServer([TakeawaySandbox()]) as server:
        settings.TAKEAWAY_BASE_URL = f"{server.url}/takeaway"
        settings.TAKEAWAY_BINDING_URL = settings.TAKEAWAY_BASE_URL
        push = push_addresses(live_server.url, developer)
        known = {"developer_id": int(developer.account), "sign_key": SIGN_KEY, "push": push}
        CONTROL.post(server, "developers", known)
        yield World(server, developer)


@pytest.fixture
def owner(merchant: Merchant) -> User:
    return member(merchant, Role.OWNER, password=None)


@pytest.fixture
def owner_client(owner: User) -> Client:
    return english(owner)


def add(client: Client, store: Store, developer: Connection, provider: int = 2) -> str:
    data = {"store": store.pk, "developer": developer.pk, "provider": provider}
    answer = client.post(ADD, data, follow=True)
    assert answer.status_code == 200
    return str(answer.content.decode())


def leads_to(client: Client, row: TakeawayStore, button: str) -> str:
    """Presses a button that leads to Meituan; returns the address."""
    answer = client.post(page(row, "do", button))
    assert answer.status_code == 302
    return str(answer["Location"])


def confirm(address: str) -> str:
    """Opens Meituan's page and presses its only button, as the owner does."""
    asked = requests.get(address, timeout=10)
    assert "<button>" in asked.text, asked.text
    return requests.post(address, timeout=10).text


def test_the_binding_page_is_signed_and_holds_no_sign_key(
    binding: TakeawayStore, settings: Settings
) -> None:
    settings.TAKEAWAY_BINDING_URL = "https://open-erp.meituan.com"
    address = connecting.binding_url(binding)
    parts = urlsplit(address)
    fields = dict(parse_qsl(parts.query, strict_parsing=True))
    assert (parts.netloc, parts.path) == ("open-erp.meituan.com", "/storemap")
    assert set(fields) == {
        *("developerId", "businessId", "ePoiId", "ePoiName", "timestamp", "sign"),
    }
    assert (fields["businessId"], fields["ePoiId"]) == ("2", binding.connection.account)
    assert is_signed(fields, keys=[SIGN_KEY])
    assert not is_signed(fields | {"ePoiId": "another"}, keys=[SIGN_KEY])
    assert SIGN_KEY not in address


def test_the_unbinding_page_is_signed_and_names_the_token(binding: TakeawayStore) -> None:
    fields = dict(parse_qsl(urlsplit(connecting.unbinding_url(binding)).query))
    assert set(fields) == {"businessId", "appAuthToken", "timestamp", "sign"}
    assert fields["appAuthToken"] == binding.connection.token
    assert is_signed(fields, keys=[SIGN_KEY])


def test_an_owner_binds_a_store_tests_it_and_unbinds_it(
    world: World, store: Store, owner_client: Client
) -> None:
    added = add(owner_client, store, world.developer)
    row = TakeawayStore.objects.get()
    assert row.state == State.WAITING
    assert "to be bound at Meituan" in added
    assert "Press “Bind at Meituan”" in added
    assert TakeawayStoreAdmin.opening_label(None, row) == "–", "no label without a word"

    assert "绑定成功" in confirm(leads_to(owner_client, row, "bind"))
    wait_until(lambda: bool(_handled(row)))
    row.refresh_from_db()
    assert row.poi_name == store.name
    assert Connection.objects.get(pk=row.connection_id).token

    assert "Meituan answers for this store." in press(owner_client, row, "test")
    row.connection.refresh_from_db()
    assert row.connection.state == Connection.State.WORKING
    assert "Press “Test the store”" not in shown(owner_client, row)

    OrderFactory(binding=row)
    assert "解绑成功" in confirm(leads_to(owner_client, row, "unbind"))
    wait_until(lambda: _state(row) == State.UNBOUND)
    row.connection.refresh_from_db()
    assert row.connection.token == ""
    said = owner_client.get(reverse("admin:todo")).content.decode()
    assert "no longer bound to Meituan takeaway" in said
    assert "Open orders: 1" in said
    verbs = list(AuditEntry.objects.values_list("verb", flat=True))
    assert {"takeaway.bound", "takeaway.unbound"} <= set(verbs)


def _state(row: TakeawayStore) -> str:
    handle_all()
    return TakeawayStore.objects.get(pk=row.pk).state


def _handled(row: TakeawayStore) -> bool:
    return _state(row) == State.BOUND


def test_binding_again_replaces_the_token(pusher: Pusher, binding: TakeawayStore) -> None:
    pusher.form("bind", appAuthToken="token-2", businessId="16", poiId="7", poiName="新店名")
    handle_all()
    binding.refresh_from_db()
    assert (binding.state, binding.provider) == (State.BOUND, Provider.READING)
    assert binding.poi_name == "新店名"
    assert Connection.objects.get(pk=binding.connection_id).token == "token-2"


def test_a_call_back_that_comes_late_undoes_nothing(pusher: Pusher, binding: TakeawayStore) -> None:
    now = int(timezone.now().timestamp())
    pusher.form("bind", appAuthToken="token-2", businessId="2", timestamp=f"{now}")
    for address, fields in (
        ("unbind", {"timestamp": f"{now - 3600}"}),
        ("bind", {"timestamp": f"{now - 60}", "appAuthToken": "of-yesterday"}),
        ("bind", {"timestamp": f"{now}"}),
    ):
        pusher.form(address, **fields)
        handle_all()
    binding.refresh_from_db()
    assert binding.state == State.BOUND
    assert Connection.objects.get(pk=binding.connection_id).token == "token-2"
    pusher.form("unbind", timestamp=f"{now + 1}")
    handle_all()
    binding.refresh_from_db()
    assert binding.state == State.UNBOUND


def test_a_token_is_never_shown(
    pusher: Pusher, binding: TakeawayStore, owner_client: Client
) -> None:
    pusher.form("bind", appAuthToken="token-secret-7", businessId="2")
    handle_all()
    event = binding.connection.inbound.get()
    for row in (binding, event):
        assert "token-secret-7" not in shown(owner_client, row)


@pytest.mark.parametrize("provider", Provider.values)
def test_the_developer_account_is_tested_as_the_kind_that_it_is(
    world: World, owner: User, provider: int
) -> None:
    assert connecting.developer_check(connection=world.developer, actor=owner) == ""
    world.developer.refresh_from_db()
    assert world.developer.state == Connection.State.WORKING


def test_a_wrong_sign_key_is_said(world: World, owner: User) -> None:
    world.developer.credentials = {"sign_key": "wrong"}
    world.developer.save()
    assert "签名" in connecting.developer_check(connection=world.developer, actor=owner)
    world.developer.credentials = {}
    world.developer.save()
    error = connecting.developer_check(connection=world.developer, actor=owner)
    assert error == "The sign key is missing."


def test_a_platform_that_is_away_is_said_in_plain_words(
    binding: TakeawayStore, owner: User, settings: Settings, quick: None
) -> None:
    settings.TAKEAWAY_BASE_URL = "http://127.0.0.1:9"
    assert binding.connection.parent
    errors = [
        connecting.developer_check(connection=binding.connection.parent, actor=owner),
        connecting.store_check(row=binding, actor=owner),
    ]
    assert all(errors)
    assert not [error for error in errors if re.search("[A-Z][a-z]+Error|urllib", error)]


def test_a_store_without_a_token_is_not_asked(binding: TakeawayStore, owner: User) -> None:
    binding.state = State.WAITING
    assert connecting.store_check(row=binding, actor=owner) == "The store is not bound yet."


def test_an_account_without_a_key_signs_nothing(binding: TakeawayStore) -> None:
    Connection.objects.filter(parent=None).update(credentials={})
    with pytest.raises(Conflict):
        connecting.binding_url(TakeawayStore.objects.get())


# Who may bind what


def test_a_store_is_added_once(owner_client: Client, binding: TakeawayStore) -> None:
    assert binding.connection.parent
    said = add(owner_client, binding.store, binding.connection.parent)
    assert "This store was added already" in said
    assert TakeawayStore.objects.count() == 1
    add(owner_client, binding.store, binding.connection.parent, provider=16)
    assert TakeawayStore.objects.count() == 2


def test_who_lacks_an_account_or_a_store_is_led_to_the_form_that_adds_it(
    owner_client: Client, store: Store
) -> None:
    answer = owner_client.get(ADD, follow=True)
    assert answer.redirect_chain == [
        (f"{reverse('admin:stores_connection_add')}?platform=takeaway", 302)
    ]
    assert "Add your developer account at Meituan first" in answer.content.decode()
    DeveloperFactory(merchant=store.merchant)
    assert store.name in owner_client.get(ADD).content.decode()
    Store.objects.update(is_active=False)
    answer = owner_client.get(ADD, follow=True)
    assert answer.redirect_chain == [(reverse("admin:stores_store_add"), 302)]
    assert "Add the store first" in answer.content.decode()


def test_a_store_that_was_added_by_mistake_is_removed(owner_client: Client, store: Store) -> None:
    row = TakeawayStoreFactory(store=store, state=State.WAITING, bound_at=None)
    assert (
        "This store was never bound" in owner_client.get(page(row, "do", "remove")).content.decode()
    )
    press(owner_client, row, "remove")
    assert not TakeawayStore.objects.exists()
    assert not Connection.objects.filter(pk=row.connection_id).exists()
    assert Store.objects.filter(pk=store.pk).exists()
    assert AuditEntry.objects.filter(verb__contains="deleted").exists()


def test_a_store_that_is_bound_meanwhile_is_not_removed(owner_client: Client, store: Store) -> None:
    row = TakeawayStoreFactory(store=store)
    press(owner_client, row, "remove")
    assert TakeawayStore.objects.get() == row


def test_anothers_account_is_neither_offered_nor_taken(owner_client: Client, store: Store) -> None:
    theirs = DeveloperFactory(merchant=MerchantFactory(), name="theirs-account")
    mine = DeveloperFactory(merchant=store.merchant, name="my-account")
    form = owner_client.get(ADD).content.decode()
    assert ("my-account" in form, "theirs-account" in form) == (True, False)
    add(owner_client, store, theirs)
    assert not TakeawayStore.objects.exists()
    operator = english(UserFactory(is_superuser=True))
    assert "another merchant" in add(operator, store, theirs)
    assert not TakeawayStore.objects.exists()
    add(owner_client, store, mine)
    assert TakeawayStore.objects.get().connection.parent == mine


def test_anothers_store_is_not_taken(owner_client: Client, store: Store) -> None:
    theirs, account = StoreFactory(name="theirs-store"), DeveloperFactory()
    form = owner_client.get(ADD).content.decode()
    assert (store.name in form, "theirs-store" in form) == (True, False)
    add(owner_client, theirs, account)
    assert not TakeawayStore.objects.exists()


@pytest.mark.parametrize("role", [Role.CLERK, Role.MANAGER])
def test_only_owners_bind(store: Store, binding: TakeawayStore, role: Role) -> None:
    client = at_work(store, role)
    assert client.get(ADD).status_code == 403
    for button in ("bind", "test", "unbind"):
        assert client.post(page(binding, "do", button)).status_code == 403


def test_a_manager_changes_the_rules_and_nothing_else(store: Store, binding: TakeawayStore) -> None:
    client = at_work(store)
    rules = {"accepts_itself": "on", "accepts_from": "09:00", "accepts_until": "21:00"}
    numbers = {"accepts_most": 5, "accept_minutes": 4, "refund_hours": 3, "booked_minutes": 45}
    stranger = StoreFactory()
    given = rules | numbers | {"store": stranger.pk, "provider": 16, "state": "unbound"}
    client.post(page(binding), given)
    binding.refresh_from_db()
    assert (binding.accepts_itself, binding.accepts_most) == (True, 5)
    assert (binding.store, binding.provider, binding.state) == (store, 2, State.BOUND)


def test_a_store_whose_orders_are_only_read_has_no_rules(
    owner_client: Client, binding: TakeawayStore
) -> None:
    assert "accepts_itself" in shown(owner_client, binding)
    TakeawayStore.objects.update(provider=Provider.READING)
    assert "accepts_itself" not in shown(owner_client, binding)


# Two merchants below the operator's account


def test_two_merchants_below_one_account_see_nothing_of_each_other(
    binding: TakeawayStore, owner_client: Client
) -> None:
    other = TakeawayStoreFactory(
        developer=binding.connection.parent,
        store=StoreFactory(name="omega-store"),
        poi_name="omega-poi",
    )
    theirs = english(member(other.store.merchant, Role.OWNER, password=None))
    for row, told in ((binding, "1001"), (other, "2002")):
        Pusher(row).order(orderId=int(told))
    for client, mine, number in ((owner_client, binding, "1001"), (theirs, other, "2002")):
        assert listed(client, "messaging_takeawaystore") == [mine]
        assert [row.order_id for row in listed(client, "messaging_order")] == [number]
        assert [row.connection for row in listed(client, "stores_inboundevent")] == [
            mine.connection
        ]
    for address in (page(other), page(Order.objects.get(order_id="2002"))):
        assert owner_client.get(address).status_code == 404
    assert owner_client.get(page(binding.connection.parent)).status_code == 404


# Connections


def test_a_stores_connection_is_no_row_of_the_accounts_and_leads_to_the_store(
    binding: TakeawayStore, owner_client: Client
) -> None:
    own = DeveloperFactory(merchant=binding.store.merchant)
    assert listed(owner_client, "stores_connection") == [own]
    answer = owner_client.get(page(binding.connection))
    assert (answer.status_code, answer["Location"]) == (302, page(binding))
    for name in ("history", "delete"):
        assert owner_client.get(page(binding.connection, name)).status_code == 404
    assert owner_client.post(page(binding.connection, "do", "test")).status_code == 404


def test_strange_numbers_of_a_connection_are_not_found(owner_client: Client) -> None:
    for number in ("x", "²", "9" * 30, "0"):
        address = reverse("admin:stores_connection_change", args=[number])
        assert owner_client.get(address).status_code == 404


def test_anothers_store_is_not_reached_through_its_connection(owner_client: Client) -> None:
    other = TakeawayStoreFactory()
    assert owner_client.get(page(other.connection)).status_code == 404


def test_a_developer_account_is_added_by_the_form_and_shows_its_addresses(
    owner_client: Client, merchant: Merchant
) -> None:
    data = {"merchant": merchant.pk, "platform": "takeaway", "is_active": "on"}
    form = f"{reverse('admin:stores_connection_add')}?platform=takeaway"
    for account, key in (("１２３", "k"), ("1" * 19, "k"), ("abc", "k"), ("100000", "")):
        owner_client.post(form, data | {"account": account, "sign_key": key})
        assert not Connection.objects.exists()
    answer = owner_client.post(form, data | {"account": "100000", "sign_key": "k7"}, follow=True)
    made = Connection.objects.get()
    said = answer.content.decode()
    assert made.credentials == {"sign_key": "k7"}
    for each in ADDRESSES:
        assert f"/takeaway/{made.pk}/{each.path}" in said
    assert "k7" not in said
    assert "Register the addresses" in said


def test_a_form_may_lead_to_meituan_from_the_back_office_only(
    binding: TakeawayStore, owner_client: Client, settings: Settings
) -> None:
    policy = owner_client.get(page(binding))["Content-Security-Policy"]
    allowed = re.search("form-action ([^;]*)", policy)
    assert allowed
    assert f"{settings.TAKEAWAY_BINDING_URL}/" in allowed[1].split()
    elsewhere = Client().get("/api/docs/")["Content-Security-Policy"]
    assert settings.TAKEAWAY_BINDING_URL not in elsewhere
