"""How far the rider is, as a drawing that does not tell where the receiver lives.

Three points stand on a straight line: shop, rider, receiver. Everything drawn follows from two
rounded distances, from the shop to the rider and from him to the receiver. No direction goes into
it: turned about the shop, another town gives the same drawing. So it tells a ring around the shop
that is at least as wide as the steps, never a point.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from decimal import Decimal, InvalidOperation
from typing import Any

from django.utils.translation import gettext as _

from delivery.services.places import OTHER_CITY, Place, distance, distance_text

# Steps in metres, and from where on the wide ones count.
NARROW, WIDE, WIDE_FROM = 100, 500, 1000
# Where the line begins and how long it is, in units of the drawing.
BEGIN, LENGTH = 24, 272


@dataclass(frozen=True)
class Sketch:
    """Rounded metres from the shop to the rider, and from him to the receiver."""

    done: int
    left: int

    @property
    def rider_x(self) -> int:
        return BEGIN + LENGTH * self.done // (self.done + self.left)

    @property
    def end_x(self) -> int:
        return BEGIN + LENGTH

    @property
    def begin_x(self) -> int:
        return BEGIN

    @property
    def done_text(self) -> str:
        return _words(self.done)

    @property
    def left_text(self) -> str:
        return _words(self.left)


def sketch_of(*, shop: Place, rider: Place | None, receiver: Place | None) -> Sketch | None:
    """Returns None where a place is missing or cannot be."""
    if rider is None or receiver is None:
        return None
    done, left = distance(shop, rider), distance(rider, receiver)
    if max(done, left) > OTHER_CITY:
        return None
    return Sketch(rounded(done), rounded(left))


def rounded(metres: float) -> int:
    """Returns the nearest step, at least one."""
    step = NARROW if metres < WIDE_FROM else WIDE
    return max(step, round(metres / step) * step)


def place_in(row: Mapping[str, Any]) -> Place | None:
    """Returns the place that a row names in texts; None for none, or for what is no number."""
    try:
        return Place.of(Decimal(row["lng"]), Decimal(row["lat"]))
    except (KeyError, TypeError, ValueError, InvalidOperation):
        return None


def _words(metres: int) -> str:
    return _("about %(distance)s") % {"distance": distance_text(metres)}
