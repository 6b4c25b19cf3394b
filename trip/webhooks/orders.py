"""Endpoints for orders and refunds (docs/platforms/trip.md §3.1 to §3.6)."""

import hashlib
from collections.abc import Callable
from functools import partial
from typing import Any, ClassVar

from django.conf import settings

from stores.models import Connection
from stores.platforms.inbound.once import StoredAnswer, keep_answer, preset_answer
from trip import services
from trip.choices import Code, Method
from trip.models import Order
from trip.models import Refund as RefundRow
from trip.services import payloads
from trip.services.refunding import refusal_code
from trip.webhooks.base import Answer, OnceEndpoint, TripEndpoint, envelope
from trip.wire import requests

# The fields of a body that the ledger stores; other fields may name persons.
KEPT = (
    "orderId", "partnerOrderId", "partnerDealId", "mtDealId", "buyPrice", "unitPrice",
    "totalPrice", "quantity", "travelDate", "channel", "channelDetail", "refundId", "voucherList",
    "refundQuantity", "refundPrice", "refundFee", "refundTime", "refundSerialNo",
    "refundMessageType", "count", "closeType",
)  # fmt: skip


class OrderEndpoint(OnceEndpoint):
    """Runs once per order, or per more if a subclass extends the key."""

    def key(self, asked: Any) -> str:
        return str(asked.order_id)

    def kept(self, asked: Any, body: Any) -> dict[str, Any]:
        return {name: body[name] for name in KEPT if name in body}

    def is_drill(self, connection: Connection, asked: Any) -> bool:
        return services.is_of_drill(connection, asked.order_id)


class Create(OrderEndpoint):
    # The largest order may have a visitor for each ticket, with all personal fields of Meituan.
    max_bytes = settings.DATA_UPLOAD_MAX_MEMORY_SIZE
    kind = "order.create"
    other_code: ClassVar[int] = Code.CREATE_OTHER
    invalid_code = Code.INVALID

    def read(self, body: Any) -> requests.CreateRequest:
        return requests.parse_create(body)

    def answer(self, connection: Connection, asked: requests.CreateRequest) -> Answer:
        order = services.order_create(connection=connection, request=asked)
        return Answer(payloads.ids(order), subject_id=order.pk)


class Pay(OrderEndpoint):
    kind = "order.pay"
    other_code: ClassVar[int] = Code.PAY_OTHER

    def read(self, body: Any) -> requests.OrderRef:
        return requests.parse_order(body)

    def answer(self, connection: Connection, asked: requests.OrderRef) -> Answer:
        paid = services.order_pay(connection=connection, request=asked)
        order = paid.order
        if order.status == Order.Status.ISSUED:
            return Answer(payloads.issued(order, paid.vouchers), subject_id=order.pk)
        return Answer(payloads.ids(order), Code.ISSUING, "出票中", final=False, subject_id=order.pk)


class Query(TripEndpoint):
    other_code: ClassVar[int] = Code.QUERY_OTHER

    def read(self, body: Any) -> requests.OrderRef:
        return requests.parse_order(body)

    def answer(self, connection: Connection, asked: requests.OrderRef) -> Answer:
        order = services.order_query(connection=connection, request=asked)
        return Answer(payloads.queried(order), subject_id=order.pk)

    def text(self, connection: Connection, asked: Any, body: Any) -> str:
        """Stores only answers that Meituan did not get before, because Meituan polls."""
        answer = self.answer(connection, asked)
        text = envelope(self.request, answer)
        key = f"{asked.order_id}/{hashlib.sha256(text.encode()).hexdigest()[:16]}"
        keep_answer(
            connection=connection,
            kind="order.query",
            key=key,
            body={"orderId": asked.order_id},
            answer=StoredAnswer(
                text,
                subject_id=answer.subject_id,
                is_drill=services.is_of_drill(connection, asked.order_id),
            ),
        )
        return text


class Refund(OrderEndpoint):
    kind = "order.refund"
    other_code: ClassVar[int] = Code.REFUND_OTHER

    def read(self, body: Any) -> requests.RefundRequest:
        return requests.parse_refund(body)

    def key(self, asked: requests.RefundRequest) -> str:
        return f"{asked.order_id}/{asked.refund_id}"

    def answer(self, connection: Connection, asked: requests.RefundRequest) -> Answer:
        refund = services.refund_request(connection=connection, request=asked)
        body, order_pk = payloads.refunded(refund), refund.order_id
        if refund.status == RefundRow.Status.REVIEW:
            return Answer(body, Code.UNDER_REVIEW, "退款审核中", final=False, subject_id=order_pk)
        if refund.status == RefundRow.Status.REFUSED:
            # The refusal is not final: an agreement may follow it.
            return Answer(
                None, refusal_code(refund), refund.reason, final=False, subject_id=order_pk
            )
        at_once = refund.method == Method.AUTO
        return Answer(
            body,
            Code.SUCCESS if at_once else Code.REFUNDED,
            "success" if at_once else "已退款",
            subject_id=order_pk,
        )


class MessageEndpoint(OrderEndpoint):
    """A message about a fact on Meituan's side; it may arrive before the order's create.

    An order that was closed before it was created must not be created, so the answer to its create
    is stored in advance.
    """

    def followed(
        self, connection: Connection, order_id: int, follow: Callable[..., Order | None]
    ) -> Answer:
        order = follow(connection=connection)
        if order is None and not self._forestalled(connection, order_id):
            order = follow(connection=connection)
        return Answer(subject_id=order.pk if order else None)

    def _forestalled(self, connection: Connection, order_id: int) -> bool:
        no = envelope(self.request, Answer(code=Code.CREATE_OTHER, describe="订单已关闭"))
        answer = StoredAnswer(no, is_drill=services.is_of_drill(connection, order_id))
        return preset_answer(
            connection=connection, kind=Create.kind, key=str(order_id), answer=answer
        )


class Refunded(MessageEndpoint):
    kind = "order.refunded"

    def read(self, body: Any) -> requests.RefundedMessage:
        return requests.parse_refunded(body)

    def key(self, asked: requests.RefundedMessage) -> str:
        return f"{asked.order_id}/{asked.serial}"

    def answer(self, connection: Connection, asked: requests.RefundedMessage) -> Answer:
        return self.followed(
            connection, asked.order_id, partial(services.order_refunded, message=asked)
        )


class Close(MessageEndpoint):
    kind = "order.close"

    def read(self, body: Any) -> requests.CloseMessage:
        return requests.parse_close(body)

    def key(self, asked: requests.CloseMessage) -> str:
        return f"{asked.order_id}/{asked.close_type}"

    def answer(self, connection: Connection, asked: requests.CloseMessage) -> Answer:
        return self.followed(
            connection, asked.order_id, partial(services.order_close, message=asked)
        )
