"""Printing what waits for a printer, in a worker: one process at a time talks with a printer, and
each printer has a task of its own, so that none waits for another.

A receipt is marked as sent before its first byte leaves. Whatever goes wrong from then on leaves it
unknown, and it is never sent again by itself.
"""

import logging
import time
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import datetime, timedelta
from functools import partial
from uuid import UUID

from django.conf import settings
from django.db import transaction
from django.db.models import Exists, F, OuterRef, Q, QuerySet
from django.utils import timezone

from messaging.choices import (
    TEST_PAGE,
    OrderState,
    PaperState,
    PrinterReach,
    PrinterState,
    ReceiptCopy,
)
from messaging.models import Order, Printer, PrintJob
from messaging.services.order_cards import note_printed
from messaging.services.papers import PRINT, wake_printers
from messaging.services.printing.addresses import NOT_FOUND, PrinterConflict, find_place
from messaging.services.printing.rendering import job_bytes
from messaging.services.printing.reporting import report_printed
from messaging.services.printing.talking import PrinterLine, Trouble
from stores.platforms.workers import queue
from stores.transitions import move_rows, states_before

log = logging.getLogger(__name__)
# What nobody wanted for so long, the sweep does not look for.
LONGEST_OLD = timedelta(days=1)


def print_queued(printer_id: int) -> int:
    """Prints what waits for a printer; returns how many receipts the printer confirmed.

    Does nothing while another process talks with it: that one looks again before it ends.
    """
    until = time.monotonic() + settings.PRINTING.budget
    confirmed = 0
    while time.monotonic() < until:
        with leased(printer_id) as printer:
            if printer is None or not (is_wanted(printer) and _may_try(printer)):
                return confirmed
            try:
                confirmed += _print_all(printer, until)
            except Trouble as trouble:
                note_trouble(printer, trouble)
                return confirmed
    return confirmed


def sweep() -> int:
    """Wakes a worker for each printer that has something to do; returns how many.

    What a process that ended has left in the middle becomes unknown. Printers whose agents are
    silent are noted, so that others take over.
    """
    give_up_sent()
    note_silent_agents()
    newest = timezone.now() - LONGEST_OLD
    waiting = PrintJob.objects.filter(
        state=PaperState.QUEUED, wanted_at__gt=newest, printer__store=OuterRef("store")
    )
    has_to_do = Exists(waiting) | Q(state__in=Printer.IN_TROUBLE)
    rows = Printer.objects.filter(has_to_do, is_active=True, reach=PrinterReach.DIRECT)
    found = [row.pk for row in rows.order_by("pk") if is_rested(row)]
    for pk in found:
        queue.wake_worker(PRINT, pk)
    return len(found)


def give_up_sent() -> int:
    """Makes receipts unknown whose process or agent ended in the middle; returns how many."""
    now = timezone.now()
    before = now - timedelta(seconds=settings.PRINTING.agent_lease)
    is_busy = Printer.objects.filter(busy_until__gte=now, reach=PrinterReach.DIRECT)
    has_ended = ~Q(printed_by__in=is_busy) & Q(printed_by__reach=PrinterReach.DIRECT)
    left = PrintJob.objects.filter(has_ended | Q(sent_at__lt=before), state=PaperState.SENT)
    return sum(settle(job, PaperState.UNKNOWN, "the process that printed it ended") for job in left)


def note_silent_agents() -> int:
    """Notes the printers whose agents have not asked for a while; returns how many."""
    before = timezone.now() - timedelta(seconds=settings.PRINTING.silent)
    was_changed_before = Q(state_at=None) | Q(state_at__lt=before)
    is_silent = Q(agent_seen_at__lt=before) | (
        Q(agent_seen_at=None, created_at__lt=before) & was_changed_before
    )
    rows = Printer.objects.filter(is_silent, is_active=True, reach=PrinterReach.AGENT)
    found = list(rows.exclude(state=PrinterState.SILENT).order_by("pk"))
    for printer in found:
        note_trouble(printer, Trouble(PrinterState.SILENT))
    return len(found)


