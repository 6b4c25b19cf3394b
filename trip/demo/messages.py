"""The ledgers of the orders: Meituan's calls, our answers, and our notices."""

import json
from collections.abc import Iterable, Iterator
from datetime import datetime, timedelta
from typing import Any

from stores.models import InboundEvent, OutboundAttempt, OutboundCall
from trip.choices import Code, Method
from trip.demo.sales import Book, Sale
from trip.demo.sample_products import OWN
from trip.models import Consumption, Order, Refund
from trip.services import payloads
from trip.services.notices import ConsumeNotice, Notice, PayNotice, RefundNotice

State = OutboundCall.State
SECOND = timedelta(seconds=1)


def write_down(book: Book, untold: Consumption | None = None) -> None:
    _keep([event for sale in book.sales for event in _asked(book, sale)])
    notices = [call for sale in book.sales for call in _notices(book, sale)]
    if untold:
        notices = [call for call in notices if (call.operation, call.subject_id) != _of(untold)]
    _deliver(notices)
    if untold:
        _give_up(book, untold)


def _of(use: Consumption) -> tuple[str, int]:
    return ConsumeNotice.name, use.pk


def _keep(events: list[InboundEvent]) -> None:
    """Saves the events; the row sets the time of arrival itself, so it is corrected afterwards."""
    events.sort(key=lambda event: event.due_at)
    InboundEvent.objects.bulk_create(events, batch_size=300)
    for event in events:
        event.received_at = event.due_at
    InboundEvent.objects.bulk_update(events, ["received_at"], batch_size=300)


def _asked(book: Book, sale: Sale) -> Iterator[InboundEvent]:
    order = sale.order
    yield _event(
        book,
        order,
        "order.create",
        f"{order.order_id}",
        order.created_at,
        _create_body(order),
        _ok(order),
    )
    if order.paid_at:
        yield _paid(book, order)
    for refund in sale.refunds:
        if not refund.message_type:
            yield _asked_back(book, refund)


def _create_body(order: Order) -> dict[str, Any]:
    body = {
        "partnerDealId": order.product.deal_id,
        "buyPrice": float(order.buy_price),
        "unitPrice": float(order.unit_price),
        "totalPrice": float(order.total_price),
        "quantity": order.quantity,
    }
    if order.travel_date:
        body["travelDate"] = f"{order.travel_date}"
    return body


def _ok(order: Order) -> dict[str, Any]:
    return {"code": Code.SUCCESS, "describe": "success", "body": payloads.ids(order)}


def _paid(book: Book, order: Order) -> InboundEvent:
    at = order.paid_at
    assert at is not None
    if order.product.issuing == OWN:
        answer = _ok(order) | {"body": payloads.issued(order)}
        return _event(book, order, "order.pay", f"{order.order_id}", at, {}, answer)
    waiting = _ok(order) | {"code": Code.ISSUING, "describe": "出票中"}
    return _event(book, order, "order.pay", f"{order.order_id}", at, {}, waiting, final=False)


def _asked_back(book: Book, refund: Refund) -> InboundEvent:
    order = refund.order
    body = {
        "refundId": refund.refund_id,
        "refundQuantity": refund.quantity,
        "refundPrice": float(refund.price or 0),
    }
    answers = {
        Refund.Status.REFUSED: {"code": Code.REFUND_REFUSED, "describe": refund.reason},
        Refund.Status.REVIEW: {
            "code": Code.UNDER_REVIEW,
            "describe": "退款审核中",
            "body": payloads.refunded(refund),
        },
        Refund.Status.AGREED: {
            "code": Code.SUCCESS,
            "describe": "success",
            "body": payloads.refunded(refund),
        },
    }
    key = f"{order.order_id}/{refund.refund_id}"
    answer, final = answers[Refund.Status(refund.status)], refund.status == Refund.Status.AGREED
    return _event(book, order, "order.refund", key, refund.received_at, body, answer, final=final)


def _event(
    book: Book,
    order: Order,
    kind: str,
    key: str,
    at: datetime,
    body: dict[str, Any],
    answer: dict[str, Any],
    *,
    final: bool = True,
) -> InboundEvent:
    envelope = {"partnerId": int(book.connection.account), **answer}
    return InboundEvent(
        platform=book.connection.platform,
        connection=book.connection,
        kind=kind,
        dedup_key=key,
        body={"orderId": order.order_id, **body},
        answer=json.dumps(envelope, ensure_ascii=False, separators=(",", ":")),
        is_final=final,
        subject_id=order.pk,
        state=InboundEvent.State.HANDLED,
        attempts=1,
        due_at=at,
        handled_at=at,
    )


def _notices(book: Book, sale: Sale) -> Iterator[OutboundCall]:
    order = sale.order
    if order.product.issuing != OWN and (order.issued_at or order.failure):
        yield _call(
            book,
            order,
            PayNotice.name,
            f"{order.pk}",
            order.pk,
            order.issued_at or order.created_at,
        )
    for use in sale.uses:
        yield _call(book, order, ConsumeNotice.name, f"{use.pk}", use.pk, use.at)
    for refund in sale.refunds:
        if refund.method == Method.ADMIN and refund.decided_at:
            key = f"{refund.pk}:{refund.status}"
            yield _call(book, order, RefundNotice.name, key, refund.pk, refund.decided_at)


def _call(
    book: Book, order: Order, operation: str, key: str, subject: int, at: datetime
) -> OutboundCall:
    return OutboundCall(
        platform=book.connection.platform,
        operation=operation,
        key=key,
        connection=book.connection,
        pace_id=book.connection.pace_id,
        store=order.store,
        subject_id=subject,
        state=State.DONE,
        queued_at=at,
        due_at=at,
        expires_at=at + Notice.patience,
        attempts_made=1,
        settled_at=at + SECOND,
    )


def _deliver(calls: Iterable[OutboundCall]) -> None:
    kept = OutboundCall.objects.bulk_create(
        sorted(calls, key=lambda call: call.queued_at), batch_size=300
    )
    OutboundAttempt.objects.bulk_create(
        OutboundAttempt(
            call=call,
            outcome="answered",
            detail="200 success",
            started_at=call.queued_at,
            ended_at=call.settled_at,
        )
        for call in kept
    )


def _give_up(book: Book, use: Consumption) -> None:
    """Adds a notice that was tried for three days and then given up, so that a person must look at
    it.
    """
    error = "connect timed out"
    call = _call(book, use.order, ConsumeNotice.name, f"{use.pk}", use.pk, use.at)
    call.state, call.last_error, call.attempts_made = State.DEAD, error, 3
    call.settled_at = use.at + Notice.patience
    call.save()
    for hours in (0, 24, 71):
        at = use.at + timedelta(hours=hours)
        OutboundAttempt.objects.create(
            call=call, outcome="not_sent", detail=error, started_at=at, ended_at=at + 5 * SECOND
        )
