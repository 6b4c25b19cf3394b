"""Asking Meituan how an order and its refunds stand."""

from datetime import timedelta
from typing import Any

from django.utils import timezone
from django.utils.translation import gettext_lazy as _

from messaging.choices import PLATFORM, Provider, RefundState
from messaging.client import TakeawayClient
from messaging.models import Order, TakeawayStore
from messaging.services.answers import BEHIND, order_read, refunds_read
from messaging.wire.refunds import RefundFact
from stores.models import Connection, OutboundCall
from stores.platforms.errors import LoginRefused
from stores.platforms.outbox import Operation, SlotWaiter, enqueue, notify, operation


def client_of(connection: Connection, wait_for_slot: Any = lambda: None) -> TakeawayClient:
    """Returns the client of a store's connection. Raises LoginRefused while it is not bound."""
    if connection.parent is None or not connection.token:
        raise LoginRefused("the store is not bound")
    return TakeawayClient.of(
        connection.parent,
        provider=Provider(connection.takeaway_store.provider),
        token=connection.token,
        wait_for_slot=wait_for_slot,
    )


class Reading(Operation):
    """Base of the questions about one order: one whose answer was lost is asked again."""

    platform = PLATFORM
    repeatable = True
    patience = timedelta(hours=6)
    backoff = (1, 5, 30, 120, 600)


@operation
class OrderReading(Reading):
    """One order (docs/platforms/takeaway.md §4.6)."""

    name = "order.read"
    title = _("Ask Meituan for an order")

    def send(self, call: OutboundCall, wait_for_slot: SlotWaiter) -> Any:
        order = Order.objects.get(pk=call.subject_id)
        return client_of(call.connection, wait_for_slot).order(order.order_id)

    def on_done(self, call: OutboundCall, answer: Any, *, inferred: bool) -> None:
        order_read(order=_locked(call), remote=answer)


@operation
class RefundsReading(Reading):
    """The refunds of one order (§4.5)."""

    name = "refunds.read"
    title = _("Ask Meituan for the refunds of an order")

    def send(self, call: OutboundCall, wait_for_slot: SlotWaiter) -> Any:
        order, asked_at = Order.objects.get(pk=call.subject_id), timezone.now()
        client = client_of(call.connection, wait_for_slot)
        return asked_at, of_order(client.refunds_of([order.order_id]), order)

    def on_done(self, call: OutboundCall, answer: Any, *, inferred: bool) -> None:
        asked_at, facts = answer
        order = _locked(call)
        if not refunds_read(order=order, facts=facts, asked_at=asked_at):
            owe_refunds(order, after=BEHIND)
        ask_what_a_refund_ended(order)


def ask_what_a_refund_ended(order: Order) -> None:
    """Owes the question for an order that runs here although its whole price was refunded."""
    if order.is_open and order.refunds.filter(state=RefundState.AGREED, is_part=False).exists():
        owe_order(order)


def of_order(facts: list[RefundFact], order: Order) -> list[RefundFact]:
    return [fact for fact in facts if fact.order_id == order.order_id]


def owe_order(order: Order) -> None:
    _owe(OrderReading, order, timedelta(0))


def owe_refunds(order: Order, *, after: timedelta = timedelta(0)) -> None:
    _owe(RefundsReading, order, after)


def owe_each(
    kind: type[Operation], every: timedelta, *, binding: TakeawayStore, subject_id: int
) -> OutboundCall:
    """Owes a question about something of a store, at most once in such a period."""
    period = int(timezone.now().timestamp() // every.total_seconds())
    return enqueue(
        kind,
        connection=binding.connection,
        key=f"{subject_id}:{period}",
        subject_id=subject_id,
        store_id=binding.store_id,
    )


def _owe(kind: type[Reading], order: Order, after: timedelta) -> None:
    """Owes one question, unless one waits that will be asked no earlier and after this
    transaction; one that would be asked later than `after` is asked then.
    """
    due_at = timezone.now() + after
    waiting = OutboundCall.objects.select_for_update().filter(
        operation=kind.name, subject_id=order.pk, state=OutboundCall.State.PENDING
    )
    if (
        known := waiting.filter(due_at__gte=due_at - timedelta(seconds=1))
        .order_by("due_at")
        .first()
    ):
        if known.due_at > due_at:
            waiting.filter(pk=known.pk).update(due_at=due_at)
            notify(known.pk)
        return
    call = enqueue(
        kind,
        connection=order.connection,
        key=f"{order.pk}:{due_at:%Y%m%d%H%M%S%f}",
        subject_id=order.pk,
        store_id=order.store_id,
        wake=not after,
    )
    if after:
        OutboundCall.objects.filter(pk=call.pk).update(due_at=due_at)


def _locked(call: OutboundCall) -> Order:
    return Order.objects.select_for_update().get(pk=call.subject_id)
