"""Voucher codes, ours and others', and what a scan may hold: a code, our picture's address, an order number."""

import re
import secrets
import unicodedata
from collections.abc import Iterable, Iterator
from itertools import islice

from django.utils.translation import gettext_lazy as _

# Neither 0/O nor 1/I/L, and no U: read aloud and typed by hand without mistakes.
ALPHABET = "23456789ABCDEFGHJKMNPQRSTVWXYZ"
LETTERS = ALPHABET[8:]
CODE_LENGTH = 14
MAX_CODE_LENGTH = 20
NO_VOUCHER = _("A code has 1 to 20 letters, digits or the marks - _ . : / + =.")

MAX_INPUT = 2_000
MAX_CANDIDATES = 100
MAX_ORDER_ID = 2**63 - 1
# A shorter one counts only when it is all that was scanned: a message is full of short words and numbers.
MIN_IN_MESSAGE = 6
# Spaces and the invisible characters that messengers put around what is copied.
_BLANKS = re.compile("[\\s\u200b-\u200f\u2060\ufeff]+")
_WORD = re.compile(r"[0-9A-Za-z\-_.:/+=]+")
_BARE_WORD = re.compile(r"[0-9A-Za-z]+")
# As codes are printed: "K7M2 Q9XW TA4R BD".
_GROUPS = re.compile(r"[0-9A-Za-z]{2,8}(?: [0-9A-Za-z]{1,8}){1,6}")
_OWN = re.compile(rf"[{LETTERS}][{ALPHABET}]{{{CODE_LENGTH - 1}}}")
_DIGITS = re.compile("[0-9]+")
_ORDER_NUMBER = re.compile(r"(?<![0-9])[0-9]{15,19}(?![0-9])")
PICTURE = re.compile(r"/trip/vouchers/([^/\s\"]{1,200})\.png")


def new_code() -> str:
    """About 68 random bits; begins with a letter, so that nobody takes it for a group coupon."""
    return secrets.choice(LETTERS) + "".join(
        secrets.choice(ALPHABET) for _place in range(CODE_LENGTH - 1)
    )


def is_voucher(code: str) -> bool:
    """Whether this can be a merchant's own code."""
    return len(code) <= MAX_CODE_LENGTH and _WORD.fullmatch(code) is not None


def _plain(text: str) -> str:
    return unicodedata.normalize("NFKC", text[:MAX_INPUT])


def _compact(text: str) -> str:
    return _BLANKS.sub("", text)


def candidates(text: str) -> list[str]:
    """What may be a code, the likeliest first, each as it stands and in either case."""
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


def own_code(text: str) -> str | None:
    """The scan as a code of our own making, whether there is such a voucher or not."""
    whole = _compact(_plain(text)).upper()
    return whole if _OWN.fullmatch(whole) else None


def order_numbers(text: str) -> list[int]:
    """Numbers as long as Meituan's order numbers."""
    plain = _plain(text)
    whole = _compact(plain)
    numbers = map(int, _ORDER_NUMBER.findall(whole if _DIGITS.fullmatch(whole) else plain))
    return [number for number in numbers if number <= MAX_ORDER_ID]


def picture_token(text: str) -> str | None:
    """The part of our picture's address that names the voucher."""
    found = PICTURE.search(text[:MAX_INPUT])
    return found[1] if found else None
