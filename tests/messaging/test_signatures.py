"""Signatures and sealed texts, held to vectors that another program computed."""

from base64 import b64encode

import pytest
from hypothesis import given
from hypothesis import strategies as st

from messaging.signatures import is_signed, seal, sign, unseal
from stores.platforms import aes

KEY = "demoSignKey00001"
REQUEST = {
    "appAuthToken": "tok-demo-0001",
    "biz": "{}",
    "businessId": "2",
    "charset": "UTF-8",
    "developerId": "100000",
    "timestamp": "1616400000",
    "version": "2",
}
MESSAGE = (
    '{"biz_type":1,"push_content":{"msg_id":1616400000001,"msg_content":"CIPHER","msg_type":1,'
    '"msg_source":1,"cts":1616400000,"order_id":27060130000000001,"open_user_id":880012345}}'
)
SECRET = "0123456789abcdef"


@pytest.mark.parametrize(
    ("fields", "wanted"),
    [
        (REQUEST, "8b2e0ee6e1269116157012fb3698d522f07a0373"),
        (REQUEST | {"biz": ""}, "dcc9ef17a6051a9798fd550c6f8b295a5a7a176c"),
        (REQUEST | {"biz": MESSAGE}, "e6f92750adbd3ab4f0f9148b740a52f06ded1021"),
        (
            {
                "developerId": "100000",
                "ePoiId": "shop-001",
                "order": '{"orderId":27060130000000001,"status":2}',
            },
            "069ebea19d04a51eb5d45ebc18f10e8733e8a543",
        ),
        (
            {
                "businessId": "2",
                "developerId": "100000",
                "ePoiId": "shop-001",
                "ePoiName": "演示店",
                "timestamp": "1616400000",
            },
            "75ce614b112e0b127b99757494e7b3f950d6ea25",
        ),
    ],
)
def test_a_form_is_signed_as_the_platform_signs_it(fields: dict[str, str], wanted: str) -> None:
    assert sign(fields, key=KEY) == wanted
    assert sign(fields | {"sign": "anything"}, key=KEY) == wanted
    assert is_signed(fields | {"sign": wanted}, keys=["another", KEY])


@pytest.mark.parametrize("changed", [{"biz": '{"a":1}'}, {"more": "1"}, {"sign": ""}])
def test_a_changed_form_is_not_signed(changed: dict[str, str]) -> None:
    signed = REQUEST | {"sign": sign(REQUEST, key=KEY)}
    assert not is_signed(signed | changed, keys=[KEY])


def test_an_empty_key_signs_nothing() -> None:
    assert not is_signed(REQUEST | {"sign": sign(REQUEST, key="")}, keys=["", KEY])
    assert not is_signed(REQUEST | {"sign": sign(REQUEST, key="")}, keys=[])


def test_half_a_surrogate_pair_is_refused_and_not_an_error() -> None:
    assert not is_signed({"order": "\ud800", "sign": "\ud800"}, keys=[KEY])


@pytest.mark.parametrize(
    ("text", "sealed"),
    [
        ("hello", "MOfLtxzZ0YgS4+5cPylFYw=="),
        (
            "您好，请问有什么可以帮您？",
            "XUlU7Qna2895I1VrGW4EEj2dQZbMgU187efYXCHbTTRrAsmVP3jop1AYg604LU7o",
        ),
    ],
)
def test_texts_are_sealed_as_the_platform_seals_them(text: str, sealed: str) -> None:
    assert seal(text, secret=SECRET) == sealed
    assert unseal(sealed, secret=f"{SECRET} and what follows is not used") == text


@given(st.text())
def test_every_text_comes_back(text: str) -> None:
    assert unseal(seal(text, secret=SECRET), secret=SECRET) == text


@pytest.mark.parametrize(
    "sealed",
    [
        "",
        "not base64!",
        "MOfLtxzZ0YgS4+5cPylFYw",
        "MOfLtxzZ0YgS4+5cPyk=",
        # Sealed with another key.
        seal("hello", secret="fedcba9876543210"),
        # Well sealed, but no UTF-8.
        b64encode(aes.encrypt(b"\xff\xfe", key=SECRET.encode(), iv=SECRET.encode())).decode(),
    ],
)
def test_what_is_no_sealed_text_is_said_to_be_none(sealed: str) -> None:
    with pytest.raises(ValueError):
        unseal(sealed, secret=SECRET)


def test_a_short_secret_seals_nothing() -> None:
    with pytest.raises(ValueError, match="too short"):
        seal("hello", secret="short")
