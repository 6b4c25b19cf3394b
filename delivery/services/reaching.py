"""How far the couriers of a store go: what is said before they are asked, and forbids nothing."""

from django.utils.translation import gettext as _

from delivery.models import DeliveryStore
from delivery.services.places import Place, distance, distance_text
from delivery.wire.couriers import USUAL_REACH, courier_of
from stores.text import listed


def reach_words(place: DeliveryStore, there: Place) -> str:
    """Says that a receiver is further away than couriers usually go; "" when nothing is known of
    that. Their own distances are those of roads, and longer.
    """
    metres = distance(Place.of(place.lng, place.lat), there)
    names = {"distance": distance_text(metres)}
    if metres > USUAL_REACH:
        words = _(
            "Further than most couriers go: %(distance)s in a straight line, and few go beyond"
            " %(reach)s."
        )
        return words % {**names, "reach": distance_text(USUAL_REACH)}
    couriers = [each.account for each in place.couriers.all() if each.is_active]
    known = [(each.courier, courier_of(each.delivery_id).reach) for each in couriers]
    short = [f"{name} ({distance_text(reach)})" for name, reach in known if 0 < reach < metres]
    if not short:
        return ""
    words = _("%(distance)s in a straight line: further than these couriers go: %(names)s.")
    return words % {**names, "names": listed(short)}
