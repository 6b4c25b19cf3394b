"""The demo, prepared in this process: no web, worker or sandbox is started."""

from collections.abc import Callable
from typing import Any

from stores.demo import preparing
from stores.demo.environment import Places, Ports
from stores.demo.world import World

PORTS = Ports(8000, 8100)


# Of past business, where a test does not look at it.
FEW_DAYS = 2


def prepared(
    place: Places,
    ports: Ports = PORTS,
    *,
    days: int = World.days,
    later: Callable[[World], None] = lambda world: None,
) -> World:
    """`later` may change the world before it is prepared, its `now` for instance."""
    world = World.load(place, ports)
    world.days = days
    later(world)
    preparing.prepare(world, reset=False, tell=lambda line: None)
    return world


def demo_info(place: Places) -> dict[str, Any]:
    """What `manage.py demo --info` prints."""
    return preparing.info(place)
