"""The tasks of trip that the queue runs."""

from stores.drills import runner
from stores.platforms.workers import queue
from trip import services
from trip.drill import Drill
from trip.models import DrillRun

# The queue limits how long a task may run, so a drill continues in the next task.
DRILL_SECONDS = 30.0


def expire_unpaid() -> None:
    services.expire_unpaid()


def forget_visitors() -> None:
    services.forget_visitors()


def watch_addresses() -> None:
    services.watch_addresses()


def run_drill(run_id: int) -> None:
    """Goes on with an acceptance drill; the next task goes on after DRILL_SECONDS."""
    if not runner.run(Drill(DrillRun.objects.get(pk=run_id)), seconds=DRILL_SECONDS):
        queue.wake_worker("trip.tasks.run_drill", run_id)
