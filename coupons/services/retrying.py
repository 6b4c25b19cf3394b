"""New tries of codes that an outage refused at the counter; the codes are kept for a day."""

from datetime import timedelta

from django.utils import timezone

from coupons.models import Channel, Verification
from coupons.reasons import OUTAGES
from stores.fields import readable
from stores.models import Store

KEPT = timedelta(days=1)
# Rows that began this long before KEPT are settled; the counter's patience is shorter.
LONGEST_OPEN = timedelta(days=7)


def may_retry(row: Verification) -> bool:
    """Whether the code of this row is kept."""
    return (
        row.status == Verification.Status.REFUSED
        and row.reason in OUTAGES
        and row.channel == Channel.COUNTER
        and row.settled_at is not None
        and row.settled_at > timezone.now() - KEPT
    )


def code_to_retry(store: Store, pk: int) -> str:
    """Returns the code of a row of this store; "" when it is not kept or no key opens it."""
    row = Verification.objects.filter(pk=pk, store=store).first()
    if row is None or not may_retry(row):
        return ""
    return str(readable(row, "code", ""))


def forget_codes() -> int:
    """Removes the codes that were kept long enough. Returns how many rows were looked at."""
    before = timezone.now() - KEPT
    rows = Verification.objects.filter(
        status=Verification.Status.REFUSED,
        reason__in=OUTAGES,
        channel=Channel.COUNTER,
        created_at__gt=before - LONGEST_OPEN,
        settled_at__lte=before,
    )
    return rows.update(code="")
