"""Working and moving the time forward, for tests of failures."""

from django.utils import timezone

from coupons.models import Verification
from stores.models import Connection, OutboundCall
from stores.platforms import outbox
from stores.platforms.tokens import TRY_REFUSED_EVERY
from tests.killing import pass_time

Status = Verification.Status

State = OutboundCall.State


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
