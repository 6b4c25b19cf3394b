"""The tasks of trip that the queue runs."""

from stores.platforms.workers import queue
from trip import drill, services
from trip.models import DrillRun

# The queue limits how long a task may run, so a drill continues in the next task.
DRILL_SECONDS = 30.0


def expire_unpaid() -> None:
    services.expire_unpaid()


def forget_visitors() -> None:
    services.forget_visitors()


def run_drill(run_id: int) -> None:
    """Continues an acceptance drill and queues the next task until the drill is over."""
    if not drill.drill_run(run=DrillRun.objects.get(pk=run_id), seconds=DRILL_SECONDS):
        queue.wake_worker("trip.tasks.run_drill", run_id)
