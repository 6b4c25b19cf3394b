"""The reply rate of a day as we count it; how Meituan counts is not published
(docs/platforms/takeaway.md §5.5).
"""

from dataclasses import dataclass
from datetime import date, datetime, timedelta

from django.db.models import F, Q, QuerySet
from django.utils import timezone

from messaging.models import Message
from stores.clock import begin_of


@dataclass(frozen=True)
class DayRate:
    """Counts of a day's questions of one kind. `waiting` are those whose time runs."""

    in_time: int
    late: int
    waiting: int

    @property
    def percent(self) -> int | None:
        """None while no question has been decided."""
        decided = self.in_time + self.late
        return 100 * self.in_time // decided if decided else None


def questions(store_id: int, day: date, *, urgent: bool) -> QuerySet[Message]:
    """Returns the messages of a day from which the reply clock ran, each of which counts once.

    Automatic replies answer none.
    """
    begin = begin_of(day)
    rows = Message.objects.filter(
        store=store_id,
        reply_until__isnull=False,
        at__gte=begin,
        at__lt=begin + timedelta(days=1),
        is_urgent=urgent,
    )
    return rows.order_by("at", "tie", "pk")


def in_time() -> Q:
    return Q(answered_at__lte=F("reply_until"))


def late(now: datetime) -> Q:
    return Q(answered_at__gt=F("reply_until")) | Q(answered_at=None, reply_until__lt=now)


def waiting(now: datetime) -> Q:
    return Q(answered_at=None, reply_until__gte=now)


def rate_of(store_id: int, day: date, *, urgent: bool = False) -> DayRate:
    rows, now = questions(store_id, day, urgent=urgent), timezone.now()
    answered, missed = rows.filter(in_time()).count(), rows.filter(late(now)).count()
    return DayRate(answered, missed, rows.count() - answered - missed)


def automatic_replies(store_id: int, day: date) -> int:
    """Counts the automatic replies of a day, which are in no rate of ours."""
    return Message.objects.automatic(day).filter(store=store_id).count()
