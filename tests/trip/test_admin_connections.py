"""The form of a ticket connection: secrets that rotate, and the addresses to give to Meituan."""

import pytest
from django.contrib.auth.models import User
from django.test import Client
from django.urls import reverse
from pytest_django.fixtures import Settings

from stores.models import AuditEntry, Connection, Merchant
from tests.meituan import Meituan
from tests.pages import english
from tests.stores.factories import ConnectionFactory
from tests.trip.factories import TicketConnectionFactory

pytestmark = pytest.mark.django_db
ADD = "/admin/stores/connection/add/"


def page_of(connection: Connection) -> str:
    return reverse("admin:stores_connection_change", args=[connection.pk])


def typed(connection: Connection, **fields: str) -> dict[str, str]:
    known = {"account": connection.account, "client_id": connection.credentials["client_id"]}
    return {"name": "tickets", "is_active": "on", "client_secret": ""} | known | fields


def secrets_of(connection: Connection) -> dict[str, str]:
    found: dict[str, str] = Connection.objects.get(pk=connection.pk).credentials
    return found


def test_a_new_connection_asks_first_for_the_platform(owner_client: Client) -> None:
    chooser = owner_client.get(ADD).content.decode()
    trip, umember = (
        owner_client.get(ADD, {"platform": name}).content.decode() for name in ("trip", "umember")
    )
    assert (
        "?platform=trip" in chooser,
        "?platform=umember" in chooser,
        "client_secret" in chooser,
    ) == (
        True,
        True,
        False,
    )
    assert ("PartnerId" in trip, "client_secret" in trip, "Login e-mail" in trip) == (
        True,
        True,
        False,
    )
    assert ("PartnerId" in umember, "client_secret" in umember, "Login e-mail" in umember) == (
        False,
        False,
        True,
    )


def test_a_connection_is_added_with_what_meituan_gave(
    owner_client: Client, merchant: Merchant
) -> None:
    data = {
        "merchant": str(merchant.pk),
        "platform": "trip",
        "account": " 1001 ",
        "is_active": "on",
    }
    answer = owner_client.post(
        f"{ADD}?platform=trip",
        data | {"client_id": "mt-1001", "client_secret": "s3cret"},
        follow=True,
    )
    made = Connection.objects.get()
    assert answer.redirect_chain == [(page_of(made), 302)]
    assert reverse("trip:order-create", args=[made.pk]) in answer.content.decode()
    assert (made.platform, made.account) == ("trip", "1001")
    assert made.credentials == {"client_id": "mt-1001", "client_secret": "s3cret"}


@pytest.mark.parametrize(
    ("fields", "complaint"),
    [
        ({"account": "abc"}, "only digits"),
        ({"account": "01001"}, "only digits"),
        ({"account": "1" * 19}, "only digits"),
        ({"account": "１００１"}, "only digits"),
        ({"client_secret": ""}, "needs a secret"),
        ({"client_id": "a:b"}, "no colons"),
        ({"client_id": "编号"}, "Latin letters"),
    ],
)
def test_what_cannot_be_right_is_said_plainly(
    owner_client: Client, merchant: Merchant, fields: dict[str, str], complaint: str
) -> None:
    data = {"merchant": str(merchant.pk), "platform": "trip", "account": "1001", "is_active": "on"}
    answer = owner_client.post(
        f"{ADD}?platform=trip", data | {"client_id": "mt", "client_secret": "s3cret"} | fields
    )
    assert (complaint in answer.content.decode(), Connection.objects.count()) == (True, 0)


def test_the_same_account_is_not_connected_twice(owner_client: Client, merchant: Merchant) -> None:
    first = TicketConnectionFactory(merchant=merchant)
    data = {
        "merchant": str(merchant.pk),
        "platform": "trip",
        "account": first.account,
        "is_active": "on",
    }
    answer = owner_client.post(
        f"{ADD}?platform=trip", data | {"client_id": "mt", "client_secret": "s3cret"}
    )
    assert "There is a connection with this account already" in answer.content.decode()
    assert Connection.objects.count() == 1


def test_a_new_secret_keeps_the_old_one_until_it_is_given_up(
    owner_client: Client, merchant: Merchant
) -> None:
    connection = TicketConnectionFactory(merchant=merchant)
    old = connection.credentials["client_secret"]
    assert "no longer used" not in owner_client.get(page_of(connection)).content.decode()

    owner_client.post(page_of(connection), typed(connection, client_secret="a-new-secret"))
    assert secrets_of(connection) == connection.credentials | {
        "client_secret": "a-new-secret",
        "previous_secret": old,
    }
    assert Meituan(connection).ask("support/heartbeat", {})["code"] == 200

    page = owner_client.get(page_of(connection)).content.decode()
    assert ("no longer used" in page, old in page, "a-new-secret" in page) == (True, False, False)
    owner_client.post(page_of(connection), typed(connection, forget_previous="on"))
    assert secrets_of(connection) == connection.credentials | {"client_secret": "a-new-secret"}
    assert Meituan(connection).ask("support/heartbeat", {})["code"] == 300


