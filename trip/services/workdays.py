"""Working days in China, with the make-up days that the State Council announces for each year."""

from datetime import date, datetime, time, timedelta

import chinese_calendar

from stores.platforms.reading import BEIJING

# The month in which the next year's days off are announced.
ANNOUNCED = 11


def is_workday(day: date) -> bool:
    """Whether the day is a working day; Monday to Friday without New Year's Day in years that are
    not published yet.
    """
    try:
        return bool(chinese_calendar.is_workday(day))
    except NotImplementedError:
        return day.weekday() < 5 and (day.month, day.day) != (1, 1)


def missing_year(today: date) -> int | None:
    """Returns the first year that deadlines may reach and whose days off are not known.

    The State Council announces a year's days off in November of the year before.
    """
    years = [today.year, today.year + 1] if today.month >= ANNOUNCED else [today.year]
    return next((year for year in years if not _is_published(year)), None)


def _is_published(year: int) -> bool:
    try:
        chinese_calendar.is_workday(date(year, 1, 1))
    except NotImplementedError:
        return False
    return True


def after_workdays(start: datetime, days: int) -> datetime:
    """Returns the moment `days` working days later, at the same time of day.

    A start on a day off counts from the beginning of the next working day.
    """
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
