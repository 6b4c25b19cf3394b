"""Calling the shop by its printer to an urgent message at which nobody looks."""

from datetime import datetime, timedelta

from django.db import transaction
from django.db.models import Exists, OuterRef
from django.utils import timezone

from messaging.choices import SLIP, PaperState
from messaging.models import Conversation, Message, Onlooker, Printer, PrintJob
from messaging.services.papers import wake_printers
from stores.transitions import move_rows

NOBODY_FOR = timedelta(seconds=60)
# Later than this, paper helps nobody any more.
LATEST = timedelta(minutes=15)


def call_shops() -> int:
    """Queues a slip, once, for each urgent question that waits for 60 seconds and that nobody has
    opened since it came; returns how many.
    """
    now = timezone.now()
    _give_up(now - LATEST)
    # Few of very many rows, which their partial index knows.
    waiting = Conversation.objects.unanswered().filter(is_urgent=True)
    talks = list(waiting.values_list("pk", flat=True))
    if not talks:
        return 0
    looked = Onlooker.objects.filter(
        conversation=OuterRef("conversation"), seen_at__gte=OuterRef("arrived_at")
    )
    rows = Message.objects.filter(
        ~Exists(looked),
        ~Exists(PrintJob.objects.filter(message=OuterRef("pk"))),
        conversation__in=talks,
        is_urgent=True,
        reply_until__isnull=False,
        answered_at=None,
        arrived_at__gt=now - LATEST,
        arrived_at__lte=now - NOBODY_FOR,
    )
    return sum(_call(pk, store_id) for pk, store_id in rows.values_list("pk", "store"))


@transaction.atomic
def _call(message_id: int, store_id: int) -> bool:
    """Whether the store has a printer and the slip is new: several processes may call at once."""
    printer = _printer_of(store_id)
    if printer is None:
        return False
    _job, is_new = PrintJob.objects.get_or_create(
        message_id=message_id, defaults={"printer": printer, "copy": SLIP}
    )
    wake_printers(store_id)
    return is_new


def _printer_of(store_id: int) -> Printer | None:
    """Returns the first printer in use, one that is in trouble only where there is no other."""
    rows = list(Printer.objects.filter(store=store_id, is_active=True).order_by("pk"))
    return min(rows, key=lambda row: row.in_trouble, default=None)


def _give_up(before: datetime) -> None:
    """Slips and test pages that no printer took in time are not printed any more."""
    old = PrintJob.objects.filter(
        order__isnull=True, wanted_at__lte=before, state=PaperState.QUEUED
    )
    # An UPDATE takes SQLite's only lock, even one that finds nothing.
    if old.exists():
        now, why = timezone.now(), "it came too late"
        move_rows(old, PaperState.QUEUED, PaperState.SKIPPED, settled_at=now, error=why)
