"""The age of a verification on the guest's page: green for a few minutes on the phone that used the
coupon, then and elsewhere only a record.
"""

from dataclasses import dataclass
from datetime import datetime, timedelta

from django.utils import timezone
from django.utils.translation import gettext_lazy as _
from django_stubs_ext import StrOrPromise

GREEN = timedelta(minutes=5)
# The page counts on by itself, with the same texts (age.js).
NOW, MINUTES, HOURS = _("Verified just now"), _("Verified {n} min ago"), _("Verified {n} h ago")


@dataclass(frozen=True)
class Age:
    """The age of what was settled at this moment, for the phone that did it or another."""

    settled_at: datetime
    now: datetime
    is_own: bool

    minutes_text = MINUTES
    hours_text = HOURS
    now_text = NOW

    @property
    def green_seconds(self) -> int:
        """Of two guests with one address only one sees a success, as of two with one picture."""
        return int(GREEN.total_seconds()) if self.is_own else 0

    @property
    def seconds(self) -> int:
        return max(0, int((self.now - self.settled_at).total_seconds()))

    @property
    def is_old(self) -> bool:
        return self.seconds >= self.green_seconds

    @property
    def text(self) -> StrOrPromise:
        minutes, hours = self.seconds // 60, self.seconds // 3600
        if hours:
            return str(HOURS).replace("{n}", str(hours))
        return str(MINUTES).replace("{n}", str(minutes)) if minutes else NOW

    @property
    def clock(self) -> datetime:
        return timezone.localtime(self.now)

    @property
    def clock_seconds(self) -> int:
        """The seconds of the day at the store."""
        return self.clock.hour * 3600 + self.clock.minute * 60 + self.clock.second


def age_of(settled_at: datetime | None, *, is_own: bool) -> Age | None:
    return Age(settled_at, timezone.now(), is_own) if settled_at else None
