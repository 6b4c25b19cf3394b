"""Figures by local day, for the start page's charts."""

from collections.abc import Callable
from datetime import datetime
from itertools import pairwise
from typing import Any

from django.db.models import Aggregate, Q, QuerySet
from django.utils import timezone
from django.utils.formats import date_format

from stores.clock import start_of_day


def first_of(days: int) -> datetime:
    """The local midnight with which the last `days` days begin; today is the last of them."""
    return start_of_day(days - 1)


def day_labels(days: int) -> list[str]:
    """The last days as month and day, today last."""
    return [date_format(timezone.localtime(start_of_day(ago)), "n/j") for ago in range(days)[::-1]]


def per_day(
    rows: QuerySet[Any],
    *,
    at: str,
    value: Callable[[Q], Aggregate],
    days: int,
    by: tuple[str, ...] = (),
) -> dict[tuple[Any, ...], list[float]]:
    """The values of each of the last days, by the fields `by`; today last.

    `value` aggregates the rows that meet a condition on the moment `at`. There is one condition
    per day, because SQLite has no fast way to a local date.
    """
    starts = [start_of_day(ago) for ago in range(days - 1, -2, -1)]
    columns = {
        f"day{n}": value(Q(**{f"{at}__gte": first, f"{at}__lt": last}))
        for n, (first, last) in enumerate(pairwise(starts))
    }
    rows = rows.order_by()
    found = rows.values(*by).annotate(**columns) if by else [rows.aggregate(**columns)]
    return {
        tuple(row[name] for name in by): [float(row[column] or 0) for column in columns]
        for row in found
    }
