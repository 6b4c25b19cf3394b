"""Kinds of lines on a receipt, and the rows that they fill on a paper.

A printer's bytes and a preview are made from the same rows, so that a preview equals what is
printed. A line makes each text printable itself: no field can bring in a command.
"""

import re
from collections.abc import Iterable
from dataclasses import dataclass
from enum import IntEnum
from typing import Protocol

import segno

from messaging.receipts.texts import centred, columns, left_aligned, printable, right_aligned, wrap

# The columns of a quantity and of a price, each with the blank before it.
MIDDLE, RIGHT = 5, 9
# The part of the width that a name keeps beside quantity and price, else it stands above them.
LEAST_NAME = 3
# A QR code that 58 mm of paper hold with dots large enough; a longer content is printed as text.
_QR_CONTENT = re.compile("[!-~]{1,200}")
_QR_TITLE = "[二维码] "
QUIET, LARGEST_SCALE = 4, 6


class Size(IntEnum):
    """Character sizes; the value is the argument of `GS !`: width - 1 in its high four bits, height
    - 1 in the low ones.
    """

    NORMAL = 0x00
    TALL = 0x01
    BIG = 0x11

    @property
    def width(self) -> int:
        return (self >> 4) + 1


@dataclass(frozen=True)
class Paper:
    """The width of a paper, in columns of the normal size and in dots."""

    columns: int
    dots: int


MM58 = Paper(columns=32, dots=384)
MM80 = Paper(columns=48, dots=576)
# A sheet of an office printer, with margins.
A4 = Paper(columns=72, dots=864)


@dataclass(frozen=True)
class Row:
    """One printed row: printable text that fits the paper."""

    text: str
    size: Size = Size.NORMAL
    bold: bool = False


@dataclass(frozen=True)
class Picture:
    """Rows of dots, each `len(dots[0])` bytes with eight dots; `caption` stands for it in a
    preview.
    """

    dots: tuple[bytes, ...]
    caption: tuple[str, ...]


class Line(Protocol):
    def rows(self, paper: Paper) -> "list[Row | Picture]":
        """Returns what the line fills on the paper, from top to bottom."""


def lay_out(lines: Iterable[Line], paper: Paper) -> list[Row | Picture]:
    """Returns the rows of all lines."""
    return [row for line in lines for row in line.rows(paper)]


@dataclass(frozen=True)
class Text:
    """Running text; `indent` is in columns. An empty text is a blank row."""

    text: str
    size: Size = Size.NORMAL
    bold: bool = False
    centred: bool = False
    indent: int = 0

    def rows(self, paper: Paper) -> list[Row | Picture]:
        width = paper.columns // self.size.width
        texts = [" " * self.indent + text for text in wrap(self.text, width - self.indent)]
        if self.centred:
            texts = [centred(text, width) for text in texts]
        return [Row(text, self.size, self.bold) for text in texts]


@dataclass(frozen=True)
class Columns:
    """A name with what stands at the right of its first row, as in name, quantity, price."""

    left: str
    middle: str = ""
    right: str = ""
    size: Size = Size.NORMAL
    bold: bool = False

    def rows(self, paper: Paper) -> list[Row | Picture]:
        width = paper.columns // self.size.width
        beside = " " + printable(self.right)
        if self.middle:
            quantity = right_aligned(" " + printable(self.middle), MIDDLE)
            beside = quantity + right_aligned(beside, RIGHT)

        room = width - columns(beside)
        if room >= width // LEAST_NAME:
            first, *rest = wrap(self.left, room)
            texts = [left_aligned(first, room) + beside, *rest]
        else:
            texts = wrap(self.left, width)
            texts += [right_aligned(text, width) for text in wrap(beside, width)]
        return [Row(text.rstrip(), self.size, self.bold) for text in texts]


@dataclass(frozen=True)
class Rule:
    """A line across the paper, with a title in it or none."""

    title: str = ""

    def rows(self, paper: Paper) -> list[Row | Picture]:
        title = printable(self.title)
        if not title:
            return [Row("-" * paper.columns)]
        side = "-" * ((paper.columns - columns(title) - 2) // 2)
        if not side:
            return Text(title).rows(paper)
        return [Row(f"{side} {title} {side}")]


@dataclass(frozen=True)
class QrCode:
    """A QR code of an address in ASCII, drawn by us: the cheapest printers have no command for one.

    Any other content is printed as text.
    """

    content: str

    def rows(self, paper: Paper) -> list[Row | Picture]:
        if not _QR_CONTENT.fullmatch(self.content):
            return Text(self.content).rows(paper)
        code = segno.make(self.content, error="m", micro=False)
        modules = [list(row) for row in code.matrix_iter(border=QUIET)]
        scale = min(LARGEST_SCALE, paper.dots // len(modules))
        margin = (paper.dots - len(modules) * scale) // 2
        dots = tuple(
            _packed([0] * margin + [dot for dot in row for _ in range(scale)])
            for row in modules
            for _ in range(scale)
        )
        return [Picture(dots, tuple(wrap(_QR_TITLE + self.content, paper.columns)))]


def _packed(dots: list[int]) -> bytes:
    """Returns eight dots in each byte, the first one in its highest bit."""
    padded = dots + [0] * (-len(dots) % 8)
    return int("".join(map(str, padded)), 2).to_bytes(len(padded) // 8, "big")
