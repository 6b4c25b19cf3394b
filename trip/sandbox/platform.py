"""Meituan on a socket: takes notices in, and lends its control routes to whoever plays the buyer."""

from __future__ import annotations

import random
import time
from collections.abc import Callable, Mapping
from dataclasses import asdict
from typing import Any

from stores.sandbox import ControlError, Reply, Request, SandboxPlatform, Subject

from . import given, signing
from .book import Book
from .buyer import Buyer
from .calls import OPERATIONS, Partner
from .notices import LEARN, PROCESSING, ROUTES, Notice, contradiction, trouble
from .orders import Order
from .settings import Settings

OTHER = 300
SEED = 20160720


class MeituanTripSandbox(SandboxPlatform):
    prefix = "trip"

    def __init__(self) -> None:
        super().__init__()
        self.reset()

    def reset(self) -> None:
        with self.lock:
            self.settings = Settings()
            self.book = Book()
            self._dice = random.Random(SEED)  # noqa: S311
            self.touch()

    def snapshot(self) -> dict[str, Any]:
        with self.lock:
            return {"settings": dict(vars(self.settings)), **self.book.dump()}

    def restore(self, state: Mapping[str, Any]) -> None:
        book = Book.from_dump(state)
        with self.lock:
            self.settings = Settings().changed(state.get("settings", {}))
            self.book = book
            self.touch()

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
            notice.describe = (
                contradiction(notice.kind, order, notice.message) if order else "订单不存在"
            )
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
        return self._dice.random() < self.settings.processing_share

    def _order(self, body: Mapping[str, Any], partner: Partner) -> Order | None:
        """The order a notice is about; one that Meituan never placed is written down as far as the notice tells."""
        order = self.book.orders.get(body["orderId"])
        if order is not None:
            if order.deal_id == "":
                # One code may stand for many tickets: only some notices say how many.
                order.quantity = body.get("quantity") or order.quantity
            return order if order.partner_id == partner.partner_id else None
        if not self.settings.know_all_orders:
            return None
        quantity = body.get("quantity") or len(body.get("vouchers") or []) or 1
        order = Order(body["orderId"], partner.partner_id, "", quantity)
        self.book.add_order(order)
        return order

    # The control API, /_control/trip/...; the same from Python

    def control(self, path: str, body: Any) -> Any:
        name, _, rest = path.partition("/")
        route = (
            getattr(self, f"_control_{name}", None)
            if name in ("partners", "orders", "settings")
            else None
        )
        if route is not None:
            return route(rest, body)
        with self.lock:
            if path == "log" and body is None:
                return {
                    "exchanges": [
                        {"order_id": about, **exchange.as_json()}
                        for about, exchange in self.book.log
                    ]
                }
            if path == "notices" and body is None:
                return {"notices": [asdict(notice) for notice in self.book.notices]}
        raise ControlError(
            "trip has partners, settings, orders, log and notices: see the sandbox's documentation",
            404,
        )

    def buyer(self) -> Buyer:
        return Buyer(self.book, self.lock, self.settings.patience, self.touch)

    def configure(self, **changes: Any) -> dict[str, Any]:
        with self.lock:
            self.settings = self.settings.changed(changes)
            self.touch()
            return dict(vars(self.settings))

    def _control_settings(self, rest: str, body: Any) -> Any:
        return dict(vars(self.settings)) if body is None else self.configure(**given.mapping(body))

    def _control_partners(self, rest: str, body: Any) -> Any:
        if rest:
            partner_id, _, operation = rest.partition("/")
            return self._say(partner_id, operation, given.mapping(body))
        with self.lock:
            if body is not None:
                partner = given.partner(body)
                self.book.partners[partner.partner_id] = partner
                self.touch()
            return {"partners": [asdict(partner) for partner in self.book.partners.values()]}

    def _say(self, partner_id: str, operation: str, body: dict[str, Any]) -> Any:
        """A message that is about no order."""
        player = self.buyer().player(partner_id, body)
        message = {name: value for name, value in body.items() if name not in MANNERS}
        if operation == "send":
            manner = given.manner(body)
            if "raw" in body:
                manner = signing.Manner(
                    **{**vars(manner), "body": given.value(body, "raw", str).encode()}
                )
            operation = given.value(body, "operation", str)
            if operation not in player.partner.endpoints:
                raise ControlError(f"this partner has no endpoint {operation!r}")
            return player.send_raw(operation, body.get("message"), manner).as_json()
        if operation not in OPERATIONS or operation not in player.partner.endpoints:
            raise ControlError(f"this partner has no endpoint {operation!r}", 404)
        if operation == "products" and not message:
            return player.products().as_json()
        if operation == "audit":
            return player.send("audit", [message]).as_json()
        return player.send(operation, message or None).as_json()

    def _control_orders(self, rest: str, body: Any) -> Any:
        if not rest:
            return (
                self.buyer().place(given.mapping(body)) if body is not None else self._all_orders()
            )
        key, _, verb = rest.partition("/")
        order = self.book.order(given.whole(key))
        return (
            self._look(order, verb) if body is None else self._act(order, verb, given.mapping(body))
        )

    def _all_orders(self) -> Any:
        with self.lock:
            return {"orders": [order.as_json() for order in self.book.orders.values()]}

    def _look(self, order: Order, verb: str) -> Any:
        if verb == "compare":
            return self.buyer().compare(order)
        with self.lock:
            if verb == "":
                return order.as_json()
            if verb == "notices":
                return {"notices": self.book.notices_about(order.order_id)}
            if verb == "log":
                return {"exchanges": self.book.exchanges_about(order.order_id)}
        raise ControlError("GET an order itself, or its notices, log or compare", 404)

    def _act(self, order: Order, verb: str, body: dict[str, Any]) -> Any:
        buyer = self.buyer()
        verbs: dict[str, Callable[[Order, dict[str, Any]], Any]] = {
            "create": buyer.create,
            "pay": buyer.pay,
            "query": buyer.query,
            "poll": buyer.poll,
            "refunds": buyer.refund,
            "refunded": buyer.refunded,
            "close": buyer.close,
        }
        if verb in verbs:
            return verbs[verb](order, body)
        name, _, refund_id = verb.partition("/")
        if name == "refunds" and refund_id in order.refunds:
            return buyer.ask_refund(order, order.refunds[refund_id], body)
        raise ControlError(f"POST {', '.join(verbs)} or refunds/<refundId> of this order", 404)


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
