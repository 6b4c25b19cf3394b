import pytest
from hypothesis import given
from hypothesis import strategies as st
from pytest_django.fixtures import Settings

from coupons import codes
from coupons.codes import MalformedCode
from stores.fields import keyed_hash


@pytest.mark.parametrize(
    "text",
    [
        "123456789012",
        " 1234 5678 9012 ",
        "1234-5678-9012",
        "１２３４５６７８９０１２",
        "1234\u30005678\t9012\n",
        "\u200b123456789012\ufeff",
        "1234.5678.9012",
        "１２３４－５６７８．９０１２",
    ],
)
def test_a_code_is_read_however_it_is_written(text: str) -> None:
    assert codes.normalise(text) == "123456789012"


@pytest.mark.parametrize(
    "text",
    [
        "",
        " ",
        "1234567",
        "1" * 21,
        "12345678901a",
        "12345678🀄9012",
        "1 OR 1=1; DROP TABLE coupons_verification; --",
        "9" * 10_240,
        "١٢٣٤٥٦٧٨٩٠١٢",
        "12345678\x009012",
        "²³⁴⁵⁶⁷⁸⁹a",
        "¹²³⁴⁵⁶⁷⁸⁹⁰",
        "①②③456789012",
        "㉑㉒㉓㉔㉕㉖",
        "⒈⒉⒊⒋⒌⒍⒎⒏",
        "𝟙𝟚𝟛𝟜𝟝𝟞𝟟𝟠𝟡𝟘𝟙𝟚",
        None,
        123456789012,
        ["123456789012"],
        b"123456789012",
    ],
)
def test_what_is_no_code_is_malformed(text: object) -> None:
    with pytest.raises(MalformedCode):
        codes.normalise(text)


@given(
    st.text(st.characters(exclude_categories=()), max_size=60)
    | st.integers()
    | st.none()
    | st.binary()
)
def test_anything_is_a_code_or_malformed(text: object) -> None:
    try:
        code = codes.normalise(text)
    except MalformedCode:
        return
    assert code.isascii()
    assert code.isdigit()
    assert 8 <= len(code) <= 20


@given(
    st.text(st.characters(exclude_categories=()), max_size=200)
    | st.text("0123456789 -\t\n１２", max_size=200)
)
def test_what_is_found_in_anything_is_a_code(text: str) -> None:
    found = codes.find_in(text)
    assert found is None or codes.normalise(found) == found


@given(st.from_regex(r"[2-9][0-9]{11}", fullmatch=True))
def test_a_code_is_found_inside_a_message(code: str) -> None:
    assert codes.find_in(f"【美团】您的券码：{code}，请到店出示。") == code
    assert codes.find_in(f"https://example.com/v?code={code}&x=1") == code
    assert codes.find_in(f"券码 {code[:4]} {code[4:8]} {code[8:]} 谢谢") == code


@pytest.mark.parametrize(
    "text",
    [
        "",
        "没有券码",
        "请拨打 13812345678",
        "13812345678",
        "138-1234-5678",
        "券一 234567890123 券二 345678901234",
        "2024-12-15 22:08",
    ],
)
def test_where_it_is_not_clear_nothing_is_found(text: str) -> None:
    assert codes.find_in(text) is None


def test_a_code_twice_in_a_message_is_one_code() -> None:
    assert codes.find_in("234567890123（234567890123）") == "234567890123"


def test_the_hash_depends_on_code_and_key(settings: Settings) -> None:
    first = keyed_hash("123456789012")
    assert (len(first), keyed_hash("123456789012") == first) == (64, True)
    assert keyed_hash("123456789013") != first
    settings.HASH_KEY = "another"
    assert keyed_hash("123456789012") != first
    assert codes.tail_of("123456789012") == "9012"
