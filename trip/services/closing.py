"""Messages about facts on Meituan's side: orders closed, tickets refunded without asking us.

The services follow them, and note the order for a person if tickets were used before the message
arrived.
"""

from decimal import Decimal
from typing import Any

from django.db.models import Sum
from django.utils import timezone

from stores.models import Connection
from stores.transitions import move
from trip.choices import CloseType, Code, Method, RefundedBecause, Trouble, VoucherType
from trip.models import Order, Refund
from trip.services import orders, stock, tickets
from trip.services.notices import revoke_pay_notice
from trip.wire.requests import CloseMessage, RefundedMessage

Status = Order.Status


def order_close(*, connection: Connection, message: CloseMessage) -> Order | None:
    """Closes the order as Meituan did; returns None if the order is unknown.

    Runs in the caller's transaction. Raises Refusal when the message names two different orders.
    """
    order = orders.lock_numbered(connection, message.order_id)
    if order is None:
        return None
    orders.expect_same(order, message.partner_order_id, Code.OTHER)
    if not order.closed_at:
        _close(order, message.close_type)
    return order


def _close(order: Order, close_type: int) -> None:
    now = timezone.now()
    order.close_type, order.closed_at = close_type, now
    if order.status == Status.CREATED:
        stock.free_held(order)
    if order.status == Status.ISSUING:
        stock.give_back(order, order.quantity)
        if not order.needs_person and not order.is_drill:
            orders.note_for_person(order, Trouble.CLOSED_WHILE_ISSUING)
    if order.status in (Status.CREATED, Status.EXPIRED, Status.ISSUING):
        move(order, Status.CLOSED, close_type=close_type, closed_at=now)
        return
    order.save(update_fields=["close_type", "closed_at"])
    if order.status == Status.ISSUED:
        _void(order)


def _void(order: Order) -> None:
    """Voids the tickets of an issued order; its status stays issued, because status 4 is final."""
    vouchers = orders.vouchers_of(order)
    for refund in order.refunds.filter(status=Refund.Status.REVIEW):
        portions = tickets.free_portions(
            order, vouchers, codes=refund.codes, quantity=refund.quantity, but=refund
        )
        _agree(order, refund, portions, "订单已关闭")
    stock.give_back(order, tickets.void(vouchers, timezone.now()))
    revoke_pay_notice(order)
    if any(voucher.used for voucher in vouchers):
        orders.note_for_person(order, Trouble.CLOSED_AFTER_USE)
    elif order.close_type != CloseType.PAY_FAILED:
        orders.note_for_person(order, Trouble.CLOSED_AFTER_ISSUE)


def order_refunded(*, connection: Connection, message: RefundedMessage) -> Order | None:
    """Records a refund that Meituan made without asking; returns None if the order is unknown.

    Runs in the caller's transaction. Raises Refusal when the message names two different orders.
    """
    order = orders.lock_numbered(connection, message.order_id)
    if order is None:
        return None
    orders.expect_same(order, message.partner_order_id, Code.OTHER)
    if order.status == Status.ISSUED:
        _revoke(order, message)
    elif order.status == Status.ISSUING and not order.closed_at:
        _refund_unissued(order, message)
    elif not order.closed_at and order.status != Status.FAILED:
        # Meituan gives money back, so the buyer has paid, although no pay call came.
        _close(order, CloseType.PAY_FAILED)
    return order


def _refund_unissued(order: Order, message: RefundedMessage) -> None:
    """Records a refund of tickets that are not issued yet; order_issue takes them back at once."""
    refund = _refund_meant(order, message)
    if refund.status == Refund.Status.AGREED:
        refund.message_type = message.because
        refund.save(update_fields=["message_type"])
        return
    agreed = order.refunds.filter(status=Refund.Status.AGREED).aggregate(tickets=Sum("quantity"))
    left = order.quantity - (agreed["tickets"] or 0)
    changes = {"message_type": message.because, "quantity": min(message.quantity, left)}
    _agree(order, refund, [], message.reason, **changes)
    if message.quantity > left:
        orders.note_for_person(order, Trouble.REFUNDED_AFTER_USE)
    if message.quantity >= left:
        _close(order, CloseType.PAY_FAILED)


def _revoke(order: Order, message: RefundedMessage) -> None:
    refund = _refund_meant(order, message)
    if refund.status == Refund.Status.AGREED:
        refund.message_type = message.because
        refund.save(update_fields=["message_type"])
        return
    vouchers = orders.vouchers_of(order)
    known = {voucher.code for voucher in vouchers}
    codes = [code for code in message.codes if code in known] or refund.codes
    portions = tickets.free_portions(
        order, vouchers, codes=codes, quantity=message.quantity, but=refund
    )
    changes = {"message_type": message.because, "quantity": tickets.count(portions)}
    _agree(order, refund, portions, message.reason, **changes)
    if tickets.count(portions) + sum(voucher.voided for voucher in vouchers) < message.quantity:
        # The refunded tickets were used already, or another refund covers them.
        orders.note_for_person(order, Trouble.REFUNDED_AFTER_USE)


def _agree(
    order: Order, refund: Refund, portions: list[tickets.Portion], reason: str, **changes: Any
) -> None:
    """Agrees to the refund and takes its tickets back, because Meituan has already paid the money
    back.
    """
    now = timezone.now()
    tickets.refund(portions, now)
    stock.give_back(order, tickets.count(portions))
    move(
        refund,
        Refund.Status.AGREED,
        reason=reason,
        method=Method.MEITUAN,
        decided_at=now,
        tickets=tickets.as_rows(portions),
        **changes,
    )


def _refund_meant(order: Order, message: RefundedMessage) -> Refund:
    """Returns the application that this message ends or confirms, by its number or else by its
    tickets; or a new refund.
    """
    known = list(order.refunds.order_by("received_at", "pk"))
    numbered = [refund for refund in known if refund.refund_id == message.serial]
    under_review = [
        refund
        for refund in known
        if refund.status == Refund.Status.REVIEW and _is_same(refund, message)
    ]
    crossing = [refund for refund in known if _crosses(refund, message)]
    for refund in numbered + under_review + crossing:
        return refund
    return Refund(
        order=order,
        store=order.store,
        refund_id=message.serial,
        quantity=message.quantity,
        codes=list(message.codes),
        price=_whole_price(order, message),
        applied_at=message.refunded_at,
    )


def _is_same(refund: Refund, message: RefundedMessage) -> bool:
    codes = set(refund.codes) or {taken["voucher"] for taken in refund.tickets}
    return refund.quantity == message.quantity and (
        not message.codes or codes == set(message.codes)
    )


def _crosses(refund: Refund, message: RefundedMessage) -> bool:
    """Whether the message confirms an agreement of ours that crossed with it.

    At the deadline our agreement and Meituan's may be sent at the same time; one message confirms
    one of ours. A refund by Meituan's customer service is a different one, unless it names tickets
    that are refunded already.
    """
    is_open = (
        refund.status == Refund.Status.AGREED
        and refund.message_type is None
        and not message.is_numbered
    )
    is_gone = message.codes and refund.order.voucher_type == VoucherType.PER_TICKET
    return (
        is_open
        and _is_same(refund, message)
        and bool(message.because == RefundedBecause.REVIEW_TIMED_OUT or is_gone)
    )


def _whole_price(order: Order, message: RefundedMessage) -> Decimal | None:
    """Returns the price of all tickets, as the message has yuan per ticket; None if it is more than
    was paid.
    """
    each = order.unit_price if message.price is None else message.price
    price = each * message.quantity
    return price if price <= order.total_price else None
