"""Stores that call by themselves while WeChat or all couriers are away: it is tried again for as
long as the store says, and only then a person is asked; the person is told why.
"""

from collections.abc import Callable
from datetime import timedelta
from decimal import Decimal
from typing import Any

import pytest
from django.db.models import F
from django.utils import timezone

from delivery.choices import ForPerson, Source, WaybillState
from delivery.models import Attempt, Delivery, DeliveryStore, Quote, StoreCourier
from delivery.services import going_on, life
from delivery.services.choosing import Rule
from delivery.services.dispatching import delivery_dispatch
from delivery.services.escalating import LAST_HELPS, Do, Step
from delivery.services.refusals import NobodyToCall
from tests.api import api_of
from tests.delivery.factories import AttemptFactory
from tests.delivery.town import Town

SECOND, MINUTE = timedelta(seconds=1), timedelta(minutes=1)
ASKING = "order/pre_add"


@pytest.fixture
def waiting(town: Town) -> Delivery:
    DeliveryStore.objects.update(is_automatic=True)
    return town.delivery(ready_at=timezone.now())


def pass_time(span: timedelta) -> None:
    """Moves back what goes on by time."""
    times: dict[Any, tuple[str, ...]] = {
        Delivery: ("retry_since", "retry_at"),
        Quote: ("asked_at", "expires_at"),
        StoreCourier: ("paused_until",),
        Attempt: ("called_at",),
    }
    for model, names in times.items():
        for name in names:
            model.objects.exclude(**{name: None}).update(**{name: F(name) - span})


def look(times: int = 1, *, every: timedelta = going_on.RETRY_EVERY) -> int:
    """Looks as the schedule does, so often; returns in how many looks something was due."""
    due = 0
    for _time in range(times):
        found = list(going_on.waiting())
        for pk in found:
            going_on.go_on(Delivery.objects.get(pk=pk))
        due += bool(found)
        pass_time(every)
    return due


def asked(town: Town) -> int:
    return sum(row.operation == ASKING for row in town.server.arrivals.all())


def lose(town: Town, *, kind: str = "drop_before") -> None:
    town.server.faults.add(operation=ASKING, kind=kind, times=None)


@pytest.mark.parametrize("kind", ["drop_before", "drop_after", "status_503", "html"])
def test_a_short_outage_is_waited_for(town: Town, waiting: Delivery, kind: str) -> None:
    lose(town, kind=kind)
    look(4)
    waiting.refresh_from_db()
    assert (waiting.state, waiting.needs_person) == (Delivery.State.WAITING, False)
    assert waiting.retry_since is not None
    town.server.faults.clear()
    look()
    town.work()
    waiting.refresh_from_db()
    assert (waiting.state, waiting.needs_person) == ("running", False)
    assert not waiting.retry_since
    assert len(town.live_orders(waiting)) == 1


def test_an_outage_of_which_all_couriers_were_paused_is_waited_for_too(
    town: Town, waiting: Delivery
) -> None:
    lose(town)
    look(8)
    assert {row.pause_reason for row in StoreCourier.objects.all()} == {"no answers"}
    assert not Delivery.objects.get().needs_person
    town.server.faults.clear()
    look()
    town.work()
    assert len(town.live_orders(waiting)) == 1
    assert not StoreCourier.objects.exclude(pause_reason="").exists()


def test_after_the_stores_minutes_a_person_is_asked_once_and_told_why(
    town: Town, waiting: Delivery
) -> None:
    lose(town)
    assert look(20) == 10, "at once, and every 20 seconds for three minutes"
    waiting.refresh_from_db()
    assert (waiting.needs_person, waiting.for_person) == (True, ForPerson.NO_ANSWER)
    assert (waiting.retry_since, waiting.retry_at) == (None, None)
    # A person decides from here on, also when it works again.
    town.server.faults.clear()
    assert look(3) == 0


def test_it_is_not_tried_more_often_than_said(town: Town, waiting: Delivery) -> None:
    lose(town)
    assert look(3, every=5 * SECOND) == 1
    # Woken by something else.
    going_on.go_on(Delivery.objects.get())
    assert asked(town) == 5
    pass_time(5 * SECOND)
    assert look() == 1
    assert asked(town) == 10


@pytest.mark.parametrize(("minutes", "looks"), [(0, 1), (1, 4)])
def test_how_long_is_the_stores_to_say(
    town: Town, waiting: Delivery, minutes: int, looks: int
) -> None:
    DeliveryStore.objects.update(retry_minutes=minutes)
    lose(town)
    assert look(12) == looks
    assert Delivery.objects.get().for_person == ForPerson.NO_ANSWER


def test_an_outage_between_two_riders_is_waited_for(town: Town, waiting: Delivery) -> None:
    look()
    town.post("couriers", {"delivery_id": "DADA", "mood": "refuses"})
    town.work()
    Quote.objects.update(expires_at=timezone.now())
    lose(town)
    look(3)
    waiting.refresh_from_db()
    assert (waiting.then, waiting.needs_person) == (Delivery.Then.NEXT, False)
    town.server.faults.clear()
    look()
    town.work()
    assert [row["delivery_id"] for row in town.live_orders(waiting)] == ["SFTC"]


