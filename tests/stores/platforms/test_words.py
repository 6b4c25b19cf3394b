import re
import time

import pytest
from hypothesis import given
from hypothesis import strategies as st

from stores.platforms.errors import Refused
from stores.text import (
    SEEN,
    clean_json,
    clean_text,
    deal_name,
    mask_secret,
    one_line,
    plain,
    unmarked,
)

anything = st.text(st.characters(exclude_categories=()))


@given(anything, st.integers(0, 50))
def test_storable_text_is_short_and_encodes(text: str, length: int) -> None:
    made = clean_text(text, length)
    assert len(made) <= length
    assert b"\x00" not in made.encode()


@given(st.text())
def test_one_line_is_what_is_seen_of_a_text(text: str) -> None:
    made = one_line(text)
    assert made == one_line(made)
    assert bool(made) == bool(re.search(SEEN, text))
    assert not set(made) & set("\x00\n\t\u200b\u202e\ufeff\u3000")


def test_one_line_keeps_its_words() -> None:
    assert one_line(" 翠苑\u200b一区\u3000 3幢\n502\x00\ud800 ") == "翠苑一区 3幢 502"


@given(
    st.recursive(
        anything | st.floats() | st.integers() | st.none(),
        lambda inner: st.lists(inner) | st.dictionaries(anything, inner),
    )
)
def test_storable_json_is_json_for_every_database(value: object) -> None:
    import json

    text = json.dumps(clean_json(value), ensure_ascii=False, allow_nan=False)
    assert text.encode()
    assert "\x00" not in text


@pytest.mark.parametrize(
    "text", ["'" + " " * 200_000 + "’x", " " * 200_000 + "x", '="' * 100_000, "[1.0" * 50_000]
)
def test_no_text_takes_long(text: str) -> None:
    begun = time.process_time()
    plain(text)
    deal_name(text)
    assert time.process_time() - begun < 1


def test_what_marks_a_text_is_taken_off() -> None:
    marked = [' ="0123" ', "'0123", "‘0123’ ", '="0123', "'", "0'12"]
    assert [unmarked(each) for each in marked] == ["0123", "0123", "0123", '="0123', "", "0'12"]


def test_harmless_text_is_left_alone() -> None:
    assert clean_text("券码不存在 🀄", 100) == "券码不存在 🀄"
    assert clean_json({"a": [1, 2.5, None, "x"]}) == {"a": [1, 2.5, None, "x"]}


def test_a_code_in_the_platforms_words_is_cut_to_its_tail() -> None:
    error = Refused("10010", "券码123456789012不存在")
    error.hide("123456789012")
    assert (error.message, error.detail, str(error)) == (
        "券码…9012不存在",
        "10010: 券码…9012不存在",
        "10010: 券码…9012不存在",
    )
    assert mask_secret("", "left alone") == "left alone"
