"""The map of the tracking page, where the operator has set an address of tiles: the shop and, while
he has the goods, the rider. The receiver stands on no map.
"""

from typing import Any
from urllib.parse import urlsplit

from django.conf import settings

from delivery.choices import TileSystem
from delivery.services.places import OTHER_CITY, Place, distance, to_baidu, to_wgs84

# Metres to the receiver within which the rider is not on the map any more: it would show the door.
NEAR = 300
# Degrees to three decimals are about a hundred metres, as the narrow steps of the sketch.
DECIMALS = 3

_INTO = {
    TileSystem.GCJ02: lambda place: place,
    TileSystem.WGS84: to_wgs84,
    TileSystem.BD09: to_baidu,
}


def has_tiles() -> bool:
    return bool(settings.TRACKING_TILES_URL)


def tiles_origin() -> str:
    """Returns scheme, host and port of the tiles, as a content security policy names them."""
    parts = urlsplit(settings.TRACKING_TILES_URL)
    return f"{parts.scheme}://{parts.netloc}"


def map_of(*, shop: Place, rider: Place | None, receiver: Place | None) -> dict[str, Any] | None:
    """Returns what the page's script draws; None without tiles, where a place is missing, and near
    the receiver.
    """
    if not has_tiles() or rider is None or receiver is None:
        return None
    if distance(rider, receiver) < NEAR or distance(shop, rider) > OTHER_CITY:
        return None
    roughly = Place.of(round(rider.lng, DECIMALS), round(rider.lat, DECIMALS))
    return {
        "tiles": settings.TRACKING_TILES_URL,
        "shop": _point(shop),
        "rider": _point(roughly),
    }


def _point(place: Place) -> list[float]:
    """Returns latitude and longitude in the system of the tiles."""
    found = _INTO[TileSystem(settings.TRACKING_TILES_SYSTEM)](place)
    return [float(found.lat), float(found.lng)]
