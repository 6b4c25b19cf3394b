"""Rows as CSV and XLSX files, declared as columns.

A file is written to disk before its first byte is sent, so that one that breaks in the middle is
never taken for a whole one.
"""

import csv
import io
import re
import tempfile
import unicodedata
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, field
from datetime import date, datetime
from decimal import Decimal
from typing import IO, Any
from urllib.parse import quote

from django.db import models
from django.db.models import BooleanField, ExpressionWrapper, Q, QuerySet, Value
from django.http import FileResponse
from django.utils import timezone
from django.utils.translation import gettext as _
from django_stubs_ext import StrOrPromise

from stores.platforms.reading import CENT

# A sheet holds a little more than a million rows and is slow long before; CSV has no limit.
SHEET_ROWS = 100_000
# In digits; holds an order number or a moment.
COLUMN_WIDTH = 20
# Rows that are read at a time.
CHUNK = 2000
# What a sheet's cell holds, counted in UTF-16.
LONGEST_CELL = 32_767
# Numbers of more digits are shown rounded, and of more than 15 kept rounded.
PLAIN_DIGITS = 11
# No XML, and so no sheet, takes these.
_NO_CHARACTERS = re.compile("[\x00-\x08\x0b\x0c\x0e-\x1f\ud800-\udfff\ufffe\uffff]")
# A text that a sheet takes for an error.
ERRORS = ("#NULL!", "#DIV/0!", "#VALUE!", "#REF!", "#NAME?", "#NUM!", "#N/A")
# A text that some spreadsheet takes for a formula, blanks and invisible marks in front or not.
_FORMULA = re.compile(
    "[\t\r\n]|[\\s\u00ad\u200b-\u200f\u2060\ufeff]*[=+\\-@\uff1d\uff0b\uff0d\uff20\ufe66\ufe62\ufe63\ufe6b]"
)
# A text that a spreadsheet takes for a number and changes: long, with zeros in front, 12E5.
_NUMBER = re.compile(rf"[0-9]{{{PLAIN_DIGITS + 1},}}|0[0-9]+|[0-9]+(\.[0-9]+)?[Ee][0-9]+", re.ASCII)
# What no file system takes in a name.
_NOT_IN_NAMES = re.compile(r'[\\/:*?"<>|]+')
LONGEST_NAME = 40
DAY_FORMAT, MOMENT_FORMAT, YUAN_FORMAT = "yyyy-mm-dd", "yyyy-mm-dd hh:mm:ss", "0.00"
Cell = str | int | Decimal | datetime | date | None


@dataclass(frozen=True)
class Column:
    """`value` is a lookup of the row, as "store__name", or a function of the row.

    `shown` is a function of the stored value; without it choices and booleans show their labels.
    With `is_summed` the file ends with the sum of what is shown.
    Tables whose columns are all lookups are exported twice as fast.
    """

    title: StrOrPromise
    value: str | Callable[[Any], Any]
    shown: Callable[[Any], Any] | None = None
    is_summed: bool = False


# Says of each row whether the sums count it.
COUNTS = Column("", "is_counted")


@dataclass(frozen=True)
class Counted:
    """The sums count the rows that meet `condition`; `of` tells people which those are."""

    condition: Q
    of: StrOrPromise


@dataclass(frozen=True)
class FileName:
    """A file's name without its ending; `plain` is for programs that know ASCII only."""

    full: str
    plain: str


@dataclass(frozen=True)
class Spreadsheet:
    """`lines` can be read once; `sums` is the last line, and complete after they were read."""

    name: FileName
    title: str
    headers: list[str]
    lines: Iterator[list[Cell]]
    sums: list[Cell] = field(default_factory=list)


def file_name(plain: str, *parts: StrOrPromise) -> FileName:
    """Joins what is safe of the parts with underscores."""
    cleaned = (_safe_in_names(str(part)) for part in parts)
    return FileName("_".join(filter(None, cleaned)) or plain, plain)


def _safe_in_names(part: str) -> str:
    visible = "".join(mark for mark in part if unicodedata.category(mark)[0] != "C")
    return _NOT_IN_NAMES.sub("-", visible).strip(" .")[:LONGEST_NAME].strip()


def spreadsheet(
    name: FileName,
    title: StrOrPromise,
    columns: Sequence[Column],
    rows: QuerySet[Any],
    counted: Counted | None = None,
) -> Spreadsheet:
    """One line per row, read in chunks, and sums of the columns that have some."""
    formats = [_format(rows.model, column) for column in columns]
    summed = [number for number, column in enumerate(columns) if column.is_summed]
    sums = _sums(rows.model, columns, counted)
    which = ExpressionWrapper(counted.condition, BooleanField()) if counted else Value(True)
    rows = rows.annotate(is_counted=which)

    def lines() -> Iterator[list[Cell]]:
        for *values, is_counted in _values([*columns, COUNTS], rows):
            line = [shown(value) for shown, value in zip(formats, values, strict=True)]
            for number in summed if is_counted else ():
                sums[number] += line[number] or 0  # type: ignore[operator]
            yield [cell(value) for value in line]

    headers = [str(cell(str(column.title))) for column in columns]
    return Spreadsheet(name, str(title), headers, lines(), sums)


