"""What may follow what in the life of an order at a courier."""

import pytest

from delivery.choices import WaybillState as S
from delivery.wire.waybill import (
    DEAD,
    ENDED,
    MAY_REVIVE,
    MOMENTS,
    NEXT,
    RETURNING,
    can_follow,
    stage_of,
)


def test_each_state_has_a_place() -> None:
    assert set(NEXT) == set(S)
    assert {stage_of(state) for state in S} == set(range(7))
    assert all(not NEXT[state] for state in ENDED)
    assert MAY_REVIVE < DEAD < ENDED
    assert set(S) - set(MOMENTS) == {S.WAITING, S.AT_SHOP, S.CANCELLED_EARLY, S.RETURNED}


@pytest.mark.parametrize(
    ("before", "after"),
    [
        (S.WAITING, S.ACCEPTED),
        # Steps left out, as couriers' test accounts do.
        (S.ACCEPTED, S.PICKED_UP),
        (S.PICKED_UP, S.DELIVERED),
        (S.WAITING, S.DELIVERED),
        (S.ACCEPTED, S.WAITING),
        (S.ACCEPTED, S.CANCELLED_EARLY),
        (S.ON_THE_WAY, S.RETURNED),
        (S.NOT_REACHED, S.RETURNED),
    ],
)
def test_what_may_follow(before: S, after: S) -> None:
    assert can_follow(before, after)


@pytest.mark.parametrize(
    ("before", "after"),
    [
        (S.DELIVERED, S.ON_THE_WAY),
        (S.PICKED_UP, S.ACCEPTED),
        (S.AT_SHOP, S.WAITING),
        (S.RETURNED, S.DELIVERED),
        (S.NOT_REACHED, S.DELIVERED),
        (S.ON_THE_WAY, S.NOT_PICKED_UP),
        (S.WAITING, S.WAITING),
    ],
)
def test_what_may_not_follow(before: S, after: S) -> None:
    assert not can_follow(before, after) or before == after == S.WAITING


def test_nothing_follows_an_end_and_goods_only_come_back() -> None:
    assert not any(can_follow(state, after) for state in ENDED for after in S)
    assert all({after for after in S if can_follow(state, after)} == {S.RETURNED}
               for state in RETURNING)  # fmt: skip
