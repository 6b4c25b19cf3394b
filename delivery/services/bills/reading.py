"""A courier's file, CSV or XLSX, as rows of cells."""

import csv
from collections.abc import Iterator
from itertools import islice

from django.utils.translation import gettext_lazy as _

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
_DELIMITERS = ",\t;"
# Lines by which the delimiter is told, and over which a cell in quotes may run.
_LOOKED_AT, _LONGEST_RUN = 20, 20


def read_table(content: bytes, *, most: int = MOST_ROWS + 1) -> list[Row]:
    """Returns the rows that are not empty, at most so many. Raises Unreadable."""
    if len(content) > MOST_BYTES:
        raise Unreadable.too_large()
    if content.startswith(_OLD_EXCEL):
        raise Unreadable(_("This is an old Excel file: save it as XLSX or CSV."))
    if content.startswith(_XLSX):
        rows = read_sheet(content, most)
    else:
        rows = list(islice(_csv_rows(_decoded(content)), most))
    if len(rows) > MOST_ROWS:
        raise Unreadable.too_many()
    if not rows:
        raise Unreadable(_("This file is empty."))
    return rows


def _decoded(content: bytes) -> str:
    """Returns the text of UTF-8, with a mark or without, or of GB18030. Raises Unreadable."""
    for encoding in ("utf-8-sig", "gb18030"):
        try:
            text = content.decode(encoding)
        except UnicodeDecodeError:
            continue
        if "\0" in text:
            break
        return text
    raise Unreadable.damaged()


def _csv_rows(text: str) -> Iterator[Row]:
    lines = text.replace("\r\n", "\n").replace("\r", "\n").split("\n")
    first = [line for line in lines[: 2 * _LOOKED_AT] if line.strip()][:_LOOKED_AT]
    delimiter = max(_DELIMITERS, key=lambda each: sum(line.count(each) for line in first))
    width = max((line.count(delimiter) for line in first), default=0) + 1
    number = 0
    while number < len(lines):
        cells, taken = _record(lines, number, delimiter, width)
        if any(cell.strip() for cell in cells):
            yield Row(number + 1, tuple(cell[:LONGEST_CELL] for cell in cells[:MOST_COLUMNS]))
        number += taken


def _record(lines: list[str], number: int, delimiter: str, width: int) -> tuple[list[str], int]:
    """Returns the cells of the record that begins there, and how many lines it takes.

    A quotation mark that nobody closes takes no other lines with it.
    """
    record = line = lines[number]
    if line.count('"') % 2 == 0:
        return _cells(line, delimiter) or line.split(delimiter), 1
    for taken, further in enumerate(lines[number + 1 : number + _LONGEST_RUN], start=2):
        record = f"{record}\n{further}"
        if record.count('"') % 2 == 0:
            cells = _cells(record, delimiter, strict=True)
            if 0 < len(cells) <= width:
                return cells, taken
            break
    return line.split(delimiter), 1


def _cells(record: str, delimiter: str, *, strict: bool = False) -> list[str]:
    """Returns the cells of a record; none of one that is no CSV."""
    try:
        return next(csv.reader([record], delimiter=delimiter, strict=strict), [])
    except csv.Error:
        return []
