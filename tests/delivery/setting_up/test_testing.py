"""“Test connection” and “Read courier accounts”: what they find, and what they say when something
is wrong.
"""

from typing import Any

import pytest
from django.test import Client

from delivery.models import CourierAccount
from delivery.reasons import NO_TICKET, NOT_OPENED, WITHDRAWN, WRONG_SECRET, words_of
from stores.models import AuditEntry, Connection
from stores.platforms import tokens
from stores.roles import Role
from stores.sandbox import SandboxServer
from tests.back_office import at_work, page, press, shown
from tests.delivery.factories import MiniProgramFactory
from tests.delivery.wechat_sandbox.calling import APPID, get, post
from tests.pages import english
from tests.stores.factories import StoreFactory

pytestmark = [pytest.mark.django_db(transaction=True), pytest.mark.usefixtures("in_english")]
State = Connection.State
PROVIDER = "wxprovider000001"


def account(name: str, audit: int) -> dict[str, Any]:
    shopid = f"{name.lower()}-demo-shop"
    return {"appid": APPID, "delivery_id": name, "shopid": shopid, "secret": "x", "audit": audit}


def test_a_test_says_what_it_has_found(
    server: SandboxServer, mini_program: Connection, owner_client: Client
) -> None:
    post(server, "accounts", account("UU", 1))
    said = press(owner_client, mini_program, "test")
    assert "WeChat accepts the AppSecret. Accounts at couriers: " in said
    assert "Dada" in said
    assert "UU errands (audit: being checked)" in said
    mini_program.refresh_from_db()
    assert (mini_program.state, mini_program.last_error) == (State.WORKING, "")
    assert CourierAccount.objects.filter(connection=mini_program).count() == 6
    assert AuditEntry.objects.filter(verb="connection tested").count() == 1
    # Two tests in a row change nothing.
    assert "Accounts at couriers" in press(owner_client, mini_program, "test")


def test_without_an_account_it_says_how_to_bind_one(
    server: SandboxServer, owner_client: Client, merchant: Any
) -> None:
    post(server, "apps", {"appid": "wxempty000000001", "secret": "demo-app-secret"})
    row = MiniProgramFactory(merchant=merchant, account="wxempty000000001")
    assert "Bind one in its console" in press(owner_client, row, "test")
    assert "Bind one in its console" in press(owner_client, row, "sync")


def test_a_wrong_appsecret_is_said_with_what_to_do(
    mini_program: Connection, owner_client: Client
) -> None:
    mini_program.credentials = {"secret": "wrong"}
    mini_program.save()
    for _time in range(2):
        assert str(WRONG_SECRET) in press(owner_client, mini_program, "test")
    mini_program.refresh_from_db()
    assert mini_program.state == State.REFUSED
    assert "WeChat does not accept the AppSecret" in shown(owner_client, mini_program)


def test_without_a_secret_nothing_is_asked(
    server: SandboxServer, mini_program: Connection, owner_client: Client
) -> None:
    Connection.objects.filter(pk=mini_program.pk).update(credentials={})
    assert "The AppSecret is missing." in press(owner_client, mini_program, "test")
    assert server.arrivals.all() == []


def test_an_address_that_is_not_on_the_white_list_is_named(
    server: SandboxServer, mini_program: Connection, owner_client: Client
) -> None:
    post(server, "settings", {"refuses_tokens_with": 40164})
    said = press(owner_client, mini_program, "test")
    assert "address 203.0.113.7 is not on the white list" in said
    assert "203.0.113.7" in shown(owner_client, mini_program)
    post(server, "settings", {"refuses_tokens_with": 0})
    assert "Accounts at couriers" in press(owner_client, mini_program, "test")


@pytest.mark.parametrize("code", [930566, 48001, 930568, 930569, 930571])
def test_a_function_that_is_not_opened_is_said(
    server: SandboxServer, mini_program: Connection, owner_client: Client, code: int
) -> None:
    post(server, "settings", {"refuses_calls_with": code})
    said = press(owner_client, mini_program, "test")
    assert str(NOT_OPENED) in said
    mini_program.refresh_from_db()
    # The AppSecret itself is right.
    assert mini_program.state == State.WORKING
    assert mini_program.last_error.startswith(f"{code}: ")
    assert mini_program.checked_at
    assert str(NOT_OPENED) in press(owner_client, mini_program, "sync")
    assert not CourierAccount.objects.exists()


