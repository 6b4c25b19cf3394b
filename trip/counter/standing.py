"""Whether tickets can be used now, asked before anything is used."""

from stores.conflicts import Conflict
from trip.models import Order, Voucher
from trip.services import tickets
from trip.services.consuming import check_day
from trip.services.orders import not_now


def free(voucher: Voucher) -> int:
    """Counts the voucher's tickets that are neither used, gone, nor under review."""
    vouchers = list(voucher.order.vouchers.order_by("id"))
    return voucher.unused - tickets.frozen_by_reviews(voucher.order, vouchers).get(voucher.pk, 0)


def free_in_order(voucher: Voucher) -> int:
    """Counts the free tickets of the whole order."""
    return sum(_free_by_code(voucher).values())


def free_codes(voucher: Voucher) -> list[str]:
    """Returns the codes of the order that have a free ticket."""
    return [code for code, count in _free_by_code(voucher).items() if count]


def _free_by_code(voucher: Voucher) -> dict[str, int]:
    vouchers = list(voucher.order.vouchers.order_by("id"))
    frozen = tickets.frozen_by_reviews(voucher.order, vouchers)
    return {one.code: one.unused - frozen.get(one.pk, 0) for one in vouchers}


def objection(voucher: Voucher, count: int) -> Conflict | None:
    """Returns why none of the voucher's tickets can be used now, with the texts of order_consume;
    else None.
    """
    order = voucher.order
    try:
        if order.status != Order.Status.ISSUED:
            raise Conflict(not_now(order))
        check_day(order)
        if not count:
            raise tickets.why_not(
                order, list(order.vouchers.order_by("id")), [voucher.code] if voucher.code else []
            )
    except Conflict as conflict:
        return conflict
    return None
