"""A courier's bill is uploaded, its columns are chosen, and its lines are compared and kept."""

import base64
import hashlib
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from decimal import Decimal

from django.db import IntegrityError, transaction
from django.db.models import Q, QuerySet
from django.utils import timezone
from django.utils.translation import gettext as _

from delivery.models import Attempt, Bill, BillLayout, BillLine, StoreCourier
from delivery.services.bills.columns import (
    AMOUNTS,
    HEADINGS_WITHIN,
    Charge,
    Columns,
    Kind,
    find_headings,
    guess,
    headings_of,
    read_charge,
    remembered,
    shown,
)
from delivery.services.bills.matching import Judged, Ride, judged
from delivery.services.bills.reading import read_table
from stores import audit
from stores.audit import Actor, name_of
from stores.clock import begin_of, end_of
from stores.conflicts import Conflict
from stores.text import clean_text, without_marks

# Days that a bill may cover; and how long before its first day a rider may have been called.
MOST_DAYS, CALLED_BEFORE = 100, timedelta(days=7)
# A file whose columns nobody has chosen is kept so long.
KEPT = timedelta(days=1)
# Files of a courier whose columns nobody has chosen yet: each takes megabytes of the database.
MOST_WAITING = 10
SHOWN_ROWS = 5
AT_ONCE, NUMBERS_AT_ONCE = 2000, 500


@dataclass(frozen=True)
class Preview:
    """The begin of a file: `headings` is the index of their row, `texts` what stands there, `rows`
    some of those below, `columns` what is probably in which column.
    """

    headings: int
    texts: Sequence[str]
    rows: Sequence[Sequence[str]]
    columns: Mapping[Kind, int]
    choices: Sequence[tuple[int, str]]


@transaction.atomic
def bill_upload(*, courier: StoreCourier, name: str, content: bytes, actor: Actor) -> Bill:
    """Keeps a file until its columns are chosen; the same file again is the same bill.

    Raises Conflict for a file that is none, and while too many wait.
    """
    read_table(content)
    digest = hashlib.sha256(content).hexdigest()
    if known := Bill.objects.filter(courier=courier, digest=digest).first():
        return known
    if Bill.objects.filter(courier=courier, imported_at=None).count() >= MOST_WAITING:
        text = _("%(count)d files wait for their columns: choose them, or remove the files.")
        raise Conflict(text % {"count": MOST_WAITING})
    bill = Bill(
        courier=courier,
        file_name=without_marks(clean_text(name, 150)) or _("without a name"),
        digest=digest,
        content=base64.b64encode(content).decode(),
        by=name_of(actor),
    )
    try:
        with transaction.atomic():
            bill.save()
    except IntegrityError:
        # The same upload came twice at once.
        return Bill.objects.get(courier=courier, digest=digest)
    return bill


def bill_preview(bill: Bill, headings: int | None = None) -> Preview:
    """Shows the begin of a file with its columns as they were chosen last, or are guessed."""
    rows = read_table(_content(bill), most=HEADINGS_WITHIN + SHOWN_ROWS)
    layout = BillLayout.objects.filter(courier=bill.courier_id).first()
    known = layout.columns if layout else {}
    is_one = headings is not None and 0 <= headings < min(HEADINGS_WITHIN, len(rows))
    index = headings if is_one and headings is not None else find_headings(rows, known)
    texts = headings_of(rows[index])
    below = rows[index + 1 : index + 1 + SHOWN_ROWS]
    width = max(len(row.cells) for row in rows[index : index + 1 + SHOWN_ROWS])
    texts += [""] * (width - len(texts))
    return Preview(
        headings=index,
        texts=texts,
        rows=[[shown(row.cell(column)) for column in range(width)] for row in below],
        columns=remembered(texts, known) or guess(texts),
        choices=[
            (place, " · ".join(filter(None, headings_of(row)))[:60])
            for place, row in enumerate(rows[:HEADINGS_WITHIN])
        ],
    )


def bill_import(
    *,
    bill: Bill,
    columns: Columns,
    first: date | None = None,
    last: date | None = None,
    actor: Actor,
) -> Bill:
    """Compares all lines of a file and keeps them, and which column is which.

    The days are needed where no column says them. Raises Conflict; nothing is kept then.
    """
    _check(columns)
    rows = read_table(_content(bill))
    if not 0 <= columns.headings < len(rows):
        raise Conflict(_("Choose the row of the headings."))
    texts = headings_of(rows[columns.headings])
    if any(not 0 <= index < len(texts) for index in columns.of.values()):
        raise Conflict(_("Choose columns that the file has."))
    below = rows[columns.headings + 1 :]
    charges = _turned([each for row in below if (each := read_charge(row, columns))])
    if not charges:
        raise Conflict(_("No line of this file is about an order."))
    first, last = _days(charges, first, last)
    found = judged(charges, _rides(bill.courier, charges, first, last), columns.mapped)
    return _kept(bill, columns, texts, found, (first, last), actor)


@transaction.atomic
def bill_remove(*, bill: Bill, actor: Actor) -> None:
    """Removes a bill, so that its file may be read in another way."""
    place = bill.courier.place
    audit.record(
        "delivery.bill.removed", actor=actor, store=place.store, target=bill, lines=bill.lines
    )
    bill.delete()


def forget_files() -> None:
    """Removes files whose columns nobody has chosen for a day."""
    Bill.objects.filter(imported_at=None, at__lt=timezone.now() - KEPT).delete()


def _content(bill: Bill) -> bytes:
    if bill.imported_at is not None or not bill.content:
        raise Conflict(_("This bill has been compared already."))
    return base64.b64decode(bill.content)


