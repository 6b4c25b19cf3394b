"""Voucher codes, ours and those of merchants, and the texts that a scan may contain: a code, the
address of our picture, an order number.
"""

import re
import secrets
import unicodedata
from collections.abc import Iterable, Iterator
from itertools import islice

from django.utils.translation import gettext_lazy as _

from stores.text import plain

# Without 0/O, 1/I/L and U, which are easily confused when they are read aloud or typed.
ALPHABET = "23456789ABCDEFGHJKMNPQRSTVWXYZ"
LETTERS = ALPHABET[8:]
CODE_LENGTH = 14
MAX_CODE_LENGTH = 20
NO_VOUCHER = _("A code has 1 to 20 letters, digits or the marks - _ . : / + =.")

MAX_INPUT = 2_000
MAX_CANDIDATES = 100
MAX_ORDER_ID = 2**63 - 1
# A shorter code counts only if the whole scan is that code: messages contain many short words and
# numbers.
MIN_IN_MESSAGE = 6
# Spaces and the invisible characters that messengers add around copied text.
_BLANKS = re.compile("[\\s\u200b-\u200f\u2060\ufeff]+")
_WORD = re.compile(r"[0-9A-Za-z\-_.:/+=]+")
VOUCHER_PATTERN = f"^{_WORD.pattern}$"
_BARE_WORD = re.compile(r"[0-9A-Za-z]+")
# A code printed in groups: "K7M2 Q9XW TA4R BD".
_GROUPS = re.compile(r"[0-9A-Za-z]{2,8}(?: [0-9A-Za-z]{1,8}){1,6}")
_OWN = re.compile(rf"[{LETTERS}][{ALPHABET}]{{{CODE_LENGTH - 1}}}")
_DIGITS = re.compile("[0-9]+")
_ORDER_NUMBER = re.compile(r"(?<![0-9])[0-9]{15,19}(?![0-9])")
PICTURE = re.compile(r"/trip/vouchers/([^/\s\"]{1,200})\.png")


def new_code() -> str:
    """Returns a new code of about 68 random bits; it begins with a letter, so that it is not
    mistaken for a group coupon.
    """
    return secrets.choice(LETTERS) + "".join(
        secrets.choice(ALPHABET) for _place in range(CODE_LENGTH - 1)
    )


def is_voucher(code: str) -> bool:
    """Whether this can be the code of a merchant."""
    return len(code) <= MAX_CODE_LENGTH and _WORD.fullmatch(code) is not None


def _plain(text: str) -> str:
    return unicodedata.normalize("NFKC", plain(text[:MAX_INPUT]))


def _compact(text: str) -> str:
    return _BLANKS.sub("", text)


def candidates(text: str) -> list[str]:
    """Returns the texts that may be a code, the most likely first, each as it stands and in upper
    and lower case.
    """
    found = dict.fromkeys(
        variant
        for code in _possible(_plain(text))
        for variant in (code, code.upper(), code.lower())
    )
    return list(islice(found, MAX_CANDIDATES))


def _possible(plain: str) -> Iterator[str]:
    whole = _compact(plain)
    if _WORD.fullmatch(whole) and len(whole) <= MAX_CODE_LENGTH:
        yield whole
    yield from (code for code in _inside(plain) if MIN_IN_MESSAGE <= len(code) <= MAX_CODE_LENGTH)


def _inside(plain: str) -> Iterable[str]:
    yield from _WORD.findall(plain)
    yield from _BARE_WORD.findall(plain)
    yield from (_compact(groups) for groups in _GROUPS.findall(plain))


def own_codes(text: str) -> list[str]:
    """Returns what has the form of our own codes, whether such vouchers exist or not: the scan, or
    words with a digit in a message. A part of a picture's signature may look the same.
    """
    plain = PICTURE.sub(" ", _plain(text))
    whole = _compact(plain).upper()
    if _OWN.fullmatch(whole):
        return [whole]
    words = dict.fromkeys(word.upper() for word in _BARE_WORD.findall(plain))
    return [word for word in words if _OWN.fullmatch(word) and not word.isalpha()]


def order_numbers(text: str) -> list[int]:
    """Returns the numbers that are as long as Meituan's order numbers."""
    plain = _plain(text)
    whole = _compact(plain)
    found = _ORDER_NUMBER.findall(plain)
    if not found and _DIGITS.fullmatch(whole):
        found = _ORDER_NUMBER.findall(whole)
    return [number for number in map(int, found) if number <= MAX_ORDER_ID]


def picture_tokens(text: str) -> list[str]:
    """Returns the parts of our pictures' addresses that identify the vouchers."""
    return PICTURE.findall(text[:MAX_INPUT])
