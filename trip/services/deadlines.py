"""The time left to decide a refund, and its urgency."""

from datetime import timedelta

from django.utils import timezone
from django.utils.translation import gettext as _

from trip.models import Refund

URGENT, SOON = timedelta(hours=4), timedelta(hours=24)


def countdown(refund: Refund) -> tuple[str, str]:
    """Returns (hours and minutes left, "urgent", "soon" or "calm"); empty texts when there is
    nothing to decide.
    """
    if refund.status != Refund.Status.REVIEW or refund.deadline is None:
        return "", ""
    left = refund.deadline - timezone.now()
    if left <= timedelta(0):
        return _("time is up"), "urgent"
    minutes = int(left.total_seconds()) // 60
    text = _("%(hours)d h %(minutes)02d min left") % {
        "hours": minutes // 60,
        "minutes": minutes % 60,
    }
    if left < URGENT:
        return text, "urgent"
    return text, "soon" if left < SOON else "calm"
