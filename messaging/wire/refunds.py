"""Refunds as Meituan pushes and lists them (docs/platforms/takeaway.md §4.5). Amounts are fen."""

from collections.abc import Iterator, Mapping
from contextlib import suppress
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from messaging.choices import RefundState
from messaging.wire.orders import order_number
from messaging.wire.values import (
    LONGEST_TEXT,
    Unreadable,
    any_fen,
    any_moment,
    camel_case,
    embedded,
    number,
)
from stores.platforms.reading import any_text, any_whole, dicts

# `notifyType` of both pushes.
ACTIONS = {
    "apply": RefundState.OPEN,
    "part": RefundState.OPEN,
    "agree": RefundState.AGREED,
    "reject": RefundState.REJECTED,
    "cancelRefund": RefundState.WITHDRAWN,
    "cancelRefundComplaint": RefundState.WITHDRAWN,
}
# `res_type` of the query.
RESULTS = {
    0: RefundState.OPEN,
    1: RefundState.REJECTED,
    2: RefundState.AGREED,
    3: RefundState.REJECTED,
    4: RefundState.AGREED,
    5: RefundState.AGREED,
    6: RefundState.AGREED,
    7: RefundState.WITHDRAWN,
    8: RefundState.WITHDRAWN,
}
PART, WHOLE = 1, 2


@dataclass(frozen=True)
class RefundDish:
    """A dish of which a part is given back, and how many portions; None when it is not said."""

    name: str
    quantity: int | None


@dataclass(frozen=True)
class RefundNotice:
    """What a push says of a refund. `state` is None for an action that is not known.

    `money` is None when the whole order is refunded; `refund_id` is "" when it is not said.
    """

    order_id: str
    refund_id: str
    action: str
    state: RefundState | None
    is_part: bool
    is_appeal: bool
    money: int | None
    reason: str
    pictures: tuple[str, ...]
    dishes: tuple[RefundDish, ...]


@dataclass(frozen=True)
class RefundFact:
    """What the query says of a refund. `state` is None for a result that is not known."""

    order_id: str
    refund_id: str
    state: RefundState | None
    is_part: bool
    is_appeal: bool
    money: int | None
    reason: str
    applied_at: datetime | None
    pictures: tuple[str, ...] = ()


def parse_refund_notice(given: Mapping[str, Any], *, is_part: bool) -> RefundNotice:
    """Reads `orderRefund` or `partOrderRefund`. Raises Malformed without an order number."""
    data = camel_case(given)
    action = any_text(data, "notifyType", most=60)
    return RefundNotice(
        order_id=order_number(data),
        refund_id=number(data, "refundId"),
        action=action,
        state=ACTIONS.get(action),
        is_part=is_part,
        is_appeal=any_whole(data, "isAppeal") == 1,
        money=any_fen(data, "money") if is_part else None,
        reason=any_text(data, "reason", most=LONGEST_TEXT),
        pictures=_addresses(data.get("pictures")),
        dishes=tuple(_dishes(data)),
    )


def parse_refunds(data: Any) -> list[RefundFact]:
    """Reads the answer to the question for the refunds of many orders; leaves out what has no
    number.
    """
    facts = []
    for order in dicts(data):
        for item in dicts(order.get("OrderRefundInfo")):
            refund_id = number(item, "refund_id")
            order_id = number(item, "order_id") or number(order, "order_id")
            if refund_id and order_id:
                facts.append(_fact(order_id, refund_id, item))
    return facts


def _fact(order_id: str, refund_id: str, item: Mapping[str, Any]) -> RefundFact:
    is_part = any_whole(item, "refund_type") == PART
    return RefundFact(
        order_id=order_id,
        refund_id=refund_id,
        state=RESULTS.get(_result(item)),
        is_part=is_part,
        is_appeal=any_whole(item, "is_appeal") == 1,
        money=any_fen(item, "money") if is_part else None,
        reason=any_text(item, "reason", most=LONGEST_TEXT),
        applied_at=any_moment(item, "refund_apply_time"),
        pictures=_addresses(item.get("pictures")),
    )


def _dishes(data: Mapping[str, Any]) -> Iterator[RefundDish]:
    """Reads `food`; nothing where it cannot be read: the refund is not lost for it."""
    with suppress(Unreadable):
        for item in dicts(embedded(data, "food")):
            if name := any_text(item, "food_name", most=LONGEST_TEXT):
                yield RefundDish(name, any_whole(item, "count"))


def _result(item: Mapping[str, Any]) -> int:
    found = any_whole(item, "res_type")
    return -1 if found is None else found


def _addresses(value: Any) -> tuple[str, ...]:
    """Returns the addresses of pictures, sent as a list or as one text with commas."""
    given = value.split(",") if isinstance(value, str) else value
    texts = given if isinstance(given, list) else []
    found = (text.strip() for text in texts if isinstance(text, str))
    return tuple(text for text in found if text.startswith(("http://", "https://")))
