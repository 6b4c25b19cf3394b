"""Who receives and who rides, as far as somebody may see it."""

from collections.abc import Mapping
from datetime import UTC, datetime
from decimal import ROUND_HALF_UP, Decimal
from typing import Any

from delivery.models import Attempt, Delivery
from stores.fields import readable
from stores.text import mask_number

# A place without its street: about a kilometre.
ROUGHLY = Decimal("0.01")
BEGIN_OF_ADDRESS = 6


def receiver_of(delivery: Delivery, *, whole: bool) -> dict[str, Any]:
    """Returns the receiver's facts; without `whole` as much as is needed to tell two apart."""
    known: Mapping[str, Any] = readable(delivery, "receiver", {})
    if whole or not known:
        return dict(known)
    address = known.get("address", "")
    begin = min(BEGIN_OF_ADDRESS, len(address) // 2)
    return {
        "name": f"{known.get('name', '')[:1]}**",
        "phone": mask_number(known.get("phone", "")),
        "city": known.get("city", ""),
        "address": f"{address[:begin]}…",
        "detail": "…",
        **{name: _roughly(known[name]) for name in ("lng", "lat") if name in known},
    }


def _roughly(degrees: str) -> str:
    return str(Decimal(degrees).quantize(ROUGHLY, ROUND_HALF_UP))


def rider_of(attempt: Attempt, *, whole: bool) -> dict[str, Any] | None:
    """Returns who rides and where he was last seen, at which moment; None before it is known."""
    known: Mapping[str, Any] = readable(attempt, "rider", {})
    if not known:
        return None
    phone, at = known.get("phone", ""), known.get("at")
    return {
        "name": known.get("name", ""),
        "phone": phone if whole or not phone else mask_number(phone),
        "lng": known.get("lng"),
        "lat": known.get("lat"),
        "at": datetime.fromtimestamp(at, UTC) if at else None,
    }
