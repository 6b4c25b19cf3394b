"""What stops a guest before it costs quota: a closed store, and abuse."""

from typing import Any

import pytest
import time_machine
from django.test import Client
from django.utils import timezone

from coupons.models import Lookup, Verification
from coupons.reasons import TEXTS, Reason
from coupons.services import abuse
from stores.models import Connection
from stores.platforms import outbox, pace
from stores.web import limits
from tests.coupons.factories import Shop, connected_shop
from tests.coupons.guest.visiting import (
    arrived,
    confirm,
    enter,
    free_the_slot,
    home,
)


def close_page(shop: Shop) -> None:
    shop.store.guest_page_open = False
    shop.store.save()


def close_store(shop: Shop) -> None:
    shop.store.is_active = False
    shop.store.save()


def close_merchant(shop: Shop) -> None:
    shop.merchant.is_active = False
    shop.merchant.save()


def spend_quota(shop: Shop) -> None:
    shop.gateway.request_count = 0
    shop.gateway.save()


def expire_authorisation(shop: Shop) -> None:
    shop.gateway.authorisation = shop.gateway.Authorisation.EXPIRED
    shop.gateway.save()


def refuse_login(shop: Shop) -> None:
    shop.connection.state = Connection.State.REFUSED
    shop.connection.save()


def disconnect(shop: Shop) -> None:
    shop.gateway.delete()


@pytest.mark.parametrize(
    "trouble",
    [
        close_page,
        close_store,
        close_merchant,
        spend_quota,
        expire_authorisation,
        refuse_login,
        disconnect,
    ],
)
def test_a_store_that_cannot_verify_says_so_before_the_code_is_touched(
    client: Client, shop: Shop, trouble: Any
) -> None:
    trouble(shop)
    page = client.get(home(shop))
    assert page.status_code == 200
    assert 'class="outcome closed"' in page.content.decode()
    assert 'name="code"' not in page.content.decode()
    answer = client.post(home(shop), {"code": "700000000001"})
    assert answer.status_code == 409
    assert (Lookup.objects.count(), arrived(shop)) == (0, [])


def test_a_page_closed_between_the_steps_spends_nothing(client: Client, shop: Shop) -> None:
    page = enter(client, shop, shop.code())
    close_page(shop)
    assert confirm(client, page).status_code == 409
    assert Verification.objects.count() == 0


def test_guessing_locks_the_address_before_it_costs_quota(client: Client, shop: Shop) -> None:
    for number in range(abuse.FAILURES_PER_ADDRESS.count):
        enter(client, shop, f"99900000{number:04d}")
    shop.sandbox.arrivals.clear()
    answer = client.post(home(shop), {"code": shop.code()})
    assert answer.status_code == 429
    assert int(answer["Retry-After"]) <= abuse.FAILURES_PER_ADDRESS.seconds
    assert str(TEXTS[Reason.TOO_MANY_TRIES].guest) in answer.content.decode()
    assert arrived(shop) == []
    elsewhere = client.post(home(shop), {"code": shop.code()}, REMOTE_ADDR="203.0.113.9")
    assert elsewhere.status_code == 302


def test_guesses_whose_pages_nobody_opens_lock_the_address_too(client: Client, shop: Shop) -> None:
    pace.postpone(shop.connection.pace_id, 600)
    for number in range(3 * abuse.FAILURES_PER_ADDRESS.count):
        assert client.post(home(shop), {"code": f"99900000{number:04d}"}).status_code == 302
    free_the_slot(shop)
    outbox.work(seconds=10)
    assert arrived(shop).count("detail") == abuse.FAILURES_PER_ADDRESS.count
    unasked = Lookup.objects.filter(status=Lookup.Status.FAILED, reason=Reason.TOO_MANY_TRIES)
    assert unasked.count() == 2 * abuse.FAILURES_PER_ADDRESS.count
    assert client.post(home(shop), {"code": shop.code()}).status_code == 429
    assert (
        client.post(home(shop), {"code": shop.code()}, REMOTE_ADDR="203.0.113.9").status_code == 302
    )


def test_many_guests_of_one_address_who_wait_are_all_served(client: Client, shop: Shop) -> None:
    pace.postpone(shop.connection.pace_id, 600)
    codes = [shop.code() for _ in range(2 * abuse.FAILURES_PER_ADDRESS.count)]
    for code in codes:
        assert Client().post(home(shop), {"code": code}).status_code == 302
    free_the_slot(shop)
    outbox.work(seconds=10)
    assert Lookup.objects.filter(is_unused=True).count() == len(codes)


