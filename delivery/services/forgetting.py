"""Removes who received and who rode, after the merchant's days."""

from datetime import timedelta

from django.db import transaction
from django.db.models import Q
from django.utils import timezone

from delivery.models import Attempt, Delivery, ReceiverCase, WaybillNews
from stores.models import Merchant

# A delivery that nobody has ended is over by then.
SURELY_OVER = timedelta(days=14)
# More days keep everything.
MOST_DAYS = 36_500
BATCH = 500


def forget_receivers() -> int:
    """Empties what is personal in deliveries that began more than the merchant's days ago and are
    over; returns how many. What it cost, and when which courier came, stays.
    """
    count = 0
    for merchant in Merchant.objects.order_by("pk"):
        while some := _forget_some(merchant):
            count += some
    return count


@transaction.atomic
def _forget_some(merchant: Merchant) -> int:
    now = timezone.now()
    days = min(merchant.personal_data_days, MOST_DAYS)
    is_over = ~Q(state__in=Delivery.OPEN) | Q(created_at__lt=now - SURELY_OVER)
    rows = Delivery.objects.filter(
        is_over,
        store__merchant=merchant,
        emptied_at=None,
        created_at__lt=now - timedelta(days=days),
    )
    pks = list(rows.order_by("created_at").values_list("pk", flat=True)[:BATCH])
    Attempt.objects.filter(delivery__in=pks).update(rider={}, pickup_code="", finish_code="")
    WaybillNews.objects.filter(attempt__delivery__in=pks).update(message="")
    ReceiverCase.objects.filter(delivery__in=pks).update(text="")
    _forget_words_to_riders(pks)
    return Delivery.objects.filter(pk__in=pks).update(
        receiver={}, phone_tail="", openid="", note="", emptied_at=now
    )


def _forget_words_to_riders(pks: list[int]) -> None:
    """Empties what was said about fetching and handing over; what the goods were stays."""
    empty = {"pickup_info": "", "delivery_info": ""}
    rows = Delivery.objects.filter(pk__in=pks).only("cargo")
    told = [row for row in rows if any(row.cargo.get(name) for name in empty)]
    for row in told:
        row.cargo |= empty
    Delivery.objects.bulk_update(told, ["cargo"])
