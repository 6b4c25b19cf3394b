"""Figures of the start page: since when they count, and how money is shown."""

from datetime import datetime, time, timedelta
from decimal import Decimal

from django.utils import timezone
from django.utils.formats import number_format


def start_of_day(days_ago: int = 0) -> datetime:
    """Local midnight of today or of some day before."""
    day = timezone.localdate() - timedelta(days=days_ago)
    return timezone.make_aware(datetime.combine(day, time.min))


def yuan(amount: Decimal | None) -> str:
    return f"¥{number_format(amount or Decimal(0), 2, force_grouping=True)}"