def test_whose_guess_it_was_is_kept_unreadable(client: Client, shop: Shop) -> None:
    enter(client, shop, "999000000001")
    assert "127.0.0.1" not in Lookup.objects.get().address_hash
    assert len(Lookup.objects.get().address_hash) == 64


def test_one_failure_counts_once_however_often_its_page_is_opened(
    client: Client, shop: Shop
) -> None:
    page = enter(client, shop, "999000000001")
    for _ in range(abuse.FAILURES_PER_ADDRESS.count):
        client.get(page.request["PATH_INFO"])
    assert client.post(home(shop), {"code": "999000000002"}).status_code == 302


def test_guessing_from_many_addresses_locks_the_store(client: Client, shop: Shop) -> None:
    for _ in range(abuse.FAILURES_PER_STORE.count):
        limits.take(abuse.FAILURES_PER_STORE, str(shop.store.pk))
    assert client.post(home(shop), {"code": shop.code()}).status_code == 429
    other = connected_shop(shop.sandbox)
    assert client.post(home(other), {"code": other.code()}).status_code == 302


def test_guests_behind_one_address_are_not_locked_by_their_successes(
    client: Client, shop: Shop
) -> None:
    for _ in range(abuse.FAILURES_PER_ADDRESS.count + 2):
        guest = Client()
        assert 'name="request_key"' in enter(guest, shop, shop.code()).content.decode()


def test_even_waiting_look_ups_are_limited_per_address(client: Client, shop: Shop) -> None:
    pace.postpone(shop.connection.pace_id, 600)
    with time_machine.travel(timezone.now(), tick=False):
        answers = [
            client.post(home(shop), {"code": f"99900000{number:04d}"}).status_code
            for number in range(abuse.LOOKUPS_PER_ADDRESS.count + 1)
        ]
    assert answers == [302] * abuse.LOOKUPS_PER_ADDRESS.count + [429]
    assert arrived(shop) == []


def test_one_phone_beyond_its_limit_does_not_close_the_page_for_others(
    client: Client, shop: Shop, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(abuse, "LOOKUPS_PER_ADDRESS", limits.Limit("guest-lookups", 3, 300))
    monkeypatch.setattr(abuse, "LOOKUPS_PER_STORE", limits.Limit("guest-store-lookups", 5, 300))
    pace.postpone(shop.connection.pace_id, 600)
    # An address of its own for every request, as a phone in a mobile network may take.
    addresses = [f"2001:db8::{number:x}" for number in range(12)]
    with time_machine.travel(timezone.now(), tick=False):
        answers = [
            client.post(
                home(shop), {"code": f"99900000{number:04d}"}, REMOTE_ADDR=address
            ).status_code
            for number, address in enumerate(addresses)
        ]
        elsewhere = client.post(home(shop), {"code": shop.code()}, REMOTE_ADDR="203.0.113.9")
    assert answers == [302] * 3 + [429] * 9
    assert elsewhere.status_code == 302


def test_guesses_beyond_the_limit_of_one_phone_do_not_lock_the_store(
    client: Client, shop: Shop, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Many numbers may be waiting in line when the first of them turns out to be a guess."""
    monkeypatch.setattr(abuse, "FAILURES_PER_ADDRESS", limits.Limit("guest-failures", 2, 600))
    monkeypatch.setattr(abuse, "FAILURES_PER_STORE", limits.Limit("guest-store-failures", 4, 600))
    pace.postpone(shop.connection.pace_id, 600)
    for number in range(6):
        client.post(home(shop), {"code": f"99900000{number:04d}"})
    free_the_slot(shop)
    outbox.work(seconds=3)
    assert client.post(home(shop), {"code": shop.code()}).status_code == 429
    assert (
        client.post(home(shop), {"code": shop.code()}, REMOTE_ADDR="203.0.113.9").status_code == 302
    )


def test_a_number_entered_again_counts_once(
    client: Client, shop: Shop, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(abuse, "LOOKUPS_PER_ADDRESS", limits.Limit("guest-lookups", 1, 300))
    code = shop.code()
    assert [enter(client, shop, code).status_code for _ in range(3)] == [200] * 3
    assert client.post(home(shop), {"code": shop.code()}).status_code == 429
