"""The data of the simulated Meituan: partners, orders, notices in their order of arrival, and every
exchange.
"""

from __future__ import annotations

from collections import deque
from collections.abc import Mapping
from dataclasses import asdict
from typing import Any

from stores.sandbox import ControlError

from .calls import Exchange, Partner
from .notices import Notice
from .orders import Order

KEPT = 50_000


class Book:
    """Has no lock of its own; a caller that changes it must hold the platform's lock."""

    def __init__(self) -> None:
        self.partners: dict[str, Partner] = {}
        self.orders: dict[int, Order] = {}
        self.notices: deque[Notice] = deque(maxlen=KEPT)
        self.log: deque[tuple[int, Exchange]] = deque(maxlen=KEPT)

    def partner(self, partner_id: str) -> Partner:
        try:
            return self.partners[partner_id]
        except KeyError:
            raise ControlError(f"no such partner: {partner_id!r}", 404) from None

    def order(self, order_id: int) -> Order:
        try:
            return self.orders[order_id]
        except KeyError:
            raise ControlError(f"no such order: {order_id}", 404) from None

    def add_order(self, order: Order) -> None:
        if order.order_id in self.orders:
            raise ControlError(f"order {order.order_id} is there already")
        self.orders[order.order_id] = order

    def notices_about(self, order_id: int) -> list[dict[str, Any]]:
        return [asdict(notice) for notice in self.notices if notice.order_id == order_id]

    def exchanges_about(self, order_id: int) -> list[dict[str, Any]]:
        return [exchange.as_json() for about, exchange in self.log if about == order_id]

    def dump(self) -> dict[str, Any]:
        """Returns everything but the log, which is long and only needed while the sandbox runs."""
        return {
            "partners": [asdict(partner) for partner in self.partners.values()],
            "orders": [order.as_json() for order in self.orders.values()],
            "notices": [asdict(notice) for notice in self.notices],
        }

    @classmethod
    def from_dump(cls, state: Mapping[str, Any]) -> Book:
        book = cls()
        try:
            book.partners = {row["partner_id"]: Partner(**row) for row in state["partners"]}
            book.orders = {row["order_id"]: Order.from_json(row) for row in state["orders"]}
            book.notices.extend(Notice(**row) for row in state["notices"])
        except (KeyError, TypeError, AttributeError) as error:
            raise ControlError(f"not a snapshot of trip: {error}") from error
        return book
