"""Health for load balancers and monitoring."""

from datetime import datetime
from typing import Any

from django.conf import settings
from django.db import DatabaseError, connection
from django.http import HttpRequest, JsonResponse
from django.utils import timezone
from django.views.decorators.http import require_safe

from stores.platforms.outbox.claims import due
from stores.platforms.workers import queue


@require_safe
def healthz(request: HttpRequest) -> JsonResponse:
    """Answers 200 while this process answers; asks nothing else."""
    return JsonResponse({"status": "ok"}, headers={"Cache-Control": "no-store"})


@require_safe
def readyz(request: HttpRequest) -> JsonResponse:
    """Answers 503 unless the database answers and a worker has run something lately.

    `oldest_due_seconds` is for alarms and does not make us unready: a platform that is down for an
    hour makes calls wait, and then people need our pages most.
    """
    state = _state()
    status = 200 if state["ready"] else 503
    return JsonResponse(state, status=status, headers={"Cache-Control": "no-store"})


BY_PATH = {"/healthz": healthz, "/readyz": readyz}


def _state() -> dict[str, Any]:
    now = timezone.now()
    try:
        age = queue.last_beat_age()
        oldest = due(now).order_by("due_at").values_list("due_at", flat=True).first()
    except DatabaseError:
        connection.close()
        return {
            "ready": False,
            "database": False,
            "worker": None,
            "heartbeat_age": None,
            "oldest_due_seconds": None,
        }
    worker = age is not None and age < settings.HEARTBEAT_STALE
    return {
        "ready": worker,
        "database": True,
        "worker": worker,
        "heartbeat_age": None if age is None else round(age.total_seconds(), 1),
        "oldest_due_seconds": _seconds_since(oldest, now),
    }


def _seconds_since(moment: datetime | None, now: datetime) -> float:
    return round((now - moment).total_seconds(), 1) if moment else 0.0
