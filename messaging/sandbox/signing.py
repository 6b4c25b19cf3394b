"""The signature of requests and pushes, and the encryption of chat texts."""

from __future__ import annotations

import base64
import hashlib
import hmac
from collections.abc import Mapping

from cryptography.hazmat.primitives import padding
from cryptography.hazmat.primitives.ciphers import Cipher, algorithms, modes

BLOCK = 16


def signature(sign_key: str, fields: Mapping[str, str]) -> str:
    """Returns the sha1 of the key and of all fields with a value, sorted by name."""
    source = sign_key
    for name in sorted(fields):
        if name.lower() != "sign" and fields[name]:
            source += name + fields[name]
    return hashlib.sha1(source.encode("utf-8", "replace"), usedforsecurity=False).hexdigest()


def is_signed(sign_key: str, fields: Mapping[str, str]) -> bool:
    expected = signature(sign_key, fields)
    return hmac.compare_digest(fields.get("sign", "").encode("utf-8", "replace"), expected.encode())


def signed(sign_key: str, fields: Mapping[str, str]) -> dict[str, str]:
    return {**fields, "sign": signature(sign_key, fields)}


def encrypt(secret: str, text: str) -> str:
    """Encrypts with AES-128-CBC, where the first 16 characters are key and IV; Base64."""
    padder = padding.PKCS7(BLOCK * 8).padder()
    data = padder.update(text.encode("utf-8", "replace")) + padder.finalize()
    encryptor = _cipher(secret).encryptor()
    return base64.b64encode(encryptor.update(data) + encryptor.finalize()).decode()


def decrypt(secret: str, content: str) -> str:
    """Decrypts what `encrypt` made.

    Raises ValueError for wrong Base64, key, padding or UTF-8.
    """
    decryptor = _cipher(secret).decryptor()
    data = decryptor.update(base64.b64decode(content, validate=True)) + decryptor.finalize()
    unpadder = padding.PKCS7(BLOCK * 8).unpadder()
    return (unpadder.update(data) + unpadder.finalize()).decode()


def _cipher(secret: str) -> Cipher[modes.CBC]:
    key = secret.encode()[:BLOCK]
    return Cipher(algorithms.AES128(key), modes.CBC(key))
