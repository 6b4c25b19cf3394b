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


def test_a_reading_says_what_the_coupon_is_and_spends_nothing(quick: Shop) -> None:
    code = quick.code(price="49.0")
    row = look_up(quick, code)
    assert (row.status, row.is_unused, row.sku_id, str(row.price), row.code) == (
        Status.DONE,
        True,
        quick.product.sku_id,
        "49.00",
        "",
    )
    assert (coupon(quick, code)["state"], coupon(quick, code)["verifies"]) == ("unused", 0)


@pytest.mark.parametrize(
    ("state", "reason"), [("used", Reason.ALREADY_USED), ("refunded", Reason.REFUNDED)]
)
def test_a_reading_of_a_spent_coupon_has_its_reason(
    quick: Shop, state: str, reason: Reason
) -> None:
    row = look_up(quick, quick.code(state))
    assert (row.status, row.is_unused, row.reason) == (Status.DONE, False, reason)


def test_a_reading_that_is_refused_keeps_reason_and_words(quick: Shop) -> None:
    row = look_up(quick, "234567890123")
    assert (row.status, row.reason, row.gateway_message, row.is_unused) == (
        Status.DONE,
        Reason.NOT_FOUND,
        "券码不存在",
        False,
    )


def test_a_reading_that_the_store_stands_in_the_way_of_says_nothing_of_the_coupon(
    quick: Shop,
) -> None:
    code = quick.code()
    seed(quick, codes=[], status=3)
    row = look_up(quick, code)
    assert (row.status, row.is_unused) == (Status.FAILED, None)


def test_a_verification_within_a_minute_of_the_look_up_reads_no_second_detail(quick: Shop) -> None:
    code = quick.code()
    look_up(quick, code)
    row = verify(quick, code, flow="guest-1")
    assert (row.status, row.product) == (Verification.Status.VERIFIED, quick.product)
    assert arrived(quick) == ["login", "detail", "verify"]


@pytest.mark.parametrize("why", ["old", "other flow"])
def test_an_old_or_anothers_reading_does_not_count(quick: Shop, why: str) -> None:
    code = quick.code()
    look_up(quick, code)
    if why == "old":
        Lookup.objects.update(read_at=timezone.now() - timedelta(seconds=61))
    row = verify(quick, code, flow="guest-1" if why == "old" else "guest-2")
    assert row.status == Verification.Status.VERIFIED
    assert arrived(quick) == ["login", "detail", "detail", "verify"]


def test_a_reading_shared_by_two_requests_is_verified_once(quick: Shop) -> None:
    code = quick.code()
    look_up(quick, code)
    first = ask_for(quick, code, flow="guest-1")
    assert ask_for(quick, code, flow="guest-1").pk == first.pk
    outbox.work(seconds=5)
    assert coupon(quick, code)["verifies"] == 1
    again = verify(quick, code, flow="guest-1")
    assert (again.reason, again.duplicate_of_id) == (Reason.ALREADY_USED, first.pk)


def test_a_fresh_or_open_reading_of_the_same_flow_is_returned(quick: Shop) -> None:
    code = quick.code()
    first = lookup_request(store=quick.store, code=code, channel=Channel.GUEST, flow="a")
    assert (
        lookup_request(store=quick.store, code=code, channel=Channel.GUEST, flow="a").pk == first.pk
    )
    lookup_process(first, wake=False)
    assert (
        lookup_request(store=quick.store, code=code, channel=Channel.GUEST, flow="a").pk == first.pk
    )
    assert (
        lookup_request(store=quick.store, code=code, channel=Channel.GUEST, flow="b").pk != first.pk
    )
    assert OutboundCall.objects.count() == 2


def test_no_reading_is_owed_for_a_store_that_cannot_verify(quick: Shop) -> None:
    GatewayStore.objects.update(request_count=0)
    row = look_up(quick, quick.code())
    assert (row.status, row.reason, row.code) == (Status.FAILED, Reason.QUOTA_EXHAUSTED, "")
    assert arrived(quick) == []


def test_a_reading_that_nobody_could_make_in_time_fails(quick: Shop) -> None:
    row = ask_for(quick, quick.code())
    lookup = lookup_request(
        store=quick.store, code=quick.code(), channel=Channel.GUEST, flow="guest-1"
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


def test_a_verification_without_a_look_up_leaves_none_behind(quick: Shop) -> None:
    assert verify(quick, quick.code()).status == Verification.Status.VERIFIED
    assert not Lookup.objects.exists()


def test_old_readings_are_pruned_and_verifications_keep_what_they_took(quick: Shop) -> None:
    code = quick.code()
    look_up(quick, code)
    row = verify(quick, code, flow="guest-1")
    waiting = lookup_request(
        store=quick.store, code="234567890123", channel=Channel.GUEST, flow="a"
    )
    Lookup.objects.update(created_at=timezone.now() - timedelta(days=31))
    assert prune_lookups() == 1
    row.refresh_from_db()
    assert (row.status, row.product) == (Verification.Status.VERIFIED, quick.product)
    assert Lookup.objects.get().pk == waiting.pk
