"""AES-CBC against vectors of others: WeChat's documents, openssl, and nobody's garbage."""

import shutil
import subprocess
from base64 import b64decode, b64encode

import pytest
from hypothesis import given
from hypothesis import strategies as st

from stores.platforms import aes

WECHAT_KEY = b64decode("A" * 43 + "=")
# The sample of WeChat's page on message encryption: a push in security mode, and a reply.
WECHAT_PUSH = (
    "+qdx1OKCy+5JPCBFWw70tm0fJGb2Jmeia4FCB7kao+/Q5c/ohsOzQHi8khUOb05JCpj0JB4RvQMkUyus8TPxLKJGQqcvZqz"
    "DpVzazhZv6JsXUnnR8XGT740XgXZUXQ7vJVnAG+tE8NUd4yFyjPy7GgiaviNrlCTj+l5kdfMuFUPpRSrfMZuMcp3Fn2Pede"
    "2IuQrKEYwKSqFIZoNqJ4M8EajAsjLY2km32IIjdf8YL/P50F7mStwntrA2cPDrM1kb6mOcfBgRtWygb3VIYnSeOBrebufAl"
    "r7F9mFUPAJGj04="
)
WECHAT_REPLY = (
    "ELGduP2YcVatjqIS+eZbp80MNLoAUWvzzyJxgGzxZO/5sAvd070Bs6qrLARC9nVHm48Y4hyRbtzve1L32tmxSQ=="
)
MEITUAN_KEY = b"0123456789abcdef"


def test_a_push_of_wechats_documents_is_decrypted() -> None:
    plain = aes.decrypt(b64decode(WECHAT_PUSH), key=WECHAT_KEY, iv=WECHAT_KEY[:16], block=32)
    assert plain[:20] == b"a8eedb185eb2fecf\x00\x00\x00\xa7"
    assert plain[20 + 167 :] == b"wxba5fad812f8e6fb9"
    assert plain[20:].startswith(b'{"ToUserName":"gh_97417a04a28d"')


def test_a_reply_of_wechats_documents_is_encrypted_byte_for_byte() -> None:
    message = b'{"demo_resp":"good luck"}'
    plain = b"707722b803182950" + len(message).to_bytes(4, "big") + message + b"wxba5fad812f8e6fb9"
    sealed = aes.encrypt(plain, key=WECHAT_KEY, iv=WECHAT_KEY[:16], block=32)
    assert b64encode(sealed).decode() == WECHAT_REPLY


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
def test_chat_is_encrypted_as_meituan_does(text: str, sealed: str) -> None:
    made = aes.encrypt(text.encode(), key=MEITUAN_KEY, iv=MEITUAN_KEY)
    assert b64encode(made).decode() == sealed
    assert aes.decrypt(b64decode(sealed), key=MEITUAN_KEY, iv=MEITUAN_KEY).decode() == text


@pytest.mark.skipif(shutil.which("openssl") is None, reason="openssl is not installed")
@pytest.mark.parametrize("length", [0, 1, 15, 16, 17, 1000])
def test_openssl_reads_what_we_write_and_we_what_it_writes(length: int) -> None:
    def openssl(data: bytes, *mode: str) -> bytes:
        names = ["-aes-128-cbc", "-K", MEITUAN_KEY.hex(), "-iv", MEITUAN_KEY.hex()]
        command = ["openssl", "enc", *mode, *names]
        return subprocess.run(command, input=data, capture_output=True, check=True).stdout

    text = bytes(number % 256 for number in range(length))
    assert openssl(aes.encrypt(text, key=MEITUAN_KEY, iv=MEITUAN_KEY), "-d") == text
    assert aes.decrypt(openssl(text), key=MEITUAN_KEY, iv=MEITUAN_KEY) == text


@given(st.binary(max_size=100), st.sampled_from([16, 32]))
def test_what_is_encrypted_comes_back(text: bytes, block: int) -> None:
    sealed = aes.encrypt(text, key=WECHAT_KEY, iv=WECHAT_KEY[:16], block=block)
    assert len(sealed) % block == 0
    assert aes.decrypt(sealed, key=WECHAT_KEY, iv=WECHAT_KEY[:16], block=block) == text


@pytest.mark.parametrize("sealed", [b"", b"x", b"x" * 15, b"\x00" * 16, b"x" * 32, b"x" * 33])
def test_garbage_is_not_decrypted(sealed: bytes) -> None:
    with pytest.raises(aes.NotDecrypted):
        aes.decrypt(sealed, key=MEITUAN_KEY, iv=MEITUAN_KEY)