def _sums(
    model: type[models.Model], columns: Sequence[Column], counted: Counted | None
) -> list[Cell]:
    """Returns the line of sums, before any row is counted; empty if no column has sums."""
    if not any(column.is_summed for column in columns):
        return []
    label = _("Total (%(status)s)") % {"status": counted.of} if counted else _("Total")
    zeros: list[Cell] = [_zero(model, column) if column.is_summed else None for column in columns]
    return [label, *zeros[1:]]


def _zero(model: type[models.Model], column: Column) -> Any:
    if column.shown:
        return column.shown(0)
    is_money = isinstance(column.value, str) and isinstance(
        model._meta.get_field(column.value), models.DecimalField
    )
    return Decimal("0.00") if is_money else 0


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
    """Makes any value fit for every file: a moment local and naive, an amount exact to the cent, a
    number that would be rounded a text, and no text a formula.

    Characters that no sheet takes are left out.
    """
    if isinstance(value, datetime):
        return timezone.localtime(value).replace(tzinfo=None, microsecond=0)
    if isinstance(value, Decimal) and value.is_finite():
        return value.quantize(CENT) if abs(value) < 10**15 else str(value)
    if isinstance(value, int) and abs(value) >= 10**PLAIN_DIGITS:
        return str(value)
    if value is None or isinstance(value, int | date):
        return value
    return escape_formula(_fitting(_NO_CHARACTERS.sub("", str(value))))


def _fitting(text: str) -> str:
    """Cuts a text that is longer than a sheet's cell."""
    units = text.encode("utf-16-le")
    if len(units) <= 2 * LONGEST_CELL:
        return text
    return units[: 2 * (LONGEST_CELL - 2)].decode("utf-16-le", "ignore") + "…"


def escape_formula(text: str) -> str:
    """Puts an apostrophe before a text that a spreadsheet would take for a formula or an error."""
    return f"'{text}" if _FORMULA.match(text) or text in ERRORS else text


def as_csv(sheet: Spreadsheet) -> FileResponse:
    """UTF-8 with a byte order mark; without it Excel reads Chinese as Latin."""
    file = tempfile.TemporaryFile()  # noqa: SIM115
    text = io.TextIOWrapper(file, encoding="utf-8", newline="")
    text.write("\ufeff")
    writer = csv.writer(text)
    writer.writerow(sheet.headers)
    for line in sheet.lines:
        writer.writerow([_csv_cell(value) for value in line])
    if sheet.sums:
        writer.writerow([cell(value) for value in sheet.sums])
    text.detach()
    return _download(file, sheet.name, "csv", "text/csv; charset=utf-8")


def _csv_cell(value: Cell) -> Cell:
    """Marks a number that must stay a text as spreadsheets mark it."""
    return f'="{value}"' if isinstance(value, str) and _NUMBER.fullmatch(value) else value


def as_xlsx(sheet: Spreadsheet) -> FileResponse:
    """The first SHEET_ROWS rows; a last line says so when there are more."""
    # Its 16 MB and a tenth of a process's start are for those who ask for a sheet.
    from openpyxl import Workbook
    from openpyxl.utils import get_column_letter

    book = Workbook(write_only=True)
    page = book.create_sheet(_sheet_title(sheet.title))
    # In a sheet that is written row by row, what concerns all rows goes first.
    page.freeze_panes = "A2"
    for number, header in enumerate(sheet.headers, start=1):
        width = max(COLUMN_WIDTH, 2 * len(header) + 2)
        page.column_dimensions[get_column_letter(number)].width = width
    page.append(sheet.headers)
    last = [_("There are more rows than fit here: narrow the filter or export CSV.")]
    count = 0
    for line in sheet.lines:
        if count == SHEET_ROWS:
            break
        page.append([_sheet_cell(page, value) for value in line])
        count += 1
    else:
        last = [_sheet_cell(page, cell(value)) for value in sheet.sums]
    if last:
        page.append(last)
    page.auto_filter.ref = f"A1:{get_column_letter(len(sheet.headers))}{count + 1}"
    file = tempfile.TemporaryFile()  # noqa: SIM115
    book.save(file)
    return _download(file, sheet.name, "xlsx", XLSX)


XLSX = "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet"


def _sheet_title(title: str) -> str:
    return re.sub(r"[\\/*?:\[\]]", " ", title)[:31]


def _sheet_cell(page: Any, value: Any) -> Any:
    """Gives days, moments and amounts the format in which the back office shows them."""
    from openpyxl.cell.cell import WriteOnlyCell

    shown = {datetime: MOMENT_FORMAT, date: DAY_FORMAT, Decimal: YUAN_FORMAT}.get(type(value))
    if shown is None:
        return value
    made = WriteOnlyCell(page, value)
    made.number_format = shown
    return made


def _download(file: IO[bytes], name: FileName, kind: str, content_type: str) -> FileResponse:
    file.seek(0)
    response = FileResponse(file, content_type=content_type)
    full = quote(f"{name.full}.{kind}", safe="")
    response["Content-Disposition"] = (
        f"attachment; filename=\"{name.plain}.{kind}\"; filename*=UTF-8''{full}"
    )
    return response
