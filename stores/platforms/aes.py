"""AES-CBC as platforms seal messages with it; what stands in the message is each platform's own."""

from cryptography.hazmat.primitives.ciphers import Cipher
from cryptography.hazmat.primitives.ciphers.algorithms import AES
from cryptography.hazmat.primitives.ciphers.modes import CBC

# Bytes of one AES block.
BLOCK = 16


class NotDecrypted(ValueError):
    """The bytes were not encrypted with this key, or not as the platform says."""


def encrypt(text: bytes, *, key: bytes, iv: bytes, block: int = BLOCK) -> bytes:
    """Encrypts with PKCS#7 padding to whole blocks of `block` bytes (WeChat: 32)."""
    missing = block - len(text) % block
    cipher = Cipher(AES(key), CBC(iv)).encryptor()
    return cipher.update(text + bytes([missing]) * missing) + cipher.finalize()


def decrypt(sealed: bytes, *, key: bytes, iv: bytes, block: int = BLOCK) -> bytes:
    """Decrypts and takes the padding off. Raises NotDecrypted.

    The padding is no proof of the sender: check the platform's signature first.
    """
    if not sealed or len(sealed) % BLOCK:
        raise NotDecrypted("not whole blocks")
    cipher = Cipher(AES(key), CBC(iv)).decryptor()
    padded = cipher.update(sealed) + cipher.finalize()
    count = padded[-1]
    if not (1 <= count <= block and padded.endswith(bytes([count]) * count)):
        raise NotDecrypted("wrong padding")
    return padded[:-count]
