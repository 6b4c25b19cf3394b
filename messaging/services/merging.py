"""How what Meituan says of an order is merged into its row.

Pushes come late, doubled and in any order, and queries overtake them. Each rule here gives the same
row for every order of the same facts: a state only advances, the newest content stays, and what
Meituan hides by now removes nothing.
"""

from dataclasses import asdict
from datetime import datetime, timedelta
from typing import Any

from django.utils import timezone

from messaging.choices import DeliveryState, OrderState
from messaging.models import Order
from messaging.wire.orders import RemoteOrder
from stores.transitions import set_state

# The fields of an order that Meituan alone fills.
_PLAIN = (
    "day_number",
    "wanted_at",
    "expected_at",
    "ready_until",
    "is_pick_up",
    "guests",
    "logistics",
    "is_cash",
    "paid",
    "original",
    "shipping_fee",
    "bag_fee",
)
# A time of an order that lies farther in the future is none.
CLOCKS_APART = timedelta(days=1)
_HOW_FAR = {state: number for number, state in enumerate(DeliveryState)}


def advance(order: Order, state: str, at: datetime) -> bool:
    """Moves an order on in memory; returns whether it moved. A state that is behind is ignored.

    `at` is when Meituan says that it happened; of several the first one counts.
    """
    moved = state in Order.TRANSITIONS[order.state]
    if moved:
        set_state(order, state)
    if state == OrderState.CONFIRMED:
        order.accepted_at = _earlier(order.accepted_at, at)
    elif state == OrderState.FINISHED:
        order.finished_at = _earlier(order.finished_at, at)
    elif state == OrderState.CANCELLED:
        order.cancelled_at = _earlier(order.cancelled_at, at)
    return moved


def deliver(order: Order, state: DeliveryState, at: datetime) -> bool:
    """Takes over a delivery state unless a later one is known; returns whether it did.

    After a cancelled delivery another one may begin, so that the time decides.
    """
    if state in (DeliveryState.NONE, DeliveryState.UNKNOWN):
        return False
    known = (order.delivery_at, _HOW_FAR[DeliveryState(order.delivery)])
    if order.delivery_at and known >= (at, _HOW_FAR[state]):
        return False
    order.delivery, order.delivery_at = state, at
    return True


def fill(order: Order, remote: RemoteOrder, *, is_answer: bool) -> None:
    """Takes over the content of an order, unless what stands there is newer.

    `is_answer`: it was asked for, and wins over a push of the same second.
    """
    said_at = remote.changed_at or remote.ordered_at or order.heard_at
    if order.said_at and (said_at, is_answer) <= (order.said_at, False):
        _complete(order, remote)
        return
    order.said_at = said_at
    order.view_id = remote.view_id or order.view_id
    if remote.ordered_at and remote.ordered_at < timezone.now() + CLOCKS_APART:
        order.ordered_at = remote.ordered_at
    for name in _PLAIN:
        setattr(order, name, getattr(remote, name))
    share = remote.share
    if None not in (order.received, share.received) and order.received != share.received:
        order.received_changed_at = timezone.now()
    order.received, order.service_fee = share.received, share.service_fee
    order.delivery_charge = share.delivery_fee
    order.unreadable = list(remote.unreadable)
    if not order.emptied_at:
        order.content = {
            "dishes": [asdict(dish) for dish in remote.dishes],
            "discounts": [asdict(discount) for discount in remote.discounts],
        }
    if change := remote.time_change:
        if change.wanted_at != order.new_time:
            order.new_time_answered_at = None
        order.new_time, order.new_time_until = change.wanted_at, change.answer_until
    _know(order, _persons(remote), over=True)


def name_rider(order: Order, *, name: str, phones: tuple[str, ...]) -> None:
    """Takes over who delivers."""
    _know(order, {"rider": name, "rider_phones": list(phones)}, over=True)


def _complete(order: Order, remote: RemoteOrder) -> None:
    """Takes over what nothing newer has said."""
    _know(order, _persons(remote), over=False)
    order.day_number = order.day_number or remote.day_number
    order.view_id = order.view_id or remote.view_id


def _persons(remote: RemoteOrder) -> dict[str, Any]:
    return {
        "recipient": remote.recipient,
        "phones": list(remote.phones),
        "address": remote.address,
        "remark": remote.remark,
        "invoice_title": remote.invoice_title,
        "taxpayer": remote.taxpayer,
        "rider_phones": list(remote.rider_phones),
    }


def _know(order: Order, said: dict[str, Any], *, over: bool) -> None:
    """Meituan empties and hides what it said once: nothing known is lost by that."""
    if order.emptied_at:
        return
    known = dict(order.customer)
    for name, value in said.items():
        if name == "address" and order.address_removed_at:
            continue
        if value and (over or not known.get(name)):
            known[name] = value
    if known != order.customer:
        order.customer = known


def _earlier(known: datetime | None, at: datetime) -> datetime:
    return min(known, at) if known else at
