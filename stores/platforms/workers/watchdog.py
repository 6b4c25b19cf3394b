"""Keeps one worker cluster running.

django-q2 does not notice when its workers are stuck, its monitor is dead or its sentinel is gone,
so the whole process group is replaced when its heartbeat stops.
"""

import logging
import subprocess
import sys
import threading
import time
from datetime import timedelta

from django.conf import settings
from django.db import DatabaseError, connection

from stores.platforms.workers import queue
from stores.platforms.workers.processes import end_group, kill_group, start_group

log = logging.getLogger(__name__)
TICK = 1.0
BACKOFF = (0.5, 1.0, 2.0, 5.0, 10.0, 30.0)
# A cluster that ran this long was healthy, so the backoff starts again when it ends.
HEALTHY = 60.0
# How many tasks are queued at once when no heartbeat came: with several clusters on one queue,
# another may take the first.
WAKE_UPS = 8
SHUTDOWN_PATIENCE = 15.0


class Watchdog:
    """Runs the cluster until `stop` is set.

    While the database is away, the cluster is not judged.
    """

    def __init__(self) -> None:
        self.stop = threading.Event()
        self.child: subprocess.Popen[bytes] | None = None
        self._failures = 0
        self._started = self._known_since = self._woken_at = 0.0
        self._next_start = 0.0

    def run(self) -> None:
        try:
            while not self.stop.is_set():
                self._tick()
                self.stop.wait(TICK)
        finally:
            if self.child:
                log.info("stopping the cluster")
                end_group(self.child, patience=SHUTDOWN_PATIENCE)

    def _tick(self) -> None:
        try:
            if self.child is None:
                self._start_when_due()
            elif self.child.poll() is not None:
                self._ended(f"ended with code {self.child.returncode}")
            else:
                self._watch(self.child)
        except DatabaseError as error:
            log.warning("database not available, the cluster cannot be judged: %s", error)
            connection.close()
            self._known_since = time.monotonic()

    def _start_when_due(self) -> None:
        if time.monotonic() < self._next_start:
            return
        queue.sync_schedules()
        # Bells that the last cluster had taken are lost with it.
        queue.wake_worker(queue.SWEEP, 0)
        connection.close()
        self.child = start_group(
            [sys.executable, str(settings.BASE_DIR / "manage.py"), queue.CLUSTER_COMMAND]
        )
        self._started = self._known_since = time.monotonic()
        log.info("cluster %s started", queue.cluster_name(self.child.pid))

    def _watch(self, child: subprocess.Popen[bytes]) -> None:
        name = queue.cluster_name(child.pid)
        stale: timedelta = settings.HEARTBEAT_STALE
        silent = self._silence(name)
        if silent > stale:
            self._ended(f"was silent for {silent.total_seconds():.0f} s")
        elif self._silence(queue.results_name(name)) > stale * queue.RESULTS_FACTOR:
            self._ended("no longer acknowledges its tasks")
        else:
            self._ring(silent, stale)

    def _silence(self, name: str) -> timedelta:
        """Returns for how long no heartbeat came, counted from when the cluster could first write
        one.
        """
        longest = timedelta(seconds=time.monotonic() - self._known_since)
        return min(longest, queue.last_beat_age(name) or longest)

    def _ring(self, silent: timedelta, stale: timedelta) -> None:
        every = min(10.0, stale.total_seconds() / 6)
        if time.monotonic() - self._woken_at < every:
            return
        self._woken_at = time.monotonic()
        for _ in range(WAKE_UPS if silent.total_seconds() > 2.5 * every else 1):
            queue.wake_worker(queue.BEAT, 0)

    def _ended(self, reason: str) -> None:
        if self.child is None:
            return
        kill_group(self.child.pid)
        self.child.wait()
        lived = time.monotonic() - self._started
        self._failures = 0 if lived > HEALTHY else self._failures + 1
        wait = BACKOFF[min(self._failures, len(BACKOFF)) - 1] if self._failures else 0.0
        log.error(
            "cluster %s %s; a new one in %g s", queue.cluster_name(self.child.pid), reason, wait
        )
        self.child, self._next_start = None, time.monotonic() + wait
