"""Readers of what platforms send: a value within its bounds or Malformed, never anything else."""

from collections.abc import Callable, Mapping
from datetime import date, datetime
from decimal import Decimal
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from stores.platforms import reading
from stores.platforms.reading import Malformed, Problem

words = st.text(st.characters(exclude_categories=()), max_size=40)
numbers = st.integers() | st.floats() | st.decimals().map(str) | st.integers().map(str)
times = st.datetimes().map(lambda at: at.strftime("%Y-%m-%d %H:%M:%S"))
scalars = st.none() | st.booleans() | numbers | words | times | st.text(min_size=190, max_size=210)
values = st.recursive(
    scalars, lambda inner: st.lists(inner, max_size=4) | st.dictionaries(words, inner, max_size=4)
)
rows = st.fixed_dictionaries({}, optional={"field": values})

Reader = Callable[[Mapping[str, Any], str], Any]
STRICT: dict[Reader, Callable[[Any], bool]] = {
    reading.whole: lambda value: type(value) is int and 0 <= value <= reading.MAX_INT64,
    reading.optional_whole: lambda value: value is None or abs(value) <= reading.MAX_INT64,
    reading.yuan: lambda value: value == value.quantize(reading.CENT) and abs(value) < 10**10,
    reading.text: lambda value: 0 < len(value) <= reading.LONGEST_TEXT,
    reading.optional_text: lambda value: len(value) <= reading.LONGEST_TEXT,
    reading.needed: lambda value: value is None,
    reading.day: lambda value: type(value) is date,
    reading.optional_day: lambda value: value is None or type(value) is date,
    reading.moment: lambda value: 2000 <= value.year <= 2099 and value.tzinfo is reading.BEIJING,
    reading.listed: lambda value: type(value) is list and len(value) <= reading.LONGEST_LIST,
    reading.texts: lambda value: all(0 < len(item) <= reading.LONGEST_TEXT for item in value),
}
LENIENT: dict[Reader, Callable[[Any], bool]] = {
    reading.any_whole: lambda value: value is None or abs(value) <= reading.MAX_INT64,
    reading.any_yuan: lambda value: value is None or 0 <= value < reading.MAX_YUAN,
    reading.any_text: lambda value: len(value) <= reading.LONGEST_TEXT,
}


def outcome(reader: Reader, row: dict[str, Any]) -> Any:
    try:
        return reader(row, "field")
    except Malformed as malformed:
        return malformed


def name_of(reader: Reader) -> str:
    return reader.__name__


@pytest.mark.parametrize("reader", STRICT, ids=name_of)
@given(rows)
def test_a_strict_reader_gives_a_value_in_bounds_or_says_what_is_wrong(
    reader: Reader, row: dict[str, Any]
) -> None:
    found = outcome(reader, row)
    if isinstance(found, Malformed):
        assert found.field == "field"
        assert Problem(found.problem).format(**found.limits)
    else:
        assert STRICT[reader](found)


@pytest.mark.parametrize("reader", LENIENT, ids=name_of)
@given(rows)
def test_a_lenient_reader_always_gives_a_value_in_bounds(
    reader: Reader, row: dict[str, Any]
) -> None:
    assert LENIENT[reader](reader(row, "field"))


@given(st.integers(-(2**63) + 1, 2**63 - 1))
def test_a_whole_number_may_be_a_string(number: int) -> None:
    assert reading.optional_whole({"n": str(number)}, "n") == number
    assert reading.any_whole({"n": f" {number} "}, "n") == number


@given(st.decimals(-(10**9), 10**9, places=2))
def test_money_is_exact_as_a_string_and_as_a_number(amount: Decimal) -> None:
    assert reading.yuan({"price": str(amount)}, "price") == amount
    assert reading.yuan({"price": float(amount)}, "price") == amount


@given(st.lists(st.decimals(0, 10**6, places=2), min_size=1, max_size=50))
def test_a_sum_of_doubles_is_the_cent_that_it_means(amounts: list[Decimal]) -> None:
    added = sum(float(amount) for amount in amounts)
    assert reading.yuan({"price": added}, "price") == sum(amounts)
    left = added - sum(float(amount) for amount in reversed(amounts))
    assert str(reading.yuan({"price": left}, "price", least=0)) == "0.00"


