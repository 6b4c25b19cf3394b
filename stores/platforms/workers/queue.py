"""The only place that knows django-q2. A task carries one id and may run 0, 1 or n times."""

import contextlib
import math
import os
import socket
from datetime import timedelta
from functools import cache
from typing import Any

from django.conf import settings
from django.db import DatabaseError, connection, transaction
from django.utils import timezone

from stores.domains import schedules
from stores.models import Heartbeat
from stores.prepared import insert

# What the watchdog (platforms/watchdog.py) runs as its child.
CLUSTER_COMMAND = "qcluster"
BEAT = "stores.tasks.beat"
SWEEP = "stores.tasks.sweep"
# Results are acknowledged after `retry` seconds at the latest, so a dead monitor may be found later
# than dead workers.
RESULTS_FACTOR = 3


def wake_worker(task: str, pk: int) -> None:
    """Asks a worker to run `task` (a dotted path) with one primary key, soon."""
    _add(task, pk)


def wake_often() -> None:
    """Asks a worker to run what the domains want with each beat."""
    for schedule in schedules():
        if schedule.runs_with_beats:
            _add(schedule.task)


def _add(task: str, *arguments: int) -> None:
    from django_q.tasks import async_task

    async_task(task, *arguments, broker=_broker())


@cache
def _broker() -> Any:
    """Returns what writes a task with the caller's connection to the database.

    The library's own closes it first, twice a task: each time the pool is asked for another one,
    and the database whether that still lives. A request gives it back at its end, and a task too.
    """
    from django_q.brokers.orm import ORM
    from django_q.models import OrmQ

    class Broker(ORM):  # type: ignore[misc]
        @staticmethod
        def get_connection(list_key: str | None = None) -> Any:
            return OrmQ.objects

        def enqueue(self, task: str) -> int:
            row = OrmQ(key=self.list_key, payload=task, lock=timezone.now())
            insert(row)
            return int(row.pk)

    return Broker()


def needed_retry(conf: dict[str, Any]) -> float:
    """Returns the seconds that `retry` must exceed, or tasks that wait in a worker's memory are
    handed out twice.
    """
    rounds = math.ceil((conf["queue_limit"] + conf["bulk"]) / conf["workers"]) + 1
    return float(rounds * conf["timeout"])


def cluster_name(group: int | None = None) -> str:
    """Returns the name of a cluster: its process group, by default this process's own."""
    return f"{socket.gethostname()}:{os.getpgid(0) if group is None else group}"


def results_name(cluster: str) -> str:
    """Returns the heartbeat name of a cluster's monitor, which takes results and acknowledges
    tasks.
    """
    return f"{cluster}/results"


def beat(name: str = "") -> None:
    """Writes the heartbeat of this cluster's workers."""
    name, now = name or cluster_name(), timezone.now()
    if not Heartbeat.objects.filter(name=name).update(at=now):
        Heartbeat.objects.get_or_create(name=name, defaults={"at": now})


def listen_for_results() -> None:
    """Makes the monitor write a heartbeat after each `beat` task that it acknowledges.

    The workers' heartbeat alone would not show that the monitor is dead.
    """
    from django_q.signals import post_execute

    post_execute.connect(_beat_of_results, dispatch_uid="stores.beat_of_results")


def _beat_of_results(task: dict[str, Any], **kwargs: Any) -> None:
    if task["func"] == BEAT:
        # The monitor must outlive a database that is away for a moment.
        with contextlib.suppress(DatabaseError):
            beat(results_name(cluster_name()))


def last_beat_age(name: str = "") -> timedelta | None:
    """Returns how long ago some cluster (or the one named) last ran a task; None when never."""
    rows = Heartbeat.objects.filter(name=name) if name else Heartbeat.objects.all()
    latest = rows.order_by("-at").values_list("at", flat=True).first()
    return timezone.now() - latest if latest else None


def alive() -> bool:
    age = last_beat_age()
    return age is not None and age < settings.HEARTBEAT_STALE


def running() -> list[str]:
    """Returns the names of the clusters whose workers ran a task lately."""
    fresh = Heartbeat.objects.filter(at__gt=timezone.now() - settings.HEARTBEAT_STALE)
    names = fresh.exclude(name__endswith=results_name("")).order_by("name")
    return list(names.values_list("name", flat=True))


def takes_results(cluster: str) -> bool:
    """Whether the cluster's monitor acknowledged a task lately, or never had one to acknowledge."""
    age = last_beat_age(results_name(cluster))
    return age is None or age < settings.HEARTBEAT_STALE * RESULTS_FACTOR


def sync_schedules() -> None:
    """Writes the domains' schedules into django-q2's table and removes all others; it knows no
    seconds (see wake_often).

    Several processes may do so at once.
    """
    from django_q.models import Schedule

    wanted = {each.task: each for each in schedules() if not each.runs_with_beats}
    with transaction.atomic():
        if connection.vendor == "postgresql":
            # Names are not unique in that table, so two watchdogs that start together would both
            # insert.
            with connection.cursor() as cursor:
                cursor.execute(f"LOCK TABLE {Schedule._meta.db_table} IN SHARE ROW EXCLUSIVE MODE")
        known = dict(Schedule.objects.order_by("-pk").values_list("name", "pk"))
        Schedule.objects.exclude(
            pk__in=[pk for name, pk in known.items() if name in wanted]
        ).delete()
        for task, schedule in wanted.items():
            minutes = max(1, round(schedule.every.total_seconds() / 60))
            fields = {
                "func": task,
                "schedule_type": Schedule.MINUTES,
                "minutes": minutes,
                "repeats": -1,
            }
            Schedule.objects.update_or_create(pk=known.get(task), defaults={"name": task} | fields)


def prune() -> None:
    """Deletes failed tasks older than a month and heartbeats older than a day."""
    from django_q.models import Task

    Task.objects.filter(stopped__lt=timezone.now() - timedelta(days=30)).delete()
    Heartbeat.objects.filter(at__lt=timezone.now() - timedelta(days=1)).delete()
