"""Runs the checks from the first to the last, at once or in several parts, and stores the
results.
"""

import logging
import time
from collections.abc import Callable, Iterable
from datetime import timedelta

from django.contrib.auth.models import User
from django.db import IntegrityError, transaction
from django.db.models import Q
from django.utils import timezone
from django.utils.translation import gettext as _

from stores import audit
from stores.audit import Actor
from stores.conflicts import Conflict
from stores.models import Connection
from trip.drill import checks  # noqa: F401
from trip.drill.drilling import Drill
from trip.drill.registry import CHECKS, Check
from trip.drill.results import Failed, LeftOut, Outcome, Result
from trip.drill.tidying import tidy, tidy_forgotten, tidy_notices
from trip.models import DrillRun

log = logging.getLogger(__name__)
Progress = Callable[[Result], None]
LEASE = timedelta(minutes=2)


def names() -> list[str]:
    """Returns the names of all checks, in the order of a run."""
    return list(CHECKS)


def title_of(name: str) -> str:
    """Returns the title of a check in the reader's language; "" when the check does not exist any
    more.
    """
    return str(CHECKS[name].title) if name in CHECKS else ""


def drill_start(
    *, connection: Connection, base_url: str, actor: Actor = None, only: Iterable[str] = ()
) -> DrillRun:
    """Creates the row of a run of all checks, or of those in `only`; `drill_run` does the work.

    Raises Conflict while another run of this connection is under way, KeyError for an unknown
    check.
    """
    chosen = [CHECKS[name].name for name in only] or names()
    now = timezone.now()
    abandoned = DrillRun.objects.filter(
        connection=connection, finished_at=None, worked_at__lt=now - DrillRun.ABANDONED
    )
    abandoned.update(finished_at=now, error="abandoned")
    try:
        with transaction.atomic():
            run: DrillRun = DrillRun.objects.create(
                connection=connection,
                base_url=base_url,
                started_by=actor if isinstance(actor, User) else None,
                checks=chosen,
            )
            audit.record(
                "trip.drill.started", actor=actor, merchant=connection.tenant, target=connection
            )
    except IntegrityError as error:
        raise Conflict(_("A drill of this connection is under way.")) from error
    return run


def drill_run(
    *, run: DrillRun, progress: Progress = lambda result: None, seconds: float | None = None
) -> bool:
    """Runs the checks that are left; each result is saved at once, and `progress` is called with
    it.

    Stops between two checks when `seconds` are over. Returns True when the run is over, or when
    another process works on it.
    """
    if not _claim(run):
        return True
    run.refresh_from_db()
    until = None if seconds is None else time.monotonic() + seconds
    drill = Drill(run)
    try:
        if not run.results:
            tidy_forgotten(drill)
        for name in run.checks[len(run.results) :]:
            if until and time.monotonic() > until:
                return False
            result = _run(drill, CHECKS[name])
            _keep(run, result)
            progress(result)
        tidy_notices(drill)
        _finish(run)
    except Exception as error:
        _finish(run, f"{type(error).__name__}: {error}")
        raise
    finally:
        DrillRun.objects.filter(pk=run.pk).update(lease_until=None)
    return True


def drill_passed(run: DrillRun) -> bool:
    """Whether the run came to its end and no check failed."""
    is_whole = run.finished_at is not None and not run.error and len(run.results) == len(run.checks)
    return is_whole and not run.count(Outcome.FAILED)


def _claim(run: DrillRun) -> bool:
    """Takes the lease of the run; returns False while another process has it. A lease ends LEASE
    after the last result.
    """
    now = timezone.now()
    free = DrillRun.objects.filter(
        Q(lease_until=None) | Q(lease_until__lt=now), pk=run.pk, finished_at=None
    )
    return bool(free.update(lease_until=now + LEASE, worked_at=now))


def _keep(run: DrillRun, result: Result) -> None:
    now = timezone.now()
    run.results.append(result.as_json())
    run.worked_at, run.lease_until = now, now + LEASE
    run.save(update_fields=["results", "worked_at", "lease_until"])


def _finish(run: DrillRun, error: str = "") -> None:
    run.finished_at, run.error = timezone.now(), error
    run.save(update_fields=["finished_at", "error"])


def _run(drill: Drill, check: Check) -> Result:
    drill.begin()
    outcome, detail = Outcome.PASSED, ""
    try:
        check.run(drill)
    except LeftOut as left_out:
        outcome, detail = Outcome.LEFT_OUT, str(left_out)
    except Failed as failed:
        outcome, detail = Outcome.FAILED, str(failed)
    except Exception as error:
        # An answer of an unexpected shape may be an error of the server or of the drill.
        log.exception("the check %s broke", check.name)
        outcome, detail = Outcome.FAILED, _("The check itself broke: %(error)r") % {"error": error}
    if outcome == Outcome.PASSED:
        detail = "; ".join(dict.fromkeys(drill.notes))
    result = Result(check.name, str(check.title), outcome, detail, list(drill.exchanges))
    tidy(drill)
    return result