def test_an_answer_that_was_lost_is_asked_for_again_before_a_person_is_told_that_nobody_fits(
    town: Town,
) -> None:
    lose(town)
    with pytest.raises(NobodyToCall):
        delivery_dispatch(delivery=town.delivery(), courier=None, actor="小王")
    town.server.faults.clear()
    assert delivery_dispatch(delivery=Delivery.objects.get(), courier=None, actor="小王").courier


def nobody_fits(town: Town) -> None:
    DeliveryStore.objects.update(rule={**Rule().as_json(), "ceiling": "1.00"})


def all_refuse(town: Town) -> None:
    for courier in ("DADA", "MTPS", "SFTC", "SS", "UU"):
        town.post("couriers", {"delivery_id": courier, "mood": "refuses"})


def all_empty(town: Town) -> None:
    later = timezone.now() + 60 * MINUTE
    StoreCourier.objects.update(paused_until=later, pause_reason="the account has no money")


@pytest.mark.parametrize(
    ("make", "why"),
    [
        (nobody_fits, ForPerson.NO_FIT),
        (all_refuse, ForPerson.ALL_REFUSE),
        (all_empty, ForPerson.PAUSED),
        (lambda town: StoreCourier.objects.all().delete(), ForPerson.NO_COURIER),
    ],
)
def test_what_waiting_does_not_mend_is_told_at_once(
    town: Town, waiting: Delivery, make: Callable[[Town], Any], why: ForPerson
) -> None:
    make(town)
    look()
    waiting.refresh_from_db()
    assert (waiting.needs_person, waiting.for_person) == (True, why)


def test_an_end_and_a_refusal_say_what_they_were(town: Town) -> None:
    attempt = town.called("SS")
    town.report(attempt, 502)
    Attempt.objects.update(ask_at=timezone.now())
    going_on.ask_due()
    town.work()
    ended = Delivery.objects.get(pk=attempt.delivery_id)
    assert (ended.needs_person, ended.for_person) == (True, ForPerson.COURIER_ENDED)
    town.post("couriers", {"delivery_id": "SS", "mood": "refuses"})
    refused = town.called("SS").delivery
    assert (refused.needs_person, refused.for_person) == (True, ForPerson.COURIER_REFUSED)


@pytest.fixture
def unaccepted(db: None) -> Attempt:
    ladder = [Step(MINUTE, Do.TIP, most=Decimal(5)).as_json()]
    made: Attempt = AttemptFactory(
        courier__place__ladder=ladder, called_at=timezone.now(), courier_code="SS"
    )
    return made


def steps() -> None:
    for attempt in going_on.attempts_without_rider():
        going_on.step_take(attempt)


def test_at_the_end_of_the_ladder_a_person_is_told(unaccepted: Attempt) -> None:
    pass_time(MINUTE)
    steps()
    pass_time(LAST_HELPS - SECOND)
    steps()
    unaccepted.refresh_from_db()
    assert (unaccepted.steps, unaccepted.needs_person) == (1, False)
    pass_time(SECOND)
    steps()
    steps()
    unaccepted.refresh_from_db()
    assert (unaccepted.needs_person, unaccepted.for_person) == (True, ForPerson.LADDER_END)


def test_a_rider_who_accepts_after_the_end_of_the_ladder_needs_nobody(unaccepted: Attempt) -> None:
    Attempt.objects.update(needs_person=True, for_person=ForPerson.LADDER_END)
    attempt = life.locked(unaccepted.pk)
    life.hear(attempt, code=WaybillState.ACCEPTED, at=timezone.now(), source=Source.PUSH)
    attempt.refresh_from_db()
    assert not attempt.needs_person


def test_a_cancellation_over_the_ladders_limit_is_told(town: Town) -> None:
    town.post("couriers", {"delivery_id": "SS", "cancel_fee": 5.0, "free_seconds": 0.0})
    ladder = [Step(MINUTE, Do.NEXT, cancel_fee=Decimal(1)).as_json()]
    DeliveryStore.objects.update(ladder=ladder)
    attempt = town.called("SS")
    town.report(attempt, 102)
    pass_time(2 * MINUTE)
    steps()
    attempt.refresh_from_db()
    assert (attempt.state, attempt.needs_person) == (Attempt.State.LIVE, True)
    assert attempt.for_person == ForPerson.OVER_LIMIT


def test_the_api_says_why(town: Town, waiting: Delivery) -> None:
    nobody_fits(town)
    look()
    shown = api_of(town.place.store.merchant).get(f"deliveries/{waiting.pk}/").json()
    assert shown["needs_person"]
    (reason,) = shown["person_reasons"]
    assert reason["reason"] == "no_fit"
    assert reason["words"]
    assert reason["what_to_do"]
