"""Runs of checks, in one go or in slices, and their stored results."""

import logging
import time
from collections.abc import Callable, Iterable
from datetime import timedelta
from typing import Any

from django.contrib.auth.models import User
from django.db import IntegrityError, transaction
from django.db.models import Q
from django.utils import timezone
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from stores import audit
from stores.audit import Actor
from stores.conflicts import Conflict
from stores.drills.checklist import Check, Checklist
from stores.drills.drill import Drill
from stores.drills.results import Failed, LeftOut, Outcome, Remark, Result, in_all_languages
from stores.models import Connection, DrillRun

log = logging.getLogger(__name__)
Progress = Callable[[Result], None]
LEASE = timedelta(minutes=2)


def start(
    checklist: Checklist[Any],
    *,
    connection: Connection,
    base_url: str,
    actor: Actor = None,
    only: Iterable[str] = (),
) -> DrillRun:
    """Writes the row of a new run of all checks, or of those named; `run` does the work.

    Raises Conflict while another run of this connection is under way, KeyError for an unknown
    check.
    """
    chosen = [checklist.checks[name].name for name in only] or checklist.names()
    _end_abandoned(connection, checklist.kind)
    try:
        with transaction.atomic():
            row: DrillRun = DrillRun.objects.create(
                connection=connection,
                kind=checklist.kind,
                base_url=base_url,
                started_by=actor if isinstance(actor, User) else None,
                checks=chosen,
            )
            audit.record(
                f"{checklist.kind}.drill.started",
                actor=actor,
                merchant=connection.merchant,
                target=connection,
            )
    except IntegrityError as error:
        raise Conflict(_("A drill of this connection is under way.")) from error
    return row


def _end_abandoned(connection: Connection, kind: str) -> None:
    now = timezone.now()
    rows = DrillRun.objects.filter(
        connection=connection, kind=kind, finished_at=None, worked_at__lt=now - DrillRun.ABANDONED
    )
    rows.update(finished_at=now, error="abandoned")


def run(
    drill: Drill, *, seconds: float | None = None, progress: Progress = lambda result: None
) -> bool:
    """Runs the remaining checks and stores each result at once; calls `progress` with it.

    Stops between two checks when `seconds` are over. Returns True when the run is over, or when
    another process is working on it.
    """
    row = drill.run
    if not _claim(row):
        return True
    row.refresh_from_db()
    until = None if seconds is None else time.monotonic() + seconds
    try:
        if not row.results:
            drill.tidy_forgotten()
        for name in row.checks[len(row.results) :]:
            if until and time.monotonic() > until:
                return False
            result = _run_check(drill, drill.checklist.checks[name])
            _keep(row, result)
            progress(result)
        drill.tidy_up()
        _finish(row)
    except Exception as error:
        _finish(row, f"{type(error).__name__}: {error}")
        raise
    finally:
        DrillRun.objects.filter(pk=row.pk).update(lease_until=None)
    return True


def _claim(row: DrillRun) -> bool:
    """Takes the lease. A dead process loses it LEASE after its last result."""
    now = timezone.now()
    free = DrillRun.objects.filter(
        Q(lease_until=None) | Q(lease_until__lt=now), pk=row.pk, finished_at=None
    )
    return bool(free.update(lease_until=now + LEASE, worked_at=now))


def _keep(row: DrillRun, result: Result) -> None:
    now = timezone.now()
    row.results.append(result.as_json())
    row.worked_at, row.lease_until = now, now + LEASE
    row.save(update_fields=["results", "worked_at", "lease_until"])


def _finish(row: DrillRun, error: str = "") -> None:
    row.finished_at, row.error = timezone.now(), error
    row.save(update_fields=["finished_at", "error"])


def _expect_sight(drill: Drill) -> None:
    """Raises Failed for a check that passed although none of its calls got an answer of the
    platform's form: it saw nothing.
    """
    told = [exchange.as_json()["code"] for exchange in drill.exchanges]
    if told and all(code is None for code in told):
        raise Failed(gettext_lazy("None of the calls was answered, so nothing could be seen."))


def _run_check(drill: Drill, check: Check[Any]) -> Result:
    drill.begin()
    outcome, remarks = Outcome.PASSED, drill.notes
    try:
        check.run(drill)
        _expect_sight(drill)
    except LeftOut as left_out:
        outcome, remarks = Outcome.LEFT_OUT, [left_out.remark]
    except Failed as failed:
        outcome, remarks = Outcome.FAILED, [failed.remark]
    except Exception as error:
        # An answer of an unexpected shape is the server's fault as much as the drill's.
        log.exception("the check %s broke", check.name)
        broke = Remark(gettext_lazy("The check itself broke: %(error)r"), error=error)
        outcome, remarks = Outcome.FAILED, [broke]
    details = in_all_languages(remarks)
    result = Result(check.name, str(check.title), outcome, details, list(drill.exchanges))
    drill.tidy()
    return result
