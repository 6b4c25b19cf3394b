"""The threads of the platform: those that send pushes, and the clock."""

from __future__ import annotations

import threading
import time
from collections.abc import Callable

from . import actions, chat, pushes
from .pushes import LANES, Push
from .world import World

LONGEST_SLEEP = 1.0
TICK = 0.1


class Threads:
    """Runs until `stop`; a try that is under way is finished and noted."""

    def __init__(self, world: World, tick: Callable[[], None]) -> None:
        self._world = world
        self._tick = tick
        self._stopping = threading.Event()
        self._threads = [
            threading.Thread(target=self._send, args=(lane,), name=f"pushes-{lane}", daemon=True)
            for lane in range(LANES)
        ]
        self._threads.append(threading.Thread(target=self._run_clock, name="clock", daemon=True))

    def start(self) -> None:
        for thread in self._threads:
            thread.start()

    def stop(self) -> None:
        self._stopping.set()
        with self._world.wake:
            self._world.wake.notify_all()

    def _run_clock(self) -> None:
        while not self._stopping.wait(TICK):
            with self._world.wake:
                self._tick()

    def _send(self, lane: int) -> None:
        world = self._world
        while not self._stopping.is_set():
            with world.wake:
                queue = world.book.pushes
                push = queue.take(lane, time.time())
                if push is None:
                    due = queue.next_due(lane)
                    pause = LONGEST_SLEEP if due is None else due - time.time()
                    world.wake.wait(min(max(pause, 0.001), LONGEST_SLEEP))
                    continue
                developer = world.book.developers.get(push.developer_id)
                if developer is None or not developer.push.get(push.event):
                    push.state = pushes.NO_ADDRESS
                    continue
                parcel = pushes.parcel(push, developer, world.settings)
            tried = pushes.send(parcel)
            with world.wake:
                if world.book.pushes.find(push.number) is push:
                    settle(world, push, tried)


def settle(world: World, push: Push, tried: dict[str, object]) -> None:
    """Notes a try: acknowledged, to be tried again, or given up."""
    settings = world.settings
    pauses = settings.push_retry_seconds
    done = pushes.is_acknowledged(push.event, tried, settings.acknowledgement)
    push.tries.append({**tried, "acknowledged": done})
    world.touch()
    if done:
        push.state = pushes.ACKNOWLEDGED
        if push.event == "order_new":
            actions.note_received(world, push.subject)
        elif push.event == "message":
            chat.note_delivered(world, push.msg_id)
    elif len(push.tries) > len(pauses):
        push.state = pushes.GIVEN_UP
    else:
        world.book.pushes.retry(push, time.time() + pauses[len(push.tries) - 1])
