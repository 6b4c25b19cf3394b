"""Single values of the takeaway platform (docs/platforms/takeaway.md §4.2 to §4.4).

Orders are taken as they come: a value that cannot be read is left out, so that no order is lost.
"""

import json
import re
import unicodedata
from collections.abc import Callable, Mapping
from datetime import datetime
from typing import Any

from stores.platforms.reading import Malformed, any_whole, moment_of, yuan
from stores.text import clean_json, clean_text, without_marks

LONGEST_TEXT, MOST_PHONES = 2000, 20
# What the columns of numbers hold, also those of fen.
LARGEST = 2**31 - 1
# What follows it in an address is not the customer's.
_NOT_THEIRS = "@#"
_HIDDEN_WORDS = ("隐私", "已隐藏", "不可见", "****")
_SNAKE = re.compile(r"_([a-z0-9])")
# Mobile numbers, masked or not, hidden ones with their extension, and landlines, within a text.
_PHONE = re.compile(
    r"(?<![0-9])(?:\+?86[- ]?)?"
    # Digits may stand apart, as people write them who fear that numbers are hidden.
    r"(?P<number>1(?:[-. ]?[0-9*]){10}|0[0-9]{2,3}[- ]?[0-9]{7,8}|[48]00-?[0-9]{3}-?[0-9]{4})"
    r"(?P<extension>[_,，转#-][0-9]{3,6})?"
    r"(?![0-9])"
)
_APART = re.compile(r"[-. ]")
# The four digits of the extension stand apart in remarks.
_EXTENSION = re.compile(r"((?:转|分机(?:号)?|尾号)\s*[:：]?\s*)[0-9]{3,6}")


class Unreadable(ValueError):
    """JSON inside a text is broken."""


def embedded(data: Mapping[str, Any], name: str) -> Any:
    """Returns JSON that stands as a text inside JSON, or as itself; None when it is missing.

    Raises Unreadable.
    """
    value = data.get(name)
    if not isinstance(value, str):
        return value
    if not value.strip():
        return None
    try:
        return clean_json(json.loads(value))
    except (ValueError, RecursionError) as error:
        raise Unreadable(name) from error


def camel_case(data: Mapping[str, Any]) -> dict[str, Any]:
    """Returns the object with names like orderId: the paths of providers that take no orders answer
    with order_id.
    """
    return {_SNAKE.sub(lambda found: found[1].upper(), name): data[name] for name in data}


def number(data: Mapping[str, Any], name: str) -> str:
    """Returns a number of Meituan's as text; "" when it is missing or 0."""
    found = any_whole(data, name)
    return str(found) if found and found > 0 else ""


def any_fen(data: Mapping[str, Any], name: str) -> int | None:
    """Returns yuan, sent as a number or a text, in fen; None for anything else, and for sums that
    no order has.
    """
    try:
        fen = int(yuan(data, name) * 100)
    except Malformed:
        return None
    return fen if abs(fen) <= LARGEST else None


def any_count(data: Mapping[str, Any], name: str) -> int | None:
    """Reads a number that is not negative; None for anything else."""
    found = any_whole(data, name, most=LARGEST)
    return None if found is None or found < 0 else found


def any_moment(data: Mapping[str, Any], name: str) -> datetime | None:
    """Returns Unix seconds or milliseconds as a moment; None for 0 and for other centuries."""
    found = any_whole(data, name)
    if not found or found < 0:
        return None
    return moment_of(found / 1000 if found > 10**11 else found)


def address(data: Mapping[str, Any], name: str) -> str:
    """Returns the customer's address; "" when Meituan hides it by now."""
    value = data.get(name)
    found = without_marks(clean_text(value, LONGEST_TEXT)) if isinstance(value, str) else ""
    found = found.partition(_NOT_THEIRS)[0].strip()
    return "" if any(word in found for word in _HIDDEN_WORDS) else found


def phones(data: Mapping[str, Any], name: str) -> tuple[str, ...]:
    """Returns the numbers of a field that holds one, or a list of them as JSON text."""
    value = data.get(name)
    if isinstance(value, str) and value.lstrip().startswith("["):
        try:
            value = embedded(data, name)
        except Unreadable:
            return ()
    given = value[:MOST_PHONES] if isinstance(value, list) else [value]
    is_text = (item for item in given if isinstance(item, str | int) and item is not True)
    texts = (clean_text(str(item), 60).strip() for item in is_text)
    return tuple(text for text in texts if text and text != "0")


def mask_phones(text: str) -> str:
    """Returns a text in which phone numbers keep three digits in front and two behind, and
    extensions none. Digits of any script count, full-width ones too.

    Meituan appends the hidden and the real number to what a customer remarks.
    """
    return _replaced(_EXTENSION, _replaced(_PHONE, text, _masked), lambda found: f"{found[1]}****")


def _masked(found: re.Match[str]) -> str:
    number = _APART.sub("", found["number"])
    return f"{number[:3]}****{number[-2:]}{'_****' if found['extension'] else ''}"


def _replaced(pattern: re.Pattern[str], text: str, by: Callable[[re.Match[str]], str]) -> str:
    """Replaces what the pattern finds in the text with its digits in ASCII; the rest stays."""
    plain = "".join(str(unicodedata.digit(char)) if char.isdecimal() else char for char in text)
    parts, end = [], 0
    for found in pattern.finditer(plain):
        parts += [text[end : found.start()], by(found)]
        end = found.end()
    return "".join(parts) + text[end:]
