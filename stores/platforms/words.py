"""A platform's words, made fit for our tables: whatever it sends can be stored, and holds no coupon code."""

import math
import re
from typing import Any

# PostgreSQL refuses NUL, and no database takes half of a surrogate pair; JSON can carry both.
_UNSTORABLE = re.compile("[\x00\ud800-\udfff]")


def storable(text: str, length: int) -> str:
    """At most `length` characters of `text`, without those that a database refuses."""
    return _UNSTORABLE.sub("\ufffd", text[:length])


def storable_json(value: Any) -> Any:
    """The same for parsed JSON; a number too large for a float becomes text."""
    match value:
        case str():
            return storable(value, len(value))
        case list():
            return [storable_json(item) for item in value]
        case dict():
            return {storable(name, len(name)): storable_json(item) for name, item in value.items()}
        case float() if not math.isfinite(value):
            return str(value)
    return value


def without(secret: str, text: str) -> str:
    """`text` in which a secret number is cut to its last four digits."""
    return text.replace(secret, f"…{secret[-4:]}") if secret else text
