"""The first sheet of an XLSX file, read in a bounded space: what comes is never trusted to be one.

A library that builds objects of all a file has would let a small file take all memory
(docs/decisions/0012-sheets-from-outside.md).
"""

import io
import posixpath
import re
import zipfile
import zlib
from collections.abc import Iterator
from contextlib import suppress
from decimal import Decimal
from typing import Any
from xml.sax import SAXException
from xml.sax.handler import ContentHandler

from defusedxml.common import DefusedXmlException
from defusedxml.expatreader import DefusedExpatParser

from delivery.services.bills.rows import (
    LONGEST_CELL,
    MOST_COLUMNS,
    MOST_ROWS,
    Cell,
    Row,
    Unreadable,
)

# Bytes of everything in the file once it is unpacked, and how many files may be in it.
MOST_UNPACKED = 80_000_000
MOST_PARTS = 1000
# Of one part: 50,000 rows of 30 cells.
MOST_ELEMENTS = 3_000_000
MOST_STRINGS = 1_000_000
# Numbers are written so; what is longer stays a text.
_NUMBER = re.compile(r"-?[0-9]{1,40}(\.[0-9]{1,40})?([eE][+-]?[0-9]{1,3})?", re.ASCII)
_REFERENCE = re.compile(r"([A-Z]{1,3})[0-9]{1,7}", re.ASCII)
LARGEST_POWER = 30
STEP = 64 * 1024
# A row of a sheet has no more.
SHEETS_COLUMNS = 16_384


class _Enough(Exception):
    """As many rows were read as were asked for."""


def read_sheet(content: bytes, most: int) -> list[Row]:
    """Returns at most so many rows of the first visible sheet. Raises Unreadable."""
    try:
        with zipfile.ZipFile(io.BytesIO(content)) as file:
            _check(file)
            sheet = _first_sheet(file)
            strings = _Strings()
            if "xl/sharedStrings.xml" in file.namelist():
                _parse(file, "xl/sharedStrings.xml", strings)
            rows = _Rows(strings.found, most)
            with suppress(_Enough):
                _parse(file, sheet, rows)
            return rows.found
    except (
        zipfile.BadZipFile,
        zlib.error,
        OSError,
        ValueError,
        SAXException,
        DefusedXmlException,
        KeyError,
        EOFError,
        NotImplementedError,
        RuntimeError,
    ) as error:
        raise Unreadable.damaged() from error


def _check(file: zipfile.ZipFile) -> None:
    parts = file.infolist()
    # More than is said here is never unpacked of a part.
    if len(parts) > MOST_PARTS or sum(part.file_size for part in parts) > MOST_UNPACKED:
        raise Unreadable.too_large()


def _parse(file: zipfile.ZipFile, name: str, handler: ContentHandler) -> None:
    parser = DefusedExpatParser(forbid_dtd=True)
    parser.setContentHandler(handler)
    with file.open(name) as part:
        while piece := part.read(STEP):
            parser.feed(piece)
    parser.close()


def _first_sheet(file: zipfile.ZipFile) -> str:
    """Returns the name of the part that holds the first sheet that is not hidden."""
    sheets, targets = _Elements("sheet"), _Elements("Relationship")
    _parse(file, "xl/workbook.xml", sheets)
    _parse(file, "xl/_rels/workbook.xml.rels", targets)
    places = {each.get("Id"): each.get("Target", "") for each in targets.found}
    visible = [each for each in sheets.found if each.get("state", "visible") == "visible"]
    for sheet in visible or sheets.found:
        key = next((value for name, value in sheet.items() if name.endswith(":id")), None)
        if target := places.get(key):
            return posixpath.normpath(posixpath.join("/xl", target)).lstrip("/")
    raise KeyError("no sheet")


def _local(name: str) -> str:
    return name.rpartition(":")[2]


class _Elements(ContentHandler):
    """Collects the attributes of all elements of one name."""

    MOST = 1000

    def __init__(self, name: str) -> None:
        super().__init__()
        self.name, self.found = name, list[dict[str, str]]()

    def startElement(self, name: str, attrs: Any) -> None:
        if _local(name) == self.name and len(self.found) < self.MOST:
            self.found.append(dict(attrs.items()))