def test_saving_without_a_secret_changes_no_credentials(
    owner_client: Client, merchant: Merchant
) -> None:
    connection = TicketConnectionFactory(merchant=merchant, state="working")
    owner_client.post(page_of(connection), typed(connection))
    saved = Connection.objects.get()
    assert (saved.name, saved.state, saved.credentials) == (
        "tickets",
        "working",
        connection.credentials,
    )
    entry = AuditEntry.objects.get()
    assert (entry.verb, entry.data["fields"]) == ("connection changed", ["Name"])


def test_secrets_are_not_in_the_audit_log(owner_client: Client, merchant: Merchant) -> None:
    connection = TicketConnectionFactory(merchant=merchant)
    owner_client.post(page_of(connection), typed(connection, name="", client_secret="a-new-secret"))
    entry = AuditEntry.objects.get()
    assert (entry.verb, entry.data["fields"]) == ("connection changed", ["Client secret"])
    assert "a-new-secret" not in str(entry.data)


def test_the_addresses_to_give_to_meituan_are_listed(
    owner_client: Client, merchant: Merchant, settings: Settings
) -> None:
    settings.PUBLIC_BASE_URL = "https://shop.example.com"
    connection = TicketConnectionFactory(merchant=merchant)
    page = owner_client.get(page_of(connection)).content.decode()
    for below in (
        "order/create",
        "order/pay",
        "order/query",
        "order/refund",
        "order/close",
        "support/heartbeat",
    ):
        assert f"https://shop.example.com/trip/{connection.pk}/{below}<" in page
    assert "does not call port" not in page


@pytest.mark.parametrize(
    ("address", "warning"),
    [
        ("http://8.8.8.8:8000", "Meituan does not call port 8000"),
        ("https://8.8.8.8:8443", "Meituan does not call port 8443"),
        ("http://127.0.0.1:8080", "Meituan cannot reach http://127.0.0.1:8080 from outside."),
        ("http://192.168.1.5:8080", "Meituan cannot reach http://192.168.1.5:8080 from outside."),
        ("http://8.8.8.8:8080", ""),
        ("https://shop.example.com:9443", ""),
        ("http://shop.example.com", ""),
    ],
)
def test_an_address_that_meituan_does_not_call_is_warned_of(
    owner_client: Client, merchant: Merchant, settings: Settings, address: str, warning: str
) -> None:
    settings.PUBLIC_BASE_URL = address
    page = owner_client.get(page_of(TicketConnectionFactory(merchant=merchant))).content.decode()
    assert (warning in page, 'role="alert"' in page) == (True, bool(warning))


def test_no_addresses_at_a_coupon_connection(owner_client: Client, merchant: Merchant) -> None:
    page = owner_client.get(page_of(ConnectionFactory(merchant=merchant))).content.decode()
    assert ("Addresses to give" in page, "Sync stores" in page, "Login e-mail" in page) == (
        False,
        True,
        True,
    )


def test_stores_of_ticket_connections_are_not_synced(
    owner_client: Client, merchant: Merchant
) -> None:
    connection = TicketConnectionFactory(merchant=merchant)
    assert "Sync stores" not in owner_client.get(page_of(connection)).content.decode()
    owner_client.post(reverse("admin:stores_connection_do", args=[connection.pk, "sync"]))
    assert AuditEntry.objects.count() == 0


def tried(client: Client, connection: Connection) -> tuple[str, str, str]:
    page = client.post(
        reverse("admin:stores_connection_do", args=[connection.pk, "test"]), follow=True
    )
    saved = Connection.objects.get(pk=connection.pk)
    return str(next(iter(page.context["messages"]))), saved.state, saved.last_error


def test_a_connection_works_once_meituan_has_called(
    owner_client: Client, merchant: Merchant
) -> None:
    connection = TicketConnectionFactory(merchant=merchant)
    text, state, error = tried(owner_client, connection)
    assert (text[:29], state, error) == ("The credentials are complete.", "new", "")
    Meituan(connection).close(4900000000000017, 1)
    assert tried(owner_client, connection)[1] == "working"


def test_a_connection_without_a_secret_says_so(owner_client: Client, merchant: Merchant) -> None:
    connection = TicketConnectionFactory(merchant=merchant, credentials={"client_id": "mt"})
    _text, state, error = tried(owner_client, connection)
    assert (state, error) == ("new", "The client secret is missing.")


def test_only_operators_see_where_notices_go(owner_client: Client, merchant: Merchant) -> None:
    connection = TicketConnectionFactory(merchant=merchant)
    operator = User.objects.create(username="op", is_staff=True, is_superuser=True)
    assert 'name="base_url"' not in owner_client.get(page_of(connection)).content.decode()
    assert 'name="base_url"' in english(operator).get(page_of(connection)).content.decode()
