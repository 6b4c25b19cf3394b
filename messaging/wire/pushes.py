"""The small pushes about orders and stores (docs/platforms/takeaway.md §3.1)."""

import re
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from messaging.choices import DeliveryState, Opening
from messaging.wire.orders import DELIVERY_STATES, order_number
from messaging.wire.values import any_moment, camel_case, number, phones
from stores.platforms.reading import any_text, any_whole

OPENINGS = {
    121: Opening.OPEN,
    120: Opening.RESTING,
    18: Opening.ONLINE,
    19: Opening.OFFLINE,
}
# The number of an order in JSON that is broken.
_NUMBER = re.compile(r'"order_?[iI]d"\s*:\s*"?([0-9]{1,19})(?![0-9])')


@dataclass(frozen=True)
class Cancelled:
    """`code` is one of Meituan's reasons, or of the shop's (§4.1)."""

    order_id: str
    code: str
    reason: str


@dataclass(frozen=True)
class Delivery:
    """How far a delivery is; `at` is None when it is not said."""

    order_id: str
    state: DeliveryState
    at: datetime | None
    rider: str
    phones: tuple[str, ...]


def parse_cancelled(given: Mapping[str, Any]) -> Cancelled:
    """Raises Malformed without an order number."""
    data = camel_case(given)
    return Cancelled(
        order_id=order_number(data),
        code=any_text(data, "reasonCode", most=10),
        reason=any_text(data, "reason", most=300),
    )


def parse_delivery(given: Mapping[str, Any]) -> Delivery:
    """Raises Malformed without an order number."""
    data = camel_case(given)
    status = any_whole(data, "shippingStatus")
    if status is None:
        status = any_whole(data, "logisticsStatus")
    return Delivery(
        order_id=order_number(data),
        state=DELIVERY_STATES.get(-1 if status is None else status, DeliveryState.UNKNOWN),
        at=any_moment(data, "time"),
        rider=any_text(data, "dispatcherName", most=60),
        phones=phones(data, "dispatcherMobile"),
    )


def parse_opening(data: Mapping[str, Any]) -> Opening | None:
    """Returns what a push says of the store; None for a status that is not known."""
    return OPENINGS.get(any_whole(data, "poiStatus") or 0)


def number_in(text: str) -> str:
    """Returns the order number that stands in broken JSON; "" when there is none."""
    found = _NUMBER.search(text)
    return number({"orderId": found[1]}, "orderId") if found else ""
