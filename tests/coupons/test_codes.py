import re
from itertools import accumulate, pairwise

import pytest
from hypothesis import given
from hypothesis import strategies as st
from pytest_django.fixtures import Settings

from coupons import codes
from coupons.codes import MalformedCode, Reading
from coupons.codes.lookalikes import BY_CHANCE, NoCode, lookalike
from stores.fields import keyed_hash
from stores.text import plain
from tests.coupons.codes_table import TABLE, C, D, Wanted

ANYTHING = st.text(st.characters(exclude_categories=()), max_size=80)
NUMBERISH = st.text("0123456789 -.\t\n,:/元年月x¥１２、", max_size=60)
PIECES = st.lists(
    st.sampled_from(
        [*(text for text in TABLE if len(text) < 200), C, D, "99", "1.", "元", "11:30"]
    ),
    max_size=4,
)


@pytest.mark.parametrize(("text", "wanted"), TABLE.items())
def test_what_becomes_of_a_text(text: str, wanted: Wanted) -> None:
    reading = codes.read(text)
    if isinstance(wanted, NoCode):
        assert (reading.codes, reading.no_code) == ((), wanted)
    elif isinstance(wanted[0], NoCode):
        assert (reading.codes, reading.no_code, reading.offered) == ((), *wanted)
    elif isinstance(wanted[0], tuple):
        assert (reading.codes, reading.no_code, reading.offered) == (wanted[0], None, wanted[1])
    else:
        assert (reading.codes, reading.no_code, reading.offered) == (wanted, None, ())


def test_the_table_is_long() -> None:
    assert len(TABLE) >= 150


def belong_together(code: str, text: str) -> bool:
    """Whether the digits stand next to each other somewhere in the text, or in one pattern."""
    if re.search(rf"(?<![0-9]){code}(?![0-9])", text):
        return True
    for sizes in codes.PRINTED:
        if sum(sizes) != len(code):
            continue
        ends = [0, *accumulate(sizes)]
        groups = [code[first:last] for first, last in pairwise(ends)]
        for gap in (r"\s", r"\s{2}", *(rf" ?{mark} ?" for mark in (r"\.", "·", "_", "[-‐-―]"))):
            if re.search(rf"(?<![0-9]){gap.join(groups)}(?![0-9])", text):
                return True
    return False


@given(ANYTHING | NUMBERISH | PIECES.map(" ".join) | PIECES.map("".join) | PIECES.map("\t".join))
def test_digits_that_do_not_stand_together_never_make_a_code(text: str) -> None:
    reading = codes.read(text)
    for code in reading.codes:
        assert code.isascii()
        assert code.isdigit()
        assert codes.MIN_DIGITS <= len(code) <= codes.MAX_DIGITS
        assert belong_together(code, plain(text))
        assert lookalike(code) is None
    assert bool(reading.codes) != bool(reading.no_code)
    assert len(set(reading.codes)) == len(reading.codes)


@given(st.from_regex(r"[2-9][0-9]{11}", fullmatch=True), PIECES)
def test_a_code_is_found_beside_anything(code: str, others: list[str]) -> None:
    if lookalike(code):
        return
    text = "\n".join([*others, code])
    assert code in codes.read(text).codes


@given(NUMBERISH | PIECES.map(" ".join))
def test_what_is_offered_is_a_code_when_it_is_read_again(text: str) -> None:
    for code in codes.read(text).offered:
        again = codes.read(code)
        assert again.codes == (code,) or code in again.offered


@pytest.mark.parametrize("text", [None, 123456789012, ["123456789012"], b"123456789012", True])
def test_what_is_no_text_is_malformed(text: object) -> None:
    with pytest.raises(MalformedCode):
        codes.one_code(text)


@given(ANYTHING | st.integers() | st.none() | st.binary())
def test_anything_is_one_code_or_malformed(text: object) -> None:
    try:
        code = codes.one_code(text)
    except MalformedCode:
        return
    assert codes.read(str(text)) == Reading((code,))


def test_two_codes_are_not_one() -> None:
    with pytest.raises(MalformedCode) as malformed:
        codes.one_code(f"{C} {D}")
    assert malformed.value.reading.codes == (C, D)


@given(ANYTHING | NUMBERISH | PIECES.map(" ".join))
def test_what_a_person_is_shown_holds_no_long_number(text: str) -> None:
    seen = codes.read(text).seen
    assert len(seen) <= codes.SHOWN
    assert not re.search("[0-9]{5}", seen)


def test_what_was_read_is_shown_without_its_middle() -> None:
    assert codes.read("付款码 134512345678901234").seen == "付款码 134…1234"
    assert codes.read("张三\t138 1234 5678").seen == "张三 138…5678"


def test_numbers_that_are_codes_by_chance_are_offered() -> None:
    for number in ("4001234567", "6901234567892", "20261128"):
        assert lookalike(number) in BY_CHANCE
        assert codes.read(number).offered == (number,)


def test_the_hash_depends_on_code_and_key(settings: Settings) -> None:
    first = keyed_hash("123456789012")
    assert (len(first), keyed_hash("123456789012") == first) == (64, True)
    assert keyed_hash("123456789013") != first
    settings.HASH_KEY = "another"
    assert keyed_hash("123456789012") != first
    assert codes.tail_of("123456789012") == "9012"
