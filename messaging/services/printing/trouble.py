"""What a person has to see to: printers that cannot print, and receipts that are old."""

from collections.abc import Collection
from datetime import timedelta

from django.db.models import QuerySet
from django.utils import timezone

from messaging.choices import PaperState
from messaging.models import Printer, PrintJob


def troubled(stores: Collection[int]) -> QuerySet[Printer]:
    """Returns the printers in use that cannot print."""
    rows = Printer.objects.filter(store__in=stores, is_active=True, state__in=Printer.IN_TROUBLE)
    return rows.select_related("store").order_by("pk")


def number_waiting(printer: Printer) -> int:
    """Returns how many of a printer's receipts wait; another printer may take them over."""
    return printer.jobs.filter(state=PaperState.QUEUED).count()


def count_old(stores: Collection[int]) -> int:
    """Returns how many receipts were queued for too long to be printed by themselves."""
    rows = PrintJob.objects.filter(
        printer__store__in=stores, state=PaperState.QUEUED, order__isnull=False
    )
    found = rows.order_by().values_list("wanted_at", "printer__old_minutes")
    now = timezone.now()
    return sum(wanted_at <= now - timedelta(minutes=old) for wanted_at, old in found)
