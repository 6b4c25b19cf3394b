"""Refunds by refundId, decided by rule at once or by a person within three working days."""

from datetime import timedelta
from decimal import ROUND_HALF_UP, Decimal

from django.db import transaction
from django.utils import timezone
from django.utils.translation import gettext_lazy as _

from stores import audit
from stores.audit import Actor
from stores.models import Connection
from stores.platforms.reading import CENT
from stores.transitions import move
from trip.choices import Code, FeeMode, Method, RefundType, Refusal, VoucherType
from trip.models import Order, Refund, Voucher
from trip.services import booking, orders, stock, tickets, workdays
from trip.services.notices import enqueue_refund_notice
from trip.services.orders import OrderConflict
from trip.services.terms import Step, Terms, promised
from trip.wire.requests import RefundRequest

Status = Refund.Status
REVIEW_DAYS = 3
# The largest difference between Meituan's clock and ours.
CLOCKS_APART = timedelta(minutes=10)


def refund_request(*, connection: Connection, request: RefundRequest) -> Refund:
    """Returns the refund of this refundId in its present state: agreed, refused or under review.

    Runs in the caller's transaction. Raises Refusal when no refund can be stored: the order is
    unknown or not issued, the message does not fit it, or the tickets are under review already.
    """
    order = orders.lock_numbered(connection, request.order_id)
    if order is None:
        raise Refusal(Code.REFUND_OTHER, "订单不存在")
    orders.expect_same(order, request.partner_order_id, Code.REFUND_OTHER)
    if existing := order.refunds.filter(refund_id=request.refund_id).first():
        existing.order = order
        return existing
    if order.status != Order.Status.ISSUED:
        raise Refusal(Code.REFUND_OTHER, _NOT_ISSUED.get(order.status, "订单状态不支持退款"))
    return _judge(order, request)


_NOT_ISSUED: dict[str, str] = {
    Order.Status.CREATED: "订单未支付",
    Order.Status.EXPIRED: "订单未支付",
    Order.Status.ISSUING: "订单出票中，暂不能退款",
}


def _judge(order: Order, request: RefundRequest) -> Refund:
    """Stores the application with the decision of the product's rules."""
    refund = Refund(
        order=order,
        store=order.store,
        refund_id=request.refund_id,
        quantity=request.quantity,
        codes=list(request.codes),
        price=request.price,
        fee=request.fee,
        applied_at=request.applied_at,
        received_at=timezone.now(),
    )
    vouchers = orders.vouchers_of(order)
    if wrong := _contradiction(order, request, vouchers):
        # The refusal is not lasting: Meituan may correct the message.
        raise Refusal(Code.REFUND_REFUSED, wrong)
    portions = tickets.free_portions(
        order, vouchers, codes=request.codes, quantity=request.quantity
    )
    if no := _objection(order, request, vouchers, tickets.count(portions)):
        _decide(refund, Status.REFUSED, no, Method.AUTO)
    elif order.product.refund_review or not _money_agrees(order, request):
        deadline = workdays.after_workdays(refund.received_at, REVIEW_DAYS)
        move(refund, Status.REVIEW, deadline=deadline)
    else:
        _take_back(order, refund, portions)
        _decide(refund, Status.AGREED, "", Method.AUTO)
    return refund


def _contradiction(order: Order, request: RefundRequest, vouchers: list[Voucher]) -> str:
    """Returns how the message contradicts the order; "" if it does not."""
    codes = {voucher.code for voucher in vouchers if voucher.code}
    if request.deal_id and request.deal_id != order.product.deal_id:
        return "产品编号与订单不符"
    if not set(request.codes) <= codes:
        return "券码不属于该订单"
    is_whole = not request.codes and request.quantity == order.quantity
    if (
        order.voucher_type == VoucherType.PER_TICKET
        and len(set(request.codes)) != request.quantity
        and not is_whole
    ):
        return "退票数量与券码数不一致"
    return ""


def _objection(order: Order, request: RefundRequest, vouchers: list[Voucher], free: int) -> str:
    """Returns why this can never be refunded; "" if it can."""
    terms = promised(order)
    if terms.refund_type == RefundType.NEVER:
        return "该产品不支持退款"
    if order.closed_at:
        return "订单已关闭"
    if not terms.partial_refund and request.quantity != order.quantity:
        return "该产品不支持部分退款"
    if free < request.quantity:
        return _shortage(order, vouchers, request)
    if refund_fee(order, request, terms) is None:
        return "已过可退款时间"
    return ""


def refusal_code(refund: Refund) -> Code:
    """Returns the answer code of a refused application."""
    is_never = promised(refund.order).refund_type == RefundType.NEVER
    return Code.NOT_REFUNDABLE if is_never else Code.REFUND_REFUSED


def _shortage(order: Order, vouchers: list[Voucher], request: RefundRequest) -> str:
    named = [voucher for voucher in vouchers if not request.codes or voucher.code in request.codes]
    under_review = tickets.frozen_by_reviews(order, vouchers)
    if any(under_review.get(voucher.pk) for voucher in named):
        # The refusal is not lasting: after that decision the tickets may be free.
        raise Refusal(Code.REFUND_REFUSED, "已有退款申请正在审核")
    if any(voucher.used for voucher in named):
        return "门票已使用，余票不足"
    if any(voucher.refunded for voucher in named):
        return "门票已退款，余票不足"
    return "可退数量不足"


