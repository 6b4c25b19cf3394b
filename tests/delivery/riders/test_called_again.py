"""A courier is called again under the same number: what is heard and sent under it is about the
later life.
"""

from datetime import timedelta

import pytest
from django.db import transaction
from django.utils import timezone

from delivery.choices import WaybillState
from delivery.models import Attempt, Delivery
from delivery.services import calls, life
from delivery.services.dispatching import delivery_call_again
from delivery.services.hearing import waybill_told
from delivery.services.saying import gone_for_sure
from delivery.wire.events import WaybillEvent
from stores.models import OutboundCall
from tests.delivery.factories import AttemptFactory
from tests.delivery.riders.telling import gone
from tests.delivery.town import Town

State, S = Attempt.State, WaybillState
SECOND = timedelta(seconds=1)
# In the middle of a second.
CALLED = timezone.now().replace(microsecond=500_000) - timedelta(minutes=5)


@pytest.fixture
def lives(db: None) -> tuple[Attempt, Attempt]:
    """One that ended twenty seconds before it was called again."""
    first = AttemptFactory(
        state=State.DEAD, waybill_state=S.CANCELLED_EARLY, called_at=CALLED - 60 * SECOND,
        waybill_at=CALLED - 21 * SECOND, ended_at=CALLED - 20 * SECOND,
    )  # fmt: skip
    first.news.create(code=S.CANCELLED_EARLY, at=CALLED - 21 * SECOND, source="push")
    return first, again(first, state=State.LIVE, called_at=CALLED)


def again(first: Attempt, **fields: object) -> Attempt:
    made: Attempt = AttemptFactory(
        delivery=first.delivery, courier=first.courier, shop_order_id=first.shop_order_id,
        life=first.life + 1, **fields,
    )  # fmt: skip
    return made


def tell(attempt: Attempt, state: WaybillState, seconds: float) -> int | None:
    """WeChat says how the number stands, dated so long after it was called again."""
    at = (CALLED + seconds * SECOND).replace(microsecond=0)
    event = WaybillEvent(
        shopid=attempt.shopid, shop_order_id=attempt.shop_order_id, waybill_id="another",
        code=state, state=state, action_at=at, message="", rider=None, to="", sender="",
    )  # fmt: skip
    assert attempt.courier
    with transaction.atomic():
        connection = attempt.courier.account.connection
        return waybill_told(connection=connection, event=event, at=timezone.now())


def owed(operation: str) -> list[int]:
    rows = OutboundCall.objects.filter(operation=operation)
    return list(rows.values_list("subject_id", flat=True))


@pytest.mark.parametrize("seconds", [0, -3, -15])
@pytest.mark.parametrize("state", [S.WAITING, S.ACCEPTED, S.PICKED_UP])
def test_a_rider_by_a_clock_that_is_behind_rides_for_the_later_life(
    lives: tuple[Attempt, Attempt], state: WaybillState, seconds: int
) -> None:
    first, second = lives
    assert tell(first, state, seconds) == second.pk
    first.refresh_from_db()
    second.refresh_from_db()
    assert (first.state, first.needs_person) == (State.DEAD, False)
    assert (second.state, second.waybill_state) == (State.LIVE, state)
    assert owed("rider.cancel") == []


@pytest.mark.parametrize("seconds", [-25, -90])
def test_a_rider_dated_before_the_end_wakes_nobody_and_the_number_is_asked_about(
    lives: tuple[Attempt, Attempt], seconds: int
) -> None:
    first, second = lives
    assert tell(first, S.PICKED_UP, seconds) == first.pk
    first.refresh_from_db()
    assert first.state == State.DEAD
    assert (owed("rider.cancel"), owed("rider.read")) == ([], [second.pk])


@pytest.mark.parametrize("seconds", [0, -3, -90])
def test_an_end_told_before_the_later_life_ends_it_not(
    lives: tuple[Attempt, Attempt], seconds: int
) -> None:
    first, second = lives
    assert tell(first, S.NO_RIDER, seconds) == first.pk
    second.refresh_from_db()
    assert second.state == State.LIVE
    assert (owed("rider.cancel"), owed("rider.read")) == ([], [second.pk])
    assert tell(first, S.NO_RIDER, 1) == second.pk


def test_an_answer_that_names_a_rider_is_not_about_the_dead_life(
    lives: tuple[Attempt, Attempt],
) -> None:
    with transaction.atomic():
        first = life.locked(lives[0].pk)
        life.hear(first, code=S.PICKED_UP, at=timezone.now(), source="asked")  # type: ignore[arg-type]
    first.refresh_from_db()
    assert first.state == State.DEAD


def test_of_three_lives_the_last_is_meant(lives: tuple[Attempt, Attempt]) -> None:
    second = lives[1]
    Attempt.objects.filter(pk=second.pk).update(state=State.DEAD, ended_at=CALLED + 30 * SECOND)
    third = again(second, called_at=CALLED + 40 * SECOND)
    assert tell(second, S.ACCEPTED, 39) == third.pk
    assert tell(second, S.ACCEPTED, 29) == second.pk
    assert tell(second, S.ACCEPTED, -10) == second.pk


def test_a_cancellation_that_was_still_owed_does_not_end_the_later_life(town: Town) -> None:
    first = gone(town)
    Attempt.objects.update(state=State.ENDING, needs_person=True, cancelled_at=None)
    Delivery.objects.update(state=Delivery.State.RUNNING)
    with transaction.atomic():
        calls.owe(life.locked(first.pk))
    first = gone_for_sure(attempt=first, actor="小王")
    second = delivery_call_again(attempt=first, actor="小王")
    assert owed("rider.cancel").count(first.pk) == 2
    late = OutboundCall.objects.live().filter(operation="rider.cancel")
    late.update(due_at=timezone.now() + 2 * SECOND)
    town.work()
    second.refresh_from_db()
    first.refresh_from_db()
    assert (first.state, second.state) == (State.DEAD, State.LIVE)
    assert len(town.live_orders(first.delivery)) == 1
