"""Listens to the chat on WebSockets (docs/platforms/takeaway.md §5.4): one process, several sockets
per store.

A socket that does not answer a sign of life before the next one is dead: it is opened anew, with a
fresh token. Frames of one store are stored one after the other, by threads: nothing here waits for
the database or for Meituan.
"""

import asyncio
import hashlib
import logging
import os
import random
import threading
import time
from collections import OrderedDict
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from contextlib import suppress
from dataclasses import dataclass, field
from typing import Any, TypeVar

from django.conf import settings
from django.db import InterfaceError, OperationalError, connection
from websockets.asyncio.client import ClientConnection, connect
from websockets.exceptions import WebSocketException

from messaging.services.chat import calling, hearing
from messaging.wire.messages import HEARTBEAT, is_beat, is_receipt
from stores.platforms.errors import LoginRefused, PlatformError

log = logging.getLogger(__name__)
T = TypeVar("T")
THREADS = 4
BACKOFF = (0.5, 1.0, 2.0, 5.0, 10.0)
# Seconds after which a store whose token is refused is asked for again.
REFUSED_PAUSE = 60.0
# A socket that lived so long was healthy, so the backoff starts again.
HEALTHY = 30.0
LOOK_EVERY, ALIVE_EVERY, DATABASE_PAUSE = 5.0, 15.0, 1.0
MOST_WAITING, MOST_REMEMBERED = 1000, 2000
LARGEST_FRAME = 2**20
OPEN_SECONDS, CLOSE_SECONDS, DRAIN_SECONDS = 10.0, 2.0, 8.0
# A loop that stands still for so long is stuck; the process ends, and its supervisor starts anew.
STUCK_SECONDS = 60.0


class Dead(Exception):
    """The socket did not answer a sign of life."""


@dataclass
class Line:
    """What is heard of one store."""

    connection_id: int
    frames: asyncio.Queue[str] = field(default_factory=lambda: asyncio.Queue(maxsize=MOST_WAITING))
    urls: list[str] = field(default_factory=list)
    lock: asyncio.Lock = field(default_factory=asyncio.Lock)
    tasks: list[asyncio.Task[None]] = field(default_factory=list)
    # Copies come on each socket; those that are stored are passed over.
    stored: OrderedDict[bytes, None] = field(default_factory=OrderedDict)
    has_begun: bool = False
    is_alive: bool = False

    def remember(self, mark: bytes) -> None:
        self.stored[mark] = None
        if len(self.stored) > MOST_REMEMBERED:
            self.stored.popitem(last=False)


