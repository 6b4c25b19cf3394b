"""How lists show takeaway orders: amounts of fen, and customers without their numbers."""

from collections.abc import Callable
from typing import Any

from django.contrib.admin import display
from django.urls import reverse
from django.utils.safestring import SafeString
from django.utils.translation import gettext_lazy as _
from django_stubs_ext import StrOrPromise

from messaging.models import Order
from stores.backoffice.labels import link, money
from stores.money import yuan_of

STATE_COLOURS = {
    "new": "danger",
    "confirmed": "warning",
    "finished": "success",
    "cancelled": "info",
    "unknown": "info",
}
REFUND_COLOURS = {
    "open": "danger",
    "agreed": "success",
    "rejected": "info",
    "withdrawn": "info",
}
PAPER_COLOURS = {
    "queued": "warning",
    "sent": "warning",
    "confirmed": "success",
    "unknown": "danger",
    "failed": "danger",
    "skipped": "info",
}


def fen_column(field: str, title: StrOrPromise) -> Callable[[Any, Any], SafeString | str]:
    """A column of an admin that shows a field of fen in yuan."""

    @display(description=title, ordering=field)
    def column(admin: Any, row: Any) -> SafeString | str:
        fen = getattr(row, field)
        return "–" if fen is None else money(yuan_of(fen))

    return column


def order_link(order: Order) -> SafeString:
    return link(reverse("admin:messaging_order_change", args=[order.pk]), order)


@display(description=_("order"))
def order_column(admin: Any, row: Any) -> SafeString:
    """The column of an admin whose rows have an `order`."""
    return order_link(row.order)


@display(description=_("store"))
def order_store_column(admin: Any, row: Any) -> str:
    return str(row.order.store)
