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
from stores.conflicts import KeyReused
from stores.models import Connection, IdempotencyKey, Merchant, OutboundCall, Store
from stores.platforms import outbox
from stores.roles import Role
from tests.coupons.factories import Shop, connected_shop
from tests.coupons.flows import arrived, ask_for, call_of, coupon, verify
from tests.stores.factories import StoreFactory, member

Status = Verification.Status
CODE = "234567890123"


def test_another_request_for_a_code_in_flight_joins_it(quick: Shop) -> None:
    first = verification_request(store=quick.store, code=CODE, channel=Channel.API, flow="a")
    second = verification_request(store=quick.store, code=CODE, channel=Channel.GUEST, flow="b")
    assert (first.created, second.created, second.verification.pk) == (
        True,
        False,
        first.verification.pk,
    )
    assert OutboundCall.objects.count() == 1


def test_the_same_key_gets_the_first_answer(quick: Shop) -> None:
    code = quick.code()
    first = verify(quick, code, request_key="order-1")
    before = arrived(quick)
    again = verification_request(
        store=quick.store, code=code, channel=Channel.API, flow="test", request_key="order-1"
    )
    assert (again.created, again.verification.pk, again.verification.status) == (
        False,
        first.pk,
        Status.VERIFIED,
    )
    assert arrived(quick) == before


def test_the_same_key_gets_the_first_refusal_although_the_code_may_be_asked_for_anew(
    quick: Shop,
) -> None:
    first = verify(quick, CODE, request_key="order-1")
    assert first.reason == Reason.NOT_FOUND
    again = verification_request(
        store=quick.store, code=CODE, channel=Channel.API, flow="test", request_key="order-1"
    )
    other = verification_request(
        store=quick.store, code=CODE, channel=Channel.API, flow="test", request_key="order-2"
    )
    assert again.verification.pk == first.pk
    assert (other.created, other.verification.pk != first.pk) == (True, True)


@pytest.mark.parametrize("other", ["code", "store"])
def test_a_key_used_for_something_else_is_refused_and_nothing_is_owed(
    quick: Shop, other: str
) -> None:
    ask_for(quick, CODE, request_key="order-1")
    store = StoreFactory(merchant=quick.merchant) if other == "store" else quick.store
    code = "234567890124" if other == "code" else CODE
    with pytest.raises(KeyReused):
        verification_request(
            store=store, code=code, channel=Channel.API, flow="test", request_key="order-1"
        )
    assert (Verification.objects.count(), OutboundCall.objects.count()) == (1, 1)


def test_keys_of_another_caller_are_other_keys(quick: Shop) -> None:
    ask_for(quick, CODE, request_key="order-1", flow="guest:a")
    ask_for(quick, "234567890124", request_key="order-1", flow="guest:b")
    assert IdempotencyKey.objects.count() == 2


def test_a_joined_request_remembers_its_key_too(quick: Shop) -> None:
    first = ask_for(quick, CODE, request_key="a")
    assert ask_for(quick, CODE, request_key="b").pk == first.pk
    assert ask_for(quick, CODE, request_key="b").pk == first.pk
    assert IdempotencyKey.objects.count() == 2


def test_a_code_verified_before_names_by_whom_and_when(quick: Shop) -> None:
    code, clerk = quick.code(), member(quick.merchant, Role.CLERK, quick.store, username="xiaowang")
    first = verify(quick, code, actor=clerk, channel=Channel.COUNTER)
    Verification.objects.update(settled_at=timezone.now() - timedelta(minutes=1))
    second = verify(quick, code)
    assert (second.status, second.reason, second.duplicate_of, second.code) == (
        Status.REFUSED,
        Reason.ALREADY_USED,
        first,
        "",
    )
    assert second.duplicate_of is not None
    assert second.duplicate_of.requested_by == "xiaowang"
    assert coupon(quick, code)["verifies"] == 1


