"""How couriers did for a store before: the same weekday and hour, three months back."""

from collections.abc import Mapping
from datetime import timedelta

from django.db.models import Count, F, Q
from django.utils import timezone

from delivery.models import Attempt, DeliveryStore
from delivery.services.choosing import Acceptance

BACK = timedelta(days=91)


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
