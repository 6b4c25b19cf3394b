"""Working days in China, with the make-up days that the State Council names for each year."""

from datetime import date, datetime, time, timedelta

import chinese_calendar

from trip.wire.values import BEIJING


def is_workday(day: date) -> bool:
    """Beyond the years that are published, Monday to Friday."""
    try:
        return bool(chinese_calendar.is_workday(day))
    except NotImplementedError:
        return day.weekday() < 5


def after_workdays(start: datetime, days: int) -> datetime:
    """The moment `days` working days later, at the same time of day; what starts on a day off counts from the next
    working day's beginning."""
    local = start.astimezone(BEIJING)
    if not is_workday(local.date()):
        local = datetime.combine(_next(local.date()), time(0), BEIJING)
    day = local.date()
    for _ in range(days):
        day = _next(day)
    return datetime.combine(day, local.time(), BEIJING)


def _next(day: date) -> date:
    while True:
        day += timedelta(days=1)
        if is_workday(day):
            return day
