"""Readers of single values from platforms: numbers may be strings, money is yuan, times are
Beijing's.

The readers raise Malformed; those called `any_…` never do, for answers that are taken as they come.
"""

import contextlib
import math
import re
from collections.abc import Mapping
from datetime import UTC, date, datetime
from decimal import Decimal, InvalidOperation
from enum import StrEnum
from typing import Any
from zoneinfo import ZoneInfo

from stores.text import clean_text, without_marks

BEIJING = ZoneInfo("Asia/Shanghai")
TIME = "%Y-%m-%d %H:%M:%S"
MAX_INT64 = 2**63 - 1
# Of an answer that is taken as it comes, the largest sum in yuan that a column holds.
MAX_YUAN = 100_000_000
LONGEST_TEXT = 200
LONGEST_DATE = 30
LONGEST_LIST = 10_000
FIRST_YEAR, LAST_YEAR = 2000, 2099
# The largest sum in yuan that is read.
MOST_YUAN = 10**10 - 1
CENT = Decimal("0.01")
# Sums of doubles are so near to the cent that they mean: 59.699999999999996 is 59.70.
_NEAR = Decimal("0.000001")
_WHOLE = re.compile(r"-?[0-9]{1,19}", re.ASCII)
# As numbers are written, and as Java writes very large and very small doubles: 1.25E7, 3.6E-15.
_MONEY = re.compile(r"-?[0-9]{1,30}(\.[0-9]{1,30})?|-?[0-9]\.[0-9]{1,20}E-?[0-9]{1,3}", re.ASCII)


class Problem(StrEnum):
    """The kinds of wrong fields; `least` and `most` are in the error's limits."""

    MISSING = "is missing"
    NOT_WHOLE = "is missing or no whole number"
    OUT_OF_RANGE = "is not between {least} and {most}"
    NOT_MONEY = "is no sum of money"
    TOO_PRECISE = "has more than two decimals"
    TOO_SMALL = "is less than {least}"
    NOT_TEXT = "is no text"
    TOO_LONG = "is longer than {most} characters"
    NOT_A_DAY = "is no date yyyy-MM-dd"
    NOT_A_MOMENT = "is no time yyyy-MM-dd HH:mm:ss"
    NOT_A_LIST = "is no list"
    TOO_MANY = "has more than {most} items"


class Malformed(ValueError):
    """A field is missing or invalid.

    `problem` is a Problem or a platform's own name for one; the endpoint says it in the platform's
    language.
    """

    def __init__(self, field: str, problem: str, **limits: int) -> None:
        super().__init__(f"{field} {problem.format(**limits)}")
        self.field = field
        self.problem = problem
        self.limits = limits


def whole(data: Mapping[str, Any], name: str, *, least: int = 0, most: int = MAX_INT64) -> int:
    """Reads a whole number, sent as a number or as a string. Raises Malformed."""
    value = data.get(name)
    if isinstance(value, str) and _WHOLE.fullmatch(value.strip()):
        value = int(value)
    if isinstance(value, float) and value.is_integer() and abs(value) < 2**53:
        value = int(value)
    if isinstance(value, bool) or not isinstance(value, int):
        raise Malformed(name, Problem.NOT_WHOLE)
    if not least <= value <= most:
        raise Malformed(name, Problem.OUT_OF_RANGE, least=least, most=most)
    return value


def optional_whole(data: Mapping[str, Any], name: str) -> int | None:
    """Reads a whole number; None when the field is missing or empty. Raises Malformed."""
    if data.get(name) in (None, ""):
        return None
    return whole(data, name, least=-MAX_INT64)


def any_whole(data: Mapping[str, Any], name: str, *, most: int = MAX_INT64) -> int | None:
    """Reads a whole number from -`most` to `most`; None for anything else."""
    with contextlib.suppress(Malformed):
        return whole(data, name, least=-most, most=most)
    return None


def yuan(data: Mapping[str, Any], name: str, *, least: int | None = None) -> Decimal:
    """Reads money in yuan, sent as a number or as a string; a double is the cent that it means.

    Raises Malformed.
    """
    value = data.get(name)
    if value is None or (isinstance(value, str) and not value.strip()):
        raise Malformed(name, Problem.MISSING)
    given = _decimal(name, value)
    if abs(given) > MOST_YUAN:
        raise Malformed(name, Problem.OUT_OF_RANGE, least=least or 0, most=MOST_YUAN)
    # A sum of 0 has no sign, however it came about.
    amount = given.quantize(CENT) + 0
    if abs(given - amount) > _NEAR:
        raise Malformed(name, Problem.TOO_PRECISE)
    if least is not None and amount < least:
        raise Malformed(name, Problem.TOO_SMALL, least=least)
    return amount


