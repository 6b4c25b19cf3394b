"""The ladder of a store while no rider accepts."""

from collections.abc import Sequence
from datetime import timedelta
from decimal import Decimal

import pytest

from delivery.services.escalating import Do, Step, due, next_total, problems
from delivery.wire.couriers import COURIERS

MINUTE = timedelta(minutes=1)
LADDER = (
    Step(2 * MINUTE, Do.TIP, most=Decimal(5)),
    Step(4 * MINUTE, Do.TIP, most=Decimal(10)),
    Step(6 * MINUTE, Do.NEXT, cancel_fee=Decimal(2)),
)


@pytest.mark.parametrize(
    ("minutes", "taken", "wanted"),
    [(0, 0, None), (1.9, 0, None), (2, 0, 0), (9, 0, 0), (3, 1, None), (4, 1, 1), (9, 3, None)],
)
def test_a_step_is_due_after_its_time_and_taken_once(
    minutes: float, taken: int, wanted: int | None
) -> None:
    step = due(LADDER, waited=minutes * MINUTE, taken=taken)
    assert step == (None if wanted is None else LADDER[wanted])


def test_a_tip_stays_within_its_step_and_the_couriers_ladder() -> None:
    flash, dada = COURIERS["SS"], COURIERS["DADA"]
    value = Decimal("46.50")
    assert next_total(LADDER[0], flash, tip=Decimal(0), value=value) == 2
    assert next_total(LADDER[0], flash, tip=Decimal(5), value=value) is None
    assert next_total(LADDER[1], flash, tip=Decimal(5), value=value) == 10
    assert next_total(LADDER[0], dada, tip=Decimal(1), value=Decimal("1.50")) is None
    assert next_total(LADDER[0], COURIERS["MTPS"], tip=Decimal(0), value=value) is None


@pytest.mark.parametrize(
    ("ladder", "count"),
    [
        (LADDER, 0),
        ((), 0),
        ([LADDER[1], LADDER[0]], 1),
        ([LADDER[0], LADDER[0]], 1),
        ([Step(timedelta(0), Do.NEXT)], 1),
        ([Step(timedelta(days=1), Do.NEXT)], 1),
        ([LADDER[2], Step(7 * MINUTE, Do.OURSELVES)], 1),
        ([Step(MINUTE, Do.TIP)], 1),
        ([Step(minute * MINUTE, Do.TIP, Decimal(1)) for minute in range(1, 12)], 1),
    ],
)
def test_a_ladder_that_cannot_work_says_why(ladder: Sequence[Step], count: int) -> None:
    assert len(list(problems(ladder))) == count


def test_a_ladder_is_kept_as_json() -> None:
    assert tuple(Step.from_json(step.as_json()) for step in LADDER) == LADDER
