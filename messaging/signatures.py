"""Signatures of the takeaway platform and the sealing of chat texts: pure functions.

One signature serves both directions: our requests and Meituan's pushes. Source:
docs/platforms/takeaway.md §1.1 and §5.3.
"""

import base64
import binascii
import hashlib
import hmac
from collections.abc import Iterable, Mapping

from stores.platforms import aes

# Bytes of the secret that are the key, and the initial vector too.
KEY_BYTES = 16


def sign(fields: Mapping[str, str], *, key: str) -> str:
    """Returns the signature of a form: SHA-1 over the key, and names and values in byte order.

    `sign` itself and empty values are left out; values are signed as they are, not percent-encoded.
    """
    named = sorted(
        (name.encode("utf-8", "surrogatepass"), value.encode("utf-8", "surrogatepass"))
        for name, value in fields.items()
        if value and name.lower() != "sign"
    )
    source = key.encode() + b"".join(name + value for name, value in named)
    return hashlib.sha1(source, usedforsecurity=False).hexdigest()


def is_signed(fields: Mapping[str, str], *, keys: Iterable[str]) -> bool:
    """Whether one of the keys signed this form; during a rotation there are two.

    All keys are always tried, so that the time taken does not reveal which one fits. An empty key
    never fits.
    """
    given, found = fields.get("sign", "").encode("utf-8", "surrogatepass"), False
    for key in keys:
        found |= hmac.compare_digest(given, sign(fields, key=key).encode()) and key != ""
    return found


def seal(text: str, *, secret: str) -> str:
    """Returns the sealed text in base64. Raises ValueError for a secret that is too short."""
    key = _key_of(secret)
    return base64.b64encode(aes.encrypt(text.encode(), key=key, iv=key)).decode()


def unseal(sealed: str, *, secret: str) -> str:
    """Returns the text of a chat message. Raises ValueError for anything that is not sealed text
    in UTF-8, or not sealed with this secret.
    """
    key = _key_of(secret)
    try:
        content = base64.b64decode(sealed, validate=True)
    except binascii.Error as error:
        raise ValueError("not base64") from error
    return aes.decrypt(content, key=key, iv=key).decode()


def _key_of(secret: str) -> bytes:
    key = secret.encode()[:KEY_BYTES]
    if len(key) < KEY_BYTES:
        raise ValueError("the secret is too short")
    return key
