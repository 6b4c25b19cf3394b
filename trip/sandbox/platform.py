"""Meituan on a socket: receives notices, and offers control routes to act as the buyer."""

from __future__ import annotations

import random
import time
from collections.abc import Mapping
from dataclasses import asdict, replace
from typing import Any

from stores.sandbox import (
    ControlError,
    Reply,
    Request,
    SandboxPlatform,
    Subject,
    control,
    given,
)

from . import signing
from .book import Book
from .buyer import Buyer
from .calls import OPERATIONS, Partner
from .notices import LEARN, PROCESSING, ROUTES, Notice, contradiction, trouble
from .orders import Order
from .settings import Settings

OTHER = 300
SEED = 20160720


class MeituanTripSandbox(SandboxPlatform[Settings]):
    prefix = "trip"
    settings_class = Settings

    def clear(self) -> None:
        self.book = Book()
        self._random = random.Random(SEED)  # noqa: S311

    def dump(self) -> dict[str, Any]:
        return self.book.dump()

    def load(self, state: Mapping[str, Any]) -> None:
        self.book = Book.from_dump(state)

    # Notices

    def operation(self, request: Request) -> str:
        return ROUTES.get(request.path, "")

    def subject(self, request: Request) -> Subject:
        return Subject(account=request.headers.get("partnerid", ""))

    def handle(self, request: Request) -> Reply:
        kind = ROUTES.get(request.path)
        if kind is None or request.method != "POST":
            return Reply.json({"code": OTHER, "describe": "接口不存在"}, 404, outcome="bad_request")
        with self.lock:
            return self._notice(kind, request)

    def _notice(self, kind: str, request: Request) -> Reply:
        partner = self.book.partners.get(request.headers.get("partnerid", ""))
        if partner is None:
            return _answered(OTHER, "PartnerId不存在", outcome="unauthorised")
        wrong = signing.trouble(
            request.headers,
            f"/{self.prefix}{request.path}",
            partner.client_id,
            partner.client_secret,
        )
        if wrong:
            return _answered(OTHER, wrong, partner, outcome="unauthorised")
        message = request.json_object
        if message is None or str(message.get("partnerId")) != partner.partner_id:
            return _answered(
                OTHER, "请求体不是JSON对象，或partnerId不符", partner, outcome="bad_request"
            )
        notice = self._judge(Notice(time.time(), partner.partner_id, kind, message), partner)
        self.book.notices.append(notice)
        self.touch()
        return _answered(notice.code, notice.describe, partner, applied=notice.applied)

    def _judge(self, notice: Notice, partner: Partner) -> Notice:
        notice.describe = trouble(notice.kind, notice.message)
        order = None
        if not notice.describe and notice.kind in LEARN:
            order = self._order(notice.message["body"], partner)
            notice.order_id = notice.message["body"]["orderId"]
            notice.describe = "订单不存在"
            if order:
                notice.describe = contradiction(notice.kind, order, notice.message)
        if notice.describe:
            notice.code = OTHER
        elif self.settings.refuse_next:
            self.settings.refuse_next -= 1
            notice.code, notice.describe = self.settings.refuse_code, self.settings.refuse_describe
        else:
            self._accept(notice, order)
        return notice

    def _accept(self, notice: Notice, order: Order | None) -> None:
        notice.describe = "success"
        notice.applied = True
        if self._still_processing():
            notice.code, notice.describe = OTHER, PROCESSING
            notice.applied = self.settings.processing_applies
        if notice.applied and order is not None:
            LEARN[notice.kind](order, notice.message)

    def _still_processing(self) -> bool:
        if self.settings.processing_next:
            self.settings.processing_next -= 1
            return True
        return self._random.random() < self.settings.processing_share

    def _order(self, body: Mapping[str, Any], partner: Partner) -> Order | None:
        """Returns the order of a notice; an order that Meituan does not know is added with the data
        of the notice.
        """
        order = self.book.orders.get(body["orderId"])
        if order is not None:
            if order.deal_id == "":
                # One code may count many tickets, and only some notices have the quantity.
                order.quantity = body.get("quantity") or order.quantity
            return order if order.partner_id == partner.partner_id else None
        if not self.settings.know_all_orders:
            return None
        quantity = body.get("quantity") or len(body.get("vouchers") or []) or 1
        order = Order(body["orderId"], partner.partner_id, "", quantity)
        self.book.add_order(order)
        return order

    # Control routes: the package's docstring lists them. No lock is held during a call to a
    # partner.

    def buyer(self) -> Buyer:
        return Buyer(self.book, self.lock, self.settings.patience, self.touch)

    @control("GET", "log")
    def show_log(self) -> Any:
        with self.lock:
            rows = [{"order_id": about, **exchange.as_json()} for about, exchange in self.book.log]
        return {"exchanges": rows}

    @control("GET", "notices")
    def show_notices(self) -> Any:
        with self.lock:
            return {"notices": [asdict(notice) for notice in self.book.notices]}

    @control("GET", "partners")
    def show_partners(self) -> Any:
        with self.lock:
            return {"partners": [asdict(partner) for partner in self.book.partners.values()]}

    @control("POST", "partners")
    def add_partner(self, body: dict[str, Any]) -> Any:
        partner = Partner.read(body)
        with self.lock:
            self.book.partners[partner.partner_id] = partner
            self.touch()
            return self.show_partners()

    @control("POST", "partners/<partner_id>/send")
    def send_garbage(self, partner_id: str, body: dict[str, Any]) -> Any:
        """Sends a whole envelope, or raw text, as the caller gives it."""
        player = self.buyer().player(partner_id, body)
        manner = signing.Manner.read(body)
        if "raw" in body:
            manner = replace(manner, body=given.value(body, "raw", str).encode())
        operation = given.value(body, "operation", str)
        if operation not in player.partner.endpoints:
            raise ControlError(f"this partner has no endpoint {operation!r}")
        return player.send_raw(operation, body.get("message"), manner).as_json()

    @control("POST", "partners/<partner_id>/<operation>")
    def send_message(self, partner_id: str, operation: str, body: dict[str, Any]) -> Any:
        """Sends a message that belongs to no order."""
        player = self.buyer().player(partner_id, body)
        message = {name: value for name, value in body.items() if name not in MANNERS}
        if operation not in OPERATIONS or operation not in player.partner.endpoints:
            raise ControlError(f"this partner has no endpoint {operation!r}", 404)
        if operation == "products" and not message:
            return player.products().as_json()
        if operation == "audit":
            return player.send("audit", [message]).as_json()
        return player.send(operation, message or None).as_json()

    @control("GET", "orders")
    def show_orders(self) -> Any:
        with self.lock:
            return {"orders": [order.as_json() for order in self.book.orders.values()]}

    @control("POST", "orders")
    def place_order(self, body: dict[str, Any]) -> Any:
        return self.buyer().place(body)

    @control("GET", "orders/<order_id>")
    def show_order(self, order_id: str) -> Any:
        with self.lock:
            return self._known(order_id).as_json()

    @control("GET", "orders/<order_id>/notices")
    def show_order_notices(self, order_id: str) -> Any:
        with self.lock:
            return {"notices": self.book.notices_about(self._known(order_id).order_id)}

    @control("GET", "orders/<order_id>/log")
    def show_order_log(self, order_id: str) -> Any:
        with self.lock:
            return {"exchanges": self.book.exchanges_about(self._known(order_id).order_id)}

    @control("GET", "orders/<order_id>/compare")
    def compare_order(self, order_id: str) -> Any:
        return self.buyer().compare(self._known(order_id))

    @control("POST", "orders/<order_id>/create")
    def create_order(self, order_id: str, body: dict[str, Any]) -> Any:
        return self.buyer().create(self._known(order_id), body)

    @control("POST", "orders/<order_id>/pay")
    def pay_order(self, order_id: str, body: dict[str, Any]) -> Any:
        return self.buyer().pay(self._known(order_id), body)

    @control("POST", "orders/<order_id>/query")
    def query_order(self, order_id: str, body: dict[str, Any]) -> Any:
        return self.buyer().query(self._known(order_id), body)

    @control("POST", "orders/<order_id>/poll")
    def poll_order(self, order_id: str, body: dict[str, Any]) -> Any:
        return self.buyer().poll(self._known(order_id), body)

    @control("POST", "orders/<order_id>/refunds")
    def ask_new_refund(self, order_id: str, body: dict[str, Any]) -> Any:
        return self.buyer().refund(self._known(order_id), body)

    @control("POST", "orders/<order_id>/refunds/<refund_id>")
    def ask_refund_again(self, order_id: str, refund_id: str, body: dict[str, Any]) -> Any:
        order = self._known(order_id)
        if refund_id not in order.refunds:
            raise ControlError(f"no such refund: {refund_id!r}", 404)
        return self.buyer().ask_refund(order, order.refunds[refund_id], body)

    @control("POST", "orders/<order_id>/refunded")
    def tell_refunded(self, order_id: str, body: dict[str, Any]) -> Any:
        return self.buyer().refunded(self._known(order_id), body)

    @control("POST", "orders/<order_id>/close")
    def close_order(self, order_id: str, body: dict[str, Any]) -> Any:
        return self.buyer().close(self._known(order_id), body)

    def _known(self, order_id: str) -> Order:
        number = given.whole(order_id)
        if number is None:
            raise ControlError(f"no such order: {order_id!r}", 404)
        return self.book.order(number)


MANNERS = ("signature", "clock", "date", "without", "partner_header", "drop", "times", "at_once")


def _answered(
    code: int,
    describe: str,
    partner: Partner | None = None,
    *,
    outcome: str = "ok",
    applied: bool = False,
) -> Reply:
    envelope: dict[str, Any] = {"code": code, "describe": describe}
    if partner is not None:
        envelope["partnerId"] = int(partner.partner_id)
    return Reply.json(envelope, outcome=outcome, applied=applied)
