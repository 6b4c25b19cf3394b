"""The ladder: what is done step by step while nobody accepts."""

import re
from datetime import timedelta
from decimal import Decimal

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext
from django.utils import timezone

from delivery.models import Attempt
from delivery.services import calls, going_on
from delivery.services.escalating import Do, Step
from delivery.tasks import go_on_all, take_step
from stores.platforms.workers import queue
from tests.delivery.factories import AttemptFactory
from tests.delivery.riders.rules import go_on, set_up
from tests.delivery.town import Town

State = Attempt.State
MINUTE = timedelta(minutes=1)
LADDER = [
    Step(2 * MINUTE, Do.TIP, most=Decimal(5)),
    Step(4 * MINUTE, Do.TIP, most=Decimal(5)),
    Step(6 * MINUTE, Do.NEXT, cancel_fee=Decimal(1)),
]


def steps() -> list[Step | None]:
    return [going_on.step_take(attempt) for attempt in going_on.attempts_without_rider()]


def pass_time(span: timedelta) -> None:
    for attempt in Attempt.objects.all():
        attempt.called_at -= span
        attempt.save(update_fields=["called_at"])


@pytest.mark.django_db
def test_the_look_for_steps_that_are_due_is_one_statement_that_decrypts_nothing() -> None:
    for name in ("SS", "DADA"):
        ladder = [step.as_json() for step in LADDER]
        AttemptFactory(
            courier_code=name,
            courier__place__ladder=ladder,
            waybill_state=101,
            called_at=timezone.now() - MINUTE,
        )
    with CaptureQueriesContext(connection) as asked:
        assert steps() == [None, None]
    (one,) = [query["sql"] for query in asked]
    read = set(re.findall(r'"(\w+)"', one.partition(" FROM ")[0]))
    assert not read & {"receiver", "note", "rider", "pickup_code", "finish_code", "secret"}
    assert {"called_at", "steps", "value", "ladder"} <= read


def test_the_ladder_raises_the_tip_and_then_calls_the_next(town: Town) -> None:
    set_up(town, ladder=[step.as_json() for step in LADDER])
    attempt = town.called("DADA")
    delivery = attempt.delivery
    assert steps() == [None]
    for minutes, tip in ((2, 1), (2, 2)):
        pass_time(minutes * MINUTE)
        assert steps()[0] is not None
        assert steps() == [None]
        town.work()
        attempt.refresh_from_db()
        assert attempt.tip == tip
    pass_time(2 * MINUTE)
    steps()
    town.work()
    go_on(town)
    assert {each.courier_code: each.state for each in delivery.attempts.all()} == {
        "DADA": State.DEAD,
        "SFTC": State.LIVE,
    }
    assert len(town.live_orders(delivery)) == 1


def test_a_rider_who_accepts_ends_the_ladder(town: Town) -> None:
    set_up(town, ladder=[step.as_json() for step in LADDER])
    attempt = town.called("SS")
    Attempt.objects.update(accepted_at=timezone.now())
    pass_time(10 * MINUTE)
    assert steps() == []
    assert going_on.step_take(attempt) is None


def test_a_step_that_costs_more_than_its_limit_is_passed_over(town: Town) -> None:
    town.post("couriers", {"delivery_id": "SS", "cancel_fee": 5.0, "free_seconds": 0.0})
    ladder = [Step(MINUTE, Do.NEXT, cancel_fee=Decimal(1))]
    set_up(town, ladder=[step.as_json() for step in ladder])
    attempt = town.called("SS")
    # Somebody has accepted, and we have not heard of it.
    town.report(attempt, 102)
    pass_time(2 * MINUTE)
    assert steps()[0] is not None
    attempt.refresh_from_db()
    assert attempt.state == State.LIVE
    assert steps() == [None]


def test_the_last_courier_are_the_shops_own_people(town: Town) -> None:
    ladder = [Step(MINUTE, Do.OURSELVES)]
    set_up(town, ladder=[step.as_json() for step in ladder])
    attempt = town.called("SS")
    pass_time(2 * MINUTE)
    steps()
    town.work()
    go_on(town)
    assert town.live_orders(attempt.delivery) == []
    own = attempt.delivery.attempts.live().get()
    assert (own.courier, own.state) == (None, State.LIVE)


def test_a_step_is_taken_once_by_two_workers(db: None) -> None:
    ladder = [Step(MINUTE, Do.TIP, most=Decimal(5)).as_json()]
    attempt = AttemptFactory(
        courier__place__ladder=ladder, called_at=timezone.now() - 2 * MINUTE, courier_code="SS"
    )
    same = Attempt.objects.get(pk=attempt.pk)
    assert going_on.step_take(attempt) is not None
    assert going_on.step_take(same) is None


def test_a_step_cancels_only_the_rider_for_whom_it_was_due(
    town: Town, monkeypatch: pytest.MonkeyPatch
) -> None:
    ladder = [Step(MINUTE, Do.NEXT, cancel_fee=Decimal(1))]
    set_up(town, ladder=[step.as_json() for step in ladder])
    first = town.called("SS")
    pass_time(2 * MINUTE)
    (attempt,) = going_on.attempts_without_rider()
    real = going_on._count_step

    def late(attempt: Attempt) -> bool:
        is_counted = real(attempt)
        Attempt.objects.filter(pk=first.pk).update(state=State.DEAD)
        AttemptFactory(delivery=first.delivery, courier=first.courier)
        return is_counted

    monkeypatch.setattr(going_on, "_count_step", late)
    going_on.step_take(attempt)
    other = first.delivery.attempts.live().get()
    assert (other.state, other.is_unwanted) == (State.LIVE, False)


def test_what_fails_for_one_attempt_stops_no_other(
    db: None, monkeypatch: pytest.MonkeyPatch
) -> None:
    now = timezone.now()
    broken, right = (AttemptFactory(ask_at=now - ago) for ago in (2 * MINUTE, MINUTE))

    def fail(attempt: Attempt) -> bool:
        if attempt.pk == broken.pk:
            raise ArithmeticError
        return False

    monkeypatch.setattr(calls, "owe", fail)
    going_on.ask_due()
    due = Attempt.objects.filter(ask_at__lte=now)
    assert list(due.values_list("pk", flat=True)) == [broken.pk]
    monkeypatch.setattr(going_on, "attempts_without_rider", lambda: [broken, right])
    monkeypatch.setattr(going_on, "_on_ladder", lambda attempt: (None, not fail(attempt)))
    assert going_on.steps_due() == [right.pk]


def test_each_step_that_is_due_has_a_task_of_its_own(
    db: None, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A courier may take long to say what a cancellation costs."""
    ladder = [Step(2 * MINUTE, Do.NEXT).as_json()]
    now = timezone.now()
    due, _waits, at_end, told = (
        AttemptFactory(courier__place__ladder=ladder, called_at=now - ago * MINUTE, **fields)
        for ago, fields in (
            (3, {}), (1, {}), (6, {"steps": 1}), (6, {"steps": 1, "needs_person": True}),
        )
    )  # fmt: skip
    woken: list[tuple[str, int]] = []
    monkeypatch.setattr(queue, "wake_worker", lambda *task: woken.append(task))
    taken: list[Attempt] = []
    monkeypatch.setattr(going_on, "step_take", taken.append)
    go_on_all()
    assert taken == []
    assert woken == [("delivery.tasks.take_step", each.pk) for each in (due, at_end)]
    take_step(due.pk)
    take_step(0)
    assert taken == [due]
    assert told.needs_person
