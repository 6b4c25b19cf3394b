"""A simulated WeChat with a service provider, for whom shops authorise, and our side of it."""

import threading
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from typing import Any

from django.db import connections
from django.utils import timezone

from delivery.choices import PLATFORM
from delivery.models import Authorisation
from delivery.sandbox import WechatSandbox
from delivery.sandbox.book import Book
from delivery.services import authorising, providing
from delivery.services.providing import now_or
from delivery.wire.events import any_moment
from stores.models import Connection
from stores.sandbox import SandboxServer
from tests.delivery.factories import MiniProgramFactory
from tests.delivery.wechat_sandbox.calling import APPID, get, post

COMPONENT, SECRET = "wxprovider000001", "provider-secret"


@dataclass
class World:
    server: SandboxServer
    provider: Connection

    @classmethod
    def made(cls, server: SandboxServer) -> "World":
        post(server, "seed", {})
        post(server, "providers", {"appid": COMPONENT, "secret": SECRET})
        post(server, f"providers/{COMPONENT}/ticket", {})
        [row] = get(server, "providers")["providers"]
        secrets = {"secret": SECRET, "ticket": row["ticket"]}
        provider = MiniProgramFactory(merchant=None, account=COMPONENT, credentials=secrets)
        return cls(server, provider)

    @property
    def book(self) -> Book:
        platform = self.server.platform(PLATFORM)
        assert isinstance(platform, WechatSandbox)
        return platform.book

    def agree(self) -> dict[str, Any]:
        """The shop's administrator agrees; returns the fields of WeChat's push."""
        told: dict[str, Any] = post(self.server, f"apps/{APPID}/authorise", {"provider": COMPONENT})
        return told

    def push(self, told: dict[str, Any]) -> Authorisation:
        """Does what the handler of the push does."""
        return providing.authorised(
            provider=self.provider, appid=APPID, code=told["AuthorizationCode"], at=at_of(told)
        )

    def exchange(self) -> None:
        for pk in authorising.owed():
            authorising.exchange(pk)

    def withdraw(self) -> None:
        told = post(self.server, f"apps/{APPID}/withdraw", {})
        providing.withdrawn(provider=self.provider, appid=APPID, at=at_of(told))

    def calls(self, operation: str) -> int:
        return sum(row.operation == operation for row in self.server.arrivals.all())


def at_of(told: dict[str, Any]) -> Any:
    return now_or(any_moment(told, "CreateTime"), timezone.now())


def at_once(*works: Callable[[], object]) -> None:
    """Does all this in threads of their own, begun at the same moment."""
    start = threading.Barrier(len(works))

    def one(work: Callable[[], object]) -> None:
        start.wait()
        try:
            work()
        finally:
            connections.close_all()

    with ThreadPoolExecutor(len(works)) as workers:
        for done in [workers.submit(one, work) for work in works]:
            done.result(30)
