"""The control routes under /_control/takeaway/: customers, riders, the service, Meituan itself."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import asdict
from typing import Any

from stores.sandbox import ControlError, SandboxPlatform, control, given
from stores.sandbox.outgoing import PENDING

from . import actions, binding, chat, orders, refunds, shapes
from .accounts import OFFLINE, ONLINE, OPEN, READING, RESTING, TAKING, Developer, Shop
from .messages import Message
from .orders import Order, read_order
from .refunds import Refund
from .settings import Settings
from .shapes import as_text
from .sockets import Sockets
from .world import Impossible, World

SEED: dict[str, Any] = {
    "developer": {"developer_id": 100000, "sign_key": "demoSignKey00001"},
    "stores": [
        {"epoi_id": "shop-001", "business_id": TAKING, "name": "演示店"},
        {"epoi_id": "shop-016", "business_id": READING, "name": "演示二店"},
    ],
}


class ControlRoutes(SandboxPlatform[Settings]):
    settings_class = Settings
    world: World
    sockets: Sockets

    @contextmanager
    def _acting(self) -> Iterator[World]:
        """Holds the lock; what Meituan would refuse becomes a 409 of the control route."""
        with self.lock:
            try:
                yield self.world
            except Impossible as error:
                raise ControlError(error.message, 409) from None
            self.touch()

    def configure(self, /, **changes: Any) -> dict[str, Any]:
        with self.lock:
            changed = super().configure(**changes)
            if {"pushes", "pushes_seconds"} & set(changes):
                self.world.note_pushes()
            if self.settings.pushes == "send":
                self.world.book.pushes.release()
            self.world.wake.notify_all()
            return changed

    # Accounts

    @control("POST", "seed")
    def seed(self, body: dict[str, Any]) -> Any:
        """Adds {"developer", "stores", "orders"}, by default a developer with a store of each kind.

        Repeating it keeps what has happened since; an order that is there is not placed again.
        """
        asked = given.value(body, "developer", dict, SEED["developer"])
        rows = given.rows(body, "stores") or given.rows(SEED, "stores")
        with self._acting() as world:
            developer = Developer.read(asked, world.book.developers)
            world.book.developers[developer.developer_id] = developer
            shops = [
                self._add_shop({"developer_id": developer.developer_id, **row}) for row in rows
            ]
            known = world.book.orders
            for row in given.rows(body, "orders"):
                if given.whole(row.get("order_id")) not in known:
                    self._place(world, row)
            return {"developer": asdict(developer), "stores": [asdict(shop) for shop in shops]}

    @control("GET", "state")
    def show_state(self) -> Any:
        return self.snapshot()

    @control("GET", "developers")
    def show_developers(self) -> Any:
        with self.lock:
            return {"developers": [asdict(row) for row in self.world.book.developers.values()]}

    @control("POST", "developers")
    def add_developer(self, body: dict[str, Any]) -> Any:
        with self._acting() as world:
            developer = Developer.read(body, world.book.developers)
            world.book.developers[developer.developer_id] = developer
            return asdict(developer)

    @control("POST", "developers/<developer_id>/push")
    def register_addresses(self, developer_id: str, body: dict[str, Any]) -> Any:
        with self._acting() as world:
            developer = world.book.developer(given.whole(developer_id) or 0)
            developer.register(body)
            return asdict(developer)

    @control("GET", "stores")
    def show_stores(self) -> Any:
        with self.lock:
            return {"stores": [asdict(shop) for shop in self.world.book.shops.values()]}

    @control("POST", "stores")
    def add_store(self, body: dict[str, Any]) -> Any:
        with self._acting():
            return asdict(self._add_shop(body))

    @control("POST", "stores/<e_poi_id>")
    def change_store(self, e_poi_id: str, body: dict[str, Any]) -> Any:
        with self._acting() as world:
            shop = world.book.shop(e_poi_id)
            shop.change(body)
            return asdict(shop)

    @control("POST", "stores/<e_poi_id>/bind")
    def bind_store(self, e_poi_id: str, body: dict[str, Any]) -> Any:
        with self._acting() as world:
            binding.bind(world, world.book.shop(e_poi_id))
            return asdict(world.book.shop(e_poi_id))

    @control("POST", "stores/<e_poi_id>/unbind")
    def unbind_store(self, e_poi_id: str, body: dict[str, Any]) -> Any:
        with self._acting() as world:
            binding.unbind(world, world.book.shop(e_poi_id))
            return asdict(world.book.shop(e_poi_id))

    @control("POST", "stores/<e_poi_id>/status")
    def push_status(self, e_poi_id: str, body: dict[str, Any]) -> Any:
        status = given.value(body, "status", int)
        if status not in (OPEN, RESTING, ONLINE, OFFLINE):
            raise ControlError("status is 121, 120, 18 or 19")
        with self._acting() as world:
            shop = world.book.shop(e_poi_id)
            shop.status = status
            pushed = {"poiStatus": status, "ePoiId": e_poi_id, "time": int(time.time())}
            pushed["operator"] = given.value(body, "operator", str, "BUSINESS")
            pushed["reason"] = given.value(body, "reason", str, "")
            world.push("poi_status", shop, pushed)
            return asdict(shop)

    def _add_shop(self, body: dict[str, Any]) -> Shop:
        """Adds a store; one that is there already gets the token and the changes of the body."""
        book = self.world.book
        shop = Shop.read(body, book.next_number("poi"))
        book.developer(shop.developer_id)
        there = book.shops.setdefault(shop.e_poi_id, shop)
        if (there.developer_id, there.business_id) != (shop.developer_id, shop.business_id):
            raise ControlError(f"store {shop.e_poi_id} belongs to another application", 409)
        there.change(body)
        if "app_auth_token" in body:
            there.token = shop.token
        return there

    # Orders

    @control("GET", "orders")
    def show_orders(self) -> Any:
        with self.lock:
            return {"orders": [self._view(row) for row in self.world.book.orders.values()]}

    @control("POST", "orders")
    def place_order(self, body: dict[str, Any]) -> Any:
        """Places an order of a store ("epoi_id") and pays it, unless "pay" is false."""
        with self._acting() as world:
            return self._view(self._place(world, body))

    def _place(self, world: World, body: Mapping[str, Any]) -> Order:
        shop = world.book.shop(given.value(body, "epoi_id", str))
        seq = world.book.next_day_seq(shop.e_poi_id, orders.beijing_day(time.time()))
        number = given.whole(body.get("order_id")) or world.book.next_number("order")
        if number in world.book.orders:
            raise ControlError(f"order {number} is there already")
        order = read_order(body, number, seq, shop.logistics_code)
        wants_pay = given.value(body, "pay", bool, True)
        world.book.orders[number] = order
        world.book.live.add(number)
        if wants_pay:
            actions.pay(world, order)
        return order

    @control("GET", "orders/<order_id>")
    def show_order(self, order_id: str) -> Any:
        with self.lock:
            return self._view(self._known(order_id))

    @control("POST", "orders/<order_id>/<action>")
    def act_on_order(self, order_id: str, action: str, body: dict[str, Any]) -> Any:
        act = ACTIONS.get(action)
        if act is None:
            raise ControlError(f"no such action; there are {', '.join(ACTIONS)}", 404)
        with self._acting() as world:
            order = self._known(order_id)
            act(world, order, body)
            return self._view(order)

    def _known(self, order_id: str) -> Order:
        return self.world.book.order(given.whole(order_id))

    def _view(self, order: Order) -> dict[str, Any]:
        """Returns Meituan's own view; `shown` is what queryById answers. Numbers are texts."""
        shop = self.world.book.shops[order.e_poi_id]
        view = order.as_json()
        view["order_id"], view["view_id"] = str(order.order_id), str(order.view_id)
        view["open_user_id"] = str(order.open_user_id)
        view["total"], view["received"] = order.bill.total, order.bill.received
        view["shown"] = shapes.queried(order, shop, self.settings)
        return view

    # Chat

    @control("GET", "messages")
    def show_messages(self) -> Any:
        with self.lock:
            return {"messages": [_message(row) for row in self.world.book.messages]}

    @control("POST", "messages")
    def write_message(self, body: dict[str, Any]) -> Any:
        with self._acting() as world:
            e_poi_id = body.get("epoi_id")
            if e_poi_id is None and body.get("order_id"):
                e_poi_id = self._known(str(body["order_id"])).e_poi_id
            return _message(chat.customer_writes(world, world.book.shop(str(e_poi_id)), body))

    @control("POST", "conversations/<e_poi_id>/<open_user_id>/read")
    def read_messages(self, e_poi_id: str, open_user_id: str, body: dict[str, Any]) -> Any:
        with self._acting() as world:
            world.book.shop(e_poi_id)
            at = given.value(body, "at", int, int(time.time() * 1000))
            world.book.read_times[f"{e_poi_id}/{open_user_id}"] = at
            return {"last_read_time": at}

    @control("GET", "sockets")
    def show_sockets(self) -> Any:
        return {"sockets": self.sockets.shown()}

    @control("POST", "sockets/cut")
    def cut_sockets(self, body: dict[str, Any]) -> Any:
        return {"cut": self.sockets.cut(given.value(body, "epoi_id", str, ""))}

    @control("POST", "sockets/send")
    def send_frame(self, body: dict[str, Any]) -> Any:
        """Sends {"text"} as a frame as it is: unknown kinds, broken JSON."""
        text = given.value(body, "text", str)
        return {"sent": self.sockets.send(text, given.value(body, "epoi_id", str, ""))}

    # Pushes

    @control("GET", "pushes")
    def show_pushes(self) -> Any:
        with self.lock:
            return {"pushes": [asdict(push) for push in self.world.book.pushes.all()]}

    @control("POST", "pushes")
    def push_anything(self, body: dict[str, Any]) -> Any:
        """Sends {"event", "epoi_id", "fields"} as they are: unknown kinds, broken JSON."""
        fields = given.value(body, "fields", dict)
        fields = {str(name): _field(value) for name, value in fields.items()}
        with self._acting() as world:
            shop = world.book.shop(given.value(body, "epoi_id", str))
            made = world.push_fields(given.value(body, "event", str), shop, fields)
            return {"pushes": [asdict(push) for push in made]}

    @control("POST", "pushes/<number>/repeat")
    def repeat_push(self, number: str, body: dict[str, Any]) -> Any:
        """Sends a settled push once more, also one that was lost or acknowledged."""
        with self._acting() as world:
            push = world.book.pushes.find(given.whole(number) or 0)
            if push is None:
                raise ControlError(f"no such push: {number}", 404)
            if push.state in PENDING:
                raise ControlError("the push has not been settled yet", 409)
            push.tries.clear()
            world.book.pushes.retry(push, time.time())
            world.wake.notify_all()
            return asdict(push)


