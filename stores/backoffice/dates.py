"""Days and times of day as people enter them: with the browser's own picker, in their language, on
a phone too.
"""

from dataclasses import dataclass
from datetime import date, time, timedelta
from typing import Any

from django import forms
from django.db import models
from django.http import QueryDict
from django.utils import timezone
from django.utils.translation import gettext_lazy as _
from django_stubs_ext import StrOrPromise
from unfold.utils import parse_date_str
from unfold.widgets import UnfoldAdminSplitDateTimeWidget, UnfoldAdminTextInputWidget

# Other years do not fit into every time zone.
FIRST_YEAR, LAST_YEAR = 2000, 2100
# The ends of the names of an address's parameters, behind the name of the column.
FROM, TO, NAMED_DAYS = "_from", "_to", "_day"
ENDS = (FROM, TO)
TODAY, YESTERDAY, WEEK, OTHER_DAYS = "today", "yesterday", "week", "other"
NAMES_OF_DAYS: dict[str, StrOrPromise] = {
    TODAY: _("Today"),
    YESTERDAY: _("Yesterday"),
    WEEK: _("7 days"),
    "": _("All"),
    OTHER_DAYS: _("Other days"),
}


@dataclass(frozen=True)
class Days:
    """From one day to another, both included; without an end when it is None."""

    name: str = ""
    first: date | None = None
    last: date | None = None


def named_days(name: str) -> Days:
    today = timezone.localdate()
    ago = {TODAY: (0, 0), YESTERDAY: (1, 1), WEEK: (6, 0)}
    if name not in ago:
        return Days(name if name == OTHER_DAYS else "")
    first, last = (today - timedelta(days=count) for count in ago[name])
    return Days(name, first, last)


def chosen_days(address: QueryDict, column: str) -> Days:
    """Returns the days that the parameters of an address choose for a column; what is no day
    chooses nothing.
    """
    first, last = (read_day(address.get(f"{column}{end}")) for end in ENDS)
    if first or last:
        return Days(OTHER_DAYS, first, last)
    return named_days(address.get(f"{column}{NAMED_DAYS}", ""))


def read_day(text: Any) -> date | None:
    """Returns the day that an address or a form names; None for anything else."""
    day = parse_date_str(text) if isinstance(text, str) else None
    return day if day and FIRST_YEAR <= day.year <= LAST_YEAR else None


class DayInput(UnfoldAdminTextInputWidget):
    input_type = "date"

    def format_value(self, value: Any) -> str | None:
        return value.isoformat() if isinstance(value, date) else value


class TimeInput(UnfoldAdminTextInputWidget):
    input_type = "time"

    def format_value(self, value: Any) -> str | None:
        return value.isoformat(timespec="minutes") if isinstance(value, time) else value


class MomentInput(UnfoldAdminSplitDateTimeWidget):
    """A day and a time beside each other."""

    def __init__(self, attrs: dict[str, Any] | None = None) -> None:
        day = DayInput(attrs={"aria-label": _("Date")})
        forms.MultiWidget.__init__(self, [day, TimeInput(attrs={"aria-label": _("Time")})], attrs)

    class Media:
        extend = False


class DaysForm(forms.Form):
    """The first and the last day of a filter."""

    def __init__(self, name: str, ends: tuple[date | None, date | None]) -> None:
        super().__init__()
        for end, label, day in zip(ENDS, (_("From"), _("To")), ends, strict=True):
            self.fields[f"{name}{end}"] = forms.DateField(
                label=label, required=False, initial=day, widget=DayInput()
            )


def picker_of(field: models.Field[Any, Any]) -> type[forms.Widget] | None:
    """Returns the widget for a column of days or times; None for any other column."""
    match field:
        case models.DateTimeField():
            return MomentInput
        case models.DateField():
            return DayInput
        case models.TimeField():
            return TimeInput
    return None
