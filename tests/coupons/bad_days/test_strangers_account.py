"""A merchant who names another one's account cannot slow it down."""

from itertools import pairwise

import pytest
from django.contrib.auth.models import User
from django.urls import reverse

from coupons.models import Verification
from coupons.services import connection_test
from stores.models import Connection, OutboundCall, Pace
from stores.platforms import outbox, pace, tokens
from stores.roles import Role
from tests.coupons.factories import Shop
from tests.coupons.flows import ask_for
from tests.pages import english
from tests.stores.factories import ConnectionFactory, MerchantFactory, member


@pytest.fixture
def stranger(shop: Shop) -> Connection:
    """Another merchant's connection with the shop's account and a wrong password."""
    made: Connection = ConnectionFactory(
        account=shop.connection.account,
        base_url=shop.connection.base_url,
        proved_account="",
        credentials={"password": "guessed"},
    )
    return made


def test_a_stranger_postpones_only_itself(shop: Shop, stranger: Connection) -> None:
    pace.postpone(stranger.pace_id, 600.0, failed=True)
    row = ask_for(shop, shop.code())
    outbox.work(seconds=5)
    row.refresh_from_db()
    assert row.status == Verification.Status.VERIFIED


def test_a_refused_test_proves_nothing_and_takes_only_a_slot_that_is_free(
    shop: Shop, stranger: Connection, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("coupons.services.syncing.SYNC_PATIENCE", 0.0)
    monkeypatch.setattr(pace, "interval", lambda platform: 0.56)
    pace.reserve(shop.connection.pace, patience=5.0)
    shop.sandbox.arrivals.clear()
    assert connection_test(connection=stranger, actor=None)
    stranger.refresh_from_db()
    assert not stranger.is_proved
    assert stranger.pace != shop.connection.pace


def test_the_first_sign_in_brings_the_pace_of_the_name_and_keeps_what_was_reserved(
    shop: Shop,
) -> None:
    Connection.objects.filter(pk=shop.connection.pk).update(proved_account="")
    new = Connection.objects.get(pk=shop.connection.pk)
    new.save()
    assert new.pace.account.startswith("?")
    shop.connection.refresh_from_db()
    row = ask_for(shop, shop.code())
    pace.postpone(new.pace_id, 300.0)
    tokens.prove(new)
    assert new.pace.account == new.account
    assert pace.seconds_until_free(new.pace_id, "umember") > 290
    assert OutboundCall.objects.get(subject_id=row.pk).pace_id == new.pace_id


def test_a_name_that_is_entered_again_waits_no_longer_than_a_call(shop: Shop) -> None:
    row, name = shop.connection, shop.connection.account
    for account in ("other@example.com", name, "other@example.com"):
        row.account = account
        row.save()
        tokens.prove(row)
    row.account = name
    row.save()
    assert not row.is_proved
    assert pace.seconds_until_free(row.pace_id, "umember") <= 45


def test_an_account_that_signs_in_while_it_works_never_sends_too_fast(paced_shop: Shop) -> None:
    Connection.objects.filter(pk=paced_shop.connection.pk).update(proved_account="", token="")
    Connection.objects.get(pk=paced_shop.connection.pk).save()
    paced_shop.connection.refresh_from_db()
    rows = [ask_for(paced_shop, paced_shop.code()) for _ in range(2)]
    outbox.work(seconds=6)
    assert {Verification.objects.get(pk=row.pk).status for row in rows} == {"verified"}
    times = [arrival.at for arrival in paced_shop.sandbox.arrivals.all()]
    assert min(after - before for before, after in pairwise(times)) > 0.45
    assert Connection.objects.get(pk=paced_shop.connection.pk).is_proved


def test_tests_and_syncs_are_limited_per_connection_and_merchant(shop: Shop) -> None:
    owner = member(shop.merchant, Role.OWNER)
    client = english(owner)
    page = reverse("admin:stores_connection_change", args=[shop.connection.pk])
    page = page.removesuffix("change/")
    answers = [client.post(f"{page}do/test/", follow=True).content.decode() for _ in range(11)]
    assert all("The connection works." in answer for answer in answers[:10])
    assert "Tested or synced too often" in answers[10]


def test_the_operator_hears_of_two_merchants_with_one_account(
    shop: Shop, stranger: Connection
) -> None:
    operator = english(User.objects.create_superuser("operator"))
    words = f"2 merchants name the account {shop.connection.account}"
    assert words in operator.get("/admin/").content.decode()
    owner = english(member(shop.merchant, Role.OWNER))
    assert words not in owner.get("/admin/").content.decode()
    ConnectionFactory(merchant=MerchantFactory(), account="another")
    Connection.objects.filter(pk=stranger.pk).update(is_active=False)
    assert "merchants name" not in operator.get("/admin/").content.decode()
    assert Pace.objects.filter(account=shop.connection.account).count() == 1
