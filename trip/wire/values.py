"""Single values as Meituan expects them."""

from datetime import datetime
from decimal import Decimal

from stores.platforms.reading import BEIJING, TIME

MAX_QUANTITY = 10_000


def wire_moment(value: datetime | None) -> str:
    """Formats a moment in Beijing time; "" for None."""
    return value.astimezone(BEIJING).strftime(TIME) if value else ""


def wire_yuan(value: Decimal) -> float:
    """Returns a JSON number; two decimals are exact in a double up to 10^13."""
    return float(value)
