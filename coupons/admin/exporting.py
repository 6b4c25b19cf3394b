"""Verifications as CSV and XLSX: what is filtered, in local time, and never a formula."""

import csv
import tempfile
from collections.abc import Iterator
from datetime import datetime
from decimal import Decimal
from typing import Any

from django.db.models import QuerySet
from django.http import FileResponse, HttpRequest, StreamingHttpResponse
from django.utils import timezone
from django.utils.translation import gettext as _
from openpyxl import Workbook

from coupons.models import Channel, Verification
from coupons.reasons import Reason
from stores import audit
from stores.admin.base import person, reach
from stores.admin.ledgers import masked
from stores.limits import client_ip
from stores.models import Merchant
from stores.tenancy import Verb

BATCH = 2000
# A sheet is written to disk before the first byte is sent; whoever needs more takes CSV, which streams.
SHEET_ROWS = 100_000
_FORMULA = ("=", "+", "-", "@", "\t", "\r")
_COLUMNS = (
    "created_at",
    "settled_at",
    "store__name",
    "code_tail",
    "status",
    "reason",
    "gateway_message",
    "product__name",
    "sku_name",
    "sku_id",
    "value",
    "order_id",
    "channel",
    "requested_by",
    "inferred",
    "settled_note",
)
Cell = str | Decimal | datetime | None


def headers() -> list[str]:
    return [
        _("Requested"),
        _("Settled"),
        _("Store"),
        _("Code ends with"),
        _("Status"),
        _("Reason"),
        _("Gateway's words"),
        _("Product"),
        _("Deal"),
        _("SKU"),
        _("Value (yuan)"),
        _("Order"),
        _("Channel"),
        _("Requested by"),
        _("Inferred"),
        _("Note"),
    ]


def harmless(text: str) -> str:
    """A spreadsheet must not take what a guest or platform wrote for a formula."""
    return f"'{text}" if text.startswith(_FORMULA) else text


def lines(rows: QuerySet[Verification]) -> Iterator[list[Cell]]:
    """One line per verification; times are local and naive, as spreadsheets want them."""
    words: dict[str, dict[Any, Any]] = {
        "status": dict(Verification.Status.choices),
        "reason": dict(Reason.choices),
        "channel": dict(Channel.choices),
        "inferred": {True: _("yes"), False: _("no")},
    }
    for row in rows.values(*_COLUMNS).iterator(chunk_size=BATCH):
        yield [_cell(name, value, words) for name, value in row.items()]


def _cell(name: str, value: Any, words: dict[str, dict[Any, Any]]) -> Cell:
    if name in words:
        return str(words[name].get(value, value))
    if isinstance(value, datetime):
        return _local(value)
    if name == "code_tail":
        return f"…{value}"
    if name == "requested_by":
        value = audit.shown(value)
    if name == "gateway_message":
        value = masked(value)
    return harmless(value) if isinstance(value, str) else value


def _local(moment: datetime) -> datetime:
    return timezone.localtime(moment).replace(tzinfo=None, microsecond=0)


class _Echo:
    """A file for csv.writer that hands each line back."""

    def write(self, line: str) -> str:
        return line


def as_csv(rows: QuerySet[Verification]) -> StreamingHttpResponse:
    """UTF-8 with a byte order mark, without which Excel takes Chinese for Latin."""
    writer = csv.writer(_Echo())

    def stream() -> Iterator[str]:
        yield "\ufeff"
        yield writer.writerow(headers())
        for line in lines(rows):
            yield writer.writerow(line)

    response = StreamingHttpResponse(stream(), content_type="text/csv; charset=utf-8")
    response["Content-Disposition"] = f'attachment; filename="{_name("csv")}"'
    return response


def as_xlsx(rows: QuerySet[Verification]) -> FileResponse:
    """The first SHEET_ROWS rows; a last line says so when there are more."""
    book = Workbook(write_only=True)
    sheet = book.create_sheet(_("Verifications"))
    sheet.append(headers())
    for number, line in enumerate(lines(rows[: SHEET_ROWS + 1])):
        if number == SHEET_ROWS:
            sheet.append([_("There are more rows than fit here: narrow the filter or export CSV.")])
        else:
            sheet.append(line)
    file = tempfile.TemporaryFile()  # noqa: SIM115
    book.save(file)
    file.seek(0)
    return FileResponse(file, as_attachment=True, filename=_name("xlsx"))


def _name(kind: str) -> str:
    return f"verifications-{timezone.localtime():%Y%m%d-%H%M}.{kind}"


def audit_export(request: HttpRequest, rows: QuerySet[Any], kind: str) -> None:
    """One entry for each merchant whose rows may be among the exported."""
    theirs = reach(request)
    merchants = Merchant.objects.for_staff(request.user)
    if theirs.everything:
        merchants = merchants.filter(pk__in=rows.order_by().values("store__merchant"))
    for merchant in merchants:
        if theirs.may(Verb.EXPORT, merchant.pk):
            audit.record(
                "verifications exported",
                actor=person(request),
                merchant=merchant,
                target=kind,
                ip=client_ip(request),
                filters=request.GET.urlencode(),
            )
