"""Coordinates: what is wrong with them, and how they are put right before anything is sent.

WeChat takes GCJ-02. Shops also paste BD-09 (Baidu), or latitude first.
"""

import math
from dataclasses import dataclass
from decimal import ROUND_HALF_UP, Decimal

from django.db import models
from django.utils.functional import lazy
from django.utils.translation import gettext
from django.utils.translation import gettext_lazy as _

PLACES = Decimal("0.000001")
EARTH = 6_371_008.8
# Half an axis (metres) and eccentricity of the ellipsoid on which GCJ-02 is made.
AXIS, FLATTENED = 6_378_245.0, 0.00669342162296594323
# Where China lies, generously.
LNG, LAT = (73, 136), (3, 54)
# Nobody delivers so far (metres): the coordinates are those of another city.
OTHER_CITY = 80_000
# A road is at least as long as the straight line, and rarely longer than so many times; metres that
# a courier may be off by.
WINDING, ROUNDED = 3.0, 1500


@dataclass(frozen=True)
class Place:
    """A point in GCJ-02, with six decimals."""

    lng: Decimal
    lat: Decimal

    @classmethod
    def of(cls, lng: float | Decimal, lat: float | Decimal) -> "Place":
        return cls(_rounded(lng), _rounded(lat))


class Wrong(models.TextChoices):
    """What is wrong with coordinates."""

    MISSING = "missing", _("The coordinates are missing.")
    SWAPPED = "swapped", _("Longitude and latitude are swapped.")
    BAIDU = "baidu", _("These are coordinates of Baidu; WeChat needs those of Tencent or Amap.")
    ABROAD = "abroad", _("The coordinates lie outside of China.")
    OTHER_CITY = "other_city", _("The coordinates lie in another city.")
    TOO_FAR = "too_far", _("The address is too far for this courier.")
    STORE_ELSEWHERE = (
        "store_elsewhere",
        _("The courier reckons with another distance: your store may stand elsewhere there."),
    )


@dataclass(frozen=True)
class Finding:
    """What is wrong, and the place that is probably meant; None when nobody can tell."""

    wrong: Wrong
    meant: Place | None = None


def examine(lng: Decimal, lat: Decimal, *, shop: Place, is_baidu: bool = False) -> Finding | None:
    """Returns what is wrong with a receiver's coordinates; None when they may be right."""
    if not lng or not lat:
        return Finding(Wrong.MISSING)
    if not _in_china(lng, lat):
        is_swapped = _in_china(lat, lng)
        return Finding(Wrong.SWAPPED, Place.of(lat, lng)) if is_swapped else Finding(Wrong.ABROAD)
    if is_baidu:
        return Finding(Wrong.BAIDU, from_baidu(lng, lat))
    if distance(Place.of(lng, lat), shop) > OTHER_CITY:
        return Finding(Wrong.OTHER_CITY)
    return None


def examine_quote(*, shop: Place, receiver: Place, quoted: int | None) -> Finding | None:
    """Compares a courier's distance (metres) with ours: a store that stands elsewhere there
    shows in it. None when they fit, or when the courier names no distance.
    """
    if quoted is None:
        return None
    straight = distance(shop, receiver)
    fits = straight - ROUNDED <= quoted <= straight * WINDING + ROUNDED
    return None if fits else Finding(Wrong.STORE_ELSEWHERE)


def distance(one: Place, other: Place) -> float:
    """Returns the straight line between two places in metres."""
    lat1, lat2 = math.radians(one.lat), math.radians(other.lat)
    lng = math.radians(other.lng - one.lng)
    half = math.sin((lat2 - lat1) / 2) ** 2
    half += math.cos(lat1) * math.cos(lat2) * math.sin(lng / 2) ** 2
    return 2 * EARTH * math.asin(min(1.0, math.sqrt(half)))


def distance_text(metres: float) -> str:
    """Returns a distance as people read it everywhere: 950 m, 1.1 km."""
    if metres < 1000:
        return gettext("%(count)d m") % {"count": metres}
    return gettext("%(count)s km") % {"count": f"{metres / 1000:.1f}".removesuffix(".0")}


# For a remark, which becomes a text in the language of whoever reads it.
distance_lazy = lazy(distance_text, str)


def from_baidu(lng: float | Decimal, lat: float | Decimal) -> Place:
    """Returns a place of BD-09 in GCJ-02."""
    x, y = float(lng) - 0.0065, float(lat) - 0.006
    turned = math.pi * 3000 / 180
    away = math.hypot(x, y) - 0.00002 * math.sin(y * turned)
    angle = math.atan2(y, x) - 0.000003 * math.cos(x * turned)
    return Place.of(away * math.cos(angle), away * math.sin(angle))


def to_baidu(place: Place) -> Place:
    """Returns a place in BD-09."""
    x, y = float(place.lng), float(place.lat)
    turned = math.pi * 3000 / 180
    away = math.hypot(x, y) + 0.00002 * math.sin(y * turned)
    angle = math.atan2(y, x) + 0.000003 * math.cos(x * turned)
    return Place.of(away * math.cos(angle) + 0.0065, away * math.sin(angle) + 0.006)


def to_wgs84(place: Place) -> Place:
    """Returns a place in WGS-84; GCJ-02 has no formula for the way back, so it is approached."""
    x, y = lng, lat = float(place.lng), float(place.lat)
    for _time in range(4):
        east, north = _shift(x, y)
        x, y = lng - east, lat - north
    return Place.of(x, y)


def _shift(lng: float, lat: float) -> tuple[float, float]:
    """Returns by how many degrees GCJ-02 moves a place of WGS-84."""
    x, y, pi = lng - 105, lat - 35, math.pi
    both = 20 * math.sin(6 * pi * x) + 20 * math.sin(2 * pi * x)
    north = -100 + 2 * x + 3 * y + 0.2 * y * y + 0.1 * x * y + 0.2 * math.sqrt(abs(x))
    north += 2 / 3 * (both + 20 * math.sin(pi * y) + 40 * math.sin(pi * y / 3))
    north += 2 / 3 * (160 * math.sin(pi * y / 12) + 320 * math.sin(pi * y / 30))
    east = 300 + x + 2 * y + 0.1 * x * x + 0.1 * x * y + 0.1 * math.sqrt(abs(x))
    east += 2 / 3 * (both + 20 * math.sin(pi * x) + 40 * math.sin(pi * x / 3))
    east += 2 / 3 * (150 * math.sin(pi * x / 12) + 300 * math.sin(pi * x / 30))
    radians = math.radians(lat)
    flat = 1 - FLATTENED * math.sin(radians) ** 2
    north *= 180 * flat * math.sqrt(flat) / (AXIS * (1 - FLATTENED) * pi)
    east *= 180 * math.sqrt(flat) / (AXIS * math.cos(radians) * pi)
    return east, north


def _in_china(lng: Decimal, lat: Decimal) -> bool:
    return LNG[0] <= lng <= LNG[1] and LAT[0] <= lat <= LAT[1]


def _rounded(value: float | Decimal) -> Decimal:
    return Decimal(str(value)).quantize(PLACES, ROUND_HALF_UP)
