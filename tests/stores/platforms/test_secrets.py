import pytest
from cryptography.fernet import Fernet
from django.core import serializers
from django.core.exceptions import ImproperlyConfigured
from django.db import connection as database
from django.db import transaction
from pytest_django.fixtures import Settings

from stores import fields
from stores.models import Connection
from tests.stores.factories import ConnectionFactory

OLD, NEW = Fernet.generate_key().decode(), Fernet.generate_key().decode()


def column(name: str) -> str:
    with database.cursor() as cursor:
        cursor.execute(f"SELECT {name} FROM stores_connection")
        return str(cursor.fetchone()[0])


def test_the_first_key_encrypts_and_all_keys_decrypt(settings: Settings) -> None:
    settings.CREDENTIAL_KEYS = [OLD]
    old = fields.encrypt("geheim 密")
    settings.CREDENTIAL_KEYS = [NEW, OLD]
    new = fields.encrypt("geheim 密")
    assert [fields.decrypt(old), fields.decrypt(new)] == ["geheim 密"] * 2
    assert [
        fields.is_current(old),
        fields.is_current(new),
        fields.is_current(fields.reencrypt(old)),
    ] == [
        False,
        True,
        True,
    ]
    settings.CREDENTIAL_KEYS = [NEW]
    assert fields.decrypt(new) == "geheim 密"


@pytest.mark.parametrize("stored", ["garbage", "gAAAAA", "密", ""])
def test_what_no_key_opens_is_an_error_and_not_ciphertext(stored: str) -> None:
    with pytest.raises(fields.SecretUnreadable):
        fields.decrypt(stored)


def test_a_row_can_be_read_but_not_its_value_that_no_key_opens(
    db: None, settings: Settings
) -> None:
    ConnectionFactory(account="a@b.c", token="jwt.token")
    settings.CREDENTIAL_KEYS = [NEW]
    row = Connection.objects.get()
    assert row.account == "a@b.c"
    for name in ("credentials", "token"):
        with pytest.raises(fields.SecretUnreadable):
            getattr(row, name)
        assert fields.readable(row, name, "locked") == "locked"
    row.credentials = {"password": "new"}
    row.save(update_fields=["credentials"])
    assert Connection.objects.defer("token").get().credentials == {"password": "new"}


def test_a_value_that_no_key_opens_is_not_overwritten_by_accident(
    db: None, settings: Settings
) -> None:
    ConnectionFactory()
    before = column("credentials")
    settings.CREDENTIAL_KEYS = [NEW]
    with pytest.raises(fields.SecretUnreadable), transaction.atomic():
        Connection.objects.get().save()
    assert column("credentials") == before


def test_a_key_of_the_wrong_form_is_a_configuration_error(settings: Settings) -> None:
    settings.CREDENTIAL_KEYS = ["short"]
    with pytest.raises(ImproperlyConfigured, match="CREDENTIAL_KEYS"):
        fields.encrypt("x")


def test_the_database_holds_only_ciphertext(db: None) -> None:
    row = ConnectionFactory(credentials={"email": "a@b.c", "password": "p密"}, token="jwt.token")
    for name in ("credentials", "token"):
        assert column(name).startswith("gAAAA")
    fresh = Connection.objects.get()
    assert (fresh.credentials, fresh.token) == ({"email": "a@b.c", "password": "p密"}, "jwt.token")
    Connection.objects.filter(pk=row.pk).update(token="other")
    assert column("token").startswith("gAAAA")
    assert Connection.objects.get().token == "other"


def test_no_secret_stays_empty_so_that_sql_can_ask_for_it(db: None) -> None:
    ConnectionFactory(credentials={})
    assert (column("credentials"), column("token")) == ("", "")
    fresh = Connection.objects.get(token="")
    assert (fresh.credentials, fresh.token) == ({}, "")


def test_a_dumped_file_holds_ciphertext_and_is_loaded_again(db: None) -> None:
    row = ConnectionFactory(credentials={"password": "geheim"}, token="jwt.token")
    dumped = serializers.serialize("json", [row])
    assert "geheim" not in dumped
    assert "jwt.token" not in dumped
    Connection.objects.update(token="", credentials={})
    for loaded in serializers.deserialize("json", dumped):
        loaded.save()
    row.refresh_from_db()
    assert (row.credentials, row.token) == ({"password": "geheim"}, "jwt.token")
