"""Order query: the present state of an order, from its rows."""

from stores.models import Connection
from trip.choices import Code, Refusal
from trip.models import Order, prepared
from trip.services import orders
from trip.wire.requests import OrderRef


def order_query(*, connection: Connection, request: OrderRef) -> Order:
    """Returns the order with Meituan's number. Raises Refusal."""
    order = prepared.ORDER.one(connection=connection.pk, order_id=request.order_id)
    if order is None:
        raise Refusal(Code.NO_SUCH_ORDER, "订单不存在")
    orders.expect_same(order, request.partner_order_id, Code.NO_SUCH_ORDER)
    return order
