"""Selects tickets of a locked order and changes their state; the order's lock makes use and refund
exclude each other.
"""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime

from django.utils.translation import gettext_lazy as _

from trip.models import Order, Refund, Voucher
from trip.services.orders import OrderConflict


@dataclass(frozen=True)
class Portion:
    """`quantity` tickets of one voucher."""

    voucher: Voucher
    quantity: int


def as_rows(portions: Iterable[Portion]) -> list[dict[str, object]]:
    """Returns the form that rows store: [{"voucher": code, "quantity": n}]."""
    return [{"voucher": portion.voucher.code, "quantity": portion.quantity} for portion in portions]


def count(portions: Iterable[Portion]) -> int:
    return sum(portion.quantity for portion in portions)


def frozen_by_reviews(
    order: Order, vouchers: Sequence[Voucher], *, but: Refund | None = None
) -> dict[int, int]:
    """Counts by voucher the tickets of refunds under review, which cannot be used until the
    decision.

    The tickets of the refund `but` are set aside for it, but not counted.
    """
    taken: dict[int, int] = {}
    frozen: dict[int, int] = {}
    for refund in order.refunds.filter(status=Refund.Status.REVIEW).order_by("pk"):
        for portion in _spread(vouchers, refund.codes, refund.quantity, taken):
            key = portion.voucher.pk
            taken[key] = taken.get(key, 0) + portion.quantity
            if but is None or refund.pk != but.pk:
                frozen[key] = frozen.get(key, 0) + portion.quantity
    return frozen


def _spread(
    vouchers: Sequence[Voucher], codes: Sequence[str], quantity: int, frozen: dict[int, int]
) -> list[Portion]:
    """Takes at most `quantity` free tickets, the oldest first, from the named vouchers, or from all
    if none is named.
    """
    portions = []
    for voucher in vouchers:
        if codes and voucher.code not in codes:
            continue
        free = min(quantity, voucher.unused - frozen.get(voucher.pk, 0))
        if free > 0:
            portions.append(Portion(voucher, free))
            quantity -= free
    return portions


def free_portions(
    order: Order,
    vouchers: Sequence[Voucher],
    *,
    codes: Sequence[str],
    quantity: int,
    but: Refund | None = None,
) -> list[Portion]:
    """Returns up to `quantity` tickets of the given codes (or of any) that are neither used, gone,
    nor under review.
    """
    return _spread(vouchers, codes, quantity, frozen_by_reviews(order, vouchers, but=but))


def use(portions: Iterable[Portion], at: datetime) -> None:
    for portion in portions:
        portion.voucher.used += portion.quantity
        portion.voucher.used_at = at
        portion.voucher.save(update_fields=["used", "used_at"])


def refund(portions: Iterable[Portion], at: datetime) -> None:
    for portion in portions:
        portion.voucher.refunded += portion.quantity
        portion.voucher.refunded_at = at
        portion.voucher.save(update_fields=["refunded", "refunded_at"])


def void(vouchers: Iterable[Voucher], at: datetime) -> int:
    """Voids every unused ticket; returns how many."""
    gone = 0
    for voucher in vouchers:
        if unused := voucher.unused:
            voucher.voided += unused
            voucher.voided_at = at
            voucher.save(update_fields=["voided", "voided_at"])
            gone += unused
    return gone


def why_not(order: Order, vouchers: Sequence[Voucher], codes: Sequence[str]) -> OrderConflict:
    """Returns the reason why the requested tickets cannot be used or refunded."""
    named = [voucher for voucher in vouchers if not codes or voucher.code in codes]
    if codes and len(named) < len(set(codes)):
        return OrderConflict(_("A code does not belong to this order."))
    if any(voucher.unused for voucher in named):
        under_review = frozen_by_reviews(order, vouchers)
        if any(under_review.get(voucher.pk) for voucher in named):
            return OrderConflict(_("A refund of these tickets is waiting for a decision."))
        return OrderConflict(_("Not so many tickets are left."))
    if any(voucher.used for voucher in named):
        return OrderConflict(_("The tickets were used already."))
    if any(voucher.refunded for voucher in named):
        return OrderConflict(_("The tickets were refunded."))
    return OrderConflict(_("The tickets are not valid any more."))
