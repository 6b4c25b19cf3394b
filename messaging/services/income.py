"""What refunds of parts take of an order's income.

Meituan does not say at once what it pays after such a refund: what it has said of the income is
before refunds, until it says another sum, with the settlement or earlier.
"""

from collections.abc import Iterable

from django.db.models import QuerySet
from django.utils.translation import gettext as _

from messaging.choices import RefundState
from messaging.models import Order, Refund
from stores.money import yuan_of, yuan_text


def agreed_parts(refunds: Iterable[Refund]) -> list[Refund]:
    return [row for row in refunds if row.is_part and row.state == RefundState.AGREED]


def agreed_parts_of(orders: QuerySet[Order]) -> list[Refund]:
    """Returns the refunds of parts of these orders, each with its order."""
    rows = Refund.objects.filter(order__in=orders.order_by(), is_part=True)
    rows = rows.filter(state=RefundState.AGREED).select_related("order")
    known = ("order", "is_part", "state", "money", "applied_at", "decided_at")
    return list(rows.only(*known, "order__received_changed_at").order_by("pk"))


def sum_of(parts: Iterable[Refund]) -> int | None:
    """Returns the fen that customers got back; None where Meituan has not said one of the sums."""
    total = 0
    for row in parts:
        if row.money is None:
            return None
        total += row.money
    return total


def sum_text(parts: Iterable[Refund]) -> str:
    """Returns the same for people."""
    fen = sum_of(parts)
    return _("a sum that Meituan has not told yet") if fen is None else yuan_text(yuan_of(fen))


def is_before_refunds(order: Order, refunds: Iterable[Refund]) -> bool:
    """Whether the income that is shown of an order is without its refunds of parts."""
    decided = [row.decided_at or row.applied_at for row in agreed_parts(refunds)]
    if not decided:
        return False
    changed_at = order.received_changed_at
    return changed_at is None or changed_at < max(decided)
