"""What we say about orders: bodies of our answers and notices. Quantities all come from the vouchers."""

from collections.abc import Iterable, Sequence
from datetime import datetime
from typing import Any

from trip.choices import VoucherType
from trip.models import Consumption, Order, Refund, Voucher, tally
from trip.services.orders import vouchers_of
from trip.services.pictures import picture_url
from trip.wire.statuses import OrderStatus, VoucherStatus
from trip.wire.values import wire_moment

Body = dict[str, Any]


_USED = VoucherStatus.USED
_STATUS = {
    Order.Status.CREATED: OrderStatus.CREATED,
    # We have given its tickets back, but Meituan may still send the payment.
    Order.Status.EXPIRED: OrderStatus.CREATED,
    Order.Status.ISSUING: OrderStatus.ISSUING,
    Order.Status.ISSUED: OrderStatus.ISSUED,
    Order.Status.FAILED: OrderStatus.PAY_FAILED,
}


def order_status(order: Order) -> int:
    """A closed order counts as failed at the step it had reached."""
    if order.status == Order.Status.CLOSED:
        return OrderStatus.PAY_FAILED if order.paid_at else OrderStatus.CREATE_FAILED
    return _STATUS[Order.Status(order.status)]


def ids(order: Order) -> Body:
    """Of a create, of a pay answered 598, and of the notice of a failed issue."""
    return {"orderId": order.order_id, "partnerOrderId": order.partner_order_id}


def issued(order: Order, vouchers: Sequence[Voucher] | None = None) -> Body:
    """Of a pay answered 200, and of the pay notice. `vouchers` spares reading those that were just written."""
    coded = [voucher for voucher in vouchers or vouchers_of(order) if voucher.code]
    return ids(order) | {
        "voucherType": order.voucher_type,
        "vouchers": [voucher.code for voucher in coded],
        "voucherPics": [picture_url(voucher) for voucher in coded],
    }


def queried(order: Order) -> Body:
    """Of the query; while nothing is issued the quantities are zero and there is no list."""
    vouchers = vouchers_of(order)
    counts = tally(vouchers)
    body = ids(order) | {
        "orderStatus": int(order_status(order)),
        "orderQuantity": order.quantity,
        "usedQuantity": counts.used,
        "refundedQuantity": counts.refunded,
        "voucherType": order.voucher_type,
    }
    if order.status == Order.Status.ISSUED and order.voucher_type != VoucherType.NONE:
        body["voucherList"] = [item for voucher in vouchers for item in _listed(voucher)]
    return body


def _listed(voucher: Voucher) -> Iterable[Body]:
    """One item per state that tickets of this code are in."""
    states: tuple[tuple[VoucherStatus, int, datetime | None], ...] = (
        (VoucherStatus.UNUSED, voucher.unused, voucher.valid_at),
        (VoucherStatus.USED, voucher.used, voucher.used_at),
        (VoucherStatus.REFUNDED, voucher.refunded, voucher.refunded_at),
        (VoucherStatus.VOIDED, voucher.voided, voucher.voided_at),
    )
    picture = picture_url(voucher)
    return [
        _item(voucher.code, picture, at, quantity, status)
        for status, quantity, at in states
        if quantity
    ]


def _item(code: str, picture: str, at: datetime | None, quantity: int, status: int) -> Body:
    return {
        "voucher": code,
        "voucherPics": picture,
        # Meituan's name misleads: it is when the ticket came into this state.
        "voucherInvalidTime": wire_moment(at),
        "quantity": quantity,
        "status": int(status),
    }


def refunded(refund: Refund) -> Body:
    """Of every answer to a refund and of the refund notice."""
    return {
        "orderId": refund.order.order_id,
        "refundId": refund.refund_id,
        "partnerOrderId": refund.order.partner_order_id,
        "requestTime": wire_moment(refund.received_at),
        "responseTime": wire_moment(refund.decided_at or refund.received_at),
    }


def consumed(consumption: Consumption) -> Body:
    """Of the consume notice: quantities count up to this event, however late it is told; the list names its tickets."""
    order = consumption.order
    pictures = {voucher.code: picture_url(voucher) for voucher in vouchers_of(order)}
    uses = order.consumptions.filter(pk__lte=consumption.pk)
    refunds = order.refunds.filter(status=Refund.Status.AGREED, decided_at__lte=consumption.at)
    return ids(order) | {
        "quantity": order.quantity,
        "usedQuantity": sum(uses.values_list("quantity", flat=True)),
        "refundedQuantity": sum(refunds.values_list("quantity", flat=True)),
        "voucherList": [
            _item(
                item["voucher"],
                pictures.get(item["voucher"], ""),
                consumption.at,
                item["quantity"],
                _USED,
            )
            for item in consumption.tickets
            if item["voucher"]
        ],
    }
