"""Meituan's messages to one partner, one method each; it stores nothing."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from concurrent.futures import ThreadPoolExecutor
from threading import Barrier
from typing import Any

from . import orders
from .calls import Exchange, Partner, call
from .orders import Order, Refund
from .signing import Manner

FIRST_PAGE = {"method": "page", "currentPage": 1, "pageSize": 20}


class Player:
    """Sends messages to one partner.

    `heard` is called with every exchange; `patience` multiplies the time limits; `manner` applies
    to calls without their own.
    """

    def __init__(
        self,
        partner: Partner,
        *,
        patience: float = 1.0,
        heard: Callable[[Exchange], None] | None = None,
        manner: Manner | None = None,
    ) -> None:
        self.partner = partner
        self.patience = patience
        self.manner = manner or Manner()
        self._heard = heard

    def send(self, operation: str, body: Any = None, manner: Manner | None = None) -> Exchange:
        """Sends one message; with `body` None only the envelope."""
        envelope: dict[str, Any] = {"partnerId": int(self.partner.partner_id)}
        if body is not None:
            envelope["body"] = body
        return self.send_raw(operation, envelope, manner)

    def send_raw(self, operation: str, message: Any, manner: Manner | None = None) -> Exchange:
        """Sends a message with an envelope that the caller made."""
        exchange = call(self.partner, operation, message, manner or self.manner, self.patience)
        if self._heard:
            self._heard(exchange)
        return exchange

    def send_at_once(self, operation: str, body: Any, times: int) -> list[Exchange]:
        """Sends one message from each of `times` threads that start together."""
        barrier = Barrier(times)

        def one() -> Exchange:
            barrier.wait()
            return self.send(operation, body)

        with ThreadPoolExecutor(times) as threads:
            return [sent.result() for sent in [threads.submit(one) for _ in range(times)]]

    def create(self, order: Order) -> Exchange:
        return self.send("create", orders.create_body(order))

    def pay(self, order: Order) -> Exchange:
        return self.send("pay", orders.named(order))

    def query(self, order: Order) -> Exchange:
        return self.send("query", orders.named(order))

    def refund(self, order: Order, refund: Refund) -> Exchange:
        return self.send("refund", orders.refund_body(order, refund))

    def close(self, order: Order, kind: int) -> Exchange:
        return self.send("close", orders.close_body(order, kind))

    def refunded(
        self, order: Order, *, kind: int, serial: str, vouchers: Sequence[str], count: int
    ) -> Exchange:
        body = orders.refunded_body(
            order,
            kind=kind,
            serial=serial,
            vouchers=list(vouchers),
            count=count,
            reason="用户申请退款",
        )
        return self.send("refunded", body)

    def heartbeat(self) -> Exchange:
        return self.send("heartbeat")

    def balance(self, deal_ids: Sequence[str]) -> Exchange:
        return self.send("balance", {"partnerDealIds": list(deal_ids)})

    def products(self, deal_ids: Sequence[str] = ()) -> Exchange:
        """Pulls the named products, or the first page of all."""
        if deal_ids:
            return self.send("products", {"method": "multi", "partnerDealIds": list(deal_ids)})
        return self.send("products", FIRST_PAGE)

    def prices(self, deal_id: str, start: str, end: str) -> Exchange:
        return self.send("prices", {"partnerDealId": deal_id, "startTime": start, "endTime": end})

    def pois(self) -> Exchange:
        """Pulls the first page of all places."""
        return self.send("pois", FIRST_PAGE)

    def audit(self, deal_id: str, status: int, check_status: int) -> Exchange:
        row = {
            "partnerDealId": deal_id,
            "status": status,
            "checkStatus": check_status,
            "msRatioCheckStatus": 1,
        }
        return self.send("audit", [row])
