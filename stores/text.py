"""Text from outside, made fit for our tables: it can be stored and holds no coupon code; and texts
as lists.
"""

import math
import re
from collections.abc import Iterable
from typing import Any

from django.utils.functional import lazy
from django.utils.translation import pgettext

# PostgreSQL refuses NUL, and no database takes half of a surrogate pair; JSON can carry both.
_UNSTORABLE = re.compile("[\x00\ud800-\udfff]")
# Levels of lists and objects; a page that shows them must not run out of stack.
MOST_LEVELS = 64
# For passwords that we make: without those that are mistaken for each other.
LEGIBLE = "abcdefghjkmnpqrstuvwxyz23456789"
_LONG_NUMBER = re.compile(r"\d{8,20}")
# Characters without a width that messengers, browsers and spreadsheets put around copied text.
_WIDTHLESS = r"\u00ad\u061c\u180e\u200b-\u200f\u202a-\u202e\u2060-\u206f\ufe00-\ufe0f\ufeff"
_INVISIBLE = re.compile(f"[{_WIDTHLESS}]")
# Text of which one_line leaves something; also for the schema of the API.
SEEN = rf"[^\s\u0000-\u001f\u007f-\u009f{_WIDTHLESS}]"
# Control characters, and marks that would turn the direction of what stands beside a text too.
_TURNING = re.compile("[\x01-\x08\x0b\x0c\x0e-\x1f\x7f-\x9f\u202a-\u202e\u2066-\u2069]")
# What a platform adds to a deal's name: the price, and the number of the deal.
_ADDED = r"[\[\uff3b]\s*(?:[\d.,]+\s*元|[¥\uffe5]\s*[\d.,]+|\d{6,})\s*[\]\uff3d]"
_ADDED_TO_NAME = re.compile(rf"^\s*(?:{_ADDED}\s*)+|(?:(?<!\s)\s*{_ADDED})+\s*$")
# Full-width digits and marks, as Chinese keyboards type them; circled digits are none.
_NARROW = {wide: wide - 0xFEE0 for wide in range(0xFF01, 0xFF5F)} | {0x3000: " ", 0xA0: " "}
# How a spreadsheet marks a number as text: ="0123", '0123.
_AS_TEXT = re.compile(r"""="([^"]*)"|['\u2018\u2019]([^'\u2018\u2019]*)['\u2018\u2019]?""")
# The symbology that a scanner may send before the content (ISO/IEC 15424): ]C1, ]Q3, ]e0.
_SYMBOLOGY = re.compile(r"\s*\][A-Za-z][0-9A-Fa-f]")


def clean_text(text: str, length: int) -> str:
    """Returns at most `length` characters of `text`, without those that a database refuses."""
    return _UNSTORABLE.sub("\ufffd", text[:length])


def without_marks(text: str) -> str:
    """Returns a text of somebody else without control characters, and in the direction of its page:
    it may stand between ours.
    """
    return _TURNING.sub("", text)


def one_line(text: str) -> str:
    """Returns text of somebody else as it is shown: without what a database refuses or nobody sees,
    and with single spaces between its words.
    """
    return " ".join(without_marks(_INVISIBLE.sub("", _UNSTORABLE.sub("", text))).split())


def narrow(text: str) -> str:
    """Returns text with narrow digits, marks and spaces."""
    return text.translate(_NARROW)


def clean_json(value: Any, levels: int = MOST_LEVELS) -> Any:
    """Replaces such characters in parsed JSON; a number too large for a float becomes text.

    Raises RecursionError for JSON with more than `levels` levels.
    """
    if levels < 0:
        raise RecursionError("JSON is nested too deeply")
    match value:
        case str():
            return clean_text(value, len(value))
        case list():
            return [clean_json(item, levels - 1) for item in value]
        case dict():
            return {
                clean_text(name, len(name)): clean_json(item, levels - 1)
                for name, item in value.items()
            }
        case float() if not math.isfinite(value):
            return str(value)
    return value


def plain(text: str) -> str:
    """Returns typed, pasted or scanned text with narrow digits and marks, without what a keyboard,
    messenger, spreadsheet or scanner added to it.
    """
    found = narrow(_INVISIBLE.sub("", text))
    if prefix := _SYMBOLOGY.match(found):
        found = found[prefix.end() :]
    return unmarked(found).strip()


def unmarked(cell: str) -> str:
    """Returns a spreadsheet's cell without what marks a number as a text: ="0123", '0123."""
    as_text = _AS_TEXT.fullmatch(cell.strip())
    return (as_text[1] or as_text[2] or "") if as_text else cell


def deal_name(text: str | None) -> str:
    """Returns the name of a deal without the price and the number that Meituan puts around it.

    "开业特惠通用畅玩4小时[49.00元][1206941234]" is a name of the gateway's `detail`
    (docs/platforms/umember.md).
    """
    return _ADDED_TO_NAME.sub("", text or "").strip() or (text or "")


def mask_secret(secret: str, text: str) -> str:
    """`text` in which a secret number is cut to its last four digits."""
    return text.replace(secret, f"…{secret[-4:]}") if secret else text


def mask_codes(text: str) -> str:
    """Without whole coupon codes: of long numbers only the last four digits stay."""
    return _LONG_NUMBER.sub(lambda found: f"…{found[0][-4:]}", text)


def mask_number(number: str) -> str:
    """Returns a phone number with three digits in front and two behind; a short one not at all."""
    return f"{number[:3]}****{number[-2:]}" if len(number) > 6 else "****"


def is_id(text: str) -> bool:
    """Whether it can be asked for as a primary key: a number that every database takes."""
    return text.isascii() and text.isdigit() and len(text) < 19


def listed(texts: Iterable[Any]) -> str:
    """Returns texts one after the other with the reader's mark between the things of a list."""
    return pgettext("between the things of a list", ", ").join(map(str, texts))


# For a remark, which becomes a text in the language of whoever reads it.
listed_lazy = lazy(listed, str)
