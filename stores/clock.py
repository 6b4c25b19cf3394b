"""Moments in the installation's time zone."""

from datetime import datetime, time, timedelta

from django.utils import timezone
from django.utils.formats import date_format


def start_of_day(days_ago: int = 0) -> datetime:
    """Returns local midnight of today or of an earlier day."""
    day = timezone.localdate() - timedelta(days=days_ago)
    return timezone.make_aware(datetime.combine(day, time.min))


def a_day_ago() -> datetime:
    """Returns the same time of yesterday."""
    return timezone.now() - timedelta(days=1)


def format_moment(at: datetime | None) -> str:
    """Returns local time to the second, in the same short form in every language."""
    return date_format(timezone.localtime(at), "Y-m-d H:i:s") if at else "–"
