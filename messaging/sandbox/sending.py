"""Sends the pushes of the platform, and notes what became of each try."""

from __future__ import annotations

from typing import Any

from stores.sandbox.outgoing import ACKNOWLEDGED, Parcel, Queue

from . import actions, chat, pushes
from .pushes import Push
from .world import World


class Sender:
    """What the sending threads ask (stores/sandbox/outgoing.py)."""

    def __init__(self, world: World) -> None:
        self._world = world
        self.wake = world.wake

    @property
    def queue(self) -> Queue[Push]:
        return self._world.book.pushes

    def parcel(self, message: Push) -> Parcel | None:
        developer = self._world.book.developers.get(message.developer_id)
        if developer is None or not developer.push.get(message.event):
            return None
        return pushes.parcel(message, developer, self._world.settings)

    def settle(self, message: Push, tried: dict[str, Any]) -> None:
        settings = self._world.settings
        is_done = pushes.is_acknowledged(message.event, tried, settings.acknowledgement)
        self.queue.settle(message, tried, is_done=is_done, pauses=settings.push_retry_seconds)
        self._world.touch()
        if message.state != ACKNOWLEDGED:
            return
        if message.event == "order_new":
            actions.note_received(self._world, message.subject)
        elif message.event == "message":
            chat.note_delivered(self._world, message.msg_id)