@contextmanager
def leased(printer_id: int) -> Iterator[Printer | None]:
    """Yields the printer when this server reaches it and no other process talks with it, else
    None.
    """
    now, until = timezone.now(), _lease_end()
    is_free = Q(busy_until=None) | Q(busy_until__lt=now)
    in_use = Printer.objects.filter(is_active=True, reach=PrinterReach.DIRECT)
    rows = in_use.filter(is_free, pk=printer_id)
    if not rows.update(busy_until=until):
        yield None
        return
    printer = Printer.objects.select_related("store").get(pk=printer_id)
    try:
        yield printer
    finally:
        _lease_of(printer).update(busy_until=None)


def waiting_for(printer: Printer) -> QuerySet[PrintJob]:
    """Returns the receipts that a printer is to print now: its own, and those of printers of the
    store that are in trouble or no longer used. Old ones are left to a person.
    """
    is_left = Q(printer__state__in=Printer.IN_TROUBLE) | Q(printer__is_active=False)
    mine = Q(printer=printer) | (Q(printer__store=printer.store_id) & is_left)
    rows = PrintJob.objects.filter(
        mine,
        # No other printer can print a printer's test page.
        Q(message__isnull=False)
        | Q(order__said_at__isnull=False)
        | Q(copy=TEST_PAGE, printer=printer),
        state=PaperState.QUEUED,
        wanted_at__gt=timezone.now() - printer.old_after,
    )
    related = (
        "order__store",
        "order__connection__takeaway_store",
        "message__store",
        "message__order",
    )
    return rows.select_related(*related).order_by("wanted_at", "pk")


def is_wanted(printer: Printer) -> bool:
    """Whether there is something to print, or to see whether a trouble is over."""
    return printer.in_trouble or waiting_for(printer).exists()


def connected(printer: Printer) -> PrinterLine:
    """Returns the line to a leased printer, which renews the lease.

    Raises Trouble when its address leads nowhere, or where it may not.
    """
    try:
        return PrinterLine(find_place(printer.address), partial(_extend, printer))
    except PrinterConflict as conflict:
        is_unknown = conflict.reason is NOT_FOUND
        raise Trouble(PrinterState.AWAY if is_unknown else PrinterState.FORBIDDEN) from conflict


def require_ready(printer: Printer, line: PrinterLine) -> None:
    """Asks how the printer is, and notes it. Raises Trouble."""
    answers = line.is_answering(printer.answers, patience=settings.PRINTING.before)
    note_ready(printer, answers=answers)


def note_ready(printer: Printer, *, answers: bool = True) -> None:
    """Notes that a printer takes receipts, and whether it says that it has printed them."""
    if printer.answers != answers:
        printer.answers = answers
        printer.save(update_fields=["answers"])
    _note(printer, PrinterState.READY if answers else PrinterState.MUTE, "")


def forget_state(printer: Printer) -> None:
    """Makes a printer untried that is another one now: what was known of the old one is not so."""
    printer.state, printer.state_at = PrinterState.UNTRIED, timezone.now()
    printer.checked_at = printer.agent_seen_at = printer.answers = None
    printer.last_error = ""


def note_trouble(printer: Printer, trouble: Trouble) -> None:
    """Notes what a person has to see to. Other printers of the store take over what waits."""
    log.info("printer %s: %s", printer.pk, trouble)
    was_in_trouble = printer.in_trouble
    _note(printer, trouble.state, trouble.detail)
    if not was_in_trouble:
        with transaction.atomic():
            wake_printers(printer.store_id)


def _print_all(printer: Printer, until: float) -> int:
    """Raises Trouble."""
    confirmed = 0
    with connected(printer) as line:
        require_ready(printer, line)
        for job in waiting_for(printer):
            if time.monotonic() > until or not _extend(printer):
                break
            confirmed += _print(job, printer, line)
    return confirmed


def _lease_end() -> datetime:
    return timezone.now() + timedelta(seconds=settings.PRINTING.lease)


def _lease_of(printer: Printer) -> QuerySet[Printer]:
    return Printer.objects.filter(pk=printer.pk, busy_until=printer.busy_until)


def _extend(printer: Printer) -> bool:
    """False when this process was so slow that another one may have taken the printer."""
    until = _lease_end()
    is_ours = bool(_lease_of(printer).update(busy_until=until))
    printer.busy_until = until
    return is_ours


