"""The data of the simulated platform: accounts, orders, messages, pushes."""

from __future__ import annotations

import random
from collections.abc import Iterable, Mapping
from dataclasses import asdict
from typing import Any

from stores.sandbox import ControlError
from stores.sandbox.outgoing import Queue

from .accounts import Developer, Shop
from .messages import Message
from .orders import Order
from .pushes import Push

# Numbers of orders, refunds and messages are greater than 2^53, as Meituan's are.
FIRST_ORDER, ORDER_RANGE = 27_060_000_000_000_001, 10**13
FIRST_MESSAGE = 1_372_548_990_012_345_000


class Book:
    """Has no lock of its own; a caller that changes it must hold the platform's lock."""

    def __init__(self) -> None:
        self.developers: dict[int, Developer] = {}
        self.shops: dict[str, Shop] = {}
        self.orders: dict[int, Order] = {}
        self.messages: list[Message] = []
        self.pushes = Queue(Push)
        # Connection tokens of the chat, each with its developer
        self.tokens: dict[str, int] = {}
        # … and with its store, where one store asked for it
        self.token_stores: dict[str, str] = {}
        # "<ePoiId>/<customer>" → when the customer last read, in ms
        self.read_times: dict[str, int] = {}
        # Orders with a deadline: those that are open, or have an open refund
        self.live: set[int] = set()
        first = FIRST_ORDER + random.SystemRandom().randrange(ORDER_RANGE)
        self.numbers = {"order": first, "message": FIRST_MESSAGE, "poi": 5_000_000, "card": 100}

    def next_number(self, what: str) -> int:
        self.numbers[what] += 1
        return self.numbers[what]

    def developer(self, developer_id: int) -> Developer:
        """Returns the account. Raises ControlError."""
        try:
            return self.developers[developer_id]
        except KeyError:
            raise ControlError(f"no such developer: {developer_id}", 404) from None

    def shop(self, e_poi_id: str) -> Shop:
        """Returns the store. Raises ControlError."""
        try:
            return self.shops[e_poi_id]
        except KeyError:
            raise ControlError(f"no such store: {e_poi_id!r}", 404) from None

    def order(self, order_id: int | None) -> Order:
        """Returns the order. Raises ControlError."""
        if order_id is None or order_id not in self.orders:
            raise ControlError(f"no such order: {order_id}", 404)
        return self.orders[order_id]

    def shop_of_token(self, token: str) -> Shop | None:
        return next((shop for shop in self.shops.values() if shop.token == token), None)

    def shops_of(self, developer_id: int) -> list[Shop]:
        return [shop for shop in self.shops.values() if shop.developer_id == developer_id]

    def orders_of(self, shops: Iterable[Shop]) -> list[Order]:
        names = {shop.e_poi_id for shop in shops}
        return [order for order in self.orders.values() if order.e_poi_id in names]

    def next_day_seq(self, e_poi_id: str, day: str) -> int:
        orders = self.orders.values()
        return 1 + sum(order.e_poi_id == e_poi_id and order.day == day for order in orders)

    def conversation(self, e_poi_id: str, open_user_id: int) -> list[Message]:
        """Returns the messages between a store and a customer, oldest first."""
        key = (e_poi_id, open_user_id)
        return [row for row in self.messages if (row.e_poi_id, row.open_user_id) == key]

    def dump(self) -> dict[str, Any]:
        return {
            "developers": [asdict(row) for row in self.developers.values()],
            "stores": [asdict(row) for row in self.shops.values()],
            "orders": [order.as_json() for order in self.orders.values()],
            "messages": [asdict(row) for row in self.messages],
            "pushes": self.pushes.dump(),
            "tokens": self.tokens,
            "token_stores": self.token_stores,
            "read_times": self.read_times,
            "numbers": self.numbers,
        }

    @classmethod
    def from_dump(cls, state: Mapping[str, Any]) -> Book:
        """Returns the book of a snapshot, which may also hold only developers and stores.

        Raises ControlError.
        """
        book = cls()
        try:
            book.developers = {row["developer_id"]: Developer(**row) for row in state["developers"]}
            book.shops = {row["e_poi_id"]: Shop(**row) for row in state["stores"]}
            book.orders = {row["order_id"]: Order.from_json(row) for row in state.get("orders", ())}
            book.messages = [Message(**row) for row in state.get("messages", ())]
            if "pushes" in state:
                book.pushes.load(state["pushes"])
            book.tokens = dict(state.get("tokens", {}))
            book.token_stores = dict(state.get("token_stores", {}))
            book.read_times = dict(state.get("read_times", {}))
            book.numbers |= state.get("numbers", {})
        except (KeyError, TypeError, AttributeError, ValueError) as error:
            raise ControlError(f"not a snapshot of takeaway: {error}") from error
        book.live = set(book.orders)
        return book
