"""What we ask Meituan to do with an order (docs/platforms/takeaway.md §4.6).

When an answer is lost, the order is read: Meituan's state says whether it was done. What harms
nobody when it is done twice is simply sent again.
"""

from datetime import timedelta
from typing import Any, ClassVar

from django.utils import timezone
from django.utils.translation import gettext_lazy as _

from messaging.choices import PLATFORM, DeliveryState, OrderState, RefundState
from messaging.client import TakeawayClient
from messaging.models import Order, Refund
from messaging.services.merging import advance
from messaging.services.papers import owe_receipts
from messaging.services.reading import client_of, of_order, owe_order, owe_refunds
from stores.models import OutboundCall
from stores.platforms.errors import Inconclusive, Refused
from stores.platforms.outbox import Operation, SlotWaiter, Verdict, operation, wait_while_at_work

# A refund that the shop made may be dated a little before we asked for it.
CLOCKS_APART = timedelta(minutes=2)


class Action(Operation):
    """Base of the actions; the call's subject is the order."""

    platform = PLATFORM
    patience = timedelta(minutes=30)
    backoff: ClassVar[tuple[float, ...]] = (1, 3, 10, 30, 60)

    def send(self, call: OutboundCall, wait_for_slot: SlotWaiter) -> Any:
        client = client_of(call.connection, wait_for_slot)
        self.act(client, Order.objects.get(pk=call.subject_id), call.payload)

    def ask(self, call: OutboundCall, wait_for_slot: SlotWaiter) -> Verdict:
        client = client_of(call.connection, wait_for_slot)
        order = Order.objects.get(pk=call.subject_id)
        executed = self.is_done(client, order, call)
        if not executed:
            wait_while_at_work(call)
        return Verdict(executed=executed)

    def on_done(self, call: OutboundCall, answer: Any, *, inferred: bool) -> None:
        order = Order.objects.select_for_update().get(pk=call.subject_id)
        was = order.state
        self.note(order, call)
        order.save()
        owe_receipts(order, was=was)

    def may_retry(self, call: OutboundCall, *, ask_first: bool) -> bool:
        return ask_first or self.repeatable

    def on_refused(self, call: OutboundCall, error: Refused) -> None:
        """Meituan's refusal often means that the order stands otherwise than we think."""
        owe_order(_failed(call))

    def on_dead(self, call: OutboundCall, *, maybe_executed: bool) -> None:
        _failed(call)

    def act(self, client: TakeawayClient, order: Order, given: dict[str, Any]) -> None:
        """Makes the request. Raises PlatformError."""
        raise NotImplementedError

    def is_done(self, client: TakeawayClient, order: Order, call: OutboundCall) -> bool:
        """Asks Meituan whether it was done. Raises PlatformError."""
        raise NotImplementedError

    def note(self, order: Order, call: OutboundCall) -> None:
        """Changes the locked order in memory once it was done."""


def _failed(call: OutboundCall) -> Order:
    """Returns the order, locked and noted as changed: open pages show that it failed."""
    order = Order.objects.select_for_update().get(pk=call.subject_id)
    order.note_change()
    return order


class Harmless(Action):
    """Base of what may be done twice."""

    repeatable = True


@operation
class Accepting(Action):
    name = "order.accept"
    title = _("Accept the order")

    def act(self, client: TakeawayClient, order: Order, given: dict[str, Any]) -> None:
        client.confirm(order.order_id)

    def is_done(self, client: TakeawayClient, order: Order, call: OutboundCall) -> bool:
        return client.order(order.order_id).state in (OrderState.CONFIRMED, OrderState.FINISHED)

    def note(self, order: Order, call: OutboundCall) -> None:
        advance(order, OrderState.CONFIRMED, timezone.now())


@operation
class Cancelling(Action):
    """The payload is {"code", "reason"}."""

    name = "order.cancel"
    title = _("Cancel the order")

    def act(self, client: TakeawayClient, order: Order, given: dict[str, Any]) -> None:
        client.cancel(order.order_id, code=given["code"], reason=given["reason"])

    def is_done(self, client: TakeawayClient, order: Order, call: OutboundCall) -> bool:
        return client.order(order.order_id).state == OrderState.CANCELLED

    def note(self, order: Order, call: OutboundCall) -> None:
        advance(order, OrderState.CANCELLED, timezone.now())
        order.cancel_code = order.cancel_code or call.payload["code"]
        order.cancel_reason = order.cancel_reason or call.payload["reason"]