def _decimal(name: str, value: Any) -> Decimal:
    if isinstance(value, str) and _MONEY.fullmatch(value.strip()):
        return Decimal(value.strip())
    if isinstance(value, float) and math.isfinite(value):
        return Decimal(repr(value))
    if isinstance(value, int) and not isinstance(value, bool):
        return Decimal(value)
    raise Malformed(name, Problem.NOT_MONEY)


def any_yuan(data: Mapping[str, Any], name: str, *, below: int = MAX_YUAN) -> Decimal | None:
    """Reads money in yuan like "78.0", rounded to the cent.

    Returns None for anything else, less than 0, or not `below` what a column holds.
    """
    try:
        amount = Decimal(str(data.get(name))).quantize(CENT)
    except (InvalidOperation, ValueError):
        return None
    return amount if amount.is_finite() and 0 <= amount < below else None


def _is_number(value: Any) -> bool:
    return isinstance(value, int | float) and not isinstance(value, bool)


def text(data: Mapping[str, Any], name: str, *, most: int = LONGEST_TEXT) -> str:
    """Reads a required text. Raises Malformed."""
    found = optional_text(data, name, most=most)
    if not found:
        raise Malformed(name, Problem.MISSING)
    return found


def optional_text(data: Mapping[str, Any], name: str, *, most: int = LONGEST_TEXT) -> str:
    """Reads a text, "" when it is missing; a number counts as text. Raises Malformed."""
    value = data.get(name)
    if value is None:
        return ""
    if _is_number(value):
        value = str(value)
    if not isinstance(value, str):
        raise Malformed(name, Problem.NOT_TEXT)
    if len(value) > most:
        raise Malformed(name, Problem.TOO_LONG, most=most)
    return clean_text(value, most).strip()


def dicts(value: Any) -> list[dict[str, Any]]:
    """Returns the objects of a list; [] for anything else."""
    return [item for item in value if isinstance(item, dict)] if isinstance(value, list) else []


def moment_of(seconds: float) -> datetime | None:
    """Returns Unix seconds as a moment; None outside of the years that we know."""
    try:
        at = datetime.fromtimestamp(seconds, UTC)
    except (ValueError, OverflowError, OSError):
        return None
    return at if FIRST_YEAR <= at.year <= LAST_YEAR else None


def any_text(data: Mapping[str, Any], name: str, *, most: int = LONGEST_TEXT) -> str:
    """Reads a text or number for people, cut to `most` characters; "" for all else and for 0."""
    value = data.get(name)
    is_text = isinstance(value, str | int | float) and value and value is not True
    return without_marks(clean_text(str(value), most)) if is_text else ""


def needed(data: Mapping[str, Any], name: str) -> None:
    """Raises Malformed when the field is missing; an empty value is allowed."""
    if data.get(name) is None:
        raise Malformed(name, Problem.MISSING)


def day(data: Mapping[str, Any], name: str) -> date:
    """Reads yyyy-MM-dd; a time of day after it is ignored. Raises Malformed."""
    found = optional_day(data, name)
    if found is None:
        raise Malformed(name, Problem.MISSING)
    return found


def optional_day(data: Mapping[str, Any], name: str) -> date | None:
    value = optional_text(data, name, most=LONGEST_DATE)
    if not value:
        return None
    try:
        return datetime.strptime(value[:10], "%Y-%m-%d").date()
    except ValueError as error:
        raise Malformed(name, Problem.NOT_A_DAY) from error


def moment(data: Mapping[str, Any], name: str) -> datetime:
    """Reads yyyy-MM-dd HH:mm:ss in Beijing time. Raises Malformed.

    The year is 2000 to 2099: others fail in some time zones.
    """
    found = text(data, name, most=LONGEST_DATE)
    try:
        at = datetime.strptime(found, TIME).replace(tzinfo=BEIJING)
    except ValueError as error:
        raise Malformed(name, Problem.NOT_A_MOMENT) from error
    if not FIRST_YEAR <= at.year <= LAST_YEAR:
        raise Malformed(name, Problem.NOT_A_MOMENT)
    return at


def listed(data: Mapping[str, Any], name: str, *, most: int = LONGEST_LIST) -> list[Any]:
    """Reads a list, empty when the field is missing. Raises Malformed."""
    value = data.get(name)
    if value is None or value == "":
        return []
    if not isinstance(value, list):
        raise Malformed(name, Problem.NOT_A_LIST)
    if len(value) > most:
        raise Malformed(name, Problem.TOO_MANY, most=most)
    return value


def texts(data: Mapping[str, Any], name: str, *, most: int = LONGEST_LIST) -> tuple[str, ...]:
    """Reads a list of texts and leaves empty ones out. Raises Malformed."""
    found = (optional_text({name: item}, name) for item in listed(data, name, most=most))
    return tuple(item for item in found if item)
