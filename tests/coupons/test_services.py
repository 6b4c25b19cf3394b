"""Requests for a verification: joined, replayed, answered from the ledger, or refused before a call
is sent.
"""

import threading
from datetime import timedelta
from typing import Any

import pytest
from django.db import connection as database
from django.db import connections
from django.utils import timezone

from coupons.choices import Authorisation
from coupons.models import Channel, GatewayStore, Lookup, Verification
from coupons.reasons import Reason
from coupons.services import (
    live_call,
    lookup_request,
    place_of,
    verification_process,
    verification_request,
    verifying,
)
from coupons.services.verifying import SAME_SCAN
from stores.conflicts import KeyReused
from stores.models import Connection, IdempotencyKey, Merchant, OutboundCall, Store
from stores.platforms import outbox
from stores.roles import Role
from tests.coupons.factories import Shop, connected_shop
from tests.coupons.flows import arrived, ask_for, call_of, coupon, verify
from tests.stores.factories import StoreFactory, member

Status = Verification.Status
CODE = "234567890123"


def test_another_request_for_a_code_in_flight_joins_it(shop: Shop) -> None:
    first = verification_request(store=shop.store, code=CODE, channel=Channel.API, flow="a")
    second = verification_request(store=shop.store, code=CODE, channel=Channel.GUEST, flow="b")
    assert (first.created, second.created, second.verification.pk) == (
        True,
        False,
        first.verification.pk,
    )
    assert OutboundCall.objects.count() == 1


def test_the_same_key_gets_the_first_answer(shop: Shop) -> None:
    code = shop.code()
    first = verify(shop, code, request_key="order-1")
    before = arrived(shop)
    again = verification_request(
        store=shop.store, code=code, channel=Channel.API, flow="test", request_key="order-1"
    )
    assert (again.created, again.verification.pk, again.verification.status) == (
        False,
        first.pk,
        Status.VERIFIED,
    )
    assert arrived(shop) == before


def test_the_same_key_gets_the_first_refusal_although_the_code_may_be_asked_for_anew(
    shop: Shop,
) -> None:
    first = verify(shop, CODE, request_key="order-1")
    assert first.reason == Reason.NOT_FOUND
    again = verification_request(
        store=shop.store, code=CODE, channel=Channel.API, flow="test", request_key="order-1"
    )
    other = verification_request(
        store=shop.store, code=CODE, channel=Channel.API, flow="test", request_key="order-2"
    )
    assert again.verification.pk == first.pk
    assert (other.created, other.verification.pk != first.pk) == (True, True)


@pytest.mark.parametrize("other", ["code", "store"])
def test_a_key_used_for_something_else_is_refused_and_nothing_is_owed(
    shop: Shop, other: str
) -> None:
    ask_for(shop, CODE, request_key="order-1")
    store = StoreFactory(merchant=shop.merchant) if other == "store" else shop.store
    code = "234567890124" if other == "code" else CODE
    with pytest.raises(KeyReused):
        verification_request(
            store=store, code=code, channel=Channel.API, flow="test", request_key="order-1"
        )
    assert (Verification.objects.count(), OutboundCall.objects.count()) == (1, 1)


def test_keys_of_another_caller_are_other_keys(shop: Shop) -> None:
    ask_for(shop, CODE, request_key="order-1", flow="guest:a")
    ask_for(shop, "234567890124", request_key="order-1", flow="guest:b")
    assert IdempotencyKey.objects.count() == 2


def test_a_joined_request_remembers_its_key_too(shop: Shop) -> None:
    first = ask_for(shop, CODE, request_key="a")
    assert ask_for(shop, CODE, request_key="b").pk == first.pk
    assert ask_for(shop, CODE, request_key="b").pk == first.pk
    assert IdempotencyKey.objects.count() == 2


def test_a_code_verified_before_names_by_whom_and_when(shop: Shop) -> None:
    code, clerk = shop.code(), member(shop.merchant, Role.CLERK, shop.store, username="xiaowang")
    first = verify(shop, code, actor=clerk, channel=Channel.COUNTER)
    Verification.objects.update(settled_at=timezone.now() - timedelta(minutes=1))
    second = verify(shop, code)
    assert (second.status, second.reason, second.duplicate_of, second.code) == (
        Status.REFUSED,
        Reason.ALREADY_USED,
        first,
        "",
    )
    assert second.duplicate_of is not None
    assert second.duplicate_of.requested_by == "xiaowang"
    assert coupon(shop, code)["verifies"] == 1


