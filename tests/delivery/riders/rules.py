"""What a store has set up for its riders, and the schedules that go by it."""

from typing import Any

from delivery.models import Delivery, DeliveryStore
from delivery.services import going_on
from tests.delivery.town import Town


def set_up(town: Town, **fields: Any) -> None:
    DeliveryStore.objects.filter(pk=town.place.pk).update(**fields)


def go_on(town: Town) -> None:
    """Works as the schedules do."""
    for pk in list(going_on.waiting()):
        going_on.go_on(Delivery.objects.get(pk=pk))
    town.work()
