"""Order pay: the buyer has paid. Code 200 means that the tickets can be used now; 598 means that
the codes come later.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import timedelta

from django.db import transaction
from django.utils import timezone

from stores.models import Connection
from stores.transitions import move
from trip.choices import Code, Refusal
from trip.models import Order, Voucher
from trip.services import orders, stock
from trip.services.issuing import is_own, issue_own
from trip.wire.requests import OrderRef

Status = Order.Status


@dataclass(frozen=True)
class Paid:
    """A paid order; `vouchers` is empty while the order is being issued."""

    order: Order
    vouchers: Sequence[Voucher]


def order_pay(*, connection: Connection, request: OrderRef) -> Paid:
    """Returns the order, issued or being issued. Raises Refusal. Runs in the caller's
    transaction.
    """
    order = orders.lock_numbered(connection, request.order_id)
    if order is None:
        # The refusal is not lasting: the create call may arrive later.
        raise Refusal(Code.PAY_OTHER, "订单不存在")
    orders.expect_same(order, request.partner_order_id, Code.PAY_OTHER)
    match order.status:
        case Status.CREATED:
            paid = _paid(order)
            # This UPDATE is the last step, because it makes all orders of that day wait until this
            # transaction ends.
            stock.sell_held(order)
            return paid
        case Status.EXPIRED:
            if not stock.sell_again(order):
                raise Refusal(Code.PAY_OTHER, "订单超时未支付已释放，余票不足")
            return _paid(order)
        case Status.FAILED:
            raise Refusal(Code.PAY_OTHER, order.failure or "出票失败", lasting=True)
        case Status.CLOSED:
            raise Refusal(Code.PAY_OTHER, "订单已关闭", lasting=True)
    if order.closed_at:
        raise Refusal(Code.PAY_OTHER, "订单已关闭")
    return Paid(order, orders.vouchers_of(order))


def _paid(order: Order) -> Paid:
    if is_own(order):
        return Paid(order, issue_own(order))
    move(order, Status.ISSUING, paid_at=timezone.now())
    return Paid(order, [])


def expire_unpaid(*, grace: timedelta = timedelta(minutes=5)) -> int:
    """Frees the held tickets of orders that were not paid in time. Returns how many orders
    expired.
    """
    over = Order.objects.filter(status=Status.CREATED, pay_until__lt=timezone.now() - grace)
    return sum(_expire(pk) for pk in list(over.values_list("pk", flat=True)[:500]))


@transaction.atomic
def _expire(pk: int) -> bool:
    order = orders.lock(pk)
    if order.status != Status.CREATED:
        return False
    move(order, Status.EXPIRED)
    stock.free_held(order)
    return True