def test_the_same_person_scanning_later_is_told_that_it_was_used(shop: Shop) -> None:
    code, clerk = shop.code(), member(shop.merchant, Role.CLERK, shop.store)
    first = verify(shop, code, actor=clerk, channel=Channel.COUNTER)
    Verification.objects.update(settled_at=timezone.now() - SAME_SCAN - timedelta(seconds=1))
    again = verify(shop, code, actor=clerk, channel=Channel.COUNTER)
    assert (again.reason, again.duplicate_of) == (Reason.ALREADY_USED, first)


def test_the_same_person_scanning_twice_sees_the_first_answer(shop: Shop) -> None:
    code, clerk = shop.code(), member(shop.merchant, Role.CLERK, shop.store)
    first = verify(shop, code, actor=clerk, channel=Channel.COUNTER)
    again = verify(shop, code, actor=clerk, channel=Channel.COUNTER)
    other = verify(
        shop, code, actor=member(shop.merchant, Role.CLERK, shop.store), channel=Channel.COUNTER
    )
    assert again.pk == first.pk
    assert other.reason == Reason.ALREADY_USED


def test_the_same_code_at_two_stores_is_two_verifications(shop: Shop) -> None:
    other = connected_shop(shop.sandbox)
    assert ask_for(shop, CODE).pk != ask_for(other, CODE).pk


@pytest.mark.parametrize(
    ("change", "reason"),
    [
        ({"authorisation": Authorisation.NOT_AUTHORISED}, Reason.STORE_UNAUTHORISED),
        ({"authorisation": Authorisation.EXPIRED}, Reason.AUTHORISATION_EXPIRED),
        ({"request_count": 0}, Reason.QUOTA_EXHAUSTED),
    ],
)
def test_no_call_is_owed_that_would_surely_fail(
    shop: Shop, change: dict[str, Any], reason: Reason
) -> None:
    GatewayStore.objects.update(**change)
    row = verify(shop, CODE)
    assert (row.status, row.reason, row.code) == (Status.REFUSED, reason, "")
    assert not OutboundCall.objects.exists()
    assert arrived(shop) == []


def test_a_store_that_is_missing_in_the_list_is_still_tried(shop: Shop) -> None:
    GatewayStore.objects.update(vanished_at=timezone.now())
    assert verify(shop, shop.code()).status == Status.VERIFIED


def test_a_store_without_gateway_or_with_a_refused_login_is_not_authorised(shop: Shop) -> None:
    Connection.objects.update(state=Connection.State.REFUSED)
    assert verify(shop, CODE).reason == Reason.STORE_UNAUTHORISED
    store = StoreFactory()
    lonely = verification_request(
        store=store, code=CODE, channel=Channel.API, flow="x"
    ).verification
    assert lonely.reason == Reason.STORE_UNAUTHORISED


@pytest.mark.parametrize("change", [{"request_count": 0}, {"authorisation": Authorisation.EXPIRED}])
def test_a_store_that_closes_while_a_request_waits_gets_no_call_in_vain(
    shop: Shop, change: dict[str, Any]
) -> None:
    code = shop.code()
    row = ask_for(shop, code)
    GatewayStore.objects.update(**change)
    outbox.work(seconds=5)
    row.refresh_from_db()
    assert (row.status, row.reason in (Reason.QUOTA_EXHAUSTED, Reason.AUTHORISATION_EXPIRED)) == (
        Status.REFUSED,
        True,
    )
    assert row.gateway_message == ""
    assert arrived(shop) == []


@pytest.mark.parametrize("off", [Connection, Merchant, Store])
@pytest.mark.parametrize("step", ["coupon.lookup", "coupon.detail", "coupon.verify"])
def test_what_is_switched_off_while_a_request_waits_spends_nothing_more(
    shop: Shop, off: type[Connection | Merchant | Store], step: str
) -> None:
    code = shop.code()
    if step == "coupon.lookup":
        lookup = lookup_request(store=shop.store, code=code, channel=Channel.API, flow="x")
    else:
        row = ask_for(shop, code, channel=Channel.BATCH)
    if step == "coupon.verify":
        assert outbox.attempt_now(OutboundCall.objects.get(), patience=1.0)
    before = arrived(shop)
    off.objects.update(is_active=False)
    outbox.work(seconds=5)
    settled: Lookup | Verification = lookup if step == "coupon.lookup" else row
    settled.refresh_from_db()
    assert (settled.reason, settled.code, arrived(shop)) == (Reason.STORE_UNAUTHORISED, "", before)
    # Switched on again, the store verifies at once: the gateway has said nothing against it.
    off.objects.update(is_active=True)
    assert verify(shop, code).status == Status.VERIFIED


