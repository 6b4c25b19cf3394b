"""Which column is which, and what a row of a bill says."""

from datetime import datetime
from decimal import Decimal

import pytest
from hypothesis import given
from hypothesis import strategies as st

from delivery.services.bills.columns import (
    Charge,
    Columns,
    Kind,
    Unclear,
    amount_of,
    find_headings,
    guess,
    moment_of,
    read_charge,
    remembered,
)
from delivery.services.bills.rows import Cell, Row
from stores.platforms.reading import BEIJING
from tests.delivery.money.files import HEADINGS

COLUMNS = Columns(0, dict(zip(Kind, (0, 1, 2, 3, 4, 5), strict=True)))


def charge(*cells: Cell) -> Charge:
    found = read_charge(Row(7, cells), COLUMNS)
    assert found is not None
    return found


@pytest.mark.parametrize(
    ("cell", "amount"),
    [
        ("1,234.50", "1234.50"),
        ("￥12", "12"),
        ("¥ 12.5", "12.50"),
        ("12元", "12"),
        ("-3.00", "-3.00"),
        ("−3", "-3"),
        ("-￥3.00", "-3.00"),
        ("+3", "3"),
        ("１２．５０", "12.50"),
        ('="12.00"', "12.00"),
        ("12.50000", "12.50"),
        (Decimal("12.300000000000001"), "12.30"),
        (Decimal("-0.001E+3"), "-1"),
        (Decimal("-0.0"), "0"),
    ],
)
def test_amounts_are_read_as_people_write_them(cell: Cell, amount: str) -> None:
    assert amount_of(cell) == Decimal(amount)
    assert str(amount_of(cell)) == f"{Decimal(amount):.2f}"


@pytest.mark.parametrize("cell", ["", "  ", "-", "--", "—", "/", "¥"])
def test_an_empty_amount_is_none(cell: str) -> None:
    assert amount_of(cell) is None


@pytest.mark.parametrize(
    "cell",
    [
        "12,50",
        "1,23",
        "12.345",
        "1e3",
        "abc",
        "12 13x",
        "=1+1",
        "100000",
        "9" * 100,
        "nan",
        "Infinity",
        "=cmd|' /C calc'!A0",
        Decimal("1E+30"),
        Decimal("12.345"),
        Decimal(100_000),
    ],
)
def test_what_is_no_amount_is_never_taken_for_one(cell: Cell) -> None:
    with pytest.raises(Unclear):
        amount_of(cell)


@pytest.mark.parametrize(
    ("cell", "moment"),
    [
        ("2026-11-05 12:30:01", (2026, 11, 5, 12, 30, 1)),
        ("2026/11/5 9:05", (2026, 11, 5, 9, 5)),
        ("2026年11月5日", (2026, 11, 5)),
        ("2026.11.05", (2026, 11, 5)),
        ("2026-11-05T12:30:01.000+08:00", (2026, 11, 5, 12, 30, 1)),
        (Decimal("46331.5"), (2026, 11, 5, 12)),
        ("2026-13-45", None),
        ("0000-01-01", None),
        ("9999-01-01", None),
        ("yesterday", None),
        (Decimal("1E+9"), None),
        ("", None),
    ],
)
def test_times_are_those_of_beijing(cell: Cell, moment: tuple[int, ...] | None) -> None:
    expected = datetime(*moment, tzinfo=BEIJING) if moment else None  # type: ignore[misc, arg-type]
    assert moment_of(cell) == expected


def test_a_row_says_what_was_charged() -> None:
    found = charge("ZG1-a", "12.00", "2", "", "", "2026-11-05")
    assert (found.row, found.number, found.fee, found.tip) == (7, "ZG1-a", Decimal(12), Decimal(2))
    # Without a total it is the sum of the others.
    assert (found.deduction, found.total, found.problem) == (None, Decimal(14), "")


@pytest.mark.parametrize(
    ("cells", "words"),
    [
        (("", "12"), "number is missing"),
        (("ZG1", "twelve"), "“twelve” is no amount"),
        (("ZG1", "", "", "", "", "2026-11-05"), "names no amount"),
        (("合计", "1,200.00"), "sum of other lines"),
        (("", "合计：", "1,200.00"), "sum of other lines"),
    ],
)
@pytest.mark.usefixtures("in_english")
def test_a_bad_row_says_why(cells: tuple[Cell, ...], words: str) -> None:
    found = charge(*cells)
    assert words in found.problem
    assert found.total is None


def test_a_row_without_anything_is_passed_over() -> None:
    assert read_charge(Row(7, ("", " ", "", "", "", "2026-11-05", "note")), COLUMNS) is None


@pytest.mark.parametrize(
    ("cell", "number", "rounded"),
    [
        ("ZG1-a", "ZG1-a", None),
        ('="123456789012345678"', "123456789012345678", None),
        ("'123456789012345678", "123456789012345678", None),
        ("123456789012345678", "123456789012345678", None),
        (" ＺＧ1-a\u200b", "ZG1-a", None),
        (Decimal(123456789012345), "123456789012345", None),
        (Decimal("1.2345678901234568E+17"), "123456789012345680", ("12345678901234", 18)),
        (Decimal(123456789012345680), "123456789012345680", ("12345678901234", 18)),
        ("1.23457E+17", "123457000000000000", ("123457", 18)),
    ],
)
def test_an_order_number_is_read_whole_or_known_to_be_rounded(
    cell: Cell, number: str, rounded: tuple[str, int] | None
) -> None:
    found = charge(cell, "12")
    assert (found.number, found.rounded) == (number, rounded)


def test_headings_are_found_anywhere_in_the_first_rows() -> None:
    rows = [Row(n, (f"达达配送账单 {n}",)) for n in range(6)] + [Row(7, HEADINGS)]
    rows += [Row(8 + n, (f"ZG{n}", "12")) for n in range(20)]
    assert find_headings(rows, {}) == 6
    assert find_headings(rows[:1], {}) == 0
    # What was chosen before counts more than words that we know.
    own = Row(3, ("编码", "花费"))
    assert find_headings([*rows[:2], own, *rows[6:]], {"number": "编码", "fee": "花费"}) == 2


def test_columns_are_guessed_and_remembered_by_their_headings() -> None:
    assert guess(HEADINGS) == dict(zip(Kind, (0, 1, 2, 3, 4, 5), strict=True))
    assert guess(["序号", "运单号", "实付金额"]) == {Kind.NUMBER: 1, Kind.TOTAL: 2}
    known = {"number": "运单号", "fee": "gone", "strange": "序号"}
    assert remembered(["序号", "运单号"], known) == {Kind.NUMBER: 1}


cells = st.one_of(st.text(max_size=40), st.decimals(allow_nan=False, allow_infinity=False))


@given(st.lists(cells, max_size=8))
def test_no_row_breaks_the_reader(row: list[Cell]) -> None:
    small = [each if isinstance(each, str) or abs(each.adjusted()) <= 30 else "" for each in row]
    found = read_charge(Row(1, tuple(small)), COLUMNS)
    # Nothing, an amount to compare, or words that say why there is none.
    assert found is None or (found.total is None) == bool(found.problem)
