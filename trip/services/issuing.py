"""Issues tickets: with our own codes at once, or with the merchant's codes, by its ticketing system
or by hand.
"""

from collections.abc import Sequence

from django.db import IntegrityError, transaction
from django.utils import timezone
from django.utils.translation import gettext_lazy as _

from stores.audit import Actor
from stores.prepared import insert
from stores.transitions import move
from trip.choices import Issuing, VoucherType
from trip.codes import NO_VOUCHER, is_voucher, new_code
from trip.models import Order, Refund, Voucher
from trip.services import orders, stock, tickets
from trip.services.notices import enqueue_pay_notice
from trip.services.orders import OrderConflict

Status = Order.Status


def codes_needed(order: Order) -> int:
    return {VoucherType.NONE: 0, VoucherType.PER_TICKET: order.quantity}.get(
        VoucherType(order.voucher_type), 1
    )


def issue_own(order: Order) -> list[Voucher]:
    """Issues our own codes for a locked, paid order."""
    vouchers = _write(order, [new_code() for _ in range(codes_needed(order))])
    move(order, Status.ISSUED, paid_at=order.paid_at or timezone.now(), issued_at=timezone.now())
    return vouchers


def _write(order: Order, codes: Sequence[str]) -> list[Voucher]:
    """Writes the vouchers; without codes one row counts the whole order, so that quantities are
    summed in the same way everywhere.
    """
    is_per_ticket = order.voucher_type == VoucherType.PER_TICKET
    each = 1 if is_per_ticket else order.quantity
    now = timezone.now()
    vouchers = [
        Voucher(
            connection_id=order.connection_id, order=order, code=code, quantity=each, valid_at=now
        )
        for code in codes or [""]
    ]
    if len(vouchers) > 1:
        return Voucher.objects.bulk_create(vouchers)
    insert(vouchers[0])
    return vouchers


def order_issue(*, order_pk: int, codes: Sequence[str], actor: Actor, method: str) -> Order:
    """Takes the merchant's codes and enqueues the pay notice to Meituan. A repetition with equal
    codes changes nothing.

    Raises Conflict when the order does not wait for codes, or when they do not fit it.
    """
    with transaction.atomic():
        order = orders.lock(order_pk)
        if order.status == Status.ISSUED:
            return _issued_already(order, codes)
        if order.status != Status.ISSUING:
            raise OrderConflict(orders.not_now(order))
        _check(order, codes)
        try:
            with transaction.atomic():
                vouchers = _write(order, codes)
        except IntegrityError as error:
            raise OrderConflict(_("A code belongs to another order.")) from error
        move(order, Status.ISSUED, issued_at=timezone.now())
        _take_back_refunded(order, vouchers)
        enqueue_pay_notice(order)
        orders.note(
            order,
            "trip.order.issued",
            actor=actor,
            method=method,
            codes=[f"…{code[-4:]}" for code in codes],
        )
    return order


def _take_back_refunded(order: Order, vouchers: list[Voucher]) -> None:
    """Takes back the tickets that Meituan refunded before they were issued."""
    for refund in order.refunds.filter(status=Refund.Status.AGREED):
        portions = tickets.free_portions(order, vouchers, codes=(), quantity=refund.quantity)
        tickets.refund(portions, timezone.now())
        stock.give_back(order, tickets.count(portions))
        refund.tickets = tickets.as_rows(portions)
        refund.save(update_fields=["tickets"])


def _issued_already(order: Order, codes: Sequence[str]) -> Order:
    known = sorted(voucher.code for voucher in orders.vouchers_of(order) if voucher.code)
    if sorted(codes) != known:
        raise OrderConflict(_("This order was issued already, with other codes."))
    return order


def _check(order: Order, codes: Sequence[str]) -> None:
    needed = codes_needed(order)
    if len(codes) != needed:
        raise OrderConflict(
            _("This order needs %(needed)d codes, not %(given)d.")
            % {"needed": needed, "given": len(codes)}
        )
    if len(set(codes)) != len(codes):
        raise OrderConflict(_("A code is listed twice."))
    if not all(is_voucher(code) for code in codes):
        raise OrderConflict(NO_VOUCHER)


def order_fail(*, order_pk: int, reason: str, actor: Actor, method: str) -> Order:
    """Marks that the merchant cannot issue: Meituan gets the reason and refunds; the stock is given
    back.

    Raises Conflict.
    """
    with transaction.atomic():
        order = orders.lock(order_pk)
        if order.status == Status.FAILED:
            return order
        if order.status != Status.ISSUING:
            raise OrderConflict(orders.not_now(order))
        if not reason.strip():
            raise OrderConflict(_("Give the true reason: Meituan shows it to the buyer."))
        move(order, Status.FAILED, failure=reason.strip()[:300])
        stock.give_back(order, order.quantity)
        enqueue_pay_notice(order)
        orders.note(
            order,
            "trip.order.failed",
            actor=actor,
            method=method,
            reason=reason[:300],
        )
    return order


def is_own(order: Order) -> bool:
    """Whether we make the codes of the order, by the rule of its product at that time."""
    return order.issuing == Issuing.OWN
