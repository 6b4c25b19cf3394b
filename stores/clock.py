"""Moments in the installation's time zone."""

from datetime import date, datetime, time, timedelta

from django.utils import timezone
from django.utils.formats import date_format
from django.utils.translation import gettext as _


def start_of_day(days_ago: int = 0) -> datetime:
    """Returns local midnight of today or of an earlier day."""
    return begin_of(timezone.localdate() - timedelta(days=days_ago))


def begin_of(day: date) -> datetime:
    """Returns local midnight at which a day begins."""
    return timezone.make_aware(datetime.combine(day, time.min))


def end_of(day: date) -> datetime:
    """Returns local midnight at which a day ends."""
    return begin_of(day + timedelta(days=1))


def a_day_ago() -> datetime:
    """Returns the same time of yesterday."""
    return timezone.now() - timedelta(days=1)


def format_moment(at: datetime | None) -> str:
    """Returns local time to the second, in the same short form in every language."""
    return date_format(timezone.localtime(at), "Y-m-d H:i:s") if at else "–"


def short_time(at: datetime) -> str:
    """Returns local time to the minute, within a sentence: "14:05", and "11-27 14:05" of any other
    day than today.
    """
    local = timezone.localtime(at)
    return date_format(local, "H:i" if local.date() == timezone.localdate() else "m-d H:i")


def short_moment(at: datetime | None) -> str:
    """Returns local time to the minute with as little of the date as is clear today: "今天 14:05",
    "昨天 14:05", "明天 14:05", "11-27 14:05", and the year when it is not this one.
    """
    if at is None:
        return "–"
    local, today = timezone.localtime(at), timezone.localdate()
    near = {0: _("today %(time)s"), 1: _("yesterday %(time)s"), -1: _("tomorrow %(time)s")}
    if text := near.get((today - local.date()).days):
        return text % {"time": date_format(local, "H:i")}
    return date_format(local, "m-d H:i" if local.year == today.year else "Y-m-d H:i")
