"""New tries of codes that an outage refused at the counter or on a guest's phone.

The codes are kept for a day.
"""

from datetime import timedelta

from django.utils import timezone

from coupons.models import Channel, Verification
from coupons.reasons import OUTAGES
from stores.fields import readable
from stores.models import Store

KEPT = timedelta(days=1)


def may_retry(row: Verification, *, flow: str = "") -> bool:
    """Whether staff may try the code of this row again; with `flow`, whether this guest may."""
    is_theirs = row.channel == Channel.COUNTER
    if flow:
        is_theirs = row.channel == Channel.GUEST and row.flow == flow
    return (
        row.status == Verification.Status.REFUSED
        and row.reason in OUTAGES
        and is_theirs
        and row.settled_at is not None
        and row.settled_at > timezone.now() - KEPT
    )


def code_to_retry(store: Store, pk: int, *, flow: str = "") -> str:
    """Returns the code of a row of this store; "" when it is not kept, is not of this guest's
    `flow`, or no key opens it.
    """
    row = Verification.objects.filter(pk=pk, store=store).first()
    if row is None or not may_retry(row, flow=flow):
        return ""
    return str(readable(row, "code", ""))


def forget_codes() -> int:
    """Removes the codes that were kept long enough, however old they are. Returns how many."""
    return Verification.objects.with_kept_code(until=timezone.now() - KEPT).update(code="")