@operation
class RefundDeciding(Action):
    """The payload is {"agree", "reason", "refund": our key of it}."""

    name = "refund.decide"
    title = _("Decide the refund")

    def act(self, client: TakeawayClient, order: Order, given: dict[str, Any]) -> None:
        decide = client.agree_refund if given["agree"] else client.reject_refund
        decide(order.order_id, reason=given["reason"])

    def is_done(self, client: TakeawayClient, order: Order, call: OutboundCall) -> bool:
        refund = Refund.objects.filter(pk=call.payload["refund"]).first()
        facts = of_order(client.refunds_of([order.order_id]), order)
        if refund and refund.refund_id:
            facts = [fact for fact in facts if fact.refund_id == refund.refund_id]
        # What is decided is decided, whoever did it: a second decision would be refused.
        return bool(facts) and all(fact.state != RefundState.OPEN for fact in facts)

    def on_done(self, call: OutboundCall, answer: Any, *, inferred: bool) -> None:
        order = Order.objects.select_for_update().get(pk=call.subject_id)
        if not inferred:
            Refund.objects.filter(pk=call.payload["refund"], state=RefundState.OPEN).update(
                state=RefundState.AGREED if call.payload["agree"] else RefundState.REJECTED,
                decided_at=timezone.now(),
                decide_until=None,
            )
        order.note_change()
        owe_refunds(order)

    def on_refused(self, call: OutboundCall, error: Refused) -> None:
        owe_refunds(_failed(call))


@operation
class PartRefunding(Action):
    """The payload is {"reason", "dishes": lines as Meituan lists them}."""

    name = "refund.part"
    title = _("Refund a part")

    def act(self, client: TakeawayClient, order: Order, given: dict[str, Any]) -> None:
        client.refund_part(order.order_id, reason=given["reason"], dishes=given["dishes"])

    def is_done(self, client: TakeawayClient, order: Order, call: OutboundCall) -> bool:
        since = call.queued_at - CLOCKS_APART
        facts = of_order(client.refunds_of([order.order_id]), order)
        return any(fact.is_part and fact.applied_at and fact.applied_at >= since for fact in facts)

    def note(self, order: Order, call: OutboundCall) -> None:
        owe_refunds(order)


@operation
class UrgeAnswering(Harmless):
    name = "order.urge"
    title = _("Answer the urge")

    def act(self, client: TakeawayClient, order: Order, given: dict[str, Any]) -> None:
        client.answer_urge(order.order_id)

    def note(self, order: Order, call: OutboundCall) -> None:
        order.urge_answered_at = timezone.now()


@operation
class MealReady(Harmless):
    name = "order.ready"
    title = _("Report the meal as ready")

    def act(self, client: TakeawayClient, order: Order, given: dict[str, Any]) -> None:
        client.meal_ready(order.order_id)

    def note(self, order: Order, call: OutboundCall) -> None:
        order.ready_at = order.ready_at or timezone.now()


@operation
class TimeDeciding(Harmless):
    """The payload is {"agree"}."""

    name = "order.time"
    title = _("Answer the wish for another time")

    def act(self, client: TakeawayClient, order: Order, given: dict[str, Any]) -> None:
        decide = client.agree_time if given["agree"] else client.refuse_time
        decide(order.order_id)

    def note(self, order: Order, call: OutboundCall) -> None:
        order.new_time_answered_at = timezone.now()
        owe_order(order)


class CourierReport(Harmless):
    """Base of what the shop tells of its own courier. The payload is {"courier", "phone"}."""

    state: ClassVar[DeliveryState]

    def note(self, order: Order, call: OutboundCall) -> None:
        order.delivery, order.delivery_at = self.state, timezone.now()


@operation
class OnTheWay(CourierReport):
    name = "order.on_the_way"
    title = _("Report that our courier has set out")
    state = DeliveryState.PICKED_UP

    def act(self, client: TakeawayClient, order: Order, given: dict[str, Any]) -> None:
        client.on_the_way(order.order_id, courier=given["courier"], phone=given["phone"])


@operation
class Delivered(CourierReport):
    name = "order.delivered"
    title = _("Report that our courier has delivered")
    state = DeliveryState.DELIVERED

    def act(self, client: TakeawayClient, order: Order, given: dict[str, Any]) -> None:
        client.delivered(order.order_id, courier=given["courier"], phone=given["phone"])


@operation
class RiderCalling(Action):
    name = "rider.call"
    title = _("Call a rider of Meituan's")

    def act(self, client: TakeawayClient, order: Order, given: dict[str, Any]) -> None:
        client.call_rider(order.order_id)

    def is_done(self, client: TakeawayClient, order: Order, call: OutboundCall) -> bool:
        if order.delivery in (DeliveryState.NONE, DeliveryState.CANCELLED):
            # No question tells it, and a second call might send a second rider.
            raise Inconclusive("only a push about the delivery says whether a rider was called")
        return True


@operation
class RiderCancelling(Action):
    name = "rider.cancel"
    title = _("Cancel the rider")

    def act(self, client: TakeawayClient, order: Order, given: dict[str, Any]) -> None:
        client.cancel_rider(order.order_id)

    def is_done(self, client: TakeawayClient, order: Order, call: OutboundCall) -> bool:
        return order.delivery == DeliveryState.CANCELLED


ACTIONS: tuple[type[Action], ...] = (
    Accepting,
    Cancelling,
    RefundDeciding,
    PartRefunding,
    UrgeAnswering,
    MealReady,
    TimeDeciding,
    OnTheWay,
    Delivered,
    RiderCalling,
    RiderCancelling,
)
