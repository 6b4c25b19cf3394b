"""The WebSockets of the chat: who listens, what they hear, and how they go wrong."""

from __future__ import annotations

import json
import threading
from dataclasses import dataclass, field
from functools import partial
from typing import TYPE_CHECKING, Any
from urllib.parse import quote

from stores.sandbox.platform import Talk

from .messages import Message
from .world import World

if TYPE_CHECKING:
    from stores.sandbox.channels import Channel

BEAT, ANSWER = "~#HHHBBB#~", "HB"
REORDER_SECONDS = 0.5


@dataclass
class Listener:
    """A client on a socket. Without `e_poi_id` it hears of all stores of the developer."""

    token: str
    developer_id: int
    e_poi_id: str
    channel: Channel
    beats: int = 0
    heard: int = 0
    held: list[str] = field(default_factory=list)


class Sockets:
    """One client per token: a new one takes the place of the one before."""

    def __init__(self, world: World) -> None:
        self._world = world
        self._lock = threading.Lock()
        self._listeners: dict[str, Listener] = {}
        world.listeners.append(self.deliver)

    def opened(self, path: str) -> Talk | None:
        """Returns what talks with a client at /websocket/<connectionId>/<token>."""
        parts = path.strip("/").split("/")
        if len(parts) != 3 or parts[0] != "websocket":
            return None
        _word, connection_id, token = parts
        developer_id = self._world.book.tokens.get(token)
        is_refused = self._world.settings.sockets == "refuse"
        if is_refused or developer_id is None or connection_id != f"{developer_id}_WMOPEN":
            return None
        return partial(self._talk, token, developer_id)

    def _talk(self, token: str, developer_id: int, channel: Channel) -> None:
        e_poi_id = self._world.book.token_stores.get(token, "")
        mine = Listener(token, developer_id, e_poi_id, channel)
        with self._lock:
            before = self._listeners.get(token)
            self._listeners[token] = mine
        if before:
            before.channel.close()
        try:
            for text in channel.texts(silence=self._world.settings.socket_silence_seconds):
                if text == BEAT:
                    mine.beats += 1
                    if self._world.settings.socket_answers_beat:
                        channel.send(ANSWER)
        finally:
            with self._lock:
                if self._listeners.get(token) is mine:
                    del self._listeners[token]

    def deliver(self, message: Message) -> bool:
        """Sends a message to all who hear of its store; whether anybody did."""
        world = self._world
        shop = world.book.shops[message.e_poi_id]
        developer = world.book.developers[shop.developer_id]
        envelope = message.as_envelope(developer.im_secret)
        if world.settings.socket_store_field:
            envelope["push_content"][world.settings.socket_store_field] = shop.e_poi_id
        frame = json.dumps(envelope, ensure_ascii=False)
        if world.settings.socket_percent_encoded:
            frame = quote(frame, safe="")
        listeners = self._of(shop.developer_id, shop.e_poi_id)
        for listener in listeners:
            for _copy in range(1 + world.settings.socket_copies):
                self._send(listener, frame)
        return bool(listeners)

    def send(self, text: str, e_poi_id: str = "") -> int:
        """Sends any text as a frame; returns to how many."""
        listeners = [row for row in self._all() if e_poi_id in ("", row.e_poi_id)]
        return sum(listener.channel.send(text) for listener in listeners)

    def cut(self, e_poi_id: str = "") -> int:
        """Cuts sockets without a word; returns how many."""
        listeners = [row for row in self._all() if e_poi_id in ("", row.e_poi_id)]
        for listener in listeners:
            listener.channel.cut()
        return len(listeners)

    def shown(self) -> list[dict[str, Any]]:
        return [
            {
                "token": row.token,
                "developer_id": row.developer_id,
                "epoi_id": row.e_poi_id,
                "beats": row.beats,
                "heard": row.heard,
            }
            for row in self._all()
        ]

    def _send(self, listener: Listener, frame: str) -> None:
        listener.heard += 1
        if not self._world.settings.socket_reordered:
            listener.channel.send(frame)
            return
        with self._lock:
            listener.held.append(frame)
            if len(listener.held) == 1:
                threading.Timer(REORDER_SECONDS, self._flush, [listener]).start()

    def _flush(self, listener: Listener) -> None:
        """Sends what was held, the last first."""
        with self._lock:
            held, listener.held = listener.held[::-1], []
        for frame in held:
            listener.channel.send(frame)

    def _of(self, developer_id: int, e_poi_id: str) -> list[Listener]:
        return [
            row
            for row in self._all()
            if row.developer_id == developer_id and row.e_poi_id in ("", e_poi_id)
        ]

    def _all(self) -> list[Listener]:
        with self._lock:
            return [row for row in self._listeners.values() if row.channel.is_open]