def _print(job: PrintJob, printer: Printer, line: PrinterLine) -> bool:
    """Prints one receipt; whether the printer confirmed it. Raises Trouble."""
    content = content_of(job, printer)
    if content is None:
        return False
    try:
        require_ready(printer, line)
    except Trouble as trouble:
        row = PrintJob.objects.filter(pk=job.pk, state=PaperState.QUEUED)
        row.update(attempts=F("attempts") + 1, error=str(trouble)[:200])
        raise
    if not _extend(printer) or not mark_sent(job, printer):
        return False
    try:
        line.send(content)
        if printer.answers:
            line.require_printed()
    except Trouble as trouble:
        settle(job, PaperState.UNKNOWN, str(trouble))
        raise
    if not printer.answers:
        settle(job, PaperState.UNKNOWN, "sent; this printer answers no questions")
        return False
    with transaction.atomic():
        confirm(job)
    return True


def confirm(job: PrintJob) -> None:
    """Notes that a receipt is on paper, and what follows for its order."""
    if settle(job, PaperState.CONFIRMED, "") and job.order:
        report_printed(job.order)
        if job.copy == ReceiptCopy.CUSTOMER:
            note_printed(job.order)


def content_of(job: PrintJob, printer: Printer) -> bytes | None:
    """Returns the bytes of a receipt or slip, or settles one that is not to be printed."""
    if reason := _why_skip(job):
        settle(job, PaperState.SKIPPED, reason)
        return None
    try:
        return job_bytes(job, printer)
    except Exception as error:
        # One order that cannot be laid out must not stop all others.
        log.exception("receipt %s", job.pk)
        settle(job, PaperState.FAILED, f"cannot be laid out: {type(error).__name__}")
        return None


def _why_skip(job: PrintJob) -> str:
    """Returns why a receipt or slip is no longer needed; "" when it is."""
    if job.order and job.order.state == OrderState.CANCELLED and not job.is_reprint:
        return "the order was cancelled"
    if job.message and job.message.answered_at:
        return "the message was answered"
    return ""


def mark_sent(job: PrintJob, printer: Printer, *, claim: UUID | None = None) -> bool:
    """False when another printer has taken the receipt, or a person has left it out."""
    return bool(
        move_rows(
            PrintJob.objects.filter(pk=job.pk),
            PaperState.QUEUED,
            PaperState.SENT,
            printed_by=printer,
            claim=claim,
            sent_at=timezone.now(),
            attempts=F("attempts") + 1,
            error="",
        )
    )


def settle(job: PrintJob, to: PaperState, error: str) -> bool:
    """Ends a receipt; False when it had ended otherwise before."""
    now = timezone.now()
    rows = PrintJob.objects.filter(pk=job.pk, state__in=states_before(PrintJob, to))
    is_new = bool(rows.update(state=to, settled_at=now, error=error[:200]))
    if is_new and job.order_id:
        # The order desk looks for orders that have changed.
        Order.objects.filter(pk=job.order_id).update(changed_at=now)
    return is_new


def _note(printer: Printer, state: PrinterState, detail: str) -> None:
    now = timezone.now()
    if printer.state != state:
        printer.state_at = now
    printer.state, printer.last_error, printer.checked_at = state, detail[:200], now
    printer.save(update_fields=["state", "state_at", "last_error", "checked_at"])


def _may_try(printer: Printer) -> bool:
    """A printer that was in trouble a moment ago is left to the sweep."""
    if not printer.in_trouble or printer.checked_at is None:
        return True
    return _since(printer.checked_at) >= settings.PRINTING.soonest


def is_rested(printer: Printer) -> bool:
    """The longer a trouble lasts, the rarer a printer is asked whether it is over."""
    if not printer.in_trouble or not printer.checked_at or not printer.state_at:
        return True
    lasts = (printer.checked_at - printer.state_at).total_seconds()
    rest = min(max(lasts / 10, settings.PRINTING.soonest), settings.PRINTING.latest)
    return _since(printer.checked_at) >= rest


def _since(moment: datetime) -> float:
    return (timezone.now() - moment).total_seconds()