def test_the_full_code_is_kept_only_while_it_may_be_sent(shop: Shop) -> None:
    good, bad = shop.code(), shop.code("expired")
    rows = [ask_for(shop, good), ask_for(shop, bad)]
    assert [row.code for row in rows] == [good, bad]
    outbox.work(seconds=10)
    for row in rows:
        row.refresh_from_db()
        assert (row.status in Verification.FINAL, row.code) == (True, "")


def test_a_product_that_is_not_in_the_list_is_verified_and_marked(shop: Shop) -> None:
    code = shop.code(sku_id="999", detail_name="新品[9.90元][999]", price="9.9")
    row = verify(shop, code)
    assert (row.status, row.unmapped, row.product, row.reason) == (
        Status.VERIFIED,
        True,
        None,
        Reason.SKU_UNMAPPED,
    )
    assert (row.sku_id, str(row.value)) == ("999", "9.90")


@pytest.mark.parametrize("edition", [1, 2])
def test_the_product_is_found_by_sku_although_names_differ(shop: Shop, edition: int) -> None:
    shop.sandbox.platform("umember").configure(edition=edition)
    row = verify(shop, shop.code(detail_name="另一个名字[49.00元]", price="45.5"))
    assert (row.status, row.product, row.unmapped, row.sku_name) == (
        Status.VERIFIED,
        shop.product,
        False,
        "另一个名字[49.00元]",
    )
    assert str(row.value) == {1: "49.00", 2: "45.50"}[edition]
    assert len(row.order_id) == 19


def test_a_code_of_another_store_is_refused_and_not_touched(shop: Shop) -> None:
    other = connected_shop(shop.sandbox)
    code = other.code()
    row = verify(shop, code)
    assert (row.status, row.reason, row.gateway_message) == (
        Status.REFUSED,
        Reason.WRONG_STORE,
        "该券码非本门店可用",
    )
    assert (coupon(shop, code)["verifies"], coupon(shop, code)["state"]) == (0, "unused")


@pytest.mark.parametrize("form", ["data", "envelope"])
def test_a_refusal_at_the_second_step_keeps_the_gateways_words(shop: Shop, form: str) -> None:
    shop.sandbox.platform("umember").configure(refuse_in=form)
    row = verify(shop, shop.code("not_on_this_day"))
    assert (row.status, row.reason, row.gateway_message) == (
        Status.REFUSED,
        Reason.NOT_ON_THIS_DAY,
        "该券码今日不可用",
    )


def test_quota_that_runs_out_blocks_the_store_for_all_that_follow(shop: Shop) -> None:
    codes = [shop.code() for _ in range(5)]
    shop.sandbox.platform("umember").control(
        f"stores/{shop.gateway.remote_id}", {"request_count": 2}
    )
    rows = [ask_for(shop, code) for code in codes]
    outbox.work(seconds=10)
    for row in rows:
        row.refresh_from_db()
    assert [row.status for row in rows] == [Status.VERIFIED] * 2 + [Status.REFUSED] * 3
    assert {row.reason for row in rows[2:]} == {Reason.QUOTA_EXHAUSTED}
    assert len(arrived(shop, "verify")) == 3
    assert GatewayStore.objects.get().request_count == 0
    before = arrived(shop)
    assert verify(shop, shop.code()).reason == Reason.QUOTA_EXHAUSTED
    assert arrived(shop) == before


def test_an_authorisation_that_lapses_midway_blocks_the_store(shop: Shop) -> None:
    verify(shop, shop.code())
    shop.sandbox.platform("umember").control(f"stores/{shop.gateway.remote_id}", {"status": 3})
    row = verify(shop, shop.code())
    assert (row.status, row.reason) == (Status.REFUSED, Reason.AUTHORISATION_EXPIRED)
    assert GatewayStore.objects.get().authorisation == Authorisation.EXPIRED


