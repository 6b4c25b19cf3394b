"""The tasks of instant delivery that the queue runs."""

from delivery.models import Delivery
from delivery.services import going_on
from stores.platforms.workers import queue


def go_on(delivery_id: int) -> None:
    going_on.go_on(Delivery.objects.get(pk=delivery_id))


def go_on_all() -> None:
    """Every ten seconds: the next riders, and the steps of the ladders."""
    for pk in going_on.waiting():
        queue.wake_worker("delivery.tasks.go_on", pk)
    for attempt in going_on.attempts_without_rider():
        going_on.step_take(attempt)


def ask_due() -> None:
    """Every ten seconds: asks about riders of whom nothing was heard."""
    going_on.ask_due()
