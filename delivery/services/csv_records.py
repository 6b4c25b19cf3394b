"""CSV of other people's programs, as lines and cells: nothing that is wrong in one row reaches the
next.
"""

import csv
import io
from collections.abc import Iterator, Sequence

DELIMITERS = ",\t;"
# Lines over which a cell in quotes may run.
LONGEST_RUN = 20


def decoded(content: bytes) -> str | None:
    """Returns the text of UTF-8, with a mark or without, or of GB18030; None for what is none."""
    for encoding in ("utf-8-sig", "gb18030"):
        try:
            text = content.decode(encoding)
        except UnicodeDecodeError:
            continue
        return None if "\0" in text else text
    return None


def lines_of(text: str) -> list[str]:
    return text.removeprefix("\ufeff").replace("\r\n", "\n").replace("\r", "\n").split("\n")


def delimiter_of(lines: Sequence[str]) -> str:
    """Returns the delimiter that stands most often in these lines."""
    return max(DELIMITERS, key=lambda each: sum(line.count(each) for line in lines))


def records(
    lines: Sequence[str], delimiter: str, *, width: int, begin: int = 0
) -> Iterator[tuple[int, list[str], str]]:
    """Yields number of the first line, cells and text of each record that is not empty. A cell that
    runs over lines counts only in a record of at most `width` cells.
    """
    number = begin
    while number < len(lines):
        cells, taken = _record(lines, number, delimiter, width)
        if any(cell.strip() for cell in cells):
            yield number + 1, cells, "\n".join(lines[number : number + taken])
        number += taken


def cells_of(record: str, delimiter: str, *, strict: bool = False) -> list[str]:
    """Returns the cells of a record; none of one that is no CSV."""
    try:
        return next(csv.reader([record], delimiter=delimiter, strict=strict), [])
    except csv.Error:
        return []


def record_of(cells: Sequence[str], delimiter: str) -> str:
    """Returns cells as one record."""
    text = io.StringIO()
    csv.writer(text, delimiter=delimiter, lineterminator="").writerow(cells)
    return text.getvalue()


def _record(lines: Sequence[str], number: int, delimiter: str, width: int) -> tuple[list[str], int]:
    """Returns the cells of the record that begins there, and how many lines it takes.

    A quotation mark that nobody closes takes no other lines with it.
    """
    record = line = lines[number]
    if line.count('"') % 2 == 0:
        return cells_of(line, delimiter) or line.split(delimiter), 1
    for taken, further in enumerate(lines[number + 1 : number + LONGEST_RUN], start=2):
        record = f"{record}\n{further}"
        if record.count('"') % 2 == 0:
            cells = cells_of(record, delimiter, strict=True)
            if 0 < len(cells) <= width:
                return cells, taken
            break
    return line.split(delimiter), 1
