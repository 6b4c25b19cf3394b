"""What a scan is taken for, from its text alone."""

import pytest

from trip import codes


@pytest.mark.parametrize(
    "text",
    [
        "K7M2Q9XWTA4RBD",
        " k7m2q9xwta4rbd\n",
        "K7M2 Q9XW TA4R BD",
        "Ｋ７Ｍ２Ｑ９ＸＷＴＡ４ＲＢＤ",
        "\u200bK7M2Q9XWTA4RBD\ufeff",
        "【美团】您的券码：K7M2Q9XWTA4RBD，请凭码入园。电话13800138000",
        "券码:K7M2 Q9XW TA4R BD。",
        "https://example.com/t?code=K7M2Q9XWTA4RBD&x=1 K7M2Q9XWTA4RBD",
    ],
)
def test_a_code_is_found_however_it_arrives(text: str) -> None:
    assert "K7M2Q9XWTA4RBD" in codes.candidates(text)


def test_a_merchants_own_code_keeps_its_case_and_marks() -> None:
    assert codes.candidates("ab-12/X")[0] == "ab-12/X"


def test_a_short_code_counts_only_when_it_is_all_that_was_scanned() -> None:
    assert codes.candidates("A1") == ["A1", "a1"]
    assert codes.candidates("A1 园区 B2 门") == []


def test_our_own_code_is_known_by_its_shape() -> None:
    code = codes.new_code()
    assert codes.own_codes(f" {code.lower()[:7]} {code.lower()[7:]} ") == [code]
    for other in (
        "700012345678",
        "K7M2Q9XWTA4RB",
        "K7M2Q9XWTA4RBDD",
        "0" * 14,
        "KIM2Q9XWTA4RBD",
        "the STREAMBEDSTEAM of May",
    ):
        assert codes.own_codes(other) == []


def test_our_own_codes_are_known_in_a_message() -> None:
    text = "票码：K7M2Q9XWTA4RBD、n7m2q9xwta4rbe，手机13800138000"
    assert codes.own_codes(text) == ["K7M2Q9XWTA4RBD", "N7M2Q9XWTA4RBE"]


def test_a_part_of_a_pictures_signature_is_no_code() -> None:
    text = "http://127.0.0.1/trip/vouchers/54606.asXkvAn_UtLh_g4P2FSNjQ4SHCk_y6GQuavrRDJAFas.png"
    assert codes.own_codes(text) == []
    assert codes.own_codes(f"{text} K7M2Q9XWTA4RBD") == ["K7M2Q9XWTA4RBD"]


def test_order_numbers_are_long_numbers_that_the_database_can_hold() -> None:
    assert codes.order_numbers("订单号：267462905905413，电话13800138000") == [267462905905413]
    assert codes.order_numbers("2674 6290 5905 413") == [267462905905413]
    assert codes.order_numbers("9" * 19) == []
    assert codes.order_numbers("1" * 20) == []
    assert codes.order_numbers("700012345678") == []


def test_hostile_texts_are_bounded() -> None:
    for text in ("", "\x00", "9" * 100_000, "A " * 50_000, "😀" * 10_000, "a1b2c3 " * 20_000):
        assert len(codes.candidates(text)) <= codes.MAX_CANDIDATES
        assert codes.own_codes(text) == []
        assert len(codes.order_numbers(text)) < 200
        assert codes.picture_tokens(text) == []
