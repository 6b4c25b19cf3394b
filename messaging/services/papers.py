"""Makes the receipts of an order that was accepted; services/printing/ prints them."""

from functools import partial

from django.db import transaction

from messaging.choices import OrderState, PrinterReach
from messaging.models import Order, Printer, PrintJob
from stores.platforms.workers import queue

PRINT = "messaging.tasks.print_queued"


def owe_receipts(order: Order, *, was: str) -> int:
    """Makes the receipts of an order that has just become accepted, for the printers of its store;
    `was` is its state before. Returns how many.

    Runs in the caller's transaction, with the order locked. What exists is not made again.
    """
    if order.state != OrderState.CONFIRMED or was == order.state:
        return 0
    printers = list(Printer.objects.filter(store=order.store_id, is_active=True).order_by("pk"))
    jobs = [
        PrintJob(printer=printer, order=order, copy=copy, number=number)
        for printer in printers
        for copy, count in printer.copies().items()
        for number in range(1, count + 1)
    ]
    if jobs:
        PrintJob.objects.bulk_create(jobs, ignore_conflicts=True)
        wake_printers(order.store_id)
    return len(jobs)


def wake_printers(store_id: int) -> None:
    """Wakes a worker for each printer of a store once the transaction has committed: another one
    may have to take over. Agents ask by themselves.
    """
    rows = Printer.objects.filter(store=store_id, is_active=True, reach=PrinterReach.DIRECT)
    for pk in rows.order_by("pk").values_list("pk", flat=True):
        # A failure to wake a worker (robust) is harmless: the sweep finds what is queued.
        transaction.on_commit(partial(queue.wake_worker, PRINT, pk), robust=True)
