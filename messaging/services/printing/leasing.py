"""Receipts for printers that an agent in the shop reaches (`manage.py print_agent`): it fetches one
at a time and reports what became of it. This server never connects to such a printer.

A receipt counts as sent once it is fetched. Without a report it becomes unknown when the lease ends
(PRINTING.agent_lease), and nobody gets it a second time.
"""

from collections.abc import Collection
from dataclasses import dataclass
from datetime import timedelta
from uuid import UUID

from django.conf import settings
from django.db import transaction
from django.utils import timezone
from django.utils.translation import gettext_lazy as _

from messaging.choices import PaperState, PrinterReach, PrinterState, PrintResult
from messaging.models import Printer, PrintJob
from messaging.services.printing.addresses import PrinterConflict
from messaging.services.printing.talking import Trouble
from messaging.services.printing.working import (
    confirm,
    content_of,
    give_up_sent,
    is_rested,
    is_wanted,
    mark_sent,
    note_ready,
    note_trouble,
    settle,
    waiting_for,
)
from stores.tenancy import TenantQuerySet
from stores.transitions import move_rows

OTHER_CLAIM = _("This receipt was fetched with another `claim`.")
# With these it gets receipts; what else an agent can learn from a printer.
READY = (PrinterState.READY, PrinterState.MUTE)
TROUBLES = (PrinterState.PAPER, PrinterState.HALTED, PrinterState.AWAY)


@dataclass(frozen=True)
class Fetched:
    """A receipt that an agent has fetched, as the printer takes it."""

    job: PrintJob
    content: bytes

    def seconds_left(self) -> float:
        """Returns how long the lease still lasts."""
        assert self.job.sent_at is not None
        lasts = (timezone.now() - self.job.sent_at).total_seconds()
        return max(0.0, settings.PRINTING.agent_lease - lasts)


def with_agent() -> TenantQuerySet[Printer]:
    """Returns the printers in use that an agent reaches."""
    return Printer.objects.filter(reach=PrinterReach.AGENT, is_active=True)


def note_seen(printers: Collection[Printer]) -> None:
    """Notes that an agent has asked for these printers, at most every PRINTING.seen_every
    seconds.
    """
    now = timezone.now()
    before = now - timedelta(seconds=settings.PRINTING.seen_every)
    due = [row.pk for row in printers if not row.agent_seen_at or row.agent_seen_at < before]
    if due:
        Printer.objects.filter(pk__in=due).update(agent_seen_at=now)


def is_to_be_asked(printer: Printer) -> bool:
    """Whether the agent is to connect to the printer: something waits, or it was not tried yet, or
    a trouble may be over.
    """
    if printer.state == PrinterState.UNTRIED:
        return True
    return is_rested(printer) and is_wanted(printer)


@transaction.atomic
def receipt_fetch(*, printer: Printer, claim: UUID, answers: bool = True) -> Fetched | None:
    """Returns the next receipt of a printer that is ready; None when nothing waits, or another
    receipt is with the printer. `answers`: whether it says how it is, and so what it has printed.

    With the same claim the same receipt is returned again while its lease lasts.
    """
    rows = Printer.objects.select_for_update(of=("self",)).select_related("store")
    printer = rows.get(pk=printer.pk)
    note_ready(printer, answers=answers)
    give_up_sent()
    sent = PrintJob.objects.filter(printed_by=printer, state=PaperState.SENT)
    if at_work := sent.select_related("order__store").first():
        content = content_of(at_work, printer) if at_work.claim == claim else None
        return Fetched(at_work, content) if content is not None else None
    if PrintJob.objects.filter(printed_by=printer, claim=claim).exists():
        # Its lease has ended.
        return None
    for job in waiting_for(printer):
        content = content_of(job, printer)
        if content is not None and mark_sent(job, printer, claim=claim):
            job.refresh_from_db(fields=["sent_at"])
            return Fetched(job, content)
    return None


@transaction.atomic
def receipt_report(
    *, job: PrintJob, claim: UUID, result: PrintResult, trouble: Trouble | None
) -> PrintJob:
    """Notes what became of a fetched receipt; `trouble` says why it is not confirmed. A receipt of
    which nothing was sent waits again. The same report again changes nothing.

    Raises PrinterConflict when the receipt was fetched with another claim.
    """
    rows = PrintJob.objects.select_for_update(of=("self",)).select_related("order__connection")
    job = rows.get(pk=job.pk)
    if job.claim != claim or job.printed_by is None:
        raise PrinterConflict(OTHER_CLAIM)
    before = job.state
    if result == PrintResult.CONFIRMED:
        confirm(job)
    elif result == PrintResult.SENT:
        settle(job, PaperState.UNKNOWN, str(trouble))
    else:
        rows = PrintJob.objects.filter(pk=job.pk)
        move_rows(rows, PaperState.SENT, PaperState.QUEUED, error=str(trouble)[:200])
    job.refresh_from_db(fields=["state"])
    if job.state == before:
        return job
    if job.state == PaperState.CONFIRMED:
        note_ready(job.printed_by)
    elif trouble is not None:
        note_trouble(job.printed_by, trouble)
    return job
