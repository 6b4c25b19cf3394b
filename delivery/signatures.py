"""Signatures of WeChat instant delivery and the sealing of pushes: pure functions.

Source: docs/platforms/wechat_delivery.md §2.2 and §4.1.
"""

import base64
import binascii
import hashlib
import hmac
import secrets

from stores.platforms import aes

# Bytes of padding blocks, of the random text in front, and of the length behind it.
BLOCK, RANDOM, LENGTH = 32, 16, 4
KEY_CHARACTERS = 43


class NotSealed(ValueError):
    """The text was not sealed with this key, or for another appid."""


def delivery_sign(*, shopid: str, secret: str, shop_order_id: str = "") -> str:
    """Returns the signature of a call; `secret` is the shop's AppSecret at the courier."""
    return _sha1(shopid + shop_order_id + secret)


def push_signature(*, token: str, timestamp: str, nonce: str, sealed: str = "") -> str:
    """Returns the signature of a push: with the sealed text WeChat calls it `msg_signature`."""
    parts = (token, timestamp, nonce, *([sealed] if sealed else []))
    return _sha1("".join(sorted(parts)))


def is_pushed(given: str, *, token: str, timestamp: str, nonce: str, sealed: str = "") -> bool:
    """Whether WeChat signed this push. An empty token never fits."""
    wanted = push_signature(token=token, timestamp=timestamp, nonce=nonce, sealed=sealed)
    return hmac.compare_digest(_bytes(given), wanted.encode()) and token != ""


def seal(message: bytes, *, key: str, appid: str, random: bytes = b"") -> str:
    """Returns a message sealed in base64; `key` is the EncodingAESKey of 43 characters.

    Raises ValueError for a key that is none.
    """
    random = random or secrets.token_bytes(RANDOM)
    text = random + len(message).to_bytes(LENGTH, "big") + message + appid.encode()
    whole = key_of(key)
    sealed = aes.encrypt(text, key=whole, iv=whole[: aes.BLOCK], block=BLOCK)
    return base64.b64encode(sealed).decode()


def unseal(sealed: str, *, key: str, appid: str) -> bytes:
    """Returns the message. Raises NotSealed; check `is_pushed` first.

    The appid is the one whose key it is: the shop's, or the provider's component.
    """
    whole = key_of(key)
    try:
        content = base64.b64decode(_bytes(sealed), validate=True)
        text = aes.decrypt(content, key=whole, iv=whole[: aes.BLOCK], block=BLOCK)
    except (binascii.Error, aes.NotDecrypted) as error:
        raise NotSealed("not sealed with this key") from error
    end = RANDOM + LENGTH + int.from_bytes(text[RANDOM : RANDOM + LENGTH], "big")
    if len(text) < RANDOM + LENGTH or end > len(text):
        raise NotSealed("its length is not the one that it names")
    if text[end:] != appid.encode():
        raise NotSealed("sealed for another appid")
    return text[RANDOM + LENGTH : end]


def key_of(key: str) -> bytes:
    """Returns the 32 bytes of an EncodingAESKey. Raises ValueError."""
    if len(key) != KEY_CHARACTERS or not (key.isascii() and key.isalnum()):
        raise ValueError("an EncodingAESKey has 43 letters and digits")
    return base64.b64decode(key + "=")


def _sha1(text: str) -> str:
    return hashlib.sha1(_bytes(text), usedforsecurity=False).hexdigest()


def _bytes(text: str) -> bytes:
    return text.encode("utf-8", "surrogatepass")
