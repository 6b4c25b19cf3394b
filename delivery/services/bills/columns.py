"""Which column of a courier's bill is which, and what a row of it says."""

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from decimal import Decimal, InvalidOperation

from django.db import models
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy, pgettext_lazy

from delivery.services.bills.rows import Cell, Row
from stores.platforms.reading import BEIJING, CENT, FIRST_YEAR, LAST_YEAR
from stores.text import clean_text, plain, without_marks

# The headings stand somewhere in the first rows.
HEADINGS_WITHIN = 10
LONGEST_NUMBER, LONGEST_HEADING = 128, 60
# Yuan of one amount; a bill of more is no bill of one ride.
MOST_YUAN = 100_000
# Digits of a number that a spreadsheet keeps.
EXACT_DIGITS = 15
_NEAR = Decimal("0.000001")
_AMOUNT = re.compile(r"[+-]?([0-9]{1,3}(,[0-9]{3})+|[0-9]{1,12})(\.[0-9]{1,20})?", re.ASCII)
_ROUNDED = re.compile(r"[0-9](\.[0-9]{1,20})?[eE]\+?[0-9]{1,2}", re.ASCII)
_NOTHING = ("", "-", "--", "/", "—", "——", "–")
_SUM = re.compile(r"\s*(本页|本期)?(合计|总计|小计|汇总|total|sum)[\s:：]*", re.IGNORECASE)
_MOMENT = re.compile(
    r"([0-9]{4})[-/.年]([0-9]{1,2})[-/.月]([0-9]{1,2})日?"
    r"(?:[T ]*([0-9]{1,2})[:时]([0-9]{1,2})(?:[:分]([0-9]{1,2}))?)?.*",
    re.ASCII | re.DOTALL,
)
# Days since then are how a sheet keeps times.
_SHEETS_ZERO = datetime(1899, 12, 30, tzinfo=BEIJING)
_SHEETS_DAYS = (36_526, 73_050)


class Kind(models.TextChoices):
    """What a column of a bill holds."""

    NUMBER = "number", gettext_lazy("order number")
    FEE = "fee", pgettext_lazy("courier's bill", "fee")
    TIP = "tip", pgettext_lazy("courier's bill", "tip")
    DEDUCTION = "deduction", pgettext_lazy("courier's bill", "deduction")
    TOTAL = "total", pgettext_lazy("courier's bill", "total")
    TIME = "time", pgettext_lazy("courier's bill", "time")


PARTS = (Kind.FEE, Kind.TIP, Kind.DEDUCTION)
AMOUNTS = (*PARTS, Kind.TOTAL)
# Words in headings, the surest first.
_WORDS: Mapping[Kind, Sequence[str]] = {
    Kind.NUMBER: (
        "商家订单", "商户订单", "第三方订单", "外部订单", "三方单号", "shop_order",
        "运单", "配送单", "waybill", "订单号", "订单编号", "单号", "order",
    ),
    Kind.TIP: ("小费", "加价", "tip"),
    Kind.DEDUCTION: ("违约", "取消费", "扣款", "扣费", "赔付", "deduct", "penalty"),
    Kind.FEE: ("配送费", "运费", "基础费", "跑腿费", "fee"),
    Kind.TOTAL: ("实付", "合计", "总额", "总金额", "总计", "应付", "金额", "total", "amount"),
    Kind.TIME: ("完成时间", "送达时间", "下单时间", "创建时间", "时间", "日期", "time", "date"),
}  # fmt: skip


class Unclear(ValueError):
    """A row that cannot be read; the text says why."""


@dataclass(frozen=True)
class Charge:
    """What a row says. `rounded` are the digits that a spreadsheet has left of a longer number, and
    how many it had. `problem` says why the row cannot be judged.
    """

    row: int
    number: str = ""
    fee: Decimal | None = None
    tip: Decimal | None = None
    deduction: Decimal | None = None
    total: Decimal | None = None
    at: datetime | None = None
    rounded: tuple[str, int] | None = None
    problem: str = ""

    def turned(self) -> "Charge":
        """Returns the charge with the other sign."""
        amounts = {kind.value: getattr(self, kind.value) for kind in AMOUNTS}
        known = {name: -amount for name, amount in amounts.items() if amount is not None}
        return replace(self, **known)


@dataclass(frozen=True)
class Columns:
    """Where the headings stand (index in the rows), and the column of each kind."""

    headings: int
    of: Mapping[Kind, int]

    @property
    def mapped(self) -> frozenset[Kind]:
        return frozenset(self.of)


def headings_of(row: Row) -> list[str]:
    return [shown(cell)[:LONGEST_HEADING] for cell in row.cells]


def shown(cell: Cell) -> str:
    """Returns a cell as people see it."""
    text = f"{cell:f}" if isinstance(cell, Decimal) else without_marks(cell)
    return clean_text(" ".join(text.split()), 200)