def test_the_same_person_scanning_twice_sees_the_first_answer(quick: Shop) -> None:
    code, clerk = quick.code(), member(quick.merchant, Role.CLERK, quick.store)
    first = verify(quick, code, actor=clerk, channel=Channel.COUNTER)
    again = verify(quick, code, actor=clerk, channel=Channel.COUNTER)
    other = verify(
        quick, code, actor=member(quick.merchant, Role.CLERK, quick.store), channel=Channel.COUNTER
    )
    assert again.pk == first.pk
    assert other.reason == Reason.ALREADY_USED


def test_the_same_code_at_two_stores_is_two_verifications(quick: Shop) -> None:
    other = connected_shop(quick.sandbox)
    assert ask_for(quick, CODE).pk != ask_for(other, CODE).pk


@pytest.mark.parametrize(
    ("change", "reason"),
    [
        ({"authorisation": Authorisation.NOT_AUTHORISED}, Reason.STORE_UNAUTHORISED),
        ({"authorisation": Authorisation.EXPIRED}, Reason.AUTHORISATION_EXPIRED),
        ({"request_count": 0}, Reason.QUOTA_EXHAUSTED),
    ],
)
def test_no_call_is_owed_that_would_surely_fail(
    quick: Shop, change: dict[str, Any], reason: Reason
) -> None:
    GatewayStore.objects.update(**change)
    row = verify(quick, CODE)
    assert (row.status, row.reason, row.code) == (Status.REFUSED, reason, "")
    assert not OutboundCall.objects.exists()
    assert arrived(quick) == []


def test_a_store_that_is_missing_in_the_list_is_still_tried(quick: Shop) -> None:
    GatewayStore.objects.update(vanished_at=timezone.now())
    assert verify(quick, quick.code()).status == Status.VERIFIED


def test_a_store_without_gateway_or_with_a_refused_login_is_not_authorised(quick: Shop) -> None:
    Connection.objects.update(state=Connection.State.REFUSED)
    assert verify(quick, CODE).reason == Reason.STORE_UNAUTHORISED
    store = StoreFactory()
    lonely = verification_request(
        store=store, code=CODE, channel=Channel.API, flow="x"
    ).verification
    assert lonely.reason == Reason.STORE_UNAUTHORISED


@pytest.mark.parametrize("change", [{"request_count": 0}, {"authorisation": Authorisation.EXPIRED}])
def test_a_store_that_closes_while_a_request_waits_gets_no_call_in_vain(
    quick: Shop, change: dict[str, Any]
) -> None:
    code = quick.code()
    row = ask_for(quick, code)
    GatewayStore.objects.update(**change)
    outbox.work(seconds=5)
    row.refresh_from_db()
    assert (row.status, row.reason in (Reason.QUOTA_EXHAUSTED, Reason.AUTHORISATION_EXPIRED)) == (
        Status.REFUSED,
        True,
    )
    assert row.gateway_message == ""
    assert arrived(quick) == []


@pytest.mark.parametrize("off", [Connection, Merchant, Store])
@pytest.mark.parametrize("step", ["coupon.lookup", "coupon.detail", "coupon.verify"])
def test_what_is_switched_off_while_a_request_waits_spends_nothing_more(
    quick: Shop, off: type[Connection | Merchant | Store], step: str
) -> None:
    code = quick.code()
    if step == "coupon.lookup":
        lookup = lookup_request(store=quick.store, code=code, channel=Channel.API, flow="x")
    else:
        row = ask_for(quick, code, channel=Channel.BATCH)
    if step == "coupon.verify":
        assert outbox.attempt_now(OutboundCall.objects.get(), patience=1.0)
    before = arrived(quick)
    off.objects.update(is_active=False)
    outbox.work(seconds=5)
    settled: Lookup | Verification = lookup if step == "coupon.lookup" else row
    settled.refresh_from_db()
    assert (settled.reason, settled.code, arrived(quick)) == (Reason.STORE_UNAUTHORISED, "", before)
    # Switched on again, the store verifies at once: the gateway has said nothing against it.
    off.objects.update(is_active=True)
    assert verify(quick, code).status == Status.VERIFIED


