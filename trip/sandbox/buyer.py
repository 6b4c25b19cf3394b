"""The buyer's side: the actions of the control routes under orders/. No lock is held during a call
to a partner.
"""

from __future__ import annotations

import threading
import time
from collections.abc import Callable, Iterable, Mapping
from typing import Any

from stores.sandbox import ControlError, given

from . import learning, orders
from .book import Book
from .calls import Exchange, beijing
from .orders import Order, Refund
from .player import Player
from .signing import Manner


class Buyer:
    """Acts on one book.

    `lock` guards the book, `patience` multiplies time limits, `touched` is called after every
    change.
    """

    def __init__(
        self, book: Book, lock: threading.RLock, patience: float, touched: Callable[[], None]
    ) -> None:
        self._book = book
        self._lock = lock
        self._patience = patience
        self._touched = touched

    def player(self, partner_id: str, body: Mapping[str, Any], order_id: int = 0) -> Player:
        partner = self._book.partner(partner_id)

        def heard(exchange: Exchange) -> None:
            with self._lock:
                self._book.log.append((order_id, exchange))

        return Player(partner, patience=self._patience, heard=heard, manner=Manner.read(body))

    def place(self, body: dict[str, Any]) -> dict[str, Any]:
        partner_id = str(body.get("partner_id", ""))
        has_day = bool(body.get("travel_date"))
        order = Order(
            order_id=given.value(body, "order_id", int, orders.new_order_id()),
            partner_id=partner_id,
            deal_id=given.value(body, "partner_deal_id", str),
            quantity=given.value(body, "quantity", int, 1),
            travel_date=given.value(body, "travel_date", str) if has_day else None,
        )
        if "total_price" in body:
            order.total_price = given.value(body, "total_price", float)
        _repetition(body)
        player = self.player(partner_id, body, order.order_id)
        self._fill_in(order, body, player)
        with self._lock:
            self._book.add_order(order)
            self._touched()
        if not given.value(body, "send", bool, True):
            return self._view(order, [])
        view = self.create(order, body)
        if given.value(body, "pay", bool, False) and order.status == "created":
            paid = self.pay(order, {})
            view = {**paid, "exchanges": view["exchanges"] + paid["exchanges"]}
        return view

    def create(self, order: Order, body: dict[str, Any]) -> dict[str, Any]:
        return self._ask(order, body, "create", orders.create_body(order), learning.created)

    def pay(self, order: Order, body: dict[str, Any]) -> dict[str, Any]:
        return self._ask(order, body, "pay", orders.named(order), learning.paid)

    def query(self, order: Order, body: dict[str, Any]) -> dict[str, Any]:
        return self._ask(order, body, "query", orders.named(order), learning.queried)

    def poll(self, order: Order, body: dict[str, Any]) -> dict[str, Any]:
        """Queries again and again until the order is issued or failed, for at most ten minutes."""
        until = time.monotonic() + min(given.value(body, "seconds", float, 60.0), 600.0)
        every = max(given.value(body, "every", float, 1.0), 0.01)
        view = self.query(order, {})
        while order.status not in learning.SETTLED and time.monotonic() < until:
            time.sleep(every)
            view = self.query(order, {})
        return view

    def refund(self, order: Order, body: dict[str, Any]) -> dict[str, Any]:
        refund = self._application(order, body)
        with self._lock:
            if refund.refund_id in order.refunds:
                raise ControlError(
                    f"refund {refund.refund_id} is there already; POST refunds/{refund.refund_id}"
                )
            order.refunds[refund.refund_id] = refund
            self._touched()
        return self.ask_refund(order, refund, body)

    def ask_refund(self, order: Order, refund: Refund, body: dict[str, Any]) -> dict[str, Any]:
        return self._ask(
            order,
            body,
            "refund",
            orders.refund_body(order, refund),
            lambda about, exchange: learning.refund_answered(about, refund, exchange),
        )

    def refunded(self, order: Order, body: dict[str, Any]) -> dict[str, Any]:
        kind = given.value(body, "type", int)
        serial = given.value(body, "serial", str, "") or orders.refund_id(order.order_id)
        known = order.refunds.get(serial)
        codes = known.vouchers if known else _left(order)
        if "vouchers" in body:
            codes = given.texts(body, "vouchers")
        usual = order.quantity - order.used - order.refunded
        if known:
            usual = known.quantity
        elif order.voucher_type == 1:
            usual = len(codes)
        count = given.value(body, "count", int, usual)
        message = orders.refunded_body(
            order,
            kind=kind,
            serial=serial,
            vouchers=codes,
            count=count,
            reason=given.value(body, "reason", str, "用户申请退款"),
        )
        return self._ask(
            order,
            body,
            "refunded",
            message,
            lambda about, exchange: learning.refunded_by_us(about, serial, codes, count, exchange),
        )

    def close(self, order: Order, body: dict[str, Any]) -> dict[str, Any]:
        kind = given.value(body, "type", int)
        return self._ask(
            order,
            body,
            "close",
            orders.close_body(order, kind),
            lambda about, exchange: learning.closed(about, kind, exchange),
        )

    def compare(self, order: Order) -> dict[str, Any]:
        answer = self.player(order.partner_id, {}, order.order_id).query(order)
        with self._lock:
            found = learning.differences(order, answer)
        return {
            "agree": not found,
            "differences": found,
            "order": order.as_json(),
            "answer": answer.body,
        }

    def _ask(
        self,
        order: Order,
        body: dict[str, Any],
        operation: str,
        message: Any,
        learn: Callable[[Order, Exchange], None],
    ) -> dict[str, Any]:
        player = self.player(order.partner_id, body, order.order_id)
        if operation not in player.partner.endpoints:
            raise ControlError(f"partner {order.partner_id} has no endpoint {operation!r}")
        times, at_once = _repetition(body)
        if at_once > 1:
            exchanges = player.send_at_once(operation, message, at_once)
        else:
            exchanges = [player.send(operation, message) for _ in range(times)]
        with self._lock:
            for exchange in exchanges:
                learn(order, exchange)
            self._touched()
        return self._view(order, exchanges)

    def _view(self, order: Order, exchanges: Iterable[Exchange]) -> dict[str, Any]:
        with self._lock:
            return {
                "order": order.as_json(),
                "exchanges": [exchange.as_json() for exchange in exchanges],
            }

    def _application(self, order: Order, body: dict[str, Any]) -> Refund:
        left = order.quantity - order.used - order.refunded
        quantity = given.value(body, "quantity", int, len(body.get("vouchers") or []) or left)
        unused = _left(order)
        chosen = given.texts(body, "vouchers") or (
            unused if order.voucher_type == 2 else unused[:quantity]
        )
        fee = given.value(body, "fee", float, 0.0)
        price = given.value(body, "price", float, round(order.unit_price * quantity - fee, 2))
        refund_id = given.value(body, "refund_id", str, "") or orders.refund_id(order.order_id)
        return Refund(refund_id, quantity, chosen, price, fee, beijing())

    def _fill_in(self, order: Order, body: dict[str, Any], player: Player) -> None:
        """Fills in prices and visitors that were not given, from the partner's product pull."""
        asked = {"unit_price", "buy_price", "visitors"} - body.keys()
        deal = self._deal(player, order.deal_id) if asked else {}
        row = deal
        if deal.get("useDateMode") and order.travel_date:
            row = self._price_row(player, order)
        order.unit_price = _price(body, "unit_price", row, "mtPrice")
        order.buy_price = _price(body, "buy_price", row, "settlementPrice")
        if "visitors" in body:
            order.visitors = given.value(body, "visitors", list)
        else:
            kind, group = deal.get("visitorInfoType", 1), deal.get("visitorInfoGroupSize") or 1
            order.visitors = orders.visitors_for(kind, order.quantity, group)

    def _deal(self, player: Player, deal_id: str) -> dict[str, Any]:
        if "products" not in player.partner.endpoints:
            raise ControlError(
                "give unit_price, buy_price and visitors: this partner has no product pull"
            )
        exchange = player.products([deal_id])
        if exchange.code == 200 and isinstance(exchange.body, list):
            for row in exchange.body:
                if row.get("partnerDealId") == deal_id:
                    return dict(row)
        raise ControlError(
            f"the product pull does not know {deal_id!r};"
            " give unit_price, buy_price and visitors all the same"
        )

    def _price_row(self, player: Player, order: Order) -> dict[str, Any]:
        day = str(order.travel_date)
        exchange = player.prices(order.deal_id, day, day)
        for row in exchange.body if isinstance(exchange.body, list) else []:
            if row.get("date") == day:
                return dict(row)
        raise ControlError(f"the price calendar has nothing for {day}: {exchange.describe}")


def _repetition(body: Mapping[str, Any]) -> tuple[int, int]:
    """Returns how often a call is made one after the other, and how many times at once: 1 to 64
    each.
    """
    times, at_once = given.value(body, "times", int, 1), given.value(body, "at_once", int, 1)
    if not (1 <= times <= 64 and 1 <= at_once <= 64):
        raise ControlError("times and at_once are 1 to 64")
    return times, at_once


def _price(body: Mapping[str, Any], name: str, row: Mapping[str, Any], pulled: str) -> float:
    if name in body:
        return given.value(dict(body), name, float)
    try:
        return float(row[pulled])
    except (KeyError, TypeError, ValueError):
        raise ControlError(f"the partner's pull has no {pulled}; give {name}") from None


def _left(order: Order) -> list[str]:
    return [code for code, state in order.vouchers.items() if state == "unused"]