def _check(columns: Columns) -> None:
    if Kind.NUMBER not in columns.of:
        raise Conflict(_("Choose the column with the order number."))
    if not columns.mapped & {*AMOUNTS}:
        raise Conflict(_("Choose at least one column with an amount."))
    if len(set(columns.of.values())) < len(columns.of):
        raise Conflict(_("A column can hold one thing only."))


def _turned(charges: Sequence[Charge]) -> Sequence[Charge]:
    """Returns amounts as what is charged, where the bill tells them as what leaves an account."""
    if sum((charge.total or Decimal(0) for charge in charges), Decimal(0)) >= 0:
        return charges
    return [charge.turned() for charge in charges]


def _days(charges: Sequence[Charge], first: date | None, last: date | None) -> tuple[date, date]:
    days = [timezone.localdate(charge.at) for charge in charges if charge.at]
    first, last = first or min(days, default=None), last or max(days, default=None)
    if first is None or last is None:
        raise Conflict(_("The file says no days: choose the first and the last one."))
    if not timedelta(0) <= last - first <= timedelta(days=MOST_DAYS):
        text = _("A bill covers at most %(count)d days, and ends after it begins.")
        raise Conflict(text % {"count": MOST_DAYS})
    return first, last


def _rides(courier: StoreCourier, charges: Sequence[Charge], first: date, last: date) -> list[Ride]:
    """Returns the rides of the account that the bill may be about."""
    begin, end = begin_of(first), end_of(last)
    of_account = Attempt.objects.real().filter(courier__account=courier.account_id)
    within = Q(called_at__gte=begin - CALLED_BEFORE, called_at__lt=end + CALLED_BEFORE)
    rides = {ride.pk: ride for ride in _read(of_account.filter(within), courier, begin, end)}
    known = {ride.number for ride in rides.values()} | {ride.waybill for ride in rides.values()}
    others = sorted({charge.number for charge in charges} - known - {""})
    for begun in range(0, len(others), NUMBERS_AT_ONCE):
        older = of_account.filter(shop_order_id__in=others[begun : begun + NUMBERS_AT_ONCE])
        rides |= {ride.pk: ride for ride in _read(older, courier, begin, end)}
    return list(rides.values())


def _read(
    rows: QuerySet[Attempt], courier: StoreCourier, begin: datetime, end: datetime
) -> Iterator[Ride]:
    names = (
        "pk", "courier_id", "shop_order_id", "waybill_id", "state", "fee", "tip", "deduction",
        "called_at", "ended_at",
    )  # fmt: skip
    for row in rows.order_by("pk").values(*names).iterator(chunk_size=AT_ONCE):
        is_ours = row["courier_id"] == courier.pk
        # Who was called on one day and came on the next may stand in either bill.
        is_within = begin <= row["called_at"] and (row["ended_at"] or end) < end
        yield Ride(
            pk=row["pk"],
            number=row["shop_order_id"],
            waybill=row["waybill_id"],
            is_dead=row["state"] == Attempt.State.DEAD,
            fee=row["fee"],
            tip=row["tip"],
            deduction=row["deduction"] or Decimal(0),
            is_due=is_ours and is_within and row["state"] == Attempt.State.DELIVERED,
            is_elsewhere=not is_ours,
        )


@transaction.atomic
def _kept(
    bill: Bill,
    columns: Columns,
    texts: Sequence[str],
    found: Sequence[Judged],
    days: tuple[date, date],
    actor: Actor,
) -> Bill:
    row = Bill.objects.select_for_update(of=("self",)).get(pk=bill.pk)
    if row.imported_at is not None:
        raise Conflict(_("This bill has been compared already."))
    lines = [_line(row, each) for each in found]
    BillLine.objects.bulk_create(lines, batch_size=AT_ONCE)
    counted = [each for each in lines if each.finding not in _UNCOUNTED]
    row.first_day, row.last_day = days
    row.lines = sum(each.row is not None for each in lines)
    row.findings = sum(each.finding not in BillLine.NO_CLAIM for each in lines)
    row.charged = sum((each.total or Decimal(0) for each in counted), Decimal(0))
    row.difference = sum((each.difference or Decimal(0) for each in counted), Decimal(0))
    row.content, row.imported_at = "", timezone.now()
    row.save()
    layout = {str(kind): texts[index] for kind, index in columns.of.items() if texts[index]}
    BillLayout.objects.update_or_create(courier=row.courier, defaults={"columns": layout})
    audit.record(
        "delivery.bill.compared",
        actor=actor,
        store=row.courier.place.store,
        target=row,
        lines=row.lines,
        findings=row.findings,
    )
    return row


_UNCOUNTED = (BillLine.Finding.ELSEWHERE, BillLine.Finding.UNREADABLE, BillLine.Finding.MISSING)


def _line(bill: Bill, each: Judged) -> BillLine:
    line = BillLine(
        bill=bill,
        finding=each.finding,
        attempt_id=each.ride.pk if each.ride else None,
        number=each.ride.number if each.ride else "",
        agreed=each.agreed,
        difference=each.difference,
    )
    for kind, amount in (each.parts or {}).items():
        setattr(line, f"agreed_{kind.value}", amount)
    if (charge := each.charge) is not None:
        line.row, line.number, line.at = charge.row, charge.number, charge.at
        line.fee, line.tip, line.deduction = charge.fee, charge.tip, charge.deduction
        line.total, line.reason = charge.total, charge.problem[:200]
        if each.finding == BillLine.Finding.UNREADABLE and charge.rounded:
            line.reason = _("A spreadsheet has rounded this number: export it as text.")
    return line
