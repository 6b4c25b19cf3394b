"""The only place that knows django-q2. The queue is a doorbell: a task carries one id and may run 0, 1 or n times."""

import math
import os
import socket
from datetime import timedelta
from typing import Any

from django.conf import settings
from django.utils import timezone

from stores.models import Heartbeat


def ring(task: str, pk: int) -> None:
    """Asks some worker to run `task` (a dotted path) with one primary key, soon."""
    from django_q.tasks import async_task

    async_task(task, pk)


def needed_retry(conf: dict[str, Any]) -> float:
    """Seconds that `retry` must exceed, or tasks that wait in a worker's memory are handed out twice."""
    rounds = math.ceil((conf["queue_limit"] + conf["bulk"]) / conf["workers"]) + 1
    return float(rounds * conf["timeout"])


def cluster_name() -> str:
    """Names this process's cluster: all processes of one cluster share the process group of its watchdog's child."""
    return f"{socket.gethostname()}:{os.getpgid(0)}"


def beat() -> None:
    """Writes that this cluster's workers run tasks."""
    now = timezone.now()
    if not Heartbeat.objects.filter(name=cluster_name()).update(at=now):
        Heartbeat.objects.get_or_create(name=cluster_name(), defaults={"at": now})


def last_beat_age(name: str = "") -> timedelta | None:
    """How long ago some cluster (or the one named) last ran a task; None when never."""
    rows = Heartbeat.objects.filter(name=name) if name else Heartbeat.objects.all()
    latest = rows.order_by("-at").values_list("at", flat=True).first()
    return timezone.now() - latest if latest else None


def alive() -> bool:
    age = last_beat_age()
    return age is not None and age < settings.HEARTBEAT_STALE


def sync_schedules() -> None:
    """Writes the registered schedules into django-q2's table and removes those no longer registered."""
    from django_q.models import Schedule

    from stores.registry import registry

    for wanted in registry.schedules:
        minutes = max(1, round(wanted.every.total_seconds() / 60))
        Schedule.objects.update_or_create(
            name=wanted.task,
            defaults={"func": wanted.task, "schedule_type": Schedule.MINUTES, "minutes": minutes, "repeats": -1},
        )
    Schedule.objects.exclude(name__in=[wanted.task for wanted in registry.schedules]).delete()


def prune() -> None:
    """Failed tasks older than a month; the ledgers keep what matters."""
    from django_q.models import Task

    Task.objects.filter(stopped__lt=timezone.now() - timedelta(days=30)).delete()
    Heartbeat.objects.filter(at__lt=timezone.now() - timedelta(days=1)).delete()
