"""Who bought: the first visitor that an order names, masked, as lists show it to everybody."""

from typing import Any

from django.db.models import Prefetch, QuerySet

from trip.models import Order, Visitor
from trip.services.visitors import readable


def with_buyers(rows: QuerySet[Any], path: str = "") -> QuerySet[Any]:
    """Prefetches what `buyer_of` reads; `path` leads from the rows to their orders."""
    return rows.prefetch_related(Prefetch(f"{path}visitors", Visitor.objects.order_by("pk")))


def buyer_of(order: Order, unknown: str = "–") -> str:
    """Returns the masked name and the last four digits of the mobile, as "王** 1234"."""
    for visitor in order.visitors.all():
        data = readable(visitor, whole=False)
        shown = " ".join(filter(None, (data["name"], data["mobile"][-4:])))
        if shown:
            return shown
    return unknown
