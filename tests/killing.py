"""Workers that are killed in the middle of a call, and their time."""

from datetime import timedelta

from django.db.models import F
from django.utils import timezone

from stores.models import OutboundCall, Pace

WORK = """
    from stores.platforms import outbox
    outbox.work(seconds=float(os.environ.get("WORK_SECONDS", "6")))
"""
# Where a worker dies: code that runs in it before WORK, with PLATFORM and STEP set.
KILL = "os.kill(os.getpid(), signal.SIGKILL)"
KILL_AT = {
    "between claim and call": f"""
    from stores.platforms.outbox import delivering
    real = delivering._try
    def fatal(call, *args):
        if call.operation == STEP: {KILL}
        return real(call, *args)
    delivering._try = fatal
    """,
    "after the answer and before it is written": f"""
    from stores.platforms.outbox import delivering
    real = delivering._settle
    def fatal(call, *args):
        if call.operation == STEP: {KILL}
        return real(call, *args)
    delivering._settle = fatal
    """,
    "after the answer and before the commit": f"""
    from stores.platforms.outbox import operations
    operation = operations[PLATFORM, STEP]
    real = operation.on_done
    def fatal(*args, **kwargs):
        real(*args, **kwargs)
        {KILL}
    operation.on_done = fatal
    """,
}


def dying(platform: str, step: str, moment: str, *, work: str = WORK) -> str:
    """Returns the code of a process that dies at this moment of a call."""
    return f"    PLATFORM, STEP = {platform!r}, {step!r}\n{KILL_AT[moment]}\n{work}"


def end_leases() -> None:
    """Ends the time of every lease."""
    OutboundCall.objects.exclude(lease_until=None).update(
        lease_until=timezone.now() - timedelta(seconds=1)
    )


def pass_time(span: timedelta) -> None:
    """Moves every stored time back by this span."""
    OutboundCall.objects.update(due_at=F("due_at") - span, expires_at=F("expires_at") - span)
    Pace.objects.update(next_at=F("next_at") - span.total_seconds())
