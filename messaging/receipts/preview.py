"""Receipts as rows of text, for a preview and for a browser's printer."""

from collections.abc import Iterable
from dataclasses import dataclass
from itertools import groupby

from messaging.receipts.lines import Line, Paper, Picture, Row, lay_out
from messaging.receipts.texts import columns


@dataclass(frozen=True)
class Part:
    """A run of characters that are all as wide as a Chinese one, or all half as wide."""

    text: str
    is_wide: bool


@dataclass(frozen=True)
class ShownRow:
    """A row for a page. Fonts differ in how wide a Chinese character is beside a Latin one, so the
    page gives each wide one its two columns.
    """

    parts: tuple[Part, ...]
    size: str = "normal"
    bold: bool = False


def receipt_text(lines: Iterable[Line], paper: Paper) -> list[str]:
    """Returns the rows as they are printed, without sizes; a picture is its caption."""
    return [row.text for row in _text_rows(lines, paper)]


def shown_rows(lines: Iterable[Line], paper: Paper) -> list[ShownRow]:
    """Returns the rows with their sizes ("normal", "tall", "big"); a picture is its caption."""
    return [
        ShownRow(_parts(row.text), row.size.name.lower(), row.bold)
        for row in _text_rows(lines, paper)
    ]


def _text_rows(lines: Iterable[Line], paper: Paper) -> Iterable[Row]:
    for row in lay_out(lines, paper):
        if isinstance(row, Picture):
            yield from (Row(text) for text in row.caption)
        else:
            yield row


def _parts(text: str) -> tuple[Part, ...]:
    runs = groupby(text, key=lambda character: columns(character) > 1)
    return tuple(Part("".join(run), is_wide) for is_wide, run in runs)
