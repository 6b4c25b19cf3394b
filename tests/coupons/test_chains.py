"""A coupon that is valid at several stores of a chain is spent once: by whichever store it was."""

from typing import Any

import pytest
from django.db import connection as database
from django.test.utils import CaptureQueriesContext
from django.utils import timezone

from coupons.counter import scan_result_of
from coupons.models import Channel, Verification
from coupons.reasons import Reason
from coupons.services import verification_ask, verification_request
from stores.models import OutboundCall
from stores.platforms import outbox
from stores.roles import Role
from stores.tenancy import access_of
from stores.transitions import move
from tests.api import api_of
from tests.coupons.factories import Shop, VerificationFactory, connected_shop
from tests.coupons.flows import arrived, ask_for, call_of, coupon, lose_answer, verify
from tests.plans import without_reading_whole_tables
from tests.stores.factories import StoreFactory, member

Status = Verification.Status


@pytest.fixture
def sister(shop: Shop) -> Shop:
    """Returns another store of the same merchant."""
    return connected_shop(shop.sandbox, merchant=shop.merchant)


def lost_at(shop: Shop, sister: Shop) -> Verification:
    """Returns a verification whose verify was lost before it was applied, of a coupon that the
    sister store accepts too.
    """
    row = lose_answer(shop, applied=False, also_at=[sister.gateway.remote_id])
    OutboundCall.objects.filter(pk=call_of(row).pk).update(due_at=timezone.now())
    return row


def try_once(row: Verification) -> Verification:
    assert outbox.attempt_now(call_of(row), patience=1.0)
    row.refresh_from_db()
    return row


def test_a_coupon_used_at_another_store_is_not_counted_for_a_lost_try(
    shop: Shop, sister: Shop
) -> None:
    row = lost_at(shop, sister)
    first = verify(sister, shop.codes[0])
    outbox.work(seconds=5)
    row.refresh_from_db()
    assert (first.status, row.status, row.reason, row.duplicate_of) == (
        Status.VERIFIED,
        Status.REFUSED,
        Reason.ALREADY_USED,
        first,
    )
    assert coupon(shop, shop.codes[0])["applied"] == 1


def test_a_second_try_that_is_refused_as_used_elsewhere_is_no_verification(
    shop: Shop, sister: Shop
) -> None:
    """The question still said unused; then the other store was faster."""
    row = try_once(lost_at(shop, sister))
    assert row.status == Status.QUEUED
    first = verify(sister, shop.codes[0])
    outbox.work(seconds=5)
    row.refresh_from_db()
    assert (row.status, row.reason, row.duplicate_of, row.gateway_message) == (
        Status.REFUSED,
        Reason.ALREADY_USED,
        first,
        "该券码已使用",
    )


@pytest.mark.parametrize("step", ["ask", "send"])
def test_two_stores_that_both_lost_their_answer_are_put_before_a_person(
    shop: Shop, sister: Shop, step: str
) -> None:
    row = lost_at(shop, sister)
    if step == "send":
        try_once(row)
    theirs = ask_for(sister, shop.codes[0])
    move(theirs, Status.SENDING)
    move(theirs, Status.UNKNOWN)
    shop.sandbox.platform("umember").control(f"codes/{shop.codes[0]}", {"state": "used"})
    try_once(row)
    assert (row.status, row.needs_person, call_of(row).state) == (
        Status.UNKNOWN,
        True,
        OutboundCall.State.DEAD,
    )
    move(theirs, Status.VERIFIED)
    verification_ask(verification=row, actor=None)
    assert (try_once(row).status, row.duplicate_of) == (Status.REFUSED, theirs)


def test_a_try_that_another_store_makes_right_now_is_waited_for(shop: Shop, sister: Shop) -> None:
    row = lost_at(shop, sister)
    theirs = ask_for(sister, shop.codes[0])
    move(theirs, Status.SENDING)
    shop.sandbox.platform("umember").control(f"codes/{shop.codes[0]}", {"state": "used"})
    try_once(row)
    assert (row.status, row.needs_person, call_of(row).state) == (
        Status.UNKNOWN,
        False,
        OutboundCall.State.UNKNOWN,
    )


@pytest.mark.parametrize("theirs", ["queued", "refused", "of another merchant"])
def test_what_was_surely_not_executed_elsewhere_is_no_rival(
    shop: Shop, sister: Shop, theirs: str
) -> None:
    row = lost_at(shop, sister)
    if theirs == "queued":
        ask_for(sister, shop.codes[0])
    else:
        store = sister.store if theirs == "refused" else StoreFactory()
        status = Status.REFUSED if theirs == "refused" else Status.VERIFIED
        VerificationFactory(store=store, code_hash=row.code_hash, status=status)
    shop.sandbox.platform("umember").control(f"codes/{shop.codes[0]}", {"state": "used"})
    assert (try_once(row).status, row.inferred) == (Status.VERIFIED, True)


