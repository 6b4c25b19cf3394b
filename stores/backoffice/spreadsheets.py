"""Rows as CSV and XLSX files, declared as columns."""

import csv
import tempfile
from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass
from datetime import date, datetime
from decimal import Decimal
from typing import Any

from django.db import models
from django.db.models import QuerySet
from django.http import FileResponse, StreamingHttpResponse
from django.utils import timezone
from django.utils.translation import gettext as _
from django_stubs_ext import StrOrPromise
from openpyxl import Workbook
from openpyxl.cell.cell import ILLEGAL_CHARACTERS_RE
from openpyxl.utils import get_column_letter

# A sheet is written to disk before its first byte is sent; a CSV file streams and has no limit.
SHEET_ROWS = 100_000
# In digits; holds an order number or a moment.
COLUMN_WIDTH = 20
# Rows that are read at a time.
CHUNK = 2000
_FORMULA = ("=", "+", "-", "@", "\t", "\r")
Cell = str | int | Decimal | datetime | None


@dataclass(frozen=True)
class Column:
    """`value` is a lookup of the row, as "store__name", or a function of the row.

    `shown` is a function of the stored value; without it choices and booleans show their labels.
    Tables whose columns are all lookups are exported twice as fast.
    """

    title: StrOrPromise
    value: str | Callable[[Any], Any]
    shown: Callable[[Any], Any] | None = None


@dataclass(frozen=True)
class Spreadsheet:
    """`name` is the file's, without its ending."""

    name: str
    title: str
    headers: list[str]
    lines: Iterable[list[Cell]]


def spreadsheet(
    name: str, title: StrOrPromise, columns: Sequence[Column], rows: QuerySet[Any]
) -> Spreadsheet:
    """One line per row, read in chunks."""
    headers = [str(column.title) for column in columns]
    formats = [_format(rows.model, column) for column in columns]

    def lines() -> Iterator[list[Cell]]:
        for values in _values(columns, rows):
            yield [cell(shown(value)) for shown, value in zip(formats, values, strict=True)]

    return Spreadsheet(name, str(title), headers, lines())


def _values(columns: Sequence[Column], rows: QuerySet[Any]) -> Iterator[Sequence[Any]]:
    lookups = [column.value for column in columns if isinstance(column.value, str)]
    if len(lookups) == len(columns):
        yield from rows.values_list(*lookups).iterator(chunk_size=CHUNK)
        return
    for row in rows.iterator(chunk_size=CHUNK):
        yield [_read(row, column.value) for column in columns]


def _read(row: Any, value: str | Callable[[Any], Any]) -> Any:
    if callable(value):
        return value(row)
    for step in value.split("__"):
        row = None if row is None else getattr(row, step)
    return row


def _format(model: type[models.Model], column: Column) -> Callable[[Any], Any]:
    """Returns a function of the stored value that returns what is shown of it."""
    if column.shown:
        return column.shown
    if callable(column.value):
        return lambda value: value
    *path, name = column.value.split("__")
    labels = _labels(model, path, name)
    return lambda value: labels.get(value, value)


def _labels(model: type[models.Model], path: Sequence[str], name: str) -> dict[Any, str]:
    for step in path:
        model = model._meta.get_field(step).related_model  # type: ignore[assignment]
    field = model._meta.get_field(name)
    if isinstance(field, models.BooleanField):
        return {True: _("yes"), False: _("no")}
    return {key: str(label) for key, label in getattr(field, "flatchoices", ())}


def cell(value: Any) -> Cell:
    """A moment becomes local and naive, as spreadsheets want it, a day becomes text, and no text a
    formula; characters that no sheet takes are left out.
    """
    if isinstance(value, datetime):
        return timezone.localtime(value).replace(tzinfo=None, microsecond=0)
    if isinstance(value, date):
        return value.isoformat()
    if value is None or isinstance(value, int | Decimal):
        return value
    return escape_formula(ILLEGAL_CHARACTERS_RE.sub("", str(value)))


def escape_formula(text: str) -> str:
    """Puts an apostrophe before a text that a spreadsheet would take for a formula."""
    return f"'{text}" if text.startswith(_FORMULA) else text


class _Echo:
    """A file for csv.writer whose `write` returns the line."""

    def write(self, line: str) -> str:
        return line


def as_csv(sheet: Spreadsheet) -> StreamingHttpResponse:
    """UTF-8 with a byte order mark; without it Excel reads Chinese as Latin."""
    writer = csv.writer(_Echo())

    def stream() -> Iterator[str]:
        yield "\ufeff"
        yield writer.writerow(sheet.headers)
        for line in sheet.lines:
            yield writer.writerow(line)

    response = StreamingHttpResponse(stream(), content_type="text/csv; charset=utf-8")
    response["Content-Disposition"] = f'attachment; filename="{_file(sheet, "csv")}"'
    return response


def as_xlsx(sheet: Spreadsheet) -> FileResponse:
    """The first SHEET_ROWS rows; a last line says so when there are more."""
    book = Workbook(write_only=True)
    page = book.create_sheet(sheet.title)
    # In a sheet that is written row by row, what concerns all rows goes first.
    page.freeze_panes = "A2"
    for number, header in enumerate(sheet.headers, start=1):
        width = max(COLUMN_WIDTH, 2 * len(header) + 2)
        page.column_dimensions[get_column_letter(number)].width = width
    page.append(sheet.headers)
    for number, line in enumerate(sheet.lines):
        if number == SHEET_ROWS:
            page.append([_("There are more rows than fit here: narrow the filter or export CSV.")])
            break
        page.append(line)
    file = tempfile.TemporaryFile()  # noqa: SIM115
    book.save(file)
    file.seek(0)
    return FileResponse(file, as_attachment=True, filename=_file(sheet, "xlsx"))


def _file(sheet: Spreadsheet, kind: str) -> str:
    return f"{sheet.name}-{timezone.localtime():%Y%m%d-%H%M}.{kind}"