def test_many_refusals_of_a_closed_store_ring_for_one_sync(
    shop: Shop, monkeypatch: pytest.MonkeyPatch
) -> None:
    from stores.platforms.workers import queue

    rings: list[str] = []
    monkeypatch.setattr(queue, "wake_worker", lambda task, pk: rings.append(task))
    shop.sandbox.platform("umember").configure(spends=["detail", "verify"])
    shop.sandbox.platform("umember").control(
        f"stores/{shop.gateway.remote_id}", {"request_count": 0}
    )
    for _ in range(3):
        ask_for(shop, shop.code())
    outbox.work(seconds=10)
    assert rings.count("coupons.tasks.sync_stores") == 1


def test_a_waiting_request_knows_its_place(shop: Shop) -> None:
    first, second = ask_for(shop, CODE), ask_for(shop, "234567890124")
    places = [place_of(first), place_of(second)]
    assert [place and place.position for place in places] == [1, 2]
    call = live_call(first)
    assert call is not None
    assert call.operation == "coupon.detail"
    outbox.work(seconds=5)
    first.refresh_from_db()
    assert (live_call(first), place_of(first)) == (None, None)


def test_a_guest_that_gave_up_waiting_is_not_verified_hours_later(shop: Shop) -> None:
    code = shop.code()
    row = ask_for(shop, code, channel=Channel.GUEST)
    OutboundCall.objects.update(expires_at=timezone.now() - timedelta(hours=1))
    outbox.work(seconds=3)
    row.refresh_from_db()
    assert (row.status, row.reason) == (Status.REFUSED, Reason.PLATFORM_DOWN)
    assert arrived(shop) == []


def test_what_we_refuse_ourselves_is_settled_when_it_is_created(shop: Shop) -> None:
    GatewayStore.objects.update(request_count=0)
    row = ask_for(shop, CODE)
    assert (row.status, row.settled_at) == (Status.REFUSED, row.created_at)


def test_a_batch_waits_for_people(shop: Shop) -> None:
    batch = [ask_for(shop, shop.code(), channel=Channel.BATCH) for _ in range(3)]
    guest = ask_for(shop, shop.code(), channel=Channel.GUEST)
    verification_process(guest, wait=10)
    assert guest.status == Status.VERIFIED
    assert [
        row.status for row in Verification.objects.filter(pk__in=[row.pk for row in batch])
    ] == [Status.QUEUED] * 3


def test_a_verification_settled_meanwhile_is_returned_as_it_is(shop: Shop) -> None:
    row = ask_for(shop, CODE)
    Verification.objects.update(status=Status.REFUSED, reason=Reason.REFUSED_OTHER, code="")
    OutboundCall.objects.update(state=OutboundCall.State.DONE)
    assert verification_process(row).status in Verification.LIVE + Verification.FINAL
    row.refresh_from_db()
    assert row.status == Status.REFUSED


def test_a_verify_belongs_to_the_same_line_as_its_detail(shop: Shop) -> None:
    row = ask_for(shop, shop.code())
    detail = OutboundCall.objects.get()
    assert outbox.attempt_now(detail, patience=1.0)
    spend = call_of(row)
    assert (spend.queued_at, spend.lane) == (row.created_at, detail.lane)
    assert abs(spend.expires_at - detail.expires_at) < timedelta(seconds=1)


@pytest.mark.parametrize("keyed", [True, False])
def test_a_twin_that_was_faster_between_look_and_insert_is_joined(
    shop: Shop, monkeypatch: pytest.MonkeyPatch, keyed: bool
) -> None:
    real, twins, key = verifying._create, list[Verification](), "order-1" if keyed else ""
    rivals: list[threading.Thread] = []

    def rival() -> None:
        twins.append(ask_for(shop, CODE, request_key=key))
        connections.close_all()

    def beaten(*args: Any) -> verifying.Requested:
        if not rivals:
            rivals.append(threading.Thread(target=rival))
            rivals[0].start()
            # On SQLite our own transaction keeps the twin waiting, so it can only come after us.
            rivals[0].join(timeout=None if database.vendor == "postgresql" else 0.1)
        return real(*args)

    monkeypatch.setattr(verifying, "_create", beaten)
    mine = ask_for(shop, CODE, request_key=key)
    rivals[0].join()
    assert twins == [mine]
    assert (Verification.objects.count(), OutboundCall.objects.count()) == (1, 1)
    assert IdempotencyKey.objects.count() == int(keyed)
