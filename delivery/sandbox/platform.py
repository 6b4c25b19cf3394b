"""WeChat on a socket: tokens, calls, pushes and riders."""

from __future__ import annotations

import time
from collections.abc import Mapping
from typing import Any

from stores.sandbox import Reply, Request, Subject
from stores.sandbox.outgoing import Parcel, Queue, Threads

from . import events, playing, providers, ruling, tokens
from .answers import CourierRefuses, PlatformRefused
from .bodies import read_body
from .book import Push
from .calls import CALLS, FOR_PROVIDERS, ROOT, World, day_of
from .control import ControlRoutes
from .settings import Settings

TOKEN = "/cgi-bin/stable_token"  # noqa: S105
QUOTA = "/cgi-bin/openapi/quota/get"
# On which people play the couriers.
PAGES = {playing.PAGE: playing.page, ruling.PAGE: ruling.page}


class WechatSandbox(ControlRoutes):
    """Pushes are sent and riders ride between `start` and `stop`."""

    prefix = "wechat"

    def __init__(self) -> None:
        self._threads: Threads[Push] | None = None
        super().__init__()

    # What the sending threads ask

    def start(self) -> None:
        self._threads = Threads(self, self._tick)
        self._threads.start()

    def stop(self) -> None:
        if self._threads:
            self._threads.stop()
            self._threads = None

    @property
    def queue(self) -> Queue[Push]:
        return self.book.pushes

    def parcel(self, message: Push) -> Parcel | None:
        if provider := self.book.providers.get(message.appid):
            return events.provider_parcel(message, provider, self.settings)
        app = self.book.apps.get(message.appid)
        if app and (provider := self.book.provider_of(app)):
            return events.provider_parcel(message, provider, self.settings, app)
        return events.parcel(message, app, self.settings) if app and app.callback else None

    def settle(self, message: Push, tried: dict[str, Any]) -> None:
        is_done = events.is_acknowledged(tried)
        pauses = self.settings.push_retry_seconds
        self.queue.settle(message, tried, is_done=is_done, pauses=pauses)
        self.touch()

    def _tick(self) -> None:
        now = time.time()
        is_news = self.riders().tick(now)
        every = self.settings.ticket_seconds
        for provider in self.book.providers.values():
            if every and provider.callback and now - provider.ticket_at >= every:
                self.tell(provider, providers.new_ticket(provider))
                is_news = True
        if is_news:
            self.changed()

    # Requests

    def operation(self, request: Request) -> str:
        if request.path in PAGES:
            return request.path[1:]
        if request.path in (TOKEN, QUOTA):
            return request.path.rsplit("/cgi-bin/", 1)[1]
        if request.path.startswith(providers.ROOT):
            name = request.path.removeprefix(providers.ROOT)
            is_known = name in providers.CALLS or name == providers.START_TICKETS
            return f"component/{name}" if is_known else ""
        path = request.path.removeprefix(ROOT)
        return path if request.path.startswith(ROOT) and path in CALLS else ""

    def subject(self, request: Request) -> Subject:
        body = request.json_object or {}
        return Subject(account=str(body.get("appid") or body.get("shopid") or ""))

    def handle(self, request: Request) -> Reply:
        if page := PAGES.get(request.path):
            return page(self, request)
        operation = self.operation(request)
        reply = self._reply(operation, request)
        if operation in CALLS:
            switches = self._switches(request)
            is_cancelling = operation == "order/cancel"
            time.sleep(switches.answer_seconds + is_cancelling * switches.cancel_seconds)
        return reply

    def _reply(self, operation: str, request: Request) -> Reply:
        try:
            with self.lock:
                answer = self._answer(operation, request)
                self.changed()
        except PlatformRefused as error:
            return _reply(error.as_json(), outcome=f"errcode:{error.code}")
        except CourierRefuses as error:
            return _reply(error.as_json(), outcome=f"resultcode:{error.code}")
        return _reply(answer, applied=True)

    def _switches(self, request: Request) -> Settings:
        """Returns the switches as they are for the courier that a request is about."""
        with self.lock:
            shopid = str((request.json_object or {}).get("shopid", ""))
            account = self.book.accounts.get(shopid)
            courier = self.book.couriers.get(account.delivery_id) if account else None
            return self.settings.of(courier.switches) if courier else self.settings

    def _answer(self, operation: str, request: Request) -> dict[str, Any]:
        if not operation:
            raise PlatformRefused(-1)
        if code := self._refuses(operation):
            raise PlatformRefused(code)
        if operation == "stable_token":
            return tokens.stable_token(
                self.book, self.settings, read_body(request.body, self.settings)
            )
        if operation.startswith("component/"):
            return self._component(operation.removeprefix("component/"), request)
        app = tokens.let_in(self.book, request.query.get("access_token", ""))
        body = read_body(request.body, self.settings)
        if operation == "openapi/quota/get":
            return self._quota(body)
        if operation in FOR_PROVIDERS and not self._is_provider(request):
            raise PlatformRefused(86000)
        return CALLS[operation](World(self.book, self.settings, self.riders()), app, body)

    def _refuses(self, operation: str) -> int:
        """The code with which all such calls are refused; 0 when they are not."""
        if operation in CALLS:
            return self.settings.refuses_calls_with
        if operation in ("stable_token", "component/api_component_token"):
            return self.settings.refuses_tokens_with
        return 0

    def _component(self, name: str, request: Request) -> dict[str, Any]:
        if name in providers.NEED_TOKEN:
            query = request.query
            token = query.get("component_access_token") or query.get("access_token", "")
            providers.let_in(self.book, token)
        body = read_body(request.body, self.settings)
        if name == providers.START_TICKETS:
            return self._start_tickets(body)
        return providers.CALLS[name](self.book, self.settings, body)

    def _start_tickets(self, body: Mapping[str, Any]) -> dict[str, Any]:
        provider, is_sent = providers.start_tickets(self.book, self.settings, body)
        if not is_sent:
            self.tell(provider, providers.new_ticket(provider))
        return {"errcode": 0, "errmsg": "in a normal state" if is_sent else "ok"}

    def _is_provider(self, request: Request) -> bool:
        token = request.query.get("access_token", "")
        return providers.authorisation_of(self.book, token) is not None

    def _quota(self, body: Mapping[str, Any]) -> dict[str, Any]:
        used = self.book.calls.get(day_of(time.time()), 0)
        limit = self.settings.calls_a_day
        quota = {"daily_limit": limit, "used": used, "remain": max(0, limit - used)}
        return {"errcode": 0, "errmsg": "ok", "quota": quota}

    def blocked(self, request: Request) -> Reply:
        return _reply(PlatformRefused(45009).as_json(), outcome="blocked")

    def token_expired(self, request: Request) -> Reply:
        return _reply(PlatformRefused(42001).as_json(), outcome="unauthorised")

    def wrong_types(self, request: Request) -> Reply:
        return _reply({"resultcode": 0, "resultmsg": [], "fee": {}, "order_status": "x", "list": 7})


def _reply(data: dict[str, Any], *, outcome: str = "ok", applied: bool = False) -> Reply:
    """WeChat says that its JSON is plain text."""
    reply = Reply.json(data, outcome=outcome, applied=applied)
    reply.content_type = "text/plain"
    return reply