def _message(row: Message) -> dict[str, Any]:
    shown = asdict(row)
    for name in ("msg_id", "order_id", "open_user_id", "sender_id"):
        shown[name] = str(shown[name])
    return shown


def _field(value: Any) -> str:
    return value if isinstance(value, str) else as_text(value)


# Actions on an order: the name in the path → what it does with the body

Action = Callable[[World, Order, dict[str, Any]], object]


def _reason(body: dict[str, Any], usual: str) -> str:
    return given.value(body, "reason", str, usual)


def _cancel(world: World, order: Order, body: dict[str, Any]) -> None:
    code = given.value(body, "reason_code", str, orders.BY_CUSTOMER)
    actions.cancel(world, order, code, _reason(body, orders.REASONS.get(code, "取消")))


def _refund(world: World, order: Order, body: dict[str, Any]) -> None:
    """Applies for a refund: {"foods": {"0": 1}} of lines, without it the whole order."""
    foods = given.value(body, "foods", dict, {})
    counts = {str(line): given.value(foods, line, int) for line in foods}
    reason = _reason(body, "不想要了")
    actions.apply_refund(world, order, counts, reason, given.texts(body, "pictures"))


def _step(action: str, usual: str) -> Action:
    def act(world: World, order: Order, body: dict[str, Any]) -> None:
        actions.refund_step(world, order, _last_refund(order), action, _reason(body, usual))

    return act