class Listener:
    """Runs until `stop` is set. Belongs to one event loop."""

    def __init__(self) -> None:
        self.stop = asyncio.Event()
        self._lines: dict[int, Line] = {}
        self._pool = ThreadPoolExecutor(THREADS, thread_name_prefix="chat")
        self._ticked = time.monotonic()

    async def run(self) -> None:
        threading.Thread(target=self._guard, name="guard", daemon=True).start()
        looked = told = 0.0
        while not self.stop.is_set():
            now = self._ticked = time.monotonic()
            if now - looked >= LOOK_EVERY:
                looked = now
                await self._look()
            if now - told >= ALIVE_EVERY:
                told = now
                await self._tell_alive()
            await self._pause(0.5)
        await self._end()

    async def _look(self) -> None:
        """Begins to hear new stores, and no longer hears those that are not to be heard; and calls
        shops that do not see an urgent message.
        """
        wanted = await self._database(hearing.stores_to_hear)
        if wanted is None:
            return
        for pk in set(self._lines) - set(wanted):
            await _cancel(self._lines.pop(pk).tasks)
        await self._database(calling.call_shops)
        for pk in sorted(set(wanted) - set(self._lines)):
            line = self._lines[pk] = Line(pk)
            begin = asyncio.create_task
            line.tasks = [begin(self._listen(line)) for _ in range(settings.TAKEAWAY_SOCKETS)]
            line.tasks.append(begin(self._store_all(line)))

    async def _tell_alive(self) -> None:
        alive = [line.connection_id for line in self._lines.values() if line.is_alive]
        for line in self._lines.values():
            line.is_alive = False
        if alive:
            await self._database(hearing.alive, alive)

    async def _listen(self, line: Line) -> None:
        """Keeps one socket of a store open."""
        failures = 0
        while not self.stop.is_set():
            began, pause = time.monotonic(), 0.0
            try:
                await self._hear(line, await self._url(line))
            except LoginRefused as error:
                log.warning("store connection %s: %s", line.connection_id, error)
                pause = REFUSED_PAUSE
            except (PlatformError, WebSocketException, OSError, Dead, ValueError) as error:
                # What an address says after this word is a token.
                what = str(error).partition("/websocket/")[0] or type(error).__name__
                log.warning("a socket of store connection %s ended: %s", line.connection_id, what)
            except (OperationalError, InterfaceError) as error:
                log.warning("database not available: %s", error)
            except Exception:
                log.exception("a socket of store connection %s failed", line.connection_id)
            failures = 0 if time.monotonic() - began > HEALTHY else failures + 1
            usual = BACKOFF[min(failures, len(BACKOFF) - 1)]
            await self._pause((pause or usual) + random.uniform(0.0, 0.5))

    async def _url(self, line: Line) -> str:
        """Returns the address of a socket with a fresh token; the first time for all of them."""
        async with line.lock:
            if not line.urls:
                count = 1 if line.has_begun else settings.TAKEAWAY_SOCKETS
                found = await self._in_thread(hearing.opening, line.connection_id, count)
                line.urls, line.has_begun = list(found.urls), True
            return line.urls.pop(0)

    async def _hear(self, line: Line, url: str) -> None:
        """Hears one socket until it ends. Raises Dead, WebSocketException, OSError."""
        async with connect(
            url,
            ping_interval=None,
            open_timeout=OPEN_SECONDS,
            close_timeout=CLOSE_SECONDS,
            max_size=LARGEST_FRAME,
            compression=None,
        ) as socket:
            await socket.send(HEARTBEAT)
            is_awaited, beat_at = True, time.monotonic() + settings.TAKEAWAY_BEAT_SECONDS
            while True:
                frame = await _frame_before(socket, beat_at)
                if frame is None:
                    if is_awaited:
                        raise Dead("no sign of life")
                    await socket.send(HEARTBEAT)
                    is_awaited = True
                    beat_at = time.monotonic() + settings.TAKEAWAY_BEAT_SECONDS
                elif is_beat(frame):
                    is_awaited, line.is_alive = False, True
                elif not is_receipt(frame):
                    await line.frames.put(frame)

    async def _store_all(self, line: Line) -> None:
        """Stores the frames of one store in their order; one that cannot be stored now waits."""
        while True:
            frame = await line.frames.get()
            mark = hashlib.sha256(frame.encode("utf-8", "replace")).digest()
            if mark not in line.stored:
                await self._store(line, frame, mark)
            line.frames.task_done()

    async def _store(self, line: Line, frame: str, mark: bytes) -> None:
        while True:
            try:
                await self._in_thread(hearing.frame_heard, line.connection_id, frame)
            except (OperationalError, InterfaceError) as error:
                log.warning("database not available, a message waits: %s", error)
                await asyncio.sleep(DATABASE_PAUSE)
                continue
            except Exception:
                log.exception("a frame of store connection %s is lost", line.connection_id)
            line.remember(mark)
            return

    async def _database(self, work: Callable[..., T], *given: Any) -> T | None:
        """Runs work on the database in a thread; None while there is no database."""
        try:
            return await self._in_thread(work, *given)
        except (OperationalError, InterfaceError) as error:
            log.warning("database not available: %s", error)
            return None

    async def _in_thread(self, work: Callable[..., T], *given: Any) -> T:
        loop = asyncio.get_running_loop()
        return await loop.run_in_executor(self._pool, _with_database, work, *given)

    async def _pause(self, seconds: float) -> None:
        with suppress(TimeoutError):
            await asyncio.wait_for(self.stop.wait(), seconds)

    async def _end(self) -> None:
        """Closes the sockets, and stores what has come."""
        lines = list(self._lines.values())
        await _cancel([task for line in lines for task in line.tasks[:-1]])
        with suppress(TimeoutError):
            async with asyncio.timeout(DRAIN_SECONDS):
                await asyncio.gather(*(line.frames.join() for line in lines))
        await _cancel([line.tasks[-1] for line in lines])
        self._pool.shutdown(wait=False, cancel_futures=True)

    def _guard(self) -> None:
        """Ends a process whose loop stands still, without the chance to say goodbye."""
        while not self.stop.is_set():
            if time.monotonic() - self._ticked > STUCK_SECONDS:
                log.critical("the listener stands still and ends")
                os._exit(1)
            time.sleep(1.0)


async def _frame_before(socket: ClientConnection, until: float) -> str | None:
    """Returns the next frame, or None when none came until then (monotonic seconds)."""
    try:
        async with asyncio.timeout(max(0.0, until - time.monotonic())):
            frame = await socket.recv()
    except TimeoutError:
        return None
    return frame if isinstance(frame, str) else frame.decode("utf-8", "replace")


def _with_database(work: Callable[..., T], *given: Any) -> T:
    """Runs work with this thread's connection to the database, which stays until it fails."""
    try:
        return work(*given)
    except (OperationalError, InterfaceError):
        connection.close()
        raise


async def _cancel(tasks: list[asyncio.Task[None]]) -> None:
    for task in tasks:
        task.cancel()
    await asyncio.gather(*tasks, return_exceptions=True)
