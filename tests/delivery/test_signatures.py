"""Signatures and sealed pushes, held to the vectors that WeChat publishes."""

import base64
import json

import pytest
from hypothesis import given
from hypothesis import strategies as st

from delivery.signatures import (
    NotSealed,
    delivery_sign,
    is_pushed,
    key_of,
    push_signature,
    seal,
    unseal,
)

TOKEN, KEY, APPID = "AAAAA", "A" * 43, "wxba5fad812f8e6fb9"
SEALED = (
    "+qdx1OKCy+5JPCBFWw70tm0fJGb2Jmeia4FCB7kao+/Q5c/ohsOzQHi8khUOb05JCpj0JB4RvQMkUyus8TPxLKJGQqcv"
    "ZqzDpVzazhZv6JsXUnnR8XGT740XgXZUXQ7vJVnAG+tE8NUd4yFyjPy7GgiaviNrlCTj+l5kdfMuFUPpRSrfMZuMcp3F"
    "n2Pede2IuQrKEYwKSqFIZoNqJ4M8EajAsjLY2km32IIjdf8YL/P50F7mStwntrA2cPDrM1kb6mOcfBgRtWygb3VIYnSe"
    "OBrebufAlr7F9mFUPAJGj04="
)
ANSWER = "ELGduP2YcVatjqIS+eZbp80MNLoAUWvzzyJxgGzxZO/5sAvd070Bs6qrLARC9nVHm48Y4hyRbtzve1L32tmxSQ=="


@pytest.mark.parametrize(
    ("order", "wanted"),
    [
        ("test_shop_order_id", "a93d8d6bae9a9483c1b1d4e8670e7f6226ec94cb"),
        ("", "9930e1dbf1665bba7e4a88059d872aad8194d21d"),
    ],
)
def test_a_call_is_signed_as_wechat_signs_it(order: str, wanted: str) -> None:
    signed = delivery_sign(shopid="test_shop_id", secret="test_app_secrect", shop_order_id=order)
    assert signed == wanted


@pytest.mark.parametrize(
    ("timestamp", "nonce", "sealed", "wanted"),
    [
        ("1714036504", "1514711492", "", "f464b24fc39322e44b38aa78f5edd27bd1441696"),
        ("1714037059", "486452656", "", "899cf89e464efb63f54ddac96b0a0a235f53aa78"),
        ("1714112445", "415670741", SEALED, "046e02f8204d34f8ba5fa3b1db94908f3df2e9b3"),
        ("1713424427", "415670741", ANSWER, "1b9339964ed2e271e7c7b6ff2b0ef902fc94dea1"),
    ],
)
def test_a_push_is_signed_as_wechat_signs_it(
    timestamp: str, nonce: str, sealed: str, wanted: str
) -> None:
    parts = {"token": TOKEN, "timestamp": timestamp, "nonce": nonce, "sealed": sealed}
    assert push_signature(**parts) == wanted
    assert is_pushed(wanted, **parts)
    assert not is_pushed(wanted, **parts | {"nonce": nonce + "1"})
    assert not is_pushed("", **parts)


def test_an_empty_token_signs_nothing() -> None:
    given_ = push_signature(token="", timestamp="1", nonce="2")
    assert not is_pushed(given_, token="", timestamp="1", nonce="2")
    assert not is_pushed("\ud800", token=TOKEN, timestamp="\ud800", nonce="2")


def test_a_sealed_push_is_opened() -> None:
    message = unseal(SEALED, key=KEY, appid=APPID)
    assert json.loads(message)["debug_str"] == "hello world"
    assert len(message) == 167


def test_an_answer_is_sealed_as_wechat_seals_it() -> None:
    message = b'{"demo_resp":"good luck"}'
    assert seal(message, key=KEY, appid=APPID, random=b"707722b803182950") == ANSWER
    assert unseal(ANSWER, key=KEY, appid=APPID) == message


@given(st.binary(max_size=300), st.text(st.characters(codec="ascii"), min_size=1, max_size=40))
def test_what_is_sealed_is_opened_by_its_own_appid_only(message: bytes, appid: str) -> None:
    sealed = seal(message, key=KEY, appid=appid)
    assert unseal(sealed, key=KEY, appid=appid) == message
    with pytest.raises(NotSealed):
        unseal(sealed, key=KEY, appid=appid + "x")


@pytest.mark.parametrize(
    "broken",
    ["", "not base64!", "密文", "QUJD", base64.b64encode(bytes(64)).decode(), SEALED[:-24]],
)
def test_what_is_not_sealed_is_refused(broken: str) -> None:
    with pytest.raises(NotSealed):
        unseal(broken, key=KEY, appid=APPID)


@pytest.mark.parametrize("key", ["", "A" * 42, "A" * 44, "Ä" * 43, "A" * 42 + "="])
def test_a_key_that_is_none_is_refused(key: str) -> None:
    with pytest.raises(ValueError, match="43"):
        key_of(key)