def test_a_code_verified_at_another_store_is_refused_without_a_call(
    shop: Shop, sister: Shop
) -> None:
    code = shop.code(also_at=[sister.gateway.remote_id])
    first = verify(shop, code)
    before = arrived(shop)
    again = verify(sister, code)
    assert (again.status, again.reason, again.duplicate_of) == (
        Status.REFUSED,
        Reason.ALREADY_USED,
        first,
    )
    # The other store's deal and order are not this one's to read.
    assert (again.product, again.sku_name, again.order_id) == (None, "", "")
    assert arrived(shop) == before


def test_a_code_of_another_merchant_is_nobodys_business(shop: Shop) -> None:
    stranger = connected_shop(shop.sandbox)
    code = shop.code()
    verify(shop, code)
    assert ask_for(stranger, code).status == Status.QUEUED


def test_a_code_that_another_merchant_verified_tells_nothing_of_that_merchant(
    shop: Shop, in_english: None
) -> None:
    stranger = connected_shop(shop.sandbox)
    code = shop.code(also_at=[stranger.gateway.remote_id])
    verify(shop, code, actor=member(shop.merchant, Role.CLERK, shop.store, username="xiaowang"))
    path, body = f"stores/{stranger.store.pk}/verifications/?wait=10", {"code": code}
    shown: dict[str, Any] = api_of(stranger.merchant).post(path, body).json()
    assert (shown["status"], shown["reason"]) == ("refused", "already_used")
    assert ("duplicate_of" in shown, shop.store.name in str(shown)) == (False, False)
    row = Verification.objects.get(pk=shown["id"])
    owner = member(stranger.merchant, Role.OWNER)
    lines = " ".join(map(str, scan_result_of(row, None, access_of(owner)).lines))
    assert ("Verified" in lines, "xiaowang" in lines) == (False, False)


def test_of_all_who_verified_a_code_only_the_merchants_own_store_is_named(
    shop: Shop, sister: Shop
) -> None:
    code, others = shop.code(), [connected_shop(shop.sandbox) for _ in range(2)]
    older = verify(others[0], code)
    Verification.objects.filter(pk=older.pk).update(status=Status.VERIFIED)
    first = verify(shop, code)
    newer = verify(others[1], code)
    Verification.objects.filter(pk=newer.pk).update(status=Status.VERIFIED)
    assert ask_for(sister, code).duplicate_of == first


def test_by_whom_and_where_is_told_to_those_who_reach_that_store(
    shop: Shop, sister: Shop, in_english: None
) -> None:
    code = shop.code()
    verify(shop, code, actor=member(shop.merchant, Role.CLERK, shop.store, username="xiaowang"))
    again = verify(sister, code)
    people = {
        "owner": member(shop.merchant, Role.OWNER),
        "clerk": member(shop.merchant, Role.CLERK, sister.store),
    }
    lines = {
        name: scan_result_of(again, None, access_of(user)).lines for name, user in people.items()
    }
    assert f"Verified by xiaowang at {shop.store.name} on " in lines["owner"][0]
    assert lines["clerk"][0].startswith("Verified at another store on ")
    assert "xiaowang" not in lines["clerk"][0]


def test_a_key_of_one_store_learns_only_that_it_was_used_and_when(shop: Shop, sister: Shop) -> None:
    code = shop.code()
    first = verify(shop, code)
    assert first.settled_at is not None
    path, body = f"stores/{sister.store.pk}/verifications/", {"code": code}
    made = api_of(shop.merchant, sister.store).post(path, body).json()
    assert (made["status"], made["reason"]) == ("refused", "already_used")
    settled_at = made["duplicate_of"].pop("settled_at")
    assert made["duplicate_of"] == {"id": None, "store": None, "requested_by": None}
    shown: dict[str, Any] = (
        api_of(shop.merchant).get(f"verifications/{made['id']}/").json()["duplicate_of"]
    )
    assert shown == {
        "id": first.pk,
        "store": shop.store.pk,
        "requested_by": first.requested_by,
        "settled_at": settled_at,
    }


def test_the_look_across_the_stores_is_one_query_that_an_index_serves(
    shop: Shop, sister: Shop
) -> None:
    with CaptureQueriesContext(database) as queries:
        verification_request(store=sister.store, code="234567890123", channel=Channel.API, flow="x")
    looks = [query["sql"] for query in queries if "'elsewhere'" in query["sql"]]
    assert len(looks) == 1
    with without_reading_whole_tables() as cursor:
        cursor.execute(
            ("EXPLAIN QUERY PLAN " if database.vendor == "sqlite" else "EXPLAIN ") + looks[0]
        )
        plan = repr(cursor.fetchall())
    assert "one_live_verification_per_code" in plan
