"""What people ask of printers: a receipt again, a test page, and what happens to old receipts."""

from collections.abc import Collection
from dataclasses import dataclass

from django.db import transaction
from django.db.models import Max
from django.utils import timezone
from django.utils.translation import gettext_lazy as _

from messaging.choices import TEST_PAGE, OrderState, PaperState, PrinterState, ReceiptCopy
from messaging.models import Order, Printer, PrintJob
from messaging.services.papers import wake_printers
from messaging.services.printing.addresses import PrinterConflict
from messaging.services.printing.rendering import NothingToPrint, receipt_of, sample_page
from messaging.services.printing.talking import Trouble
from messaging.services.printing.working import connected, leased, note_trouble, require_ready
from stores import audit
from stores.audit import Actor
from stores.models import Store
from stores.transitions import move_rows

NOT_IN_USE = _("This store has no such printer in use.")
SILENT = _("The machine in the shop does not answer. See whether it is on and print_agent runs.")
NEVER_HEARD = _(
    "No machine in the shop has asked for this printer yet. Set one up as described below."
)


@dataclass(frozen=True)
class Leftovers:
    """Old receipts that were not printed: of orders that still run, and of those that are over."""

    to_print: tuple[PrintJob, ...]
    to_skip: tuple[PrintJob, ...]


@transaction.atomic
def receipt_reprint(
    *, order: Order, copy: ReceiptCopy, actor: Actor, printer: Printer | None = None
) -> PrintJob:
    """Queues a copy once more, marked as such on the paper; by default on the printer that has this
    copy. One that waits already is returned. Raises PrinterConflict.
    """
    row = Order.objects.select_for_update().select_related("store").get(pk=order.pk)
    try:
        receipt_of(row)
    except NothingToPrint as error:
        text = _("The order's content is not known, so nothing can be printed.")
        raise PrinterConflict(text) from error
    printer = printer or _printer_of(row, copy)
    if printer is None or not printer.is_active or printer.store_id != row.store_id:
        raise PrinterConflict(NOT_IN_USE)
    jobs = PrintJob.objects.filter(order=row, printer=printer, copy=copy)
    if waiting := jobs.filter(is_reprint=True, state=PaperState.QUEUED).first():
        return waiting
    last = jobs.aggregate(last=Max("number"))["last"] or 0
    job = PrintJob.objects.create(
        order=row, printer=printer, copy=copy, number=last + 1, is_reprint=True
    )
    audit.record(
        "takeaway.receipt.reprint", actor=actor, store=row.store, target=row.order_id, copy=copy
    )
    wake_printers(row.store_id)
    return job


def leftovers(store: Store) -> Leftovers:
    """Returns the receipts that were queued for too long to be printed by themselves, oldest
    first.
    """
    rows = PrintJob.objects.filter(
        printer__store=store, state=PaperState.QUEUED, order__isnull=False
    )
    rows = rows.select_related("printer", "order").order_by("pk")
    old = [job for job in rows if job.wanted_at <= timezone.now() - job.printer.old_after]
    runs = [job.order is not None and job.order.state == OrderState.CONFIRMED for job in old]
    return Leftovers(
        to_print=tuple(job for job, run in zip(old, runs, strict=True) if run),
        to_skip=tuple(job for job, run in zip(old, runs, strict=True) if not run),
    )


@transaction.atomic
def leftovers_settle(
    *, store: Store, to_print: Collection[int], to_skip: Collection[int], actor: Actor
) -> tuple[int, int]:
    """Prints some of the leftovers after all and leaves others out, by their primary keys; returns
    how many. What was printed or left out meanwhile is not counted.
    """
    old = leftovers(store)
    known = {job.pk for job in (*old.to_print, *old.to_skip)}
    rows = PrintJob.objects.filter(state=PaperState.QUEUED)
    now = timezone.now()
    printed = rows.filter(pk__in=known & set(to_print)).update(wanted_at=now)
    left = known & set(to_skip) - set(to_print)
    skipped = move_rows(
        rows.filter(pk__in=left), PaperState.QUEUED, PaperState.SKIPPED, settled_at=now
    )
    audit.record(
        "takeaway.receipts.leftovers", actor=actor, store=store, printed=printed, skipped=skipped
    )
    if printed:
        wake_printers(store.pk)
    return printed, skipped


def page_test(*, printer: Printer, actor: Actor) -> None:
    """Prints a test page at once and notes how the printer is; the machine in the shop is left to
    fetch its own. Raises PrinterConflict when it did not print; the printer's state says why.
    """
    if not printer.is_active:
        raise PrinterConflict(NOT_IN_USE)
    audit.record("takeaway.printer.tested", actor=actor, store=printer.store, target=printer.name)
    if printer.has_agent:
        _leave_test_page(printer)
    else:
        _print_test_page(printer)


@transaction.atomic
def _leave_test_page(printer: Printer) -> None:
    row = Printer.objects.select_for_update().get(pk=printer.pk)
    if row.state == PrinterState.SILENT:
        raise PrinterConflict(SILENT if row.agent_seen_at else NEVER_HEARD)
    waiting = {"printer": row, "copy": TEST_PAGE, "state": PaperState.QUEUED}
    if not PrintJob.objects.filter(**waiting).exists():
        PrintJob.objects.create(**waiting)


def _print_test_page(printer: Printer) -> None:
    with leased(printer.pk) as row:
        if row is None:
            raise PrinterConflict(_("This printer is printing now; try again in a moment."))
        try:
            with connected(row) as line:
                require_ready(row, line)
                line.send(sample_page(row, timezone.now()))
                if row.answers:
                    line.require_printed()
        except Trouble as trouble:
            note_trouble(row, trouble)
            raise PrinterConflict(
                _("The test page was not printed: %(state)s") % {"state": row.get_state_display()}
            ) from trouble
    with transaction.atomic():
        wake_printers(printer.store_id)


def _printer_of(order: Order, copy: ReceiptCopy) -> Printer | None:
    rows = Printer.objects.filter(store=order.store_id, is_active=True).order_by("pk")
    return rows.filter(**{f"{copy}__gt": 0}).first() or rows.first()
