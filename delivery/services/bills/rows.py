"""What the readers of bills share: rows, their limits, and what cannot be read."""

from dataclasses import dataclass
from decimal import Decimal
from typing import Self

from django.utils.translation import gettext_lazy as _

from stores.conflicts import Conflict
from stores.money import number_text

MOST_BYTES = 5_000_000
MOST_ROWS = 50_000
# Further columns are passed over, and longer texts cut.
MOST_COLUMNS = 80
LONGEST_CELL = 1000
# A number of a sheet is no text: of an order number it may have lost digits.
Cell = str | Decimal


@dataclass(frozen=True)
class Row:
    """A row of a file that is not empty; `number` is where people find it."""

    number: int
    cells: tuple[Cell, ...]

    def cell(self, column: int) -> Cell:
        """Returns "" for a column that the row does not have."""
        return self.cells[column] if column < len(self.cells) else ""


class Unreadable(Conflict):
    """The file is none that we read."""

    @classmethod
    def damaged(cls) -> Self:
        return cls(_("This file is damaged, or is no table: choose an XLSX or CSV file."))

    @classmethod
    def too_large(cls) -> Self:
        return cls(_("This file is too large: a bill has at most 5 MB."))

    @classmethod
    def too_many(cls) -> Self:
        text = _("This file has more than %(count)s rows: divide it.")
        return cls(text % {"count": number_text(MOST_ROWS)})
