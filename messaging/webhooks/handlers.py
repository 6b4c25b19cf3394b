"""What is done about each push. Each runs in the transaction that settles the event."""

from collections.abc import Callable
from typing import Any

from messaging.choices import PLATFORM, PushKind
from messaging.models import Order
from messaging.services import binding, orders, refunds
from messaging.services.chat import arriving
from messaging.services.reading import owe_order
from messaging.wire.messages import OtherTalk, parse_message
from messaging.wire.orders import parse_order
from messaging.wire.pushes import number_in, parse_cancelled, parse_delivery, parse_opening
from messaging.wire.refunds import parse_refund_notice
from messaging.wire.values import number
from stores.models import InboundEvent
from stores.platforms.inbound.inbox import handles

Handler = Callable[[InboundEvent, dict[str, Any]], Order | None]


def about_orders(kind: PushKind) -> Callable[[Handler], Handler]:
    """Registers what is done about a push of an order; one that cannot be read makes us ask."""

    def register(function: Handler) -> Handler:
        def handle(event: InboundEvent) -> None:
            order = _unreadable(event) or function(event, event.body.get("said") or {})
            if order is not None:
                event.subject_id = order.pk
                event.save(update_fields=["subject_id"])

        handles(PLATFORM, kind)(handle)
        return function

    return register


def _unreadable(event: InboundEvent) -> Order | None:
    """Asks for the order whose number stands in broken JSON. Raises ValueError without a number, so
    that a person sees it.
    """
    text = event.body.get("text")
    if not text:
        return None
    order_id = number_in(text)
    if not order_id:
        raise ValueError("broken JSON without an order number")
    order = orders.locked(event.connection, order_id)
    owe_order(order)
    return order


def _order(event: InboundEvent, said: dict[str, Any]) -> Order | None:
    if not said:
        return None
    return orders.order_told(
        connection=event.connection,
        kind=PushKind(event.kind),
        remote=parse_order(said),
        at=event.received_at,
    )


for each in (PushKind.ORDER_NEW, PushKind.ORDER_CONFIRMED, PushKind.ORDER_FINISHED):
    about_orders(each)(_order)


@about_orders(PushKind.ORDER_CANCELLED)
def order_cancelled(event: InboundEvent, said: dict[str, Any]) -> Order | None:
    if not said:
        return None
    told = parse_cancelled(said)
    return orders.order_cancelled(
        connection=event.connection,
        order_id=told.order_id,
        code=told.code,
        reason=told.reason,
        at=event.received_at,
    )


def _refund(event: InboundEvent, said: dict[str, Any]) -> Order | None:
    if not said:
        return None
    notice = parse_refund_notice(said, is_part=event.kind == PushKind.PART_REFUND)
    return refunds.refund_told(connection=event.connection, notice=notice, at=event.received_at)


for each in (PushKind.REFUND, PushKind.PART_REFUND):
    about_orders(each)(_refund)


@about_orders(PushKind.SHIPPING)
def delivery(event: InboundEvent, said: dict[str, Any]) -> Order | None:
    if not said:
        return None
    told = parse_delivery(said)
    return orders.delivery_told(
        connection=event.connection,
        order_id=told.order_id,
        state=told.state,
        at=told.at or event.received_at,
        rider=told.rider,
        phones=told.phones,
    )


@about_orders(PushKind.REMIND)
def order_urged(event: InboundEvent, said: dict[str, Any]) -> Order | None:
    order_id = number(said, "orderId") or number(said, "order_id")
    if not order_id:
        return None
    return orders.order_urged(connection=event.connection, order_id=order_id, at=event.received_at)


@about_orders(PushKind.SETTLEMENT)
def settled(event: InboundEvent, said: dict[str, Any]) -> Order | None:
    """Asks for the order, whose share may have changed; the settlement stays in the ledger."""
    order_id = number(said, "orderId") or number(said, "order_id")
    if not order_id:
        return None
    order = orders.locked(event.connection, order_id)
    owe_order(order)
    return order


@handles(PLATFORM, PushKind.POI_STATUS)
def store_status(event: InboundEvent) -> None:
    opening = parse_opening(event.body.get("said") or {})
    if opening:
        binding.opening_told(connection=event.connection, opening=opening, at=event.received_at)


@handles(PLATFORM, PushKind.PRIVACY)
def numbers_ended(event: InboundEvent) -> None:
    orders.numbers_ended(connection=event.connection)


@handles(PLATFORM, PushKind.BIND)
def bound(event: InboundEvent) -> None:
    binding.store_bound(connection=event.connection, said=event.body["said"], at=event.received_at)


@handles(PLATFORM, PushKind.UNBIND)
def unbound(event: InboundEvent) -> None:
    binding.store_unbound(
        connection=event.connection, said=event.body["said"], at=event.received_at
    )


@handles(PLATFORM, PushKind.MESSAGE)
def chat_message(event: InboundEvent) -> None:
    """Takes in a chat message of a push or a socket; other kinds of talks stay in the ledger."""
    if event.body.get("text"):
        raise ValueError("broken JSON in a chat message")
    said = event.body.get("said") or {}
    if not said:
        return
    try:
        remote = parse_message(said)
    except OtherTalk:
        return
    message = arriving.message_arrived(
        connection=event.connection,
        remote=remote,
        at=event.received_at,
        is_named=not event.body.get("is_guessed"),
    )
    if message:
        event.subject_id = message.pk
        event.save(update_fields=["subject_id"])
