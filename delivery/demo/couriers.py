"""How the demo's couriers were in the past weeks: what they asked, how soon riders accepted."""

import math
import random
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta
from decimal import Decimal

from delivery.models import Quote, StoreCourier
from stores.platforms.reading import CENT

# At lunch and in the evening everybody orders.
PEAKS = (12, 18)
WEEKEND = (5, 6, 7)
BUSY = "运力紧张，暂不接单"
PRICE_LASTS = timedelta(minutes=3)


@dataclass(frozen=True)
class Ways:
    """Prices in yuan: `base` and `per_km`, and what may come on top of it, or off it, at any hour
    and at a peak. `wait` is in how many seconds half of the riders accept; at a peak and at the
    weekend so many times that. `hurry` stretches the ride.
    """

    base: float
    per_km: float
    more: tuple[float, ...]
    more_at_peak: tuple[float, ...]
    wait: int
    at_peak: float
    at_weekend_peak: float
    hurry: float = 1.0
    promised: float = 1.0
    names_price: bool = True
    refuses: float = 0.0


WAYS: Mapping[str, Ways] = {
    "DADA": Ways(6, 1.5, (0, 0, 0, 1), (0, 0, 0, 2, 5), 75, 1.9, 3.2, refuses=0.03),
    "UU": Ways(7, 1.6, (0, 1, 2), (0, 1, 3, 4), 110, 1.3, 1.8, refuses=0.05),
    "SFTC": Ways(9, 1.5, (0, -1, 0), (0, -2, 0, 1), 65, 1.2, 1.5, hurry=0.95),
    "SS": Ways(16, 2.0, (0,), (0, 2), 30, 1.1, 1.3, hurry=0.7, promised=0.75),
    "MTPS": Ways(8, 1.4, (0,), (0,), 55, 1.2, 1.4, names_price=False),
}


def is_peak(at: datetime) -> bool:
    return at.hour in PEAKS


def quote_of(
    rng: random.Random, courier: StoreCourier, km: float, at: datetime, round_number: int
) -> Quote:
    """Returns what a courier answered to a question for its price."""
    ways = WAYS[courier.account.delivery_id]
    quote = Quote(
        courier=courier, round=round_number, asked_at=at, expires_at=at + PRICE_LASTS,
        shop_order_id=f"{rng.getrandbits(40):010x}",
    )  # fmt: skip
    if rng.random() < ways.refuses * (3 if is_peak(at) else 1):
        quote.refusal = BUSY
        return quote
    if rng.random() < 0.004:
        quote.is_silent = True
        return quote
    quote.distance = round(km * 1000)
    quote.seconds = round((1200 + 250 * km) * ways.promised)
    if ways.names_price:
        more = rng.choice(ways.more_at_peak if is_peak(at) else ways.more)
        quote.coupon = Decimal(-more if more < 0 else 0).quantize(CENT)
        whole = Decimal(str(round(ways.base + ways.per_km * km + max(more, 0), 1))).quantize(CENT)
        quote.delivery_fee, quote.insurance = whole, Decimal("0.00")
        quote.fee = whole - quote.coupon
    return quote


def fee_without_quote(courier: str, km: float) -> Decimal:
    """Returns what a courier that names no price beforehand says once it is called."""
    ways = WAYS[courier]
    return Decimal(str(round(ways.base + ways.per_km * km, 1))).quantize(CENT)


def wait_of(rng: random.Random, courier: str, at: datetime) -> timedelta:
    """Returns how long it took until a rider accepted."""
    ways, median = WAYS[courier], float(WAYS[courier].wait)
    if is_peak(at):
        is_weekend = at.isoweekday() in WEEKEND
        median *= ways.at_weekend_peak if is_weekend else ways.at_peak
    return timedelta(seconds=round(min(1500, max(4, rng.lognormvariate(math.log(median), 0.75)))))


def ride_of(rng: random.Random, courier: str, km: float) -> list[timedelta]:
    """Returns how long a rider took to the shop, in it, onto the way, and to the receiver."""
    hurry = WAYS[courier].hurry if courier in WAYS else 1.0
    minutes = (
        rng.uniform(3, 11) * hurry,
        rng.uniform(0.5, 6),
        rng.uniform(0.05, 0.5),
        (km * rng.uniform(2.6, 4.0) + rng.uniform(1, 5)) * hurry,
    )
    return [timedelta(seconds=round(60 * each)) for each in minutes]