@pytest.mark.parametrize(
    ("sent", "meant"),
    [
        (59.699999999999996, "59.70"),
        ("19.900000000000002", "19.90"),
        (50.739999999999995, "50.74"),
        ("1.25E7", "12500000.00"),
        ("3.552713678800501E-15", "0.00"),
        (-3.5e-15, "0.00"),
    ],
)
def test_doubles_are_the_cent_that_they_mean(sent: Any, meant: str) -> None:
    assert str(reading.yuan({"price": sent}, "price", least=0)) == meant


@given(st.datetimes(datetime(2000, 1, 1), datetime(2099, 12, 31)))
def test_a_moment_is_beijings(at: datetime) -> None:
    sent = {"at": at.strftime(reading.TIME)}
    assert reading.moment(sent, "at") == at.replace(microsecond=0, tzinfo=reading.BEIJING)
    assert reading.day(sent, "at") == at.date()


@pytest.mark.parametrize(
    ("reader", "value", "problem", "limits"),
    [
        (reading.whole, -1, Problem.OUT_OF_RANGE, {"least": 0, "most": 2**63 - 1}),
        (reading.whole, "1.5", Problem.NOT_WHOLE, {}),
        (reading.whole, True, Problem.NOT_WHOLE, {}),
        (reading.yuan, "1e3", Problem.NOT_MONEY, {}),
        (reading.yuan, " ", Problem.MISSING, {}),
        (reading.yuan, True, Problem.NOT_MONEY, {}),
        (reading.yuan, "0.005", Problem.TOO_PRECISE, {}),
        (reading.yuan, 59.705, Problem.TOO_PRECISE, {}),
        (reading.yuan, "59.705000000000001", Problem.TOO_PRECISE, {}),
        (reading.yuan, 10**10, Problem.OUT_OF_RANGE, {"least": 0, "most": reading.MOST_YUAN}),
        (reading.yuan, "9" * 30, Problem.OUT_OF_RANGE, {"least": 0, "most": reading.MOST_YUAN}),
        (reading.text, " ", Problem.MISSING, {}),
        (reading.text, [], Problem.NOT_TEXT, {}),
        (reading.text, "x" * 201, Problem.TOO_LONG, {"most": 200}),
        (reading.day, "2026-02-30", Problem.NOT_A_DAY, {}),
        (reading.moment, "1999-12-31 23:59:59", Problem.NOT_A_MOMENT, {}),
        (reading.listed, {}, Problem.NOT_A_LIST, {}),
        (reading.listed, [0] * 10_001, Problem.TOO_MANY, {"most": 10_000}),
    ],
)
def test_a_problem_is_data(
    reader: Reader, value: Any, problem: Problem, limits: dict[str, int]
) -> None:
    with pytest.raises(Malformed) as caught:
        reader({"field": value}, "field")
    assert (caught.value.field, caught.value.problem, caught.value.limits) == (
        "field",
        problem,
        limits,
    )


@pytest.mark.parametrize(
    ("value", "amount"),
    [
        ("78.0", "78.00"),
        (78.555, "78.56"),
        ("-1", None),
        ("1e9", None),
        ("NaN", None),
        (None, None),
    ],
)
def test_any_sum_is_rounded_or_none(value: Any, amount: str | None) -> None:
    expected = None if amount is None else Decimal(amount)
    assert reading.any_yuan({"price": value}, "price") == expected


@pytest.mark.parametrize(("value", "text"), [("x" * 9, "xxxxx"), (7, "7"), (0, ""), ([], "")])
def test_any_text_is_cut(value: Any, text: str) -> None:
    assert reading.any_text({"name": value}, "name", most=5) == text


def test_any_text_does_not_turn_what_stands_beside_it() -> None:
    data = {"name": "\u202e右\x1b@到\u2067左\r\n第二行"}
    assert reading.any_text(data, "name") == "右@到左\r\n第二行"
