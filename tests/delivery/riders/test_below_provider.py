"""A ladder below a service provider: what a cancellation may cost holds there as well."""

from datetime import timedelta
from decimal import Decimal
from typing import Any

import pytest
from django.utils import timezone

from delivery.models import Attempt, Delivery, DeliveryStore
from delivery.services import going_on
from delivery.services.escalating import Do, Step
from delivery.services.refusals import FeeTooHigh
from stores.models import Connection
from tests.delivery.below import Below, below_provider
from tests.delivery.cancelling import delivery_cancel
from tests.delivery.town import APPID, Town

State = Attempt.State
LIMIT = Decimal(1)
CANCEL, FEE = "order/cancel", "order/precancel"


@pytest.fixture
def below(town: Town) -> Below:
    ladder = [Step(timedelta(minutes=1), Do.NEXT, cancel_fee=LIMIT).as_json()]
    DeliveryStore.objects.filter(pk=town.place.pk).update(ladder=ladder)
    return below_provider(town)


def riding_unheard(below: Below, fee: float) -> Attempt:
    """Somebody has accepted and costs so much to cancel, and we have not heard of it."""
    town = below.town
    town.post("couriers", {"delivery_id": "SS", "cancel_fee": fee, "free_seconds": 0.0})
    attempt = town.called("SS")
    town.report(attempt, 102)
    Attempt.objects.update(called_at=timezone.now() - timedelta(minutes=2))
    return Attempt.objects.select_related("delivery").get(pk=attempt.pk)


def take_step(below: Below) -> list[Step | None]:
    taken = [going_on.step_take(attempt) for attempt in going_on.attempts_without_rider()]
    below.town.work()
    return taken


def calls(below: Below, operation: str) -> int:
    return sum(row.operation == operation for row in below.town.server.arrivals.all())


def tokens_of(below: Below) -> dict[str, Any]:
    [row] = below.town.get("state")["authorisations"]
    return dict(row)


def test_a_dearer_cancellation_than_the_step_allows_is_not_sent(below: Below) -> None:
    attempt = riding_unheard(below, 1.01)
    assert take_step(below)[0] is not None
    assert (calls(below, FEE), calls(below, CANCEL)) == (1, 0)
    attempt.refresh_from_db()
    assert (attempt.state, attempt.is_unwanted) == (State.LIVE, False)
    with pytest.raises(FeeTooHigh) as caught:
        delivery_cancel(delivery=attempt.delivery, actor="小王", max_fee=LIMIT)
    assert caught.value.fee == Decimal("1.01")


def test_one_within_the_limit_is_sent_and_the_next_courier_is_called(below: Below) -> None:
    attempt = riding_unheard(below, 1.0)
    take_step(below)
    for pk in list(going_on.waiting()):
        going_on.go_on(Delivery.objects.get(pk=pk))
    below.town.work()
    attempt.refresh_from_db()
    assert (attempt.state, attempt.deduction) == (State.DEAD, LIMIT)
    # What was called was called for the same mini-program, by the provider's token.
    [order] = below.town.live_orders(attempt.delivery)
    assert (order["appid"], order["delivery_id"] != "SS") == (APPID, True)


def test_a_fee_that_rises_before_the_cancellation_is_sent_keeps_the_rider(below: Below) -> None:
    attempt = riding_unheard(below, 1.0)
    going_on.step_take(attempt)
    below.town.post("couriers", {"delivery_id": "SS", "cancel_fee": 3.0})
    below.town.work()
    attempt.refresh_from_db()
    assert (attempt.state, attempt.needs_person) == (State.LIVE, True)
    assert attempt.refusal == "over_limit: 3.00"
    assert calls(below, CANCEL) == 0


@pytest.mark.parametrize("operation", [FEE, CANCEL])
def test_a_token_that_is_over_meanwhile_is_renewed_by_the_provider(
    below: Below, operation: str
) -> None:
    attempt = riding_unheard(below, 1.0)
    before = tokens_of(below)["refresh"]
    below.town.server.faults.add(operation=operation, kind="auth")
    take_step(below)
    attempt.refresh_from_db()
    assert attempt.state == State.DEAD
    assert tokens_of(below)["refresh"] != before
    assert Connection.objects.get(pk=below.shop.pk).state == "working"


def test_after_a_withdrawal_no_step_is_taken_at_wechat_and_the_rider_stays(below: Below) -> None:
    attempt = riding_unheard(below, 1.0)
    below.withdraw()
    take_step(below)
    attempt.refresh_from_db()
    assert (attempt.state, calls(below, FEE), calls(below, CANCEL)) == (State.LIVE, 0, 0)
