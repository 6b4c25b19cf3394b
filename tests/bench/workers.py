"""Worker clusters as in production: `manage.py qcluster`, several processes each, one queue."""

import time

from stores.models import Heartbeat
from tests.bench.processes import START_SECONDS, Broken, Fleet, Running
from tests.bench.shops import ring_workers

CLUSTERS, WORKERS = 2, 4


def start(fleet: Fleet, **environment: str) -> list[Running]:
    """Two clusters of four workers each, up and running tasks."""
    Heartbeat.objects.all().delete()
    clusters = [
        fleet.python(
            f"cluster{number}", "manage.py", "qcluster", Q_WORKERS=str(WORKERS), **environment
        )
        for number in range(CLUSTERS)
    ]
    until = time.monotonic() + START_SECONDS
    while _beating() < CLUSTERS:
        for one in clusters:
            one.check()
        if time.monotonic() > until:
            raise Broken("the worker clusters run no tasks")
        ring_workers(CLUSTERS * WORKERS)
        time.sleep(0.5)
    return clusters


def _beating() -> int:
    """Clusters whose workers run tasks; a cluster's other heartbeats have a suffix."""
    return Heartbeat.objects.exclude(name__contains="/").count()
