"""A courier's file, CSV or XLSX, as rows of cells."""

from collections.abc import Iterator
from itertools import islice

from django.utils.translation import gettext_lazy as _

from delivery.services import csv_records
from delivery.services.bills.rows import (
    LONGEST_CELL,
    MOST_BYTES,
    MOST_COLUMNS,
    MOST_ROWS,
    Row,
    Unreadable,
)
from delivery.services.bills.xlsx import read_sheet

_XLSX, _OLD_EXCEL = b"PK\x03\x04", b"\xd0\xcf\x11\xe0"
# Lines by which the delimiter is told.
_LOOKED_AT = 20


def read_table(content: bytes, *, most: int = MOST_ROWS + 1) -> list[Row]:
    """Returns the rows that are not empty, at most so many. Raises Unreadable."""
    if len(content) > MOST_BYTES:
        raise Unreadable.too_large()
    if content.startswith(_OLD_EXCEL):
        raise Unreadable(_("This is an old Excel file: save it as XLSX or CSV."))
    if content.startswith(_XLSX):
        rows = read_sheet(content, most)
    else:
        rows = list(islice(_csv_rows(content), most))
    if len(rows) > MOST_ROWS:
        raise Unreadable.too_many()
    if not rows:
        raise Unreadable(_("This file is empty."))
    return rows


def _csv_rows(content: bytes) -> Iterator[Row]:
    text = csv_records.decoded(content)
    if text is None:
        raise Unreadable.damaged()
    lines = csv_records.lines_of(text)
    first = [line for line in lines[: 2 * _LOOKED_AT] if line.strip()][:_LOOKED_AT]
    delimiter = csv_records.delimiter_of(first)
    width = max((line.count(delimiter) for line in first), default=0) + 1
    for number, cells, _text in csv_records.records(lines, delimiter, width=width):
        yield Row(number, tuple(cell[:LONGEST_CELL] for cell in cells[:MOST_COLUMNS]))
