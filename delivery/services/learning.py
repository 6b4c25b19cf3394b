"""How couriers did for a store before: acceptance at the same weekday and hour, and how long they
took, three months back.
"""

from collections import defaultdict
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from math import ceil

from django.db.models import QuerySet
from django.utils import timezone

from delivery.models import Attempt, DeliveryStore
from delivery.services.choosing import FEWEST_SAMPLES, Acceptance, Prefer, Rule

WEEK = timedelta(weeks=1)
BACK = 13 * WEEK
# The newest riders that are looked at.
MOST = 3000
# Rides count whose distance differs by so many metres, or so much of it, at most.
NEAR, NEAR_SHARE = 500, 0.3


def acceptance(place: DeliveryStore, rule: Rule) -> Mapping[str, Acceptance]:
    """Returns how often each courier (by its delivery id) accepted within the rule's minutes; {}
    where the rule does not look at it.
    """
    if rule.prefer != Prefer.LIKELY:
        return {}
    rows = called_like_now(place, rule.minutes)
    limit = timedelta(minutes=rule.minutes)
    found: dict[str, Acceptance] = {}
    for courier, called, accepted in rows:
        known = found.get(courier, Acceptance(0, 0))
        is_in_time = accepted is not None and accepted - called <= limit
        found[courier] = Acceptance(known.orders + 1, known.in_time + is_in_time)
    return found


def called_like_now(
    place: DeliveryStore, minutes: int
) -> QuerySet[Attempt, tuple[str, datetime, datetime | None]]:
    """Returns the courier of each rider who was called at this weekday and hour, when he was and
    when he accepted. Each hour is a part of its own, so that it is found by its index.
    """
    now = timezone.localtime()
    # Of those called later nobody knows yet.
    first, last = now - BACK, now - timedelta(minutes=minutes)
    couriers = list(place.couriers.order_by("pk").values_list("pk", flat=True))
    rows = Attempt.objects.real().filter(courier__in=couriers, called_at__lte=last).order_by()
    hours = []
    for weeks in range(BACK // WEEK + 1):
        begin = now.replace(minute=0, second=0, microsecond=0) - weeks * WEEK
        of_hour = rows.filter(
            called_at__gte=max(begin, first), called_at__lt=begin + timedelta(hours=1)
        )
        hours.append(of_hour.values_list("courier_code", "called_at", "accepted_at"))
    return hours[0].union(*hours[1:], all=True)


@dataclass(frozen=True)
class Times:
    """Seconds that nine of ten riders did not exceed: until one accepted, and from then until the
    goods arrived. None while there are too few to tell.
    """

    acceptance: int | None
    ride: int | None


def times(place: DeliveryStore, distance: int, *, at: datetime) -> Mapping[str, Times]:
    """Returns for each courier how long it took, of rides of about this distance (metres): at the
    weekday and hour of `at` where there are enough, else at any time.
    """
    rows = Attempt.objects.real().filter(
        courier__place=place,
        called_at__gte=timezone.now() - BACK,
        accepted_at__isnull=False,
        # One that is taken after its end tells nothing of how long others wait.
        revived_at__isnull=True,
    )
    columns = ("courier_code", "called_at", "accepted_at", "state", "waybill_at", "distance")
    waits, rides = defaultdict(list), defaultdict(list)
    for courier, called, accepted, state, ended, metres in rows.order_by("-called_at").values_list(
        *columns
    )[:MOST]:
        is_like = _hour(called) == _hour(at)
        waits[courier].append((is_like, int((accepted - called).total_seconds())))
        is_near = metres is not None and abs(metres - distance) <= max(NEAR, NEAR_SHARE * distance)
        if state == Attempt.State.DELIVERED and ended and is_near:
            rides[courier].append((is_like, int((ended - accepted).total_seconds())))
    return {
        courier: Times(_ninth(waits[courier]), _ninth(rides.get(courier, []))) for courier in waits
    }


def percentile(ordered: Sequence[int], percent: int) -> int | None:
    """Returns the smallest value that so many percent do not exceed; None of nothing."""
    return ordered[ceil(len(ordered) * percent / 100) - 1] if ordered else None


def _hour(at: datetime) -> tuple[int, int]:
    local = timezone.localtime(at)
    return local.isoweekday(), local.hour


def _ninth(samples: Sequence[tuple[bool, int]]) -> int | None:
    """Returns the ninth decile; None while there are too few."""
    for found in ([span for is_like, span in samples if is_like], [span for _is, span in samples]):
        if len(found) >= FEWEST_SAMPLES:
            return percentile(sorted(max(0, span) for span in found), 90)
    return None
