"""Reading a coupon without spending it, and what a reading is good for."""

from datetime import timedelta

import pytest
from django.utils import timezone

from coupons.models import Channel, GatewayStore, Lookup, Verification
from coupons.reasons import Reason
from coupons.services import lookup_process, lookup_request, prune_lookups
from stores.models import OutboundCall
from stores.platforms import outbox
from tests.coupons.factories import Shop, seed
from tests.coupons.flows import arrived, ask_for, coupon, verify

Status = Lookup.Status


def look_up(shop: Shop, code: str, flow: str = "guest-1") -> Lookup:
    return lookup_process(
        lookup_request(store=shop.store, code=code, channel=Channel.GUEST, flow=flow), wake=False
    )


def test_a_reading_says_what_the_coupon_is_and_spends_nothing(shop: Shop) -> None:
    code = shop.code(price="49.0")
    row = look_up(shop, code)
    assert (row.status, row.is_unused, row.sku_id, str(row.price), row.code) == (
        Status.DONE,
        True,
        shop.product.sku_id,
        "49.00",
        "",
    )
    assert (coupon(shop, code)["state"], coupon(shop, code)["verifies"]) == ("unused", 0)


@pytest.mark.parametrize(
    ("state", "reason"), [("used", Reason.ALREADY_USED), ("refunded", Reason.REFUNDED)]
)
def test_a_reading_of_a_spent_coupon_has_its_reason(shop: Shop, state: str, reason: Reason) -> None:
    row = look_up(shop, shop.code(state))
    assert (row.status, row.is_unused, row.reason) == (Status.DONE, False, reason)


def test_a_reading_that_is_refused_keeps_reason_and_words(shop: Shop) -> None:
    row = look_up(shop, "234567890123")
    assert (row.status, row.reason, row.gateway_message, row.is_unused) == (
        Status.DONE,
        Reason.NOT_FOUND,
        "券码不存在",
        False,
    )


def test_a_reading_that_the_store_stands_in_the_way_of_says_nothing_of_the_coupon(
    shop: Shop,
) -> None:
    code = shop.code()
    seed(shop, codes=[], status=3)
    row = look_up(shop, code)
    assert (row.status, row.is_unused) == (Status.FAILED, None)


def test_a_verification_within_a_minute_of_the_look_up_reads_no_second_detail(shop: Shop) -> None:
    code = shop.code()
    look_up(shop, code)
    row = verify(shop, code, flow="guest-1")
    assert (row.status, row.product) == (Verification.Status.VERIFIED, shop.product)
    assert arrived(shop) == ["login", "detail", "verify"]


@pytest.mark.parametrize("why", ["old", "other flow"])
def test_an_old_or_anothers_reading_does_not_count(shop: Shop, why: str) -> None:
    code = shop.code()
    look_up(shop, code)
    if why == "old":
        Lookup.objects.update(read_at=timezone.now() - timedelta(seconds=61))
    row = verify(shop, code, flow="guest-1" if why == "old" else "guest-2")
    assert row.status == Verification.Status.VERIFIED
    assert arrived(shop) == ["login", "detail", "detail", "verify"]


def test_a_reading_shared_by_two_requests_is_verified_once(shop: Shop) -> None:
    code = shop.code()
    look_up(shop, code)
    first = ask_for(shop, code, flow="guest-1")
    assert ask_for(shop, code, flow="guest-1").pk == first.pk
    outbox.work(seconds=5)
    assert coupon(shop, code)["verifies"] == 1
    again = verify(shop, code, flow="guest-1")
    assert (again.reason, again.duplicate_of_id) == (Reason.ALREADY_USED, first.pk)


def test_a_fresh_or_open_reading_of_the_same_flow_is_returned(shop: Shop) -> None:
    code = shop.code()
    first = lookup_request(store=shop.store, code=code, channel=Channel.GUEST, flow="a")
    assert (
        lookup_request(store=shop.store, code=code, channel=Channel.GUEST, flow="a").pk == first.pk
    )
    lookup_process(first, wake=False)
    assert (
        lookup_request(store=shop.store, code=code, channel=Channel.GUEST, flow="a").pk == first.pk
    )
    assert (
        lookup_request(store=shop.store, code=code, channel=Channel.GUEST, flow="b").pk != first.pk
    )
    assert OutboundCall.objects.count() == 2


def test_no_reading_is_owed_for_a_store_that_cannot_verify(shop: Shop) -> None:
    GatewayStore.objects.update(request_count=0)
    row = look_up(shop, shop.code())
    assert (row.status, row.reason, row.code) == (Status.FAILED, Reason.QUOTA_EXHAUSTED, "")
    assert arrived(shop) == []


def test_a_reading_that_nobody_could_make_in_time_fails(shop: Shop) -> None:
    row = ask_for(shop, shop.code())
    lookup = lookup_request(
        store=shop.store, code=shop.code(), channel=Channel.GUEST, flow="guest-1"
    )
    OutboundCall.objects.update(expires_at=timezone.now())
    outbox.sweep()
    lookup.refresh_from_db()
    row.refresh_from_db()
    assert (lookup.status, lookup.reason, lookup.code) == (Status.FAILED, Reason.PLATFORM_DOWN, "")
    assert (row.status, row.reason, row.code) == (
        Verification.Status.REFUSED,
        Reason.PLATFORM_DOWN,
        "",
    )


def test_a_verification_without_a_look_up_leaves_none_behind(shop: Shop) -> None:
    assert verify(shop, shop.code()).status == Verification.Status.VERIFIED
    assert not Lookup.objects.exists()


def test_old_readings_are_pruned_and_verifications_keep_what_they_took(shop: Shop) -> None:
    code = shop.code()
    look_up(shop, code)
    row = verify(shop, code, flow="guest-1")
    waiting = lookup_request(store=shop.store, code="234567890123", channel=Channel.GUEST, flow="a")
    Lookup.objects.update(created_at=timezone.now() - timedelta(days=31))
    assert prune_lookups() == 1
    row.refresh_from_db()
    assert (row.status, row.product) == (Verification.Status.VERIFIED, shop.product)
    assert Lookup.objects.get().pk == waiting.pk