class _Texts(ContentHandler):
    """Collects the text of `v` and `t`, without the readings of Japanese words."""

    def __init__(self) -> None:
        super().__init__()
        self.pieces: list[str] = []
        self.length, self.is_text, self.is_reading = 0, False, False
        self.elements = 0

    def startElement(self, name: str, attrs: Any) -> None:
        self.elements += 1
        if self.elements > MOST_ELEMENTS:
            raise Unreadable.too_large()
        local = _local(name)
        if local == "rPh":
            self.is_reading = True
        self.is_text = local in ("v", "t") and not self.is_reading
        self.begun(local, attrs)

    def endElement(self, name: str) -> None:
        local = _local(name)
        self.is_text = False
        if local == "rPh":
            self.is_reading = False
        self.ended(local)

    def characters(self, content: str) -> None:
        if self.is_text and self.length < LONGEST_CELL:
            self.pieces.append(content)
            self.length += len(content)

    def taken(self) -> str:
        text = "".join(self.pieces)[:LONGEST_CELL]
        self.pieces, self.length = [], 0
        return text

    def begun(self, name: str, attrs: Any) -> None: ...

    def ended(self, name: str) -> None: ...


class _Strings(_Texts):
    def __init__(self) -> None:
        super().__init__()
        self.found: list[str] = []

    def ended(self, name: str) -> None:
        if name == "si":
            if len(self.found) >= MOST_STRINGS:
                raise Unreadable.too_large()
            self.found.append(self.taken())


class _Rows(_Texts):
    """Collects the cells of the rows, by the column that each names or comes next."""

    def __init__(self, strings: list[str], most: int) -> None:
        super().__init__()
        self.strings, self.most = strings, most
        self.found: list[Row] = []
        self.number, self.column, self.kind, self.seen = 0, -1, "", 0
        self.cells: dict[int, Cell] = {}

    def begun(self, name: str, attrs: Any) -> None:
        if name == "row":
            given = attrs.get("r", "")
            is_number = given.isdecimal() and len(given) <= 7
            self.number = int(given) if is_number else self.number + 1
            self.column, self.cells, self.seen = -1, {}, 0
        elif name == "c":
            self.seen += 1
            if self.seen > SHEETS_COLUMNS:
                raise Unreadable.damaged()
            self.kind = attrs.get("t", "n")
            self.column = _column(attrs.get("r", ""), self.column + 1)
            self.taken()

    def ended(self, name: str) -> None:
        if name == "c":
            text = self.taken()
            cell = self._cell(text) if text and self.column < MOST_COLUMNS else ""
            if cell != "":
                self.cells[self.column] = cell
        elif name == "row" and any(str(cell).strip() for cell in self.cells.values()):
            width = max(self.cells) + 1
            row = Row(self.number, tuple(self.cells.get(each, "") for each in range(width)))
            if len(self.found) >= MOST_ROWS:
                raise Unreadable.too_many()
            self.found.append(row)
            if len(self.found) >= self.most:
                raise _Enough

    def _cell(self, text: str) -> Cell:
        if self.kind == "s":
            is_known = text.isdecimal() and len(text) < 8 and int(text) < len(self.strings)
            return self.strings[int(text)] if is_known else ""
        if self.kind == "n" and _NUMBER.fullmatch(text):
            number = Decimal(text)
            return number if abs(number.adjusted()) <= LARGEST_POWER else text
        return text


def _column(reference: str, otherwise: int) -> int:
    found = _REFERENCE.fullmatch(reference)
    if not found:
        return otherwise
    number = 0
    for letter in found[1]:
        number = number * 26 + ord(letter) - ord("A") + 1
    return number - 1


def letters() -> Iterator[str]:
    """Yields the names of columns: A, B, …, Z, AA, …"""
    alphabet = [chr(code) for code in range(ord("A"), ord("Z") + 1)]
    yield from alphabet
    yield from (first + second for first in alphabet for second in alphabet)
