"""What control routes, calls and the sending threads share: the book, riders and pushes."""

from __future__ import annotations

import random
import threading
import time
from collections.abc import Mapping
from typing import Any

from stores.sandbox import SandboxPlatform
from stores.sandbox.outgoing import NO_ADDRESS, WAITING

from .book import Book, Provider, Push
from .riders import Riders
from .settings import Settings

SEED = 20240426


class State(SandboxPlatform[Settings]):
    settings_class = Settings

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

    def changed(self) -> None:
        """Has the state kept, and what is to be pushed sent."""
        self.touch()
        self.wake.notify_all()

    def riders(self) -> Riders:
        return Riders(self.book, self.settings, self._dice)

    def tell(self, provider: Provider, event: dict[str, Any]) -> None:
        """Has something pushed to a provider."""
        now = time.time()
        push = Push(
            number=self.book.pushes.next_number(),
            subject=provider.appid,
            created_at=now,
            due=now,
            state=WAITING if provider.callback else NO_ADDRESS,
            appid=provider.appid,
            event=event,
        )
        self.book.pushes.add(push)