def test_the_full_code_is_kept_only_while_it_may_be_sent(quick: Shop) -> None:
    good, bad = quick.code(), quick.code("expired")
    rows = [ask_for(quick, good), ask_for(quick, bad)]
    assert [row.code for row in rows] == [good, bad]
    outbox.work(seconds=10)
    for row in rows:
        row.refresh_from_db()
        assert (row.status in Verification.FINAL, row.code) == (True, "")


def test_a_product_that_is_not_in_the_list_is_verified_and_marked(quick: Shop) -> None:
    code = quick.code(sku_id="999", detail_name="新品[9.90元][999]", price="9.9")
    row = verify(quick, code)
    assert (row.status, row.unmapped, row.product, row.reason) == (
        Status.VERIFIED,
        True,
        None,
        Reason.SKU_UNMAPPED,
    )
    assert (row.sku_id, str(row.value)) == ("999", "9.90")


@pytest.mark.parametrize("edition", [1, 2])
def test_the_product_is_found_by_sku_although_names_differ(quick: Shop, edition: int) -> None:
    quick.sandbox.platform("umember").configure(edition=edition)
    row = verify(quick, quick.code(detail_name="另一个名字[49.00元]", price="45.5"))
    assert (row.status, row.product, row.unmapped, row.sku_name) == (
        Status.VERIFIED,
        quick.product,
        False,
        "另一个名字[49.00元]",
    )
    assert str(row.value) == {1: "49.00", 2: "45.50"}[edition]
    assert len(row.order_id) == 19


def test_a_code_of_another_store_is_refused_and_not_touched(quick: Shop) -> None:
    other = connected_shop(quick.sandbox)
    code = other.code()
    row = verify(quick, code)
    assert (row.status, row.reason, row.gateway_message) == (
        Status.REFUSED,
        Reason.WRONG_STORE,
        "该券码非本门店可用",
    )
    assert (coupon(quick, code)["verifies"], coupon(quick, code)["state"]) == (0, "unused")


@pytest.mark.parametrize("form", ["data", "envelope"])
def test_a_refusal_at_the_second_step_keeps_the_gateways_words(quick: Shop, form: str) -> None:
    quick.sandbox.platform("umember").configure(refuse_in=form)
    row = verify(quick, quick.code("not_on_this_day"))
    assert (row.status, row.reason, row.gateway_message) == (
        Status.REFUSED,
        Reason.NOT_ON_THIS_DAY,
        "该券码今日不可用",
    )


def test_quota_that_runs_out_blocks_the_store_for_all_that_follow(quick: Shop) -> None:
    codes = [quick.code() for _ in range(5)]
    quick.sandbox.platform("umember").control(
        f"stores/{quick.gateway.remote_id}", {"request_count": 2}
    )
    rows = [ask_for(quick, code) for code in codes]
    outbox.work(seconds=10)
    for row in rows:
        row.refresh_from_db()
    assert [row.status for row in rows] == [Status.VERIFIED] * 2 + [Status.REFUSED] * 3
    assert {row.reason for row in rows[2:]} == {Reason.QUOTA_EXHAUSTED}
    assert len(arrived(quick, "verify")) == 3
    assert GatewayStore.objects.get().request_count == 0
    before = arrived(quick)
    assert verify(quick, quick.code()).reason == Reason.QUOTA_EXHAUSTED
    assert arrived(quick) == before


def test_an_authorisation_that_lapses_midway_blocks_the_store(quick: Shop) -> None:
    verify(quick, quick.code())
    quick.sandbox.platform("umember").control(f"stores/{quick.gateway.remote_id}", {"status": 3})
    row = verify(quick, quick.code())
    assert (row.status, row.reason) == (Status.REFUSED, Reason.AUTHORISATION_EXPIRED)
    assert GatewayStore.objects.get().authorisation == Authorisation.EXPIRED


def test_many_refusals_of_a_closed_store_ring_for_one_sync(
    quick: Shop, monkeypatch: pytest.MonkeyPatch
) -> None:
    from stores.platforms.workers import queue

    rings: list[str] = []
    monkeypatch.setattr(queue, "wake_worker", lambda task, pk: rings.append(task))
    quick.sandbox.platform("umember").configure(spends=["detail", "verify"])
    quick.sandbox.platform("umember").control(
        f"stores/{quick.gateway.remote_id}", {"request_count": 0}
    )
    for _ in range(3):
        ask_for(quick, quick.code())
    outbox.work(seconds=10)
    assert rings.count("coupons.tasks.sync_stores") == 1


