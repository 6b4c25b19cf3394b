"""Receipts as rows of text, for a preview in a fixed-width font and a browser's printer.

A page that shows sizes too takes the rows of `lay_out`.
"""

from collections.abc import Iterable

from messaging.receipts.lines import Line, Paper, Picture, lay_out


def receipt_text(lines: Iterable[Line], paper: Paper) -> list[str]:
    """Returns the rows as they are printed, without sizes; a picture is its caption."""
    made: list[str] = []
    for row in lay_out(lines, paper):
        made += row.caption if isinstance(row, Picture) else [row.text]
    return made