def _last_refund(order: Order) -> Refund:
    if not order.refunds:
        raise Impossible("订单没有退款申请")
    return order.refunds[-1]


def _ship(world: World, order: Order, body: dict[str, Any]) -> None:
    state = given.value(body, "state", int)
    if state not in orders.DELIVERY:
        raise ControlError(f"state is one of {', '.join(map(str, orders.DELIVERY))}")
    courier = {"name": "王骑手", "phone": "13700137000"}
    courier = {name: given.value(body, name, str, usual) for name, usual in courier.items()}
    actions.deliver(world, order, state, courier if state not in (0, 5) else {})


def _ask_for_time(world: World, order: Order, body: dict[str, Any]) -> None:
    now = int(time.time())
    at = given.value(body, "at", int, now + 3600)
    actions.ask_for_time(world, order, at, given.value(body, "deadline", int, now + 300))


def _degrade(world: World, order: Order, body: dict[str, Any]) -> None:
    """Gives up the privacy numbers (隐私号降级): real ones are shown from now on."""
    order.is_degraded = True
    order.touch()
    actions.push(world, "privacy", order, {"orderId": order.order_id})


def _settle(world: World, order: Order, body: dict[str, Any]) -> None:
    """Pushes the settlement; its fields besides orderId are not published."""
    pushed = {
        "orderId": order.order_id,
        "orderIdView": order.view_id,
        "settleCent": order.bill.received - order.refunded,
        "settleTime": int(time.time()),
    }
    actions.push(world, "settlement", order, pushed)


def _mark_abnormal(world: World, order: Order, body: dict[str, Any]) -> None:
    order.is_abnormal = given.value(body, "abnormal", bool, True)


ACTIONS: dict[str, Action] = {
    "pay": lambda world, order, body: actions.pay(world, order),
    "confirm": lambda world, order, body: actions.confirm(world, order),
    "finish": lambda world, order, body: actions.finish(world, order),
    "ready": lambda world, order, body: actions.meal_ready(world, order),
    "cancel": _cancel,
    "refund": _refund,
    **{
        name.replace("_", "-"): _step(name, "协商一致" if "agree" in name else "不同意")
        for name in refunds.STEPS
    },
    "remind": lambda world, order, body: actions.remind(world, order, _reason(body, "请尽快")),
    "shipping": _ship,
    "eta": _ask_for_time,
    "degrade": _degrade,
    "settle": _settle,
    "abnormal": _mark_abnormal,
}