def test_a_waiting_request_knows_its_place(quick: Shop) -> None:
    first, second = ask_for(quick, CODE), ask_for(quick, "234567890124")
    places = [place_of(first), place_of(second)]
    assert [place and place.position for place in places] == [1, 2]
    call = live_call(first)
    assert call is not None
    assert call.operation == "coupon.detail"
    outbox.work(seconds=5)
    first.refresh_from_db()
    assert (live_call(first), place_of(first)) == (None, None)


def test_a_guest_that_gave_up_waiting_is_not_verified_hours_later(quick: Shop) -> None:
    code = quick.code()
    row = ask_for(quick, code, channel=Channel.GUEST)
    OutboundCall.objects.update(expires_at=timezone.now() - timedelta(hours=1))
    outbox.work(seconds=3)
    row.refresh_from_db()
    assert (row.status, row.reason) == (Status.REFUSED, Reason.PLATFORM_DOWN)
    assert arrived(quick) == []


def test_what_we_refuse_ourselves_is_settled_when_it_is_created(quick: Shop) -> None:
    GatewayStore.objects.update(request_count=0)
    row = ask_for(quick, CODE)
    assert (row.status, row.settled_at) == (Status.REFUSED, row.created_at)


def test_a_batch_waits_for_people(quick: Shop) -> None:
    batch = [ask_for(quick, quick.code(), channel=Channel.BATCH) for _ in range(3)]
    guest = ask_for(quick, quick.code(), channel=Channel.GUEST)
    verification_process(guest, wait=10)
    assert guest.status == Status.VERIFIED
    assert [
        row.status for row in Verification.objects.filter(pk__in=[row.pk for row in batch])
    ] == [Status.QUEUED] * 3


def test_a_verification_settled_meanwhile_is_returned_as_it_is(quick: Shop) -> None:
    row = ask_for(quick, CODE)
    Verification.objects.update(status=Status.REFUSED, reason=Reason.REFUSED_OTHER, code="")
    OutboundCall.objects.update(state=OutboundCall.State.DONE)
    assert verification_process(row).status in Verification.LIVE + Verification.FINAL
    row.refresh_from_db()
    assert row.status == Status.REFUSED


def test_a_verify_belongs_to_the_same_line_as_its_detail(quick: Shop) -> None:
    row = ask_for(quick, quick.code())
    detail = OutboundCall.objects.get()
    assert outbox.attempt_now(detail, patience=1.0)
    spend = call_of(row)
    assert (spend.queued_at, spend.lane) == (row.created_at, detail.lane)
    assert abs(spend.expires_at - detail.expires_at) < timedelta(seconds=1)


@pytest.mark.parametrize("keyed", [True, False])
def test_a_twin_that_was_faster_between_look_and_insert_is_joined(
    quick: Shop, monkeypatch: pytest.MonkeyPatch, keyed: bool
) -> None:
    real, twins, key = verifying._create, list[Verification](), "order-1" if keyed else ""
    rivals: list[threading.Thread] = []

    def rival() -> None:
        twins.append(ask_for(quick, CODE, request_key=key))
        connections.close_all()

    def beaten(*args: Any) -> verifying.Requested:
        if not rivals:
            rivals.append(threading.Thread(target=rival))
            rivals[0].start()
            # On SQLite our own transaction keeps the twin waiting, so it can only come after us.
            rivals[0].join(timeout=None if database.vendor == "postgresql" else 0.1)
        return real(*args)

    monkeypatch.setattr(verifying, "_create", beaten)
    mine = ask_for(quick, CODE, request_key=key)
    rivals[0].join()
    assert twins == [mine]
    assert (Verification.objects.count(), OutboundCall.objects.count()) == (1, 1)
    assert IdempotencyKey.objects.count() == int(keyed)
