"""Times and days that programs send, in the forms that docs/api.md names; no others of ISO 8601,
such as weeks (2026-W48) or digits without hyphens.
"""

import re
from typing import Any

from rest_framework import serializers

_DAY = r"[0-9]{4}-[0-9]{2}-[0-9]{2}"
_TIME = r"[0-9]{2}:[0-9]{2}(:[0-9]{2}(\.[0-9]{1,9})?)?"
_IS_DAY = re.compile(_DAY)
_IS_MOMENT = re.compile(rf"{_DAY}(T{_TIME}(Z|[+-][0-9]{{2}}:[0-9]{{2}})?)?")


class Day(serializers.DateField):
    """2026-11-29."""

    def to_internal_value(self, value: Any) -> Any:
        return super().to_internal_value(_expected(_IS_DAY, value))


class Moment(serializers.DateTimeField):
    """2026-11-29T02:03:04.115Z, or less of it; a `+` that was not escaped in the address arrives as
    a space.
    """

    def to_internal_value(self, value: Any) -> Any:
        text = value.replace(" ", "+") if isinstance(value, str) else value
        return super().to_internal_value(_expected(_IS_MOMENT, text))

    def enforce_timezone(self, value: Any) -> Any:
        try:
            return super().enforce_timezone(value)
        except OverflowError:
            # Without a zone it is local, and the first day begins before the calendar does in UTC.
            self.fail("overflow")


def _expected(pattern: re.Pattern[str], value: Any) -> str:
    """Returns the text if it has the form, else "", which names no time."""
    return value if isinstance(value, str) and pattern.fullmatch(value) else ""
