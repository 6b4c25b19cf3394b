"""Connections in the back office."""

import pytest
from django.contrib.auth.models import User
from django.test import Client
from django.urls import reverse

from stores.models import (
    AuditEntry,
    Connection,
    Merchant,
)
from tests.pages import english
from tests.stores.factories import (
    ConnectionFactory,
)
from tests.stores.test_admin import last_entry

pytestmark = pytest.mark.django_db


def connection_data(connection: Connection, **fields: str) -> dict[str, str]:
    return {"name": "main", "account": connection.account, "is_active": "on"} | fields


def test_stored_credentials_are_never_rendered(owner_client: Client, merchant: Merchant) -> None:
    connection = ConnectionFactory(merchant=merchant, token="the-token")
    page = owner_client.get(
        reverse("admin:stores_connection_change", args=[connection.pk])
    ).content.decode()
    assert ("sandbox-password" in page, "the-token" in page) == (False, False)


def test_an_empty_password_keeps_the_stored_one_and_the_token(
    owner_client: Client, merchant: Merchant
) -> None:
    connection = ConnectionFactory(merchant=merchant, token="the-token")
    owner_client.post(
        reverse("admin:stores_connection_change", args=[connection.pk]), connection_data(connection)
    )
    saved = Connection.objects.get()
    assert (saved.name, saved.token, saved.credentials["password"]) == (
        "main",
        "the-token",
        "sandbox-password",
    )


def test_a_new_password_replaces_the_stored_one_and_forgets_the_token(
    owner_client: Client, merchant: Merchant
) -> None:
    connection = ConnectionFactory(merchant=merchant, token="the-token", state="refused")
    address = reverse("admin:stores_connection_change", args=[connection.pk])
    owner_client.post(address, connection_data(connection, password="new-secret"))
    saved = Connection.objects.get()
    assert (saved.token, saved.state, saved.credentials["password"]) == ("", "new", "new-secret")
    assert saved.token_serial == connection.token_serial + 1
    assert "new-secret" not in str(last_entry().data)
    assert (last_entry().verb, last_entry().data["fields"]) == (
        "connection changed",
        ["Name", "Password"],
    )


def test_a_new_connection_needs_a_password(owner_client: Client, merchant: Merchant) -> None:
    data = {
        "merchant": str(merchant.pk),
        "platform": "umember",
        "account": "a@example.com",
        "is_active": "on",
    }
    answer = owner_client.post(reverse("admin:stores_connection_add"), data)
    assert "A new connection needs a password" in answer.content.decode()
    assert (
        owner_client.post(
            reverse("admin:stores_connection_add"), data | {"password": "s3cret"}
        ).status_code
        == 302
    )
    assert Connection.objects.get().credentials == {"password": "s3cret"}


def test_the_account_of_a_coupon_connection_is_its_login(
    owner_client: Client, merchant: Merchant
) -> None:
    connection = ConnectionFactory(merchant=merchant)
    address = reverse("admin:stores_connection_change", args=[connection.pk])
    assert (
        "valid email"
        in owner_client.post(address, connection_data(connection, account="main")).content.decode()
    )
    owner_client.post(
        address, connection_data(connection, email="other@example.com", password="new-secret")
    )
    saved = Connection.objects.get()
    assert (saved.account, saved.credentials) == (connection.account, {"password": "new-secret"})


def test_only_operators_say_where_a_connection_leads(
    owner_client: Client, merchant: Merchant
) -> None:
    connection = ConnectionFactory(merchant=merchant)
    address = reverse("admin:stores_connection_change", args=[connection.pk])
    owner_client.post(address, connection_data(connection, base_url="http://169.254.169.254/"))
    assert Connection.objects.get().base_url == ""
    operator = User.objects.create(username="op", is_staff=True, is_superuser=True)
    english(operator).post(
        address, connection_data(connection, base_url="https://gateway.example.com")
    )
    assert Connection.objects.get().base_url == "https://gateway.example.com"


def test_buttons_do_nothing_on_get(owner_client: Client, merchant: Merchant) -> None:
    connection = ConnectionFactory(merchant=merchant)
    for name in ("test", "sync"):
        address = reverse("admin:stores_connection_do", args=[connection.pk, name])
        assert owner_client.get(address).status_code == 405
    assert AuditEntry.objects.count() == 0


def test_a_button_that_does_not_exist_is_not_found(
    owner_client: Client, merchant: Merchant
) -> None:
    connection = ConnectionFactory(merchant=merchant)
    assert (
        owner_client.post(
            reverse("admin:stores_connection_do", args=[connection.pk, "save_model"])
        ).status_code
        == 404
    )
