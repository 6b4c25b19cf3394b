"""Working and moving the time forward, for tests of failures."""

from datetime import timedelta

from django.db.models import F
from django.utils import timezone

from coupons.models import Verification
from stores.models import Connection, OutboundCall, Pace
from stores.platforms import outbox
from stores.platforms.tokens import TRY_REFUSED_EVERY

Status = Verification.Status

State = OutboundCall.State

WORK = """
    from stores.platforms import outbox
    outbox.work(seconds=float(os.environ.get("WORK_SECONDS", "6")))
"""


def settled(*rows: Verification) -> bool:
    """Works a little; returns whether all rows are final then."""
    outbox.work(seconds=0.5)
    return not Verification.objects.filter(
        pk__in=[row.pk for row in rows], status__in=Verification.LIVE
    ).exists()


def settled_after_refused_login(*rows: Verification) -> bool:
    """Works a little, with refused logins tried again as if their waiting time was over; returns
    whether all rows are final.
    """
    if Connection.objects.filter(state=Connection.State.REFUSED).exists():
        Connection.objects.update(checked_at=timezone.now() - TRY_REFUSED_EVERY)
        pass_time(TRY_REFUSED_EVERY)
    return settled(*rows)


def end_leases() -> None:
    """Ends the time of every lease."""
    OutboundCall.objects.exclude(lease_until=None).update(
        lease_until=timezone.now() - timedelta(seconds=1)
    )


def pass_time(span: timedelta) -> None:
    """Moves every stored time back by this span."""
    OutboundCall.objects.update(due_at=F("due_at") - span, expires_at=F("expires_at") - span)
    Pace.objects.update(next_at=F("next_at") - span.total_seconds())
