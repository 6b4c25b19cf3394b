"""Single values as Meituan sends them: numbers may be strings, money is yuan, times are Beijing's."""

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
    """A field is missing or cannot be what it says; the text names the field, in Chinese, for Meituan's `describe`."""


def whole(data: Mapping[str, Any], name: str, *, least: int = 0, most: int = MAX_INT64) -> int:
    """A whole number, sent as a number or as a string."""
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
    """The same, or None when the field is missing or empty."""
    return None if data.get(name) in (None, "") else whole(data, name, least=-MAX_INT64)


def yuan(data: Mapping[str, Any], name: str, *, least: int | None = None) -> Decimal:
    """Money in yuan, sent as a number or as a string, exact to the cent."""
    value = data.get(name)
    text = value.strip() if isinstance(value, str) else repr(value) if _is_number(value) else ""
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
    """Text that must be there."""
    found = optional_text(data, name, most=most)
    if not found:
        raise Malformed(f"{name}缺失")
    return found


def optional_text(data: Mapping[str, Any], name: str, *, most: int = 200) -> str:
    """Text or "" when it is missing; a number counts as text."""
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
    """For what must be there and may be empty."""
    if data.get(name) is None:
        raise Malformed(f"{name}缺失")


def day(data: Mapping[str, Any], name: str) -> date:
    """yyyy-MM-dd; a time of day behind it is ignored."""
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
    """yyyy-MM-dd HH:mm:ss, Beijing time, of this century: others cannot be computed with in every zone."""
    found = text(data, name, most=30)
    try:
        at = datetime.strptime(found, TIME).replace(tzinfo=BEIJING)
    except ValueError as error:
        raise Malformed(f"{name}不是时间 yyyy-MM-dd HH:mm:ss") from error
    if not 2000 <= at.year < 2100:
        raise Malformed(f"{name}不是时间 yyyy-MM-dd HH:mm:ss")
    return at


def listed(data: Mapping[str, Any], name: str, *, most: int = MAX_QUANTITY) -> list[Any]:
    """A list, empty when the field is missing."""
    value = data.get(name)
    if value is None or value == "":
        return []
    if not isinstance(value, list):
        raise Malformed(f"{name}不是列表")
    if len(value) > most:
        raise Malformed(f"{name}过长：最多{most}项")
    return value


def texts(data: Mapping[str, Any], name: str, *, most: int = MAX_QUANTITY) -> tuple[str, ...]:
    """A list of texts, without empty ones."""
    found = (optional_text({name: item}, name) for item in listed(data, name, most=most))
    return tuple(item for item in found if item)


def wire_moment(value: datetime | None) -> str:
    """Beijing time as Meituan writes it; "" for none."""
    return value.astimezone(BEIJING).strftime(TIME) if value else ""


def wire_yuan(value: Decimal) -> float:
    """A JSON number: two decimals survive a double up to 10^13."""
    return float(value)