def find_headings(rows: Sequence[Row], known: Mapping[str, str]) -> int:
    """Returns the index of the row with the headings: that in which most of the known ones, or else
    most words of headings stand.
    """

    def likeness(index: int) -> tuple[int, int, int]:
        texts = headings_of(rows[index])
        remembered = sum(heading in texts for heading in known.values())
        return remembered, len(guess(texts)), -index

    return max(range(min(HEADINGS_WITHIN, len(rows))), key=likeness)


def guess(headings: Sequence[str]) -> dict[Kind, int]:
    """Returns the columns whose headings say what they hold; none is taken twice."""
    found: dict[Kind, int] = {}
    for kind, words in _WORDS.items():
        for word in words:
            fitting = [
                index
                for index, heading in enumerate(headings)
                if word in heading.lower() and index not in found.values()
            ]
            if fitting:
                found[kind] = fitting[0]
                break
    return found


def remembered(headings: Sequence[str], known: Mapping[str, str]) -> dict[Kind, int]:
    """Returns the columns that were chosen for an earlier file, where their headings stand."""
    return {
        Kind(kind): headings.index(heading)
        for kind, heading in known.items()
        if kind in Kind.values and heading in headings
    }


def read_charge(row: Row, columns: Columns) -> Charge | None:
    """Returns what a row says; None for one without anything in our columns. Never raises."""
    cells = {kind: row.cell(index) for kind, index in columns.of.items()}
    if all(not str(cell).strip() for kind, cell in cells.items() if kind != Kind.TIME):
        return None
    number, rounded = _number(cells[Kind.NUMBER])
    at = moment_of(cells.get(Kind.TIME, ""))
    try:
        if any(isinstance(cell, str) and _SUM.fullmatch(cell) for cell in row.cells[:3]):
            raise Unclear(_("A sum of other lines, which does not count."))
        if not number:
            raise Unclear(_("The order number is missing."))
        amounts = {kind: _amount(kind, cells[kind]) for kind in AMOUNTS if kind in cells}
        total = amounts.get(Kind.TOTAL)
        if total is None:
            named = [amount for kind, amount in amounts.items() if amount is not None]
            if not named:
                raise Unclear(_("The line names no amount."))
            total = sum(named, Decimal(0))
    except Unclear as error:
        return Charge(row.number, number, at=at, problem=str(error))
    fee, tip, deduction = (amounts.get(kind) for kind in PARTS)
    return Charge(row.number, number, fee, tip, deduction, total, at, rounded)


def _number(cell: Cell) -> tuple[str, tuple[str, int] | None]:
    """Returns an order number, and what is known of one that a spreadsheet has rounded."""
    text = f"{cell:f}" if isinstance(cell, Decimal) else plain(cell)
    value = cell if isinstance(cell, Decimal) else None
    if value is None and _ROUNDED.fullmatch(text):
        value = Decimal(text)
    if value is not None and value == value.to_integral_value():
        digits = f"{value:f}".partition(".")[0]
        known = "".join(map(str, value.as_tuple().digits)).rstrip("0")
        is_short = len(digits) <= EXACT_DIGITS and isinstance(cell, Decimal)
        kept = None if is_short else (known[: EXACT_DIGITS - 1], len(digits))
        return digits[:LONGEST_NUMBER], kept
    return clean_text(without_marks(text), LONGEST_NUMBER), None


def _amount(kind: Kind, cell: Cell) -> Decimal | None:
    try:
        return amount_of(cell)
    except Unclear:
        text = _("%(column)s: “%(text)s” is no amount.")
        column = str(kind.label)
        raise Unclear(text % {"column": column, "text": shown(cell)[:40]}) from None


def amount_of(cell: Cell) -> Decimal | None:
    """Returns yuan to the cent of a cell like 1,234.50, ￥12 or -3.00; None for an empty one.

    Raises Unclear.
    """
    if isinstance(cell, Decimal):
        given = cell
    else:
        text = re.sub(r"[¥￥元\s]", "", plain(cell)).replace("−", "-")
        if text in _NOTHING:
            return None
        if not _AMOUNT.fullmatch(text):
            raise Unclear
        given = Decimal(text.replace(",", ""))
    try:
        amount = given.quantize(CENT) + 0
    except InvalidOperation:
        raise Unclear from None
    if abs(amount) >= MOST_YUAN or abs(given - amount) > _NEAR:
        raise Unclear
    return amount


def moment_of(cell: Cell) -> datetime | None:
    """Returns a time in Beijing; None for what is none."""
    if isinstance(cell, Decimal):
        first, last = _SHEETS_DAYS
        if not first <= cell <= last:
            return None
        return _SHEETS_ZERO + timedelta(seconds=round(float(cell) * 86_400))
    found = _MOMENT.fullmatch(plain(cell))
    if not found:
        return None
    year, month, day, hour, minute, second = (int(part or 0) for part in found.groups())
    if not FIRST_YEAR <= year <= LAST_YEAR:
        return None
    try:
        return datetime(year, month, day, hour, minute, second, tzinfo=BEIJING)
    except ValueError:
        return None
