"""WeChat on a socket: tokens, calls, pushes and riders."""

from __future__ import annotations

import random
import secrets
import threading
import time
from collections.abc import Mapping
from typing import Any

from stores.sandbox import Reply, Request, Subject
from stores.sandbox.outgoing import NO_ADDRESS, WAITING, Parcel, Queue, Threads

from . import events, providers
from .answers import CourierRefuses, PlatformRefused
from .book import App, Book, Provider, Push
from .calls import CALLS, FOR_PROVIDERS, ROOT, World, read_body
from .control import ControlRoutes
from .riders import Riders

TOKEN = "/cgi-bin/stable_token"  # noqa: S105
QUOTA = "/cgi-bin/openapi/quota/get"
SEED = 20240426


class WechatSandbox(ControlRoutes):
    """Pushes are sent and riders ride between `start` and `stop`."""

    prefix = "wechat"

    def __init__(self) -> None:
        self._threads: Threads[Push] | None = None
        super().__init__()

    # State

    def clear(self) -> None:
        if not hasattr(self, "wake"):
            self.wake = threading.Condition(self.lock)
        self.book = Book()
        self._dice = random.Random(SEED)  # noqa: S311

    def dump(self) -> dict[str, Any]:
        return self.book.dump()

    def load(self, state: Mapping[str, Any]) -> None:
        self.book = Book.from_dump(state)
        self.wake.notify_all()

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

    def tell(self, provider: Provider, event: dict[str, Any]) -> None:
        """Has something pushed to a provider."""
        now = time.time()
        push = Push(
            number=self.queue.next_number(),
            subject=provider.appid,
            created_at=now,
            due=now,
            state=WAITING if provider.callback else NO_ADDRESS,
            appid=provider.appid,
            event=event,
        )
        self.queue.add(push)

    def riders(self) -> Riders:
        return Riders(self.book, self.settings, self._dice)

    def changed(self) -> None:
        self.touch()
        self.wake.notify_all()

    # Requests

    def operation(self, request: Request) -> str:
        if request.path in (TOKEN, QUOTA):
            return request.path.rsplit("/cgi-bin/", 1)[1]
        if request.path.startswith(providers.ROOT):
            name = request.path.removeprefix(providers.ROOT)
            return f"component/{name}" if name in providers.CALLS else ""
        path = request.path.removeprefix(ROOT)
        return path if request.path.startswith(ROOT) and path in CALLS else ""

    def subject(self, request: Request) -> Subject:
        body = request.json_object or {}
        return Subject(account=str(body.get("appid") or body.get("shopid") or ""))

    def handle(self, request: Request) -> Reply:
        operation = self.operation(request)
        try:
            with self.lock:
                answer = self._answer(operation, request)
                self.changed()
        except PlatformRefused as error:
            return _reply(error.as_json(), outcome=f"errcode:{error.code}")
        except CourierRefuses as error:
            return _reply(error.as_json(), outcome=f"resultcode:{error.code}")
        if operation == "order/cancel":
            time.sleep(self.settings.cancel_seconds)
        return _reply(answer, applied=True)

    def _answer(self, operation: str, request: Request) -> dict[str, Any]:
        if not operation:
            raise PlatformRefused(-1)
        if operation == "stable_token":
            return self._token(read_body(request.body, self.settings))
        if operation.startswith("component/"):
            return self._component(operation.removeprefix("component/"), request)
        app = self._let_in(request.query.get("access_token", ""))
        body = read_body(request.body, self.settings)
        if operation == "openapi/quota/get":
            return self._quota(body)
        if operation in FOR_PROVIDERS and not self._is_provider(request):
            raise PlatformRefused(86000)
        return CALLS[operation](World(self.book, self.settings, self.riders()), app, body)

    def _component(self, name: str, request: Request) -> dict[str, Any]:
        if name in providers.NEED_TOKEN:
            query = request.query
            token = query.get("component_access_token") or query.get("access_token", "")
            providers.let_in(self.book, token)
        body = read_body(request.body, self.settings)
        return providers.CALLS[name](self.book, self.settings, body)

    def _is_provider(self, request: Request) -> bool:
        token = request.query.get("access_token", "")
        return providers.authorisation_of(self.book, token) is not None

    def _token(self, body: Mapping[str, Any]) -> dict[str, Any]:
        app = self.book.apps.get(str(body.get("appid")))
        if app is None:
            raise PlatformRefused(40013)
        if body.get("secret") != app.secret:
            raise PlatformRefused(40125)
        now, settings = time.time(), self.settings
        is_forced = body.get("force_refresh") is True
        if is_forced and now - app.forced_at >= settings.force_pause_seconds:
            app.forced_at, app.token, app.old_token = now, "", ""
        if not app.token or app.token_ends - now < settings.old_token_seconds:
            self.new_token(app, now)
        return {"access_token": app.token, "expires_in": int(app.token_ends - now)}

    def new_token(self, app: App, now: float) -> None:
        app.old_token, app.old_token_ends = (
            app.token,
            min(app.token_ends, now + self.settings.old_token_seconds),
        )
        app.token = f"{secrets.token_urlsafe(100)}_{app.appid}"
        app.token_ends = now + self.settings.token_seconds

    def _let_in(self, token: str) -> App:
        """Returns the app of a token. Raises PlatformRefused."""
        if not token:
            raise PlatformRefused(41001)
        if granted := providers.authorisation_of(self.book, token):
            if granted.token_ends < time.time():
                raise PlatformRefused(42001)
            return self.book.apps[granted.appid]
        app = self.book.app_of(token)
        if app is None:
            raise PlatformRefused(40001 if len(token) > 20 else 40014)
        ends = app.token_ends if token == app.token else app.old_token_ends
        if ends < time.time():
            raise PlatformRefused(42001)
        return app

    def _quota(self, body: Mapping[str, Any]) -> dict[str, Any]:
        used = sum(self.book.calls.values())
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
