"""The life of an order at a courier: which state may follow which, and what each one tells.

Source: docs/platforms/wechat_delivery.md §5. WeChat does not publish what may follow.
"""

from collections.abc import Mapping

from delivery.choices import Moment, WaybillState

_S = WaybillState
# Nobody rides any more, and the goods never left or are back.
DEAD = frozenset(
    {
        _S.CANCELLED_EARLY,
        _S.NOT_PICKED_UP,
        _S.RIDER_LEFT,
        _S.SHOP_FAILED,
        _S.RETURNED,
        _S.NO_RIDER,
        _S.FORCE_MAJEURE,
    }
)
ENDED = DEAD | {_S.DELIVERED}
# The goods come back to the shop.
RETURNING = frozenset({_S.GOES_BACK, _S.NOT_REACHED, _S.REFUSED})
# A rider had accepted, and the goods stayed at the shop.
_LEFT_AT_SHOP = {_S.NOT_PICKED_UP, _S.RIDER_LEFT, _S.SHOP_FAILED}
_UNTIL_THE_SHOP = _LEFT_AT_SHOP | {_S.NO_RIDER, _S.FORCE_MAJEURE}
_WITH_THE_GOODS = {_S.DELIVERED, *RETURNING, _S.NO_RIDER, _S.FORCE_MAJEURE}
# What may come next; a state may also be skipped, and then what follows it may come.
NEXT: Mapping[WaybillState, frozenset[WaybillState]] = {
    _S.WAITING: frozenset({_S.ACCEPTED, _S.CANCELLED_EARLY, _S.NO_RIDER, _S.FORCE_MAJEURE}),
    # Another rider is looked for: back to waiting.
    _S.ACCEPTED: frozenset(
        {_S.WAITING, _S.CANCELLED_EARLY, _S.AT_SHOP, _S.PICKED_UP, *_UNTIL_THE_SHOP}
    ),
    _S.AT_SHOP: frozenset({_S.PICKED_UP, *_UNTIL_THE_SHOP}),
    _S.PICKED_UP: frozenset({_S.ON_THE_WAY, *_WITH_THE_GOODS}),
    _S.ON_THE_WAY: frozenset(_WITH_THE_GOODS),
    **dict.fromkeys(RETURNING, frozenset({_S.RETURNED})),
    **dict.fromkeys(ENDED, frozenset()),
}
# A rider was seen to take an order that had ended so: the state is corrected, and a person told.
MAY_REVIVE = frozenset({_S.RIDER_LEFT, _S.NO_RIDER, _S.FORCE_MAJEURE, _S.CANCELLED_EARLY})
MOMENTS: Mapping[WaybillState, Moment] = {
    _S.ACCEPTED: Moment.ACCEPTED,
    _S.PICKED_UP: Moment.PICKED_UP,
    _S.ON_THE_WAY: Moment.PICKED_UP,
    _S.DELIVERED: Moment.DELIVERED,
    **dict.fromkeys(
        [
            _S.NOT_PICKED_UP,
            _S.RIDER_LEFT,
            _S.SHOP_FAILED,
            *RETURNING,
            _S.NO_RIDER,
            _S.FORCE_MAJEURE,
        ],
        Moment.ABNORMAL,
    ),
}
_WAY = [Moment.ACCEPTED, Moment.PICKED_UP, Moment.DELIVERED]
_STAGES: tuple[frozenset[WaybillState], ...] = (
    frozenset({_S.WAITING}),
    frozenset({_S.ACCEPTED}),
    frozenset({_S.AT_SHOP}),
    frozenset({_S.PICKED_UP}),
    frozenset({_S.ON_THE_WAY}),
    RETURNING,
    ENDED,
)


def moments_by(state: WaybillState) -> list[Moment]:
    """Returns the moments that have come when an order is so far: what was delivered or goes back
    was picked up, whether that was told or not.
    """
    if state in (_S.AT_SHOP, _S.ACCEPTED):
        return _WAY[:1]
    own = MOMENTS.get(state)
    if own in _WAY:
        return _WAY[: _WAY.index(own) + 1]
    if state in RETURNING or state == _S.RETURNED:
        return [*_WAY[:2], Moment.ABNORMAL]
    if state in _LEFT_AT_SHOP:
        return [*_WAY[:1], Moment.ABNORMAL]
    return [own] if own else []


def stage_of(state: WaybillState) -> int:
    """Returns how far a state is; of two that were told for the same second, the later counts."""
    return next(number for number, states in enumerate(_STAGES) if state in states)


def can_follow(before: WaybillState, after: WaybillState) -> bool:
    """Whether `after` may come after `before`, at once or with states between them left out."""
    seen: set[WaybillState] = set()
    to_see = [before]
    while to_see:
        found = NEXT[to_see.pop()] - seen
        if after in found:
            return True
        seen |= found
        to_see.extend(found)
    return False
