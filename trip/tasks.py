"""What the queue runs for trip."""

from stores.platforms.workers import queue
from trip import drill, services
from trip.models import DrillRun

# A task may not take longer than the queue lets it live, so a drill goes on in the next one.
DRILL_SECONDS = 30.0


def expire_unpaid() -> None:
    services.expire_unpaid()


def forget_visitors() -> None:
    services.forget_visitors()


def run_drill(run_id: int) -> None:
    """Goes on with an acceptance drill until it is over."""
    if not drill.drill_run(run=DrillRun.objects.get(pk=run_id), seconds=DRILL_SECONDS):
        queue.wake_worker("trip.tasks.run_drill", run_id)
