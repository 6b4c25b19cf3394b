"""Text from outside, made fit for our tables: it can be stored and holds no coupon code."""

import math
import re
from typing import Any

# PostgreSQL refuses NUL, and no database takes half of a surrogate pair; JSON can carry both.
_UNSTORABLE = re.compile("[\x00\ud800-\udfff]")
# Levels of lists and objects; a page that shows them must not run out of stack.
MOST_LEVELS = 64
_LONG_NUMBER = re.compile(r"\d{8,20}")


def clean_text(text: str, length: int) -> str:
    """Returns at most `length` characters of `text`, without those that a database refuses."""
    return _UNSTORABLE.sub("\ufffd", text[:length])


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


def mask_secret(secret: str, text: str) -> str:
    """`text` in which a secret number is cut to its last four digits."""
    return text.replace(secret, f"…{secret[-4:]}") if secret else text


def mask_codes(text: str) -> str:
    """Without whole coupon codes: of long numbers only the last four digits stay."""
    return _LONG_NUMBER.sub(lambda found: f"…{found[0][-4:]}", text)


def is_id(text: str) -> bool:
    """Whether it can be asked for as a primary key: a number that every database takes."""
    return text.isascii() and text.isdigit() and len(text) < 19
