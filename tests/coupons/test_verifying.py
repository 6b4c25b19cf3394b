"""A coupon from request to settled, through the real outbox and the sandbox on a real socket."""

from dataclasses import replace
from typing import Any

import pytest
from django.utils import timezone
from pytest_django.fixtures import Settings

from coupons.models import Channel, Verification
from coupons.reasons import Reason
from coupons.services import verification_process, verification_request
from stores.models import OutboundCall
from stores.platforms import outbox, pace
from tests.coupons.factories import Shop
from tests.coupons.flows import ask_for

Status = Verification.Status


def verify(shop: Shop, code: str, *, wait: float = 5.0, **fields: Any) -> Verification:
    requested = verification_request(
        store=shop.store, code=code, channel=Channel.API, flow="test", **fields
    )
    return verification_process(requested.verification, wait=wait)


def test_an_unused_coupon_is_verified_once(shop: Shop) -> None:
    code = shop.code()
    row = verify(shop, code)
    assert (row.status, row.inferred, row.unmapped, row.product) == (
        Status.VERIFIED,
        False,
        False,
        shop.product,
    )
    assert row.code == ""
    assert [a.operation for a in shop.sandbox.arrivals.all()] == ["login", "detail", "verify"]


def test_a_code_verified_before_is_refused_without_a_call(shop: Shop) -> None:
    code = shop.code()
    first = verify(shop, code)
    shop.sandbox.arrivals.clear()
    second = verify(shop, code)
    assert (second.status, second.reason, second.duplicate_of) == (
        Status.REFUSED,
        Reason.ALREADY_USED,
        first,
    )
    assert shop.sandbox.arrivals.all() == []


def test_an_answer_lost_after_applying_is_settled_by_asking(shop: Shop, settings: Settings) -> None:
    settings.OUTBOX = replace(settings.OUTBOX, first_question=60.0)
    code = shop.code()
    shop.sandbox.faults.add(operation="verify", kind="drop_after", times=1)
    row = verify(shop, code, wait=0)
    assert row.status == Status.UNKNOWN
    OutboundCall.objects.update(due_at=timezone.now())
    outbox.work(seconds=8)
    row.refresh_from_db()
    assert (row.status, row.inferred) == (Status.VERIFIED, True)
    assert len(shop.sandbox.arrivals.all(operation="verify")) == 1


def test_an_answer_lost_before_applying_is_sent_again(shop: Shop, settings: Settings) -> None:
    settings.OUTBOX = replace(settings.OUTBOX, first_question=60.0)
    code = shop.code()
    shop.sandbox.faults.add(operation="verify", kind="drop_before", times=1)
    row = verify(shop, code, wait=0)
    assert row.status == Status.UNKNOWN
    OutboundCall.objects.update(due_at=timezone.now())
    outbox.work(seconds=8)
    row.refresh_from_db()
    assert (row.status, row.inferred) == (Status.VERIFIED, False)


@pytest.mark.parametrize(
    ("state", "reason"),
    [
        ("used", Reason.ALREADY_USED),
        ("expired", Reason.EXPIRED),
        ("refunded", Reason.REFUNDED),
        ("not_yet_valid", Reason.NOT_YET_VALID),
        ("not_on_this_day", Reason.NOT_ON_THIS_DAY),
    ],
)
def test_a_coupon_that_cannot_be_spent_is_refused_with_its_reason(
    shop: Shop, state: str, reason: Reason
) -> None:
    row = verify(shop, shop.code(state))
    assert (row.status, row.reason) == (Status.REFUSED, reason)
    assert row.gateway_message


def test_an_unknown_code_is_not_found(shop: Shop) -> None:
    row = verify(shop, "123456789012")
    assert (row.status, row.reason) == (Status.REFUSED, Reason.NOT_FOUND)


def test_twenty_waiting_verifications_are_worked_off_in_their_order(shop: Shop) -> None:
    rows = [ask_for(shop, shop.code(), channel=Channel.COUNTER) for _ in range(20)]
    outbox.work(seconds=30)
    assert set(statuses(rows)) == {Status.VERIFIED}
    for operation in ("detail", "verify"):
        arrivals = shop.sandbox.arrivals.all(operation=operation)
        assert [arrival.code_tail for arrival in arrivals] == [row.code_tail for row in rows]


def test_waiting_verifications_are_worked_off_at_the_real_pace(paced_shop: Shop) -> None:
    rows = [ask_for(paced_shop, paced_shop.code()) for _ in range(3)]
    outbox.work(seconds=15)
    assert set(statuses(rows)) == {Status.VERIFIED}
    # Three details and three verifies are five intervals. A crowded machine delays single requests
    # on their way, so the whole span is measured; the benchmark counts each second.
    moments = [arrival.at for arrival in paced_shop.sandbox.arrivals.all(platform="umember")]
    assert len(moments) >= 6
    assert moments[-1] - moments[0] > 5 * pace.interval("umember") - 0.3


def statuses(rows: list[Verification]) -> list[str]:
    for row in rows:
        row.refresh_from_db()
    return [row.status for row in rows]
