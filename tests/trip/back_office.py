"""Helpers for the back office of a shop that sells tickets."""

from typing import Any

from django.test import Client

from stores.models import OutboundCall
from tests import back_office
from tests.back_office import at_work, page, press
from trip.models import Product

__all__ = ["at_work", "listed", "page", "press", "product_notices"]


def listed(client: Client, model: str, **query: Any) -> list[Any]:
    """Returns the rows that a list of tickets shows."""
    return back_office.listed(client, f"trip_{model}", **query)


def product_notices(product: Product) -> list[int]:
    """Returns the statuses of the enqueued product notices, oldest first."""
    calls = OutboundCall.objects.filter(operation="ticket.product", subject_id=product.pk).order_by(
        "id"
    )
    return [call.payload["status"] for call in calls]
