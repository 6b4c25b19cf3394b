"""What waits for a rider when the demo is first started: the board has something to send."""

import random
from datetime import timedelta

from delivery.demo.receivers import order_of
from delivery.models import Delivery, DeliveryStore
from stores.demo.world import World

# Minutes ago, the oldest first.
WAITING = (4, 2, 1)


def leave_waiting(world: World, place: DeliveryStore) -> None:
    rng = random.Random(12)  # noqa: S311
    rows = []
    for number, minutes in enumerate(WAITING, start=1):
        at = world.now - timedelta(minutes=minutes)
        row = order_of(rng, place, at, f"MP{world.now:%y%m%d}T{number:02}").delivery
        row.ready_at = at
        rows.append(row)
    Delivery.objects.bulk_create(rows)