@pytest.mark.parametrize("operation", ["stable_token", "shop/get"])
@pytest.mark.parametrize(
    "kind", ["html", "status_500", "status_502", "half_body", "drop_before", "throttle"]
)
def test_each_fault_is_a_sentence_and_no_stack_trace(
    server: SandboxServer,
    mini_program: Connection,
    owner_client: Client,
    kind: str,
    operation: str,
) -> None:
    server.faults.add(kind=kind, operation=operation, times=None)
    said = press(owner_client, mini_program, "test")
    assert "The platform could not be signed in to: " in said
    for technical in ("Traceback", "HTTPConnection", "Error(", "errcode"):
        assert technical not in said
    mini_program.refresh_from_db()
    assert mini_program.last_error
    assert mini_program.state != State.REFUSED
    server.faults.clear()
    assert "Accounts at couriers" in press(owner_client, mini_program, "test")


def test_reading_the_accounts_says_what_is_new_and_what_is_gone(
    server: SandboxServer, mini_program: Connection, owner_client: Client
) -> None:
    assert "Read courier accounts" in shown(owner_client, mini_program)
    assert "Sync stores" not in shown(owner_client, mini_program)
    assert "New: " in press(owner_client, mini_program, "sync")
    assert "Nothing has changed." in press(owner_client, mini_program, "sync")
    post(server, "accounts", account("SS", 2))
    assert "Changed: FlashEx ss-demo-shop" in press(owner_client, mini_program, "sync")
    assert AuditEntry.objects.filter(verb="wechat.accounts.synced").count() == 3


def test_a_manager_tests_nothing(mini_program: Connection) -> None:
    manager = at_work(StoreFactory(merchant=mini_program.merchant), Role.MANAGER)
    assert manager.post(page(mini_program, "do", "test")).status_code == 403


@pytest.fixture
def provider(server: SandboxServer, transactional_db: None) -> Connection:
    post(server, "providers", {"appid": PROVIDER, "secret": "provider-secret"})
    made: Connection = MiniProgramFactory(
        merchant=None, account=PROVIDER, credentials={"secret": "provider-secret"}
    )
    return made


def test_a_service_provider_signs_in_with_the_ticket_that_wechat_pushed(
    server: SandboxServer, provider: Connection, admin_user: Any
) -> None:
    client = english(admin_user)
    assert str(NO_TICKET) in press(client, provider, "test")
    post(server, f"providers/{PROVIDER}/ticket", {})
    [row] = get(server, "providers")["providers"]
    tokens.remember(provider, ticket=row["ticket"])
    assert "WeChat accepts the service provider's account." in press(client, provider, "test")
    assert "open the connection of a shop" in press(client, provider, "sync")
    provider.credentials = {"secret": "wrong", "ticket": row["ticket"]}
    provider.save()
    assert str(WRONG_SECRET) in press(client, provider, "test")


def test_a_shop_that_has_withdrawn_is_told_to_authorise_again(
    server: SandboxServer, provider: Connection, owner_client: Client, merchant: Any
) -> None:
    post(server, f"providers/{PROVIDER}/ticket", {})
    [row] = get(server, "providers")["providers"]
    tokens.remember(provider, ticket=row["ticket"])
    shop = MiniProgramFactory(
        merchant=merchant, parent=provider, account=APPID, credentials={"refresh_token": "r"}
    )
    assert str(WITHDRAWN) in press(owner_client, shop, "test")


@pytest.mark.parametrize(
    ("detail", "says"),
    [
        ("930570: refused", "not opened"),
        ("930570: cargo_first_class or cargo_second_class invalid", ""),
        ("login: 40164: invalid ip 2001:db8::7, not in whitelist", "2001:db8::7"),
        ("40164: invalid ip <script>", "white list"),
        ("the token is rejected right after login: 40001: invalid credential", "another system"),
        ("930563: order not exists", ""),
        ("808: 40001: something of Meituan", ""),
        ("", ""),
    ],
)
def test_only_wechats_known_errors_have_words(detail: str, says: str) -> None:
    words = words_of(detail)
    assert says in words if says else words == ""


def test_a_test_too_many_is_refused(mini_program: Connection, owner_client: Client) -> None:
    for _time in range(10):
        press(owner_client, mini_program, "test")
    assert "too often" in press(owner_client, mini_program, "test")
