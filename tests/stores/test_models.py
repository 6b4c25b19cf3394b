"""What the tables themselves promise."""

from importlib import import_module

import pytest
from django.apps import apps
from django.db import IntegrityError, transaction
from django.db.models import ProtectedError
from django.utils import timezone

from coupons.models import Verification
from stores.api.authentication import find_key
from stores.models import (
    ApiKey,
    Connection,
    Heartbeat,
    OutboundCall,
    Pace,
    RateWindow,
    Staff,
    Store,
)
from stores.roles import Role
from tests.coupons.factories import VerificationFactory
from tests.plans import without_reading_whole_tables
from tests.stores.factories import ConnectionFactory, MerchantFactory, StoreFactory, api_key, member


def test_all_connections_of_one_account_share_its_pace(db: None) -> None:
    first, second = (
        ConnectionFactory(account="same"),
        ConnectionFactory(account="same"),
    )
    other = ConnectionFactory(account="other")
    assert first.pace == second.pace != other.pace
    second.account = second.proved_account = "other"
    second.save()
    assert second.pace == other.pace
    assert Pace.objects.count() == 2


def test_a_name_that_has_not_signed_in_has_a_pace_of_its_own(db: None) -> None:
    owner = ConnectionFactory(account="same")
    stranger = ConnectionFactory(account="same", proved_account="")
    assert stranger.pace != owner.pace
    owner.account = "another"
    owner.save()
    assert owner.pace not in (stranger.pace, Pace.objects.get(account="same"))


def test_an_upgrade_names_accounts_after_their_logins(db: None) -> None:
    upgrade = import_module(
        "stores.migrations.0003_one_after_the_other"
    ).name_accounts_after_their_logins
    plain = ConnectionFactory()
    named = ConnectionFactory(account="main", credentials={"email": "a@b.c", "password": "p"})
    ConnectionFactory(merchant=plain.merchant, account="twin", credentials={"email": plain.account})
    upgrade(apps, None)
    assert list(Connection.objects.order_by("pk").values_list("account", "pace__account")) == [
        (plain.account, plain.account),
        ("a@b.c", f"?{named.merchant_id}/a@b.c"),
        ("twin", "twin"),
    ]
    assert Connection.objects.get(pk=named.pk).credentials == {"password": "p"}


def test_a_merchant_has_an_account_once(db: None) -> None:
    connection = ConnectionFactory()
    with pytest.raises(IntegrityError), transaction.atomic():
        ConnectionFactory(merchant=connection.merchant, account=connection.account)


def test_a_user_has_one_role_at_a_merchant(db: None) -> None:
    store = StoreFactory()
    user = member(store.merchant, Role.CLERK)
    with pytest.raises(IntegrityError), transaction.atomic():
        Staff.objects.create(user=user, merchant=store.merchant, role=Role.OWNER)


def test_guest_pages_have_codes_that_cannot_be_guessed(db: None) -> None:
    slugs = {StoreFactory().guest_slug for _ in range(3)}
    assert len(slugs) == 3
    assert min(len(slug) for slug in slugs) >= 12


def test_what_is_referenced_is_not_deleted(db: None) -> None:
    row = VerificationFactory()
    for thing in (row.store, row.store.merchant):
        with pytest.raises(ProtectedError):
            thing.delete()
    assert Verification.objects.count() == Store.objects.count() == 1


@pytest.mark.parametrize("status", sorted(set(Verification.Status.values) - {"refused"}))
def test_one_verification_per_code_unless_refused_is_a_constraint(db: None, status: str) -> None:
    first = VerificationFactory(code_hash="x", status=status)
    VerificationFactory(code_hash="x", status="refused", store=first.store)
    VerificationFactory(code_hash="x", status=status)
    with pytest.raises(IntegrityError), transaction.atomic():
        VerificationFactory(code_hash="x", status="queued", store=first.store)


def test_a_key_is_hashed_at_rest_and_found_by_its_secret(db: None) -> None:
    key, secret = api_key(MerchantFactory())
    assert secret.startswith("zg_")
    assert secret not in repr(ApiKey.objects.values().get())
    assert find_key(secret) == key
    assert find_key(secret[:-1]) is None
    assert find_key("") is None


@pytest.mark.parametrize("switch", ["key", "merchant"])
def test_a_key_that_is_switched_off_is_not_found(db: None, switch: str) -> None:
    key, secret = api_key(MerchantFactory())
    row = key if switch == "key" else key.merchant
    row.is_active = False
    row.save()
    assert find_key(secret) is None


def test_calls_that_failed_or_wait_are_found_by_their_index_among_any_number(db: None) -> None:
    calls = OutboundCall.objects
    with without_reading_whole_tables():
        assert "outbound_failed" in calls.failed_since(timezone.now()).explain()
        assert "outbound_live" in calls.live().explain()


def test_rows_say_what_they_are(db: None) -> None:
    connection = ConnectionFactory(account="a@b.c")
    named = ConnectionFactory(name="主账号")
    assert "a@b.c" in str(connection)
    assert str(named) == "主账号"
    assert str(connection.pace) == "umember: a@b.c"
    assert str(Heartbeat(name="c")) == "c"
    assert str(RateWindow(bucket="b")) == "b"
    assert connection.credentials["password"] not in f"{connection!r} {connection}"
    assert Connection.objects.count() == 2