def refund_fee(order: Order, refund: RefundRequest | Refund, terms: Terms) -> Decimal | None:
    """Returns the fee of this refund by the policy, in yuan; None when it is too late for every
    step.
    """
    if terms.refund_type != RefundType.CONDITIONAL:
        return Decimal(0)
    step = _step(order, refund, terms)
    return None if step is None else _fee(step, order.unit_price, refund.quantity)


def _step(order: Order, refund: RefundRequest | Refund, terms: Terms) -> Step | None:
    """Returns the step in which the refund was applied for."""
    _first, last = booking.usable_days(terms, order.travel_date)
    if last is None:
        minutes = Decimal("Infinity")
    else:
        left = booking.last_entry(terms, order.travel_date or last) - refund.applied_at
        minutes = Decimal(left / timedelta(minutes=1))
    return next((step for step in terms.steps if step.minutes_before <= minutes), None)


def _fee(step: Step, unit_price: Decimal, quantity: int) -> Decimal:
    match step.fee_mode:
        case FeeMode.PER_TICKET:
            return step.fee * quantity
        case FeeMode.PER_ORDER:
            return step.fee
        case FeeMode.PERCENT:
            whole = unit_price * quantity
            return (whole * step.fee / 100).quantize(CENT, ROUND_HALF_UP)
    return Decimal(0)


def _rounding(order: Order, refund: RefundRequest | Refund, terms: Terms) -> Decimal:
    """Returns how far two right fees may be apart: a percentage may be rounded for each ticket or
    for their sum.
    """
    step = _step(order, refund, terms) if terms.refund_type == RefundType.CONDITIONAL else None
    is_percent = step is not None and step.fee_mode == FeeMode.PERCENT
    return CENT * refund.quantity if is_percent else Decimal(0)


def other_fee(refund: Refund) -> Decimal | None:
    """Returns the fee by our policy, in yuan, if it is another one than Meituan keeps."""
    if refund.fee is None or not refund.order.terms:
        return None
    terms = promised(refund.order)
    if terms.refund_type == RefundType.NEVER:
        return None
    fee = refund_fee(refund.order, refund, terms)
    if fee is None:
        return None
    is_same = abs(fee - refund.fee) <= _rounding(refund.order, refund, terms)
    return None if is_same else fee


def _money_agrees(order: Order, request: RefundRequest) -> bool:
    """Whether the money agrees with our policy; a person must look at it if not.

    It does not agree if the fee differs by more than rounding does, if more money than was paid is
    asked for, or if the steps would be counted from a moment before the order.
    """
    paid, terms = order.unit_price * request.quantity, promised(order)
    if (
        terms.refund_type == RefundType.CONDITIONAL
        and request.applied_at < order.created_at - CLOCKS_APART
    ):
        return False
    fee = refund_fee(order, request, terms)
    rounding = _rounding(order, request, terms)
    return (
        request.unit_price == order.unit_price
        and fee is not None
        and abs(fee - request.fee) <= rounding
        and 0 <= request.price <= min(paid, paid - request.fee + rounding)
    )


def _take_back(order: Order, refund: Refund, portions: list[tickets.Portion]) -> None:
    tickets.refund(portions, timezone.now())
    stock.give_back(order, tickets.count(portions))
    refund.tickets = tickets.as_rows(portions)


def _decide(refund: Refund, status: str, reason: str, method: str, actor: Actor = None) -> None:
    move(
        refund,
        status,
        reason=reason[:300],
        method=method,
        decided_by=audit.name_of(actor),
        decided_at=timezone.now(),
        tickets=refund.tickets,
    )


def refund_decide(*, refund_pk: int, agree: bool, reason: str, actor: Actor, method: str) -> Refund:
    """Stores the decision of a person or of the merchant's system and enqueues the notice. A
    repeated decision changes nothing.

    A refusal may become an agreement until the deadline, an agreement never a refusal. Raises
    Conflict.
    """
    wanted = Status.AGREED if agree else Status.REFUSED
    reason = reason.strip()
    with transaction.atomic():
        order = orders.lock(Refund.objects.values_list("order_id", flat=True).get(pk=refund_pk))
        refund = Refund.objects.select_for_update().get(pk=refund_pk)
        refund.order = order
        if refund.status == wanted:
            return refund
        if wanted not in Refund.TRANSITIONS[refund.status]:
            raise OrderConflict(_("This refund was agreed already; that is final."))
        if not agree and not reason:
            raise OrderConflict(_("Give the true reason: Meituan shows it to the buyer."))
        if not agree and refund.deadline and refund.deadline <= timezone.now():
            raise OrderConflict(
                _("It is too late to refuse: the time is over, and Meituan has agreed by itself.")
            )
        if agree:
            _agree(order, refund)
        _decide(refund, wanted, reason, method, actor)
        enqueue_refund_notice(refund)
        orders.note(
            order,
            "trip.refund.agreed" if agree else "trip.refund.refused",
            actor=actor,
            target=refund.refund_id,
            method=method,
            reason=refund.reason,
        )
    return refund


def _agree(order: Order, refund: Refund) -> None:
    vouchers = orders.vouchers_of(order)
    portions = tickets.free_portions(
        order, vouchers, codes=refund.codes, quantity=refund.quantity, but=refund
    )
    if tickets.count(portions) < refund.quantity:
        raise tickets.why_not(order, vouchers, refund.codes)
    _take_back(order, refund, portions)
