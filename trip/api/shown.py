"""The JSON of orders in the API, in our own words instead of the platform's; sums are yuan in
strings.
"""

from typing import Any

from stores.money import yuan_json
from trip.models import Consumption, Order, Refund, Voucher, tally
from trip.services import visitors


def order_shown(order: Order, *, whole: bool) -> dict[str, Any]:
    """Needs product, vouchers, refunds and visitors to be read with the row. `whole` shows visitors
    unmasked.
    """
    vouchers = order.vouchers.all()
    counts = tally(vouchers)
    return {
        # A string, because up to 19 digits are more than JavaScript's numbers hold.
        "order_id": str(order.order_id),
        "partner_order_id": order.partner_order_id,
        "status": order.status,
        "failure": order.failure,
        "store": order.store_id,
        "product": {"partner_deal_id": order.product.deal_id, "title": order.product.title},
        "quantity": order.quantity,
        "used": counts.used,
        "refunded": counts.refunded,
        "voided": counts.voided,
        "voucher_type": order.voucher_type,
        "vouchers": [_voucher(voucher) for voucher in vouchers if voucher.code],
        "travel_date": order.travel_date,
        "unit_price": str(order.unit_price),
        "settlement_price": str(order.buy_price),
        "total_price": str(order.total_price),
        "visitors": [visitors.shown(visitor, whole=whole) for visitor in order.visitors.all()],
        "refunds": [refund_shown(refund) for refund in order.refunds.all()],
        "needs_person": order.needs_person or None,
        "created_at": order.created_at,
        "paid_at": order.paid_at,
        "issued_at": order.issued_at,
    }


def _voucher(voucher: Voucher) -> dict[str, Any]:
    return {
        "code": voucher.code,
        "quantity": voucher.quantity,
        "used": voucher.used,
        "refunded": voucher.refunded,
        "voided": voucher.voided,
    }


def refund_shown(refund: Refund) -> dict[str, Any]:
    return {
        "refund_id": refund.refund_id,
        "status": refund.status,
        "quantity": refund.quantity,
        "vouchers": refund.codes,
        "price": yuan_json(refund.price),
        "fee": yuan_json(refund.fee),
        "applied_at": refund.applied_at,
        "deadline": refund.deadline,
        "reason": refund.reason,
        "decided_by": refund.decided_by,
        "decided_at": refund.decided_at,
    }


def consumption_shown(order: Order, consumption: Consumption) -> dict[str, Any]:
    """Contains only values that never change, so that a repeated request gets the first answer."""
    return {
        "order_id": str(order.order_id),
        "quantity": consumption.quantity,
        "vouchers": [
            {"code": item["voucher"], "quantity": item["quantity"]}
            for item in consumption.tickets
            if item["voucher"]
        ],
        "used_by": consumption.by,
        "used_at": consumption.at,
    }
