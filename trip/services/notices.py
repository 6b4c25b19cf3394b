"""Pay, refund, consume and product notices to Meituan (docs/platforms/trip.md §3.13 to §3.16).

The body is built from the rows when it is sent, so a late notice is still true, and a repeated one
does no harm. The notices of one order are sent in their order. The notice of a use counts up to
that use, so that every try has the same body.
"""

from collections.abc import Iterable
from datetime import timedelta
from typing import Any, ClassVar
from urllib.parse import urlsplit

from django.db.models import Q
from django.utils import timezone
from django.utils.translation import gettext_lazy as _

from stores.checks import LOOPBACK
from stores.models import Connection, OutboundCall
from stores.platforms.errors import Refused
from stores.platforms.outbox import Operation, SlotWaiter, enqueue, operation, revoke
from trip.choices import Code
from trip.client import NoticeClient
from trip.models import Consumption, Order, Product, Refund
from trip.services import payloads
from trip.wire.statuses import IssueType

# Notices of the drill's orders are not sent to the real Meituan, which does not know them.
DRILL_ONLY = "the acceptance drill's orders are invented"
# Values of status in the product change notice.
OFF_SHELF, ON_SHELF, CHANGED, PRICES_CHANGED = 0, 1, 2, 5
State = OutboundCall.State


def client_of(call: OutboundCall, wait_for_slot: SlotWaiter) -> NoticeClient:
    return NoticeClient.of(call.connection, wait_for_slot=wait_for_slot, note=wait_for_slot.note)


def plays_meituan(connection: Connection) -> bool:
    """Whether notices go to the sandbox on this computer, which may also get notices of the drill's
    orders.
    """
    return urlsplit(NoticeClient.of(connection).base_url).hostname in LOOPBACK


class Notice(Operation):
    """Base of the notices: a notice whose answer was lost is sent again."""

    platform = "trip"
    repeatable = True
    patience: ClassVar[timedelta] = timedelta(days=3)
    backoff: ClassVar[tuple[float, ...]] = (1, 5, 30, 120, 600, 1800)

    def may_retry(self, call: OutboundCall, *, ask_first: bool) -> bool:
        return not call.is_drill

    def send(self, call: OutboundCall, wait_for_slot: SlotWaiter) -> Any:
        if not plays_meituan(call.connection) and call.is_drill:
            raise Refused("drill", DRILL_ONLY)
        return self.tell(call, wait_for_slot)

    def tell(self, call: OutboundCall, wait_for_slot: SlotWaiter) -> Any:
        """Sends the notice and returns the text of Meituan's answer. Raises PlatformError."""
        raise NotImplementedError


@operation
class PayNotice(Notice):
    """§3.13: the tickets of an order answered 598 are issued, or will never be issued."""

    name = "ticket.issued"
    title = _("Tell Meituan: tickets issued")

    def may_retry(self, call: OutboundCall, *, ask_first: bool) -> bool:
        is_open = Order.objects.filter(pk=call.subject_id, closed_at=None).exists()
        return is_open and super().may_retry(call, ask_first=ask_first)

    def tell(self, call: OutboundCall, wait_for_slot: SlotWaiter) -> Any:
        order = Order.objects.get(pk=call.subject_id)
        failed = order.status == Order.Status.FAILED
        if order.closed_at and not failed:
            # The order was closed while an earlier try was being sent.
            raise Refused("closed", "the order was closed")
        return client_of(call, wait_for_slot).pay(
            issue_type=IssueType.FAILED if failed else IssueType.ISSUED,
            describe=order.failure if failed else "success",
            body=payloads.ids(order) if failed else payloads.issued(order),
        )


@operation
class RefundNotice(Notice):
    """§3.14: the decision on a refund that was answered 602."""

    name = "ticket.refund"
    title = _("Tell Meituan: refund decided")

    def tell(self, call: OutboundCall, wait_for_slot: SlotWaiter) -> Any:
        refund = Refund.objects.select_related("order").get(pk=call.subject_id)
        if call.key != _verdict_key(refund):
            # The decision changed before this notice was sent; a later notice reports it.
            return "not needed"
        agreed = refund.status == Refund.Status.AGREED
        return client_of(call, wait_for_slot).refund(
            code=Code.SUCCESS if agreed else Code.REFUND_REFUSED,
            describe="退款成功" if agreed else refund.reason,
            body=payloads.refunded(refund),
        )


