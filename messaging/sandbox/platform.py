"""Meituan's catering platform on a socket: calls, pages, pushes and the clock."""

from __future__ import annotations

import time
from collections.abc import Mapping
from typing import Any

from stores.sandbox import Reply, Request, Subject
from stores.sandbox.outgoing import Threads
from stores.sandbox.pages import form
from stores.sandbox.platform import Talk

from . import actions, answers, binding, chat_calls, customer, gate, order_calls, pictures, printer
from .answers import Refused, business_error
from .book import Book
from .calls import Call
from .control import ControlRoutes
from .printer import Printer, PrinterRoutes
from .pushes import Push
from .sending import Sender
from .sockets import Sockets
from .world import Impossible, World

CALLS: dict[str, Call] = {**order_calls.CALLS, **chat_calls.CALLS}


class TakeawaySandbox(ControlRoutes, PrinterRoutes):
    """The platform, and a shop's printer. Pushes are sent, deadlines kept and receipts printed
    between `start` and `stop`.
    """

    prefix = "takeaway"

    def __init__(self) -> None:
        self._threads: Threads[Push] | None = None
        super().__init__()

    def start(self) -> None:
        self._threads = Threads(Sender(self.world), self._tick)
        self._threads.start()
        self.printer.start()

    def _tick(self) -> None:
        if 0 < self.world.pushes_back_at < time.time():
            self.configure(pushes="send")
        actions.tick(self.world)

    def stop(self) -> None:
        self.sockets.cut()
        self.printer.stop()
        if self._threads:
            self._threads.stop()
            self._threads = None

    def clear(self) -> None:
        if not hasattr(self, "world"):
            self.world = World(lambda: self.settings, self.touch, self.lock)
            self.sockets = Sockets(self.world)
            self.printer = Printer(lambda: self.settings)
        self.sockets.cut()
        self.printer.clear()
        self.world.book = Book()

    def dump(self) -> dict[str, Any]:
        return self.world.book.dump()

    def load(self, state: Mapping[str, Any]) -> None:
        self.world.book = Book.from_dump(state)
        self.world.wake.notify_all()

    # Requests

    def opened(self, request: Request) -> Talk | None:
        return self.sockets.opened(request.path)

    def call(self, path: str) -> Call | None:
        if path == self.settings.card_upload_path:
            return chat_calls.UPLOAD
        return CALLS.get(path)

    def operation(self, request: Request) -> str:
        """Returns the end of the path, the same under both prefixes: order/confirm, im/msg/send."""
        if request.path == printer.PAGE:
            return "printer"
        if request.path in (customer.PAGE, customer.TALK):
            return "customer"
        if request.path in pictures.PATHS:
            return "picture"
        if request.path in binding.PAGES:
            return binding.PAGES[request.path]
        if self.call(request.path) is None:
            return ""
        return request.path.split("/", 2)[2].removeprefix("ng/")

    def subject(self, request: Request) -> Subject:
        return Subject(account=form(request).get("developerId", ""))

    def handle(self, request: Request) -> Reply:
        if request.path in pictures.PATHS:
            return pictures.reply(request.path)
        self.world.here = f"http://{request.headers.get('host', '')}/{self.prefix}"
        if request.path == printer.PAGE:
            return self.printer.page()
        if request.path in (customer.PAGE, customer.TALK):
            return customer.page(self, request)
        if request.path in binding.PAGES:
            with self.lock:
                return binding.page(self.world, request)
        fields = form(request)
        version = fields.get("version", "2")
        try:
            return answers.success(self._answer(request, fields), version)
        except Refused as error:
            return answers.refusal(error, version)

    def _answer(self, request: Request, fields: Mapping[str, str]) -> Any:
        call = self.call(request.path)
        if call is None:
            raise Refused("OP_API_NOT_EXIST", "接口不存在")
        with self.lock:
            caller, biz = gate.Gate(self.world, call).open(request, fields)
            try:
                return call.run(self.world, caller, biz)
            except Impossible as error:
                raise business_error(error.message) from None

    def blocked(self, request: Request) -> Reply:
        error = Refused("OP_LIMITATION_REJECT", "请求过于频繁，请稍后再试")
        return answers.refusal(error, "2")

    def token_expired(self, request: Request) -> Reply:
        return answers.refusal(answers.unauthorised(answers.TOKEN_EXPIRED), "2")

    def wrong_types(self, request: Request) -> Reply:
        return Reply.json({"code": 7, "msg": {}, "data": [None, 1], "traceId": None})
