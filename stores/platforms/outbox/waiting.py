"""Waiting for a result in a web thread.

Only some threads of a process may wait, so that others can serve.
"""

import threading
import time
from collections.abc import Callable

from django.conf import settings
from django.db import connection

_waiters = threading.BoundedSemaphore(settings.WEB_WAITERS)


def wait_for(settled: Callable[[], bool], step: Callable[[], None], *, until: float) -> None:
    """Calls `step` again and again until `settled` or until `until` (time.monotonic() seconds).

    Returns at once when this process has no place left for one more thread that waits. No database
    connection is held between two steps.
    """
    if settled() or time.monotonic() >= until or not _waiters.acquire(blocking=False):
        return
    try:
        _wait(settled, step, until)
    finally:
        _waiters.release()


def _wait(settled: Callable[[], bool], step: Callable[[], None], until: float) -> None:
    pause = 0.05
    while not settled() and (left := until - time.monotonic()) > 0:
        connection.close()
        time.sleep(min(pause, left))
        pause = min(0.4, pause * 1.5)
        step()
