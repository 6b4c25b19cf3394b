"""Telling Meituan that the receipts of an order are printed (docs/platforms/takeaway.md §4.6)."""

from datetime import timedelta
from typing import Any, ClassVar

from django.utils.translation import gettext_lazy as _

from messaging.choices import PLATFORM, PaperState
from messaging.models import Order, PrintJob
from messaging.services.reading import client_of
from stores.models import OutboundCall
from stores.platforms.outbox import Operation, SlotWaiter, enqueue, operation

# Nothing more is to be done for these.
OVER = (PaperState.CONFIRMED, PaperState.SKIPPED)


@operation
class PrintReporting(Operation):
    """May be sent twice: the receipts stay printed."""

    name = "order.printed"
    title = _("Report the receipt as printed")
    platform = PLATFORM
    repeatable = True
    patience = timedelta(minutes=30)
    backoff: ClassVar[tuple[float, ...]] = (5, 30, 120)

    def send(self, call: OutboundCall, wait_for_slot: SlotWaiter) -> Any:
        order = Order.objects.get(pk=call.subject_id)
        client_of(call.connection, wait_for_slot).report_printed(order.view_id)


def report_printed(order: Order) -> bool:
    """Owes the report once the printers have confirmed every copy of an order, some of them perhaps
    when they were printed again; returns whether they have. Runs in the caller's transaction.
    """
    jobs = list(PrintJob.objects.filter(order=order))
    again = {job.copy for job in jobs if job.is_reprint and job.state == PaperState.CONFIRMED}
    missing = {job.copy for job in jobs if not job.is_reprint and job.state not in OVER}
    if missing - again or all(job.state != PaperState.CONFIRMED for job in jobs):
        return False
    if order.view_id and order.connection.takeaway_store.takes_orders:
        enqueue(
            PrintReporting,
            connection=order.connection,
            key=str(order.pk),
            subject_id=order.pk,
            store_id=order.store_id,
        )
    return True
