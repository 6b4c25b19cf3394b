import pytest
from hypothesis import given
from hypothesis import strategies as st

from messaging.receipts.texts import columns, printable, wrap

ANYTHING = st.text(st.characters(exclude_categories=()))


@pytest.mark.parametrize(
    ("text", "wanted"),
    [
        ("招牌牛肉面", "招牌牛肉面"),
        ("，。、；：？！", "，。、；：？！"),
        ("×①—℃★é", "×①—℃★é"),
        ("¥12.00 €5", "￥12.00 EUR5"),
        ("Piña colada • ½", "Pina colada · 1/2"),
        ("cafe\u0301", "café"),
        ("好吃👍👍🏽👨\u200d👩\u200d👧❤\ufe0f!", "好吃[表情]!"),
        ("🇨🇳 和 1\ufe0f\u20e3", "[表情] 和 1"),
        ("a\u202eb\u200f\u2066c\ufeff\u00ad", "abc"),
        ("שלום", "????"),
        ("\U00020bb7野家", "?野家"),
        ("z\u0335\u0321\u035aa\u0336\u0322", "za"),
        ("\x1b@\x1dV\x00\x10\x04\x01删\x7f\x85除", "@ V删 除"),
        ("\ud83d \ufffd \x00", "? ?"),
        (" 两\r\n行\t\u3000和\xa0\u2028空 ", "两 行 和 空"),
        ("<script>alert(1)</script>&amp;", "<script>alert(1)</script>&amp;"),
    ],
)
def test_what_a_printer_shows_of_a_text(text: str, wanted: str) -> None:
    assert printable(text) == wanted


@given(ANYTHING)
def test_printable_text_is_gbk_without_control_bytes(text: str) -> None:
    made = printable(text)
    assert [byte for byte in made.encode("gbk") if byte < 0x20 or byte == 0x7F] == []
    assert printable(made) == made


def test_every_character_of_the_first_planes_has_a_printable_form() -> None:
    for number in range(0x20000):
        made = printable(chr(number)).encode("gbk")
        assert all(0x20 <= byte != 0x7F for byte in made), hex(number)


def test_a_chinese_character_takes_two_columns_and_so_do_signs_of_gbk() -> None:
    assert [columns(text) for text in ("a面", "×", "①", "—", "￥", "[表情]")] == [3, 2, 2, 2, 2, 6]


@pytest.mark.parametrize(
    ("text", "width", "wanted"),
    [
        ("", 4, [""]),
        ("牛肉面", 6, ["牛肉面"]),
        ("牛肉面", 5, ["牛肉", "面"]),
        ("a牛肉面", 6, ["a牛肉", "面"]),
        ("Coca Cola Zero", 9, ["Coca Cola", "Zero"]),
        ("Coca Cola Zero", 10, ["Coca Cola", "Zero"]),
        ("Cola ZeroSugar!", 10, ["Cola", "ZeroSugar!"]),
        ("ab 123456789", 5, ["ab 12", "34567", "89"]),
        ("abcd efgh", 4, ["abcd", "efgh"]),
    ],
)
def test_where_a_text_is_cut(text: str, width: int, wanted: list[str]) -> None:
    assert wrap(text, width) == wanted


@given(ANYTHING, st.integers(2, 48))
def test_wrapped_lines_fit_and_lose_nothing_but_blanks(text: str, width: int) -> None:
    lines = wrap(text, width)
    assert max(map(columns, lines)) <= width
    assert "".join(lines).replace(" ", "") == printable(text).replace(" ", "")
    assert "" not in lines or lines == [""]
