"""The bodies of our answers and notices about orders. All quantities come from the vouchers."""

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
    # Its held tickets are free again, but Meituan may still send the payment.
    Order.Status.EXPIRED: OrderStatus.CREATED,
    Order.Status.ISSUING: OrderStatus.ISSUING,
    Order.Status.ISSUED: OrderStatus.ISSUED,
    Order.Status.FAILED: OrderStatus.PAY_FAILED,
}


def order_status(order: Order) -> int:
    """Returns the status for Meituan; a closed order counts as failed at the step that it had
    reached.
    """
    if order.status == Order.Status.CLOSED:
        return OrderStatus.PAY_FAILED if order.paid_at else OrderStatus.CREATE_FAILED
    return _STATUS[Order.Status(order.status)]


def ids(order: Order) -> Body:
    """The body of a create, of a pay answered 598, and of the notice of a failed issue."""
    return {"orderId": order.order_id, "partnerOrderId": order.partner_order_id}


def issued(order: Order, vouchers: Sequence[Voucher] | None = None) -> Body:
    """The body of a pay answered 200, and of the pay notice.

    `vouchers` saves a query when they were just written.
    """
    coded = [voucher for voucher in vouchers or vouchers_of(order) if voucher.code]
    return ids(order) | {
        "voucherType": order.voucher_type,
        "vouchers": [voucher.code for voucher in coded],
        "voucherPics": [picture_url(voucher) for voucher in coded],
    }


def queried(order: Order) -> Body:
    """The body of the query; before the issue all quantities are zero and there is no list."""
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
    """Returns one item per state of this code's tickets."""
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
        # Meituan's name is misleading: the field is the time when the ticket got this state.
        "voucherInvalidTime": wire_moment(at),
        "quantity": quantity,
        "status": int(status),
    }


def refunded(refund: Refund) -> Body:
    """The body of every answer to a refund and of the refund notice."""
    return {
        "orderId": refund.order.order_id,
        "refundId": refund.refund_id,
        "partnerOrderId": refund.order.partner_order_id,
        "requestTime": wire_moment(refund.received_at),
        "responseTime": wire_moment(refund.decided_at or refund.received_at),
    }


def consumed(consumption: Consumption) -> Body:
    """The body of the consume notice: quantities count up to this use, even if the notice is sent
    late; the list has the tickets of this use.
    """
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
