"""How lists show takeaway orders: amounts of fen, and customers without their numbers."""

from collections.abc import Callable
from typing import Any

from django.contrib.admin import display
from django.urls import reverse
from django.utils.safestring import SafeString
from django.utils.translation import gettext_lazy as _
from django_stubs_ext import StrOrPromise

from messaging.models import Order, Refund
from stores.backoffice.labels import link, money
from stores.money import yuan_of
from stores.text import listed

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

# What goes to the receipt printer says so, and looks otherwise than what the browser prints.
PRINT_AGAIN, RECEIPT_ICON = _("Print again at the receipt printer"), "receipt_long"


def fen_column(
    name: str, title: StrOrPromise, *, ordering: str = ""
) -> Callable[[Any, Any], SafeString | str]:
    """A column of an admin that shows fen in yuan, sorted by a field: its own, or another."""

    @display(description=title, ordering=ordering or name)
    def column(admin: Any, row: Any) -> SafeString | str:
        return fen_text(getattr(row, name))

    return column


def fen_text(fen: int | None) -> SafeString | str:
    return "–" if fen is None else money(yuan_of(fen))


def dishes_text(order: Order) -> str:
    """Returns the first dishes of an order, with how many of each."""
    names = [_with_number(dish) for dish in order.dishes]
    return listed(names[:4]) + ("…" if len(names) > 4 else "") or "–"


def part_text(refund: Refund) -> str:
    """Returns all dishes of which a part is given back."""
    return listed([_with_number(dish) for dish in refund.part_dishes]) or "–"


def _with_number(dish: dict[str, Any]) -> str:
    number = dish["quantity"]
    return f"{dish['name']} ×{number}" if number else dish["name"]


def order_link(order: Order) -> SafeString:
    return link(reverse("admin:messaging_order_change", args=[order.pk]), order)


@display(description=_("order"))
def order_column(admin: Any, row: Any) -> SafeString:
    """The column of an admin whose rows have an `order`."""
    return order_link(row.order)


@display(description=_("store"))
def order_store_column(admin: Any, row: Any) -> str:
    return str(row.order.store)
