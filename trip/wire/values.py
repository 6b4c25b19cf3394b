"""Single values in Meituan's format: numbers may be strings, money is yuan, times are Beijing
time.
"""

import re
from collections.abc import Mapping
from datetime import date, datetime
from decimal import Decimal, InvalidOperation
from typing import Any
from zoneinfo import ZoneInfo

from stores.text import clean_text

BEIJING = ZoneInfo("Asia/Shanghai")
TIME = "%Y-%m-%d %H:%M:%S"
MAX_INT64 = 2**63 - 1
MAX_QUANTITY = 10_000
_WHOLE = re.compile(r"-?[0-9]{1,19}", re.ASCII)
_MONEY = re.compile(r"-?[0-9]{1,10}(\.[0-9]{1,10})?", re.ASCII)


class Malformed(ValueError):
    """A field is missing or invalid; the text names the field, in Chinese, for Meituan's
    `describe`.
    """


def whole(data: Mapping[str, Any], name: str, *, least: int = 0, most: int = MAX_INT64) -> int:
    """Reads a whole number, sent as a number or as a string. Raises Malformed."""
    value = data.get(name)
    if isinstance(value, str) and _WHOLE.fullmatch(value.strip()):
        value = int(value)
    if isinstance(value, float) and value.is_integer() and abs(value) < 2**53:
        value = int(value)
    if isinstance(value, bool) or not isinstance(value, int):
        raise Malformed(f"{name}缺失或不是整数")
    if not least <= value <= most:
        raise Malformed(f"{name}超出范围：{least}至{most}")
    return value


def optional_whole(data: Mapping[str, Any], name: str) -> int | None:
    """Reads a whole number; None when the field is missing or empty. Raises Malformed."""
    if data.get(name) in (None, ""):
        return None
    return whole(data, name, least=-MAX_INT64)


def yuan(data: Mapping[str, Any], name: str, *, least: int | None = None) -> Decimal:
    """Reads money in yuan, sent as a number or as a string, exact to the cent. Raises Malformed."""
    value = data.get(name)
    text = repr(value) if _is_number(value) else ""
    if isinstance(value, str):
        text = value.strip()
    if not _MONEY.fullmatch(text):
        raise Malformed(f"{name}缺失或不是金额")
    try:
        amount = Decimal(text)
    except InvalidOperation as error:
        raise Malformed(f"{name}不是金额") from error
    if amount != amount.quantize(Decimal("0.01")):
        raise Malformed(f"{name}多于两位小数")
    if least is not None and amount < least:
        raise Malformed(f"{name}不能小于{least}")
    return amount.quantize(Decimal("0.01"))


def _is_number(value: Any) -> bool:
    return isinstance(value, int | float) and not isinstance(value, bool)


def text(data: Mapping[str, Any], name: str, *, most: int = 200) -> str:
    """Reads a required text. Raises Malformed."""
    found = optional_text(data, name, most=most)
    if not found:
        raise Malformed(f"{name}缺失")
    return found


def optional_text(data: Mapping[str, Any], name: str, *, most: int = 200) -> str:
    """Reads a text, "" when it is missing; a number counts as text. Raises Malformed."""
    value = data.get(name)
    if value is None:
        return ""
    if _is_number(value):
        value = str(value)
    if not isinstance(value, str):
        raise Malformed(f"{name}不是文本")
    if len(value) > most:
        raise Malformed(f"{name}过长：最多{most}个字符")
    return clean_text(value, most).strip()


def needed(data: Mapping[str, Any], name: str) -> None:
    """Raises Malformed when the field is missing; an empty value is allowed."""
    if data.get(name) is None:
        raise Malformed(f"{name}缺失")


def day(data: Mapping[str, Any], name: str) -> date:
    """Reads yyyy-MM-dd; a time of day after it is ignored. Raises Malformed."""
    found = optional_day(data, name)
    if found is None:
        raise Malformed(f"{name}缺失")
    return found


def optional_day(data: Mapping[str, Any], name: str) -> date | None:
    value = optional_text(data, name, most=30)
    if not value:
        return None
    try:
        return datetime.strptime(value[:10], "%Y-%m-%d").date()
    except ValueError as error:
        raise Malformed(f"{name}不是日期 yyyy-MM-dd") from error


def moment(data: Mapping[str, Any], name: str) -> datetime:
    """Reads yyyy-MM-dd HH:mm:ss in Beijing time, between 2000 and 2099, because other years fail in
    some time zones.

    Raises Malformed.
    """
    found = text(data, name, most=30)
    try:
        at = datetime.strptime(found, TIME).replace(tzinfo=BEIJING)
    except ValueError as error:
        raise Malformed(f"{name}不是时间 yyyy-MM-dd HH:mm:ss") from error
    if not 2000 <= at.year < 2100:
        raise Malformed(f"{name}不是时间 yyyy-MM-dd HH:mm:ss")
    return at


def listed(data: Mapping[str, Any], name: str, *, most: int = MAX_QUANTITY) -> list[Any]:
    """Reads a list, empty when the field is missing. Raises Malformed."""
    value = data.get(name)
    if value is None or value == "":
        return []
    if not isinstance(value, list):
        raise Malformed(f"{name}不是列表")
    if len(value) > most:
        raise Malformed(f"{name}过长：最多{most}项")
    return value


def texts(data: Mapping[str, Any], name: str, *, most: int = MAX_QUANTITY) -> tuple[str, ...]:
    """Reads a list of texts and leaves empty ones out. Raises Malformed."""
    found = (optional_text({name: item}, name) for item in listed(data, name, most=most))
    return tuple(item for item in found if item)


def wire_moment(value: datetime | None) -> str:
    """Formats a moment in Beijing time; "" for None."""
    return value.astimezone(BEIJING).strftime(TIME) if value else ""


def wire_yuan(value: Decimal) -> float:
    """Returns a JSON number; two decimals are exact in a double up to 10^13."""
    return float(value)
