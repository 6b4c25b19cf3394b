"""Cancelling whichever rider is under way."""

from typing import Any

from delivery.models import Delivery
from delivery.services.cancelling import rider_cancel, rider_of


def delivery_cancel(*, delivery: Delivery, **wanted: Any) -> Delivery:
    return rider_cancel(delivery=delivery, attempt=rider_of(delivery), **wanted)
