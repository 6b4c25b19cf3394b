"""What calls, control routes and the clock work on: the book, the settings and the pushes."""

from __future__ import annotations

import random
import threading
import time
from collections.abc import Callable
from typing import Any

from stores.sandbox.outgoing import HELD, LOST, NO_ADDRESS, WAITING

from . import pushes
from .accounts import READING, Shop
from .book import Book
from .messages import Message
from .pushes import Push
from .settings import Settings

SEED = 20210323
ORDER_EVENTS = {
    "order_new", "order_confirmed", "order_finished", "order_cancelled", "refund", "part_refund",
    "shipping", "remind", "settlement", "privacy",
}  # fmt: skip


class Impossible(Exception):
    """An action that the present state does not allow; the text is Meituan's answer."""

    def __init__(self, message: str) -> None:
        super().__init__(message)
        self.message = message


class World:
    """A caller holds the platform's lock. `settings` returns the present ones."""

    def __init__(
        self, settings: Callable[[], Settings], touched: Callable[[], None], lock: threading.RLock
    ) -> None:
        self.book = Book()
        self.touch = touched
        self.wake = threading.Condition(lock)
        # Further ways for a new message beside the HTTP push, such as sockets; each returns whether
        # the message reached the provider
        self.listeners: list[Callable[[Message], bool]] = []
        # Under which address we were called last, for those of pictures.
        self.here = ""
        # When pushes are sent again; 0: when the settings say so.
        self.pushes_back_at = 0.0
        self._settings = settings
        self._random = random.Random(SEED)  # noqa: S311

    @property
    def settings(self) -> Settings:
        return self._settings()

    def note_pushes(self) -> None:
        """Counts from now how long the pushes go as the settings say."""
        settings = self.settings
        lasts = settings.pushes_seconds if settings.pushes != "send" else 0
        self.pushes_back_at = time.time() + lasts if lasts else 0.0

    def push(self, event: str, shop: Shop, body: Any = None, subject: str = "") -> list[Push]:
        """Has an event sent; returns no push when the store's provider does not get this kind."""
        is_of_orders = event in ORDER_EVENTS and shop.business_id == READING
        if is_of_orders and not self.settings.push_orders_to_readers:
            return []
        if event == "message":
            fields = pushes.envelope(shop, body, self.book.pushes.last + 1)
        elif event in ("bind", "unbind"):
            fields = pushes.binding(event, shop)
        else:
            fields = pushes.classic(event, shop, body, self.settings)
        return self.push_fields(event, shop, fields, subject)

    def push_fields(
        self, event: str, shop: Shop, fields: dict[str, str], subject: str = ""
    ) -> list[Push]:
        """Has these fields sent as they are, with a signature; returns the push and its copies."""
        settings = self.settings
        names = {name.strip() for name in settings.pushes_affected.split(",") if name.strip()}
        state = WAITING
        if settings.pushes != "send" and (not names or event in names):
            state = LOST if settings.pushes == "lose" else HELD
        developer = self.book.developers.get(shop.developer_id)
        if developer is None or not developer.push.get(event):
            state = NO_ADDRESS
        made = []
        for _ in range(1 + settings.push_copies):
            now = time.time()
            push = Push(
                number=self.book.pushes.next_number(),
                event=event,
                developer_id=shop.developer_id,
                e_poi_id=shop.e_poi_id,
                subject=subject,
                fields=dict(fields),
                created_at=now,
                due=now + self._random.uniform(0, settings.push_shuffle_seconds),
                state=state,
            )
            self.book.pushes.add(push)
            made.append(push)
        self.touch()
        self.wake.notify_all()
        return made