@operation
class ConsumeNotice(Notice):
    """§3.15: tickets were used."""

    name = "ticket.used"
    title = _("Tell Meituan: tickets used")

    def tell(self, call: OutboundCall, wait_for_slot: SlotWaiter) -> Any:
        consumption = Consumption.objects.select_related("order").get(pk=call.subject_id)
        return client_of(call, wait_for_slot).consume(body=payloads.consumed(consumption))


@operation
class ProductNotice(Notice):
    """§3.16: a product or its prices changed; Meituan then pulls them."""

    name = "ticket.product"
    title = _("Tell Meituan: product changed")

    def tell(self, call: OutboundCall, wait_for_slot: SlotWaiter) -> Any:
        product = Product.objects.get(pk=call.subject_id)
        status = call.payload["status"]
        if status in (OFF_SHELF, ON_SHELF):
            is_on_sale = product.state == Product.State.ON_SALE
            status = ON_SHELF if is_on_sale else OFF_SHELF
        return client_of(call, wait_for_slot).product(
            body=[{"partnerDealId": product.deal_id, "status": status}]
        )


def notices_of(*orders: Order) -> Q:
    """Filters the outbound calls of orders, their refunds and their consumptions."""
    refunds = [refund.pk for order in orders for refund in order.refunds.all()]
    uses = [used.pk for order in orders for used in order.consumptions.all()]
    return (
        Q(operation=PayNotice.name, subject_id__in=[order.pk for order in orders])
        | Q(operation=RefundNotice.name, subject_id__in=refunds)
        | Q(operation=ConsumeNotice.name, subject_id__in=uses)
    )


def revoke_drill_notices(orders: Iterable[Order]) -> None:
    """Revokes the drill's notices that were not sent during the drill; the real Meituan would
    refuse them.
    """
    drills = [order for order in orders if order.is_drill]
    for call in OutboundCall.objects.filter(notices_of(*drills), state=State.PENDING):
        revoke(call, "the acceptance drill is over")


def _series(order: Order) -> str:
    """Returns the series of an order: the notice of a use is sent after the notice of the issue."""
    return f"trip.order.{order.pk}"


def enqueue_pay_notice(order: Order) -> None:
    enqueue(
        PayNotice,
        connection=order.connection,
        key=str(order.pk),
        subject_id=order.pk,
        store_id=order.store_id,
        series=_series(order),
        is_drill=order.is_drill,
        known_new=True,
    )


def revoke_pay_notice(order: Order) -> None:
    """Revokes the waiting pay notice of an order that was closed."""
    for call in OutboundCall.objects.filter(
        operation=PayNotice.name, subject_id=order.pk, state=State.PENDING
    ):
        revoke(call, "the order was closed")


def _verdict_key(refund: Refund) -> str:
    return f"{refund.pk}:{refund.status}"


def enqueue_refund_notice(refund: Refund) -> None:
    """Enqueues one notice per decision, because an agreement may follow a refusal."""
    enqueue(
        RefundNotice,
        connection=refund.order.connection,
        key=_verdict_key(refund),
        subject_id=refund.pk,
        store_id=refund.store_id,
        series=_series(refund.order),
        is_drill=refund.order.is_drill,
    )


def enqueue_consume_notice(consumption: Consumption) -> None:
    enqueue(
        ConsumeNotice,
        connection=consumption.order.connection,
        key=str(consumption.pk),
        subject_id=consumption.pk,
        store_id=consumption.order.store_id,
        series=_series(consumption.order),
        is_drill=consumption.order.is_drill,
        known_new=True,
    )


def enqueue_product_notice(product: Product, status: int) -> None:
    """Enqueues a notice unless an equal one waits: that one is sent after the caller's transaction,
    and Meituan then pulls everything.
    """
    waiting = OutboundCall.objects.select_for_update().filter(
        operation=ProductNotice.name,
        subject_id=product.pk,
        state=State.PENDING,
    )
    if any(call.payload.get("status") == status for call in waiting):
        return
    enqueue(
        ProductNotice,
        connection=product.connection,
        key=f"{product.pk}:{status}:{timezone.now():%Y%m%d%H%M%S%f}",
        subject_id=product.pk,
        store_id=product.store_id,
        payload={"status": status},
    )
