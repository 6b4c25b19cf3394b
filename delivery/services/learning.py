"""How couriers did for a store before: acceptance at the same weekday and hour, and how long they
took, three months back.
"""

from collections import defaultdict
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from math import ceil

from django.db.models import Count, F, Q
from django.utils import timezone

from delivery.models import Attempt, DeliveryStore
from delivery.services.choosing import FEWEST_SAMPLES, Acceptance

BACK = timedelta(days=91)
# The newest riders that are looked at.
MOST = 3000
# Rides count whose distance differs by so many metres, or so much of it, at most.
NEAR, NEAR_SHARE = 500, 0.3


def acceptance(place: DeliveryStore, minutes: int) -> Mapping[str, Acceptance]:
    """Returns how often each courier (by its delivery id) accepted within so many minutes."""
    now = timezone.localtime()
    in_time = Q(accepted_at__lte=F("called_at") + timedelta(minutes=minutes))
    rows = (
        Attempt.objects.real()
        .filter(
            courier__place=place,
            called_at__gte=now - BACK,
            # Of those called later nobody knows yet.
            called_at__lte=now - timedelta(minutes=minutes),
            called_at__iso_week_day=now.isoweekday(),
            called_at__hour=now.hour,
        )
        .order_by()
        .values("courier_code")
        .annotate(orders=Count("pk"), in_time=Count("pk", filter=in_time))
    )
    return {row["courier_code"]: Acceptance(row["orders"], row["in_time"]) for row in rows}


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
        courier__place=place, called_at__gte=timezone.now() - BACK, accepted_at__isnull=False
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
