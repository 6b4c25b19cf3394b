"""What Meituan's pushes tell of an order."""

from datetime import datetime

from django.db.models import Q

from messaging.choices import DeliveryState, OrderState, PushKind
from messaging.models import MissedPush, Order
from messaging.services.accepting import accept_by_rule
from messaging.services.answers import TOLD_BY
from messaging.services.merging import advance, deliver, fill, name_rider
from messaging.services.order_cards import owe_card
from messaging.services.papers import owe_receipts
from messaging.services.reading import owe_order
from messaging.wire.orders import RemoteOrder
from messaging.wire.values import mask_phones
from stores.models import Connection

# The state that a push tells by its address.
STATE_OF = {kind: state for state, kind in TOLD_BY.items()}


def locked(connection: Connection, order_id: str) -> Order:
    """Returns the order of this number, locked; made if it is not known yet.

    Runs in the caller's transaction.
    """
    store = connection.takeaway_store.store
    Order.objects.get_or_create(
        connection=connection, order_id=order_id, defaults={"store_id": store.pk}
    )
    return Order.objects.select_for_update().get(connection=connection, order_id=order_id)


def order_told(
    *, connection: Connection, kind: PushKind, remote: RemoteOrder, at: datetime
) -> Order:
    """Merges a pushed order; `at` is when the push arrived. An incomplete one is asked for."""
    order = locked(connection, remote.order_id)
    was = order.state
    fill(order, remote, is_answer=False)
    for state in (remote.state, STATE_OF.get(kind, OrderState.UNKNOWN)):
        if state != OrderState.UNKNOWN:
            advance(order, state, remote.changed_at or at)
    came(order, kind, at)
    order.save()
    owe_receipts(order, was=was)
    owe_card(order, was=was)
    if remote.is_incomplete or remote.unreadable:
        owe_order(order)
    accept_by_rule(order)
    return order


def order_cancelled(
    *, connection: Connection, order_id: str, code: str, reason: str, at: datetime
) -> Order:
    order = locked(connection, order_id)
    advance(order, OrderState.CANCELLED, at)
    order.cancel_code = order.cancel_code or code
    order.cancel_reason = order.cancel_reason or mask_phones(reason)[:300]
    came(order, PushKind.ORDER_CANCELLED, at)
    order.save()
    _ask_for_unknown(order)
    return order


def delivery_told(
    *,
    connection: Connection,
    order_id: str,
    state: DeliveryState,
    at: datetime,
    rider: str,
    phones: tuple[str, ...],
) -> Order:
    order = locked(connection, order_id)
    if deliver(order, state, at):
        name_rider(order, name=rider, phones=phones)
    order.save()
    _ask_for_unknown(order)
    return order


def order_urged(*, connection: Connection, order_id: str, at: datetime) -> Order:
    order = locked(connection, order_id)
    if not order.urged_at or order.urged_at < at:
        order.urged_at = at
    order.save()
    _ask_for_unknown(order)
    return order


def numbers_ended(*, connection: Connection) -> int:
    """Asks for the open orders of a store, or of all stores below a developer account: hidden
    numbers no longer lead anywhere, and the answers hold the real ones. Returns how many.

    Runs in the caller's transaction.
    """
    of_store = Q(connection=connection) | Q(connection__parent=connection)
    found = list(Order.objects.open().filter(of_store).select_for_update().order_by("pk"))
    for order in found:
        owe_order(order)
    return len(found)


def _ask_for_unknown(order: Order) -> None:
    """An order that something else told of first, or whose push was lost, is asked for."""
    if order.said_at is None:
        owe_order(order)


def came(order: Order, kind: PushKind, at: datetime) -> None:
    """Notes of a push that we had missed that it was only late."""
    MissedPush.objects.filter(order=order, kind=kind, came_at=None).update(came_at=at)
