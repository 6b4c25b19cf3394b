"""Coupon codes: turns typed, pasted and scanned text into digits, and cuts the part that may be
stored.
"""

import contextlib
import re

MIN_DIGITS, MAX_DIGITS = 8, 20
MAX_INPUT = 2_000
# Spaces and marks between digits, and the invisible characters that messengers add around copied
# text.
_SEPARATORS = re.compile("[\\s\\-_.·\u200b-\u200f\u2060\ufeff]+")
# Full-width digits and marks, as Chinese keyboards type them; circled digits and similar ones are
# no digits.
_PLAIN = {wide: wide - 0xFEE0 for wide in range(0xFF01, 0xFF5F)} | {0x3000: " ", 0xA0: " "}
_CODE = re.compile(rf"[0-9]{{{MIN_DIGITS},{MAX_DIGITS}}}")
# Groups of digits with single separators between them, as codes are printed: "1234 5678 9012".
_RUN = re.compile(r"(?<![0-9])[0-9]+(?:[ \t\-][0-9]{3,})*(?![0-9])")


class MalformedCode(ValueError):
    """The given text is not a coupon code."""


def normalise(text: object) -> str:
    """Returns the code in plain digits; full-width digits and separators are accepted. Raises
    MalformedCode.
    """
    if not isinstance(text, str) or len(text) > MAX_INPUT:
        raise MalformedCode
    code = _SEPARATORS.sub("", text.translate(_PLAIN))
    if not _CODE.fullmatch(code):
        raise MalformedCode
    return code


def find_in(text: str) -> str | None:
    """Returns the code inside a pasted message or scanned link; None when there is no code or more
    than one.
    """
    with contextlib.suppress(MalformedCode):
        code = normalise(text)
        if _looks_like_a_mobile(code):
            return None
        return code
    plain = text[:MAX_INPUT].translate(_PLAIN)
    runs = {_SEPARATORS.sub("", run) for run in _RUN.findall(plain)}
    likely = [run for run in runs if 10 <= len(run) <= 16 and not _looks_like_a_mobile(run)]
    return likely[0] if len(likely) == 1 else None


def _looks_like_a_mobile(digits: str) -> bool:
    return len(digits) == 11 and digits[0] == "1" and digits[1] in "3456789"


def tail_of(code: str) -> str:
    return code[-4:]
