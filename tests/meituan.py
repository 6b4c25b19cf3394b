"""Meituan's side of the ticket interfaces, in process: signs like Meituan and reads the
envelope.
"""

import itertools
import json
from dataclasses import dataclass, field
from typing import Any

from django.test import Client

from stores.models import Connection
from tests.trip.factories import TicketProductFactory
from trip.choices import VoucherType
from trip.models import Order, Product
from trip.sandbox.signing import Manner, headers

_numbers = itertools.count(267_462_905_905_413)
RIGHTLY = Manner()
VISITOR = {"name": "王小明", "mobile": "13800001234", "credentials": {"0": "110101199001010000"}}


@dataclass
class Meituan:
    """Calls one connection's interfaces. `last_answer` is the last answer, byte for byte."""

    connection: Connection
    client: Client = field(default_factory=lambda: Client(raise_request_exception=False))
    last_answer: bytes = b""

    def path(self, interface: str) -> str:
        return f"/trip/{self.connection.pk}/{interface}"

    def raw(self, interface: str, content: bytes, manner: Manner = RIGHTLY) -> Any:
        """The HTTP response to any bytes."""
        known = self.connection.credentials
        path = self.path(interface)
        signed = headers(
            self.connection.account, known["client_id"], known["client_secret"], path, manner
        )
        kind = signed.pop("Content-Type", "application/json")
        response = self.client.post(path, content, content_type=kind, headers=signed)
        self.last_answer = response.content
        return response

    def ask(self, interface: str, body: Any, manner: Manner = RIGHTLY) -> dict[str, Any]:
        """The envelope of the answer; it always comes with HTTP 200."""
        content = json.dumps({"partnerId": int(self.connection.account), "body": body}).encode()
        response = self.raw(interface, content, manner)
        assert response.status_code == 200, response.content
        answer: dict[str, Any] = json.loads(response.content)
        return answer

    def order_body(self, product: Product, quantity: int = 1, **fields: Any) -> dict[str, Any]:
        """A right create for the product's first offer."""
        offer = product.offers.order_by("date").first()
        assert offer is not None
        return {
            "orderId": next(_numbers),
            "partnerDealId": product.deal_id,
            "mtDealId": 555,
            "buyPrice": float(offer.settlement_price),
            "unitPrice": float(offer.sale_price),
            "totalPrice": float(offer.sale_price * quantity),
            "quantity": quantity,
            "visitors": [],
            "travelDate": str(offer.date or ""),
        } | fields

    def create(self, product: Product, quantity: int = 1, **fields: Any) -> dict[str, Any]:
        return self.ask("order/create", self.order_body(product, quantity, **fields))

    def bought(
        self, product: Product, quantity: int = 1, *, pay: bool = True, **fields: Any
    ) -> Order:
        """An order that was created and, unless told otherwise, paid."""
        body = self.order_body(product, quantity, **fields)
        assert self.ask("order/create", body)["code"] == 200, self.last_answer.decode()
        if pay:
            assert self.pay(body["orderId"])["code"] in (200, 598), self.last_answer.decode()
        return Order.objects.get(order_id=body["orderId"])

    def pay(self, order_id: int) -> dict[str, Any]:
        return self.ask("order/pay", {"orderId": order_id, "partnerOrderId": ""})

    def query(self, order_id: int) -> dict[str, Any]:
        return self.ask("order/query", {"orderId": order_id, "partnerOrderId": ""})

    def refund_body(
        self, order: Order, quantity: int, codes: list[str] | None = None, **fields: Any
    ) -> dict[str, Any]:
        """Without `codes` it names as many free ones as tickets, as Meituan does where every ticket
        has its own.
        """
        if (
            codes is None
            and order.voucher_type == VoucherType.PER_TICKET
            and quantity < order.quantity
        ):
            vouchers = sorted(
                order.vouchers.all(), key=lambda voucher: (not voucher.unused, voucher.pk)
            )
            codes = [voucher.code for voucher in vouchers[:quantity]]
        price = float(order.unit_price)
        return {
            "orderId": order.order_id,
            "refundId": f"{order.order_id}-20261122100000{next(_numbers) % 1000:03d}",
            "partnerOrderId": order.partner_order_id,
            "partnerDealId": order.product.deal_id,
            "voucherList": codes or [],
            "refundQuantity": quantity,
            "unitPrice": price,
            "refundPrice": price * quantity,
            "refundFee": 0,
            "refundTime": "2026-11-22 10:00:00",
        } | fields

    def refund(
        self, order: Order, quantity: int, codes: list[str] | None = None, **fields: Any
    ) -> dict[str, Any]:
        return self.ask("order/refund", self.refund_body(order, quantity, codes, **fields))

    def close(self, order_id: int, close_type: int) -> dict[str, Any]:
        return self.ask("order/close", {"orderId": order_id, "closeType": close_type})

    def refunded_body(self, order: Order, count: int, **fields: Any) -> dict[str, Any]:
        return {
            "orderId": order.order_id,
            "partnerOrderId": order.partner_order_id,
            "refundSerialNo": f"S{next(_numbers)}",
            "refundPrice": -1,
            "refundMessageType": 1,
            "reason": "客服退款",
            "refundTime": "2026-11-22 10:00:00",
            "count": count,
        } | fields

    def refunded(self, order: Order, count: int, **fields: Any) -> dict[str, Any]:
        return self.ask("order/refunded", self.refunded_body(order, count, **fields))


def selling(**fields: Any) -> tuple[Meituan, Product]:
    """A partner with one product; `fields` are those of TicketProductFactory."""
    product = TicketProductFactory(**fields)
    return Meituan(product.connection), product
