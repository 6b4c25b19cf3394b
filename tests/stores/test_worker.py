"""The worker as real processes that are really frozen and killed."""

import contextlib
import os
import signal
import sqlite3
import subprocess
import time
from collections.abc import Iterator
from datetime import timedelta
from pathlib import Path

import pytest
from django.db import OperationalError, connection
from django.utils import timezone

from coupons.models import Channel, Verification
from coupons.services import verification_request
from stores.models import Heartbeat
from stores.platforms.workers import queue
from tests.coupons.factories import Shop
from tests.processes import descendants, environment, is_running, kill, manage, wait_until

pytestmark = [pytest.mark.slow, pytest.mark.django_db(transaction=True), pytest.mark.timeout(180)]


class Worker:
    """A running `manage.py worker` whose cluster counts as stuck after six seconds of silence."""

    def __init__(self, process: subprocess.Popen[bytes], log: Path) -> None:
        self.process = process
        self.log = log

    @property
    def cluster(self) -> int:
        """The process group of the present cluster, 0 when there is none."""
        return next((pid for pid in descendants(self.process.pid) if _group(pid) == pid), 0)

    def processes(self) -> list[int]:
        """The present cluster: its master, sentinel, workers, monitor and pusher."""
        return [pid for pid in descendants(self.process.pid) if _group(pid) != self.process.pid]

    def has_beaten(self) -> bool:
        return (
            bool(self.cluster) and queue.last_beat_age(queue.cluster_name(self.cluster)) is not None
        )

    def wait_for_a_beat(self) -> None:
        wait_until(self.has_beaten, seconds=40, about=self.log.read_text)

    def wait_for_another_than(self, cluster: int) -> None:
        wait_until(lambda: self.cluster not in (0, cluster), seconds=60, about=self.log.read_text)
        self.wait_for_a_beat()


def freeze_between_writes(pid: int) -> None:
    """Freezes a process, but not while it holds SQLite's one lock for all tables."""

    def is_frozen_without_the_lock() -> bool:
        os.kill(pid, signal.SIGSTOP)
        try:
            Heartbeat.objects.filter(name="nobody").delete()
        except OperationalError:
            os.kill(pid, signal.SIGCONT)
            return False
        return True

    wait_until(is_frozen_without_the_lock)


def _group(pid: int) -> int:
    try:
        return os.getpgid(pid)
    except ProcessLookupError:
        return 0


@pytest.fixture
def worker(transactional_db: None, tmp_path: Path) -> Iterator[Worker]:
    log = tmp_path / "worker.log"
    env = environment(HEARTBEAT_STALE_SECONDS="6", Q_WORKERS="2", Q_QUEUE_LIMIT="2")
    with manage("worker", log=log, env=env) as process:
        running = Worker(process, log)
        running.wait_for_a_beat()
        yield running
        process.terminate()
        process.wait(40)


def queued(shop: Shop) -> Verification:
    """A verification that only the worker can settle."""
    requested = verification_request(
        store=shop.store, code=shop.code(), channel=Channel.API, flow="test"
    )
    row = requested.verification
    queue.wake_worker("stores.tasks.deliver", 0)
    return row


def is_verified(row: Verification) -> bool:
    row.refresh_from_db()
    return row.status == Verification.Status.VERIFIED


def test_a_worker_settles_what_is_queued_and_ends_cleanly(shop: Shop, worker: Worker) -> None:
    row = queued(shop)
    wait_until(lambda: is_verified(row), about=worker.log.read_text)
    before = worker.processes()
    assert len(before) >= 6
    worker.process.send_signal(signal.SIGTERM)
    assert worker.process.wait(30) == 0
    assert [pid for pid in before if is_running(pid)] == []


def freeze(group: int) -> None:
    """Stops a process group between two writes: one that held SQLite's only lock would keep the
    test from writing.
    """
    for _ in range(100):
        os.killpg(group, signal.SIGSTOP)
        if not is_locked():
            return
        os.killpg(group, signal.SIGCONT)
        time.sleep(0.05)
    raise AssertionError("the cluster never stopped writing")


def is_locked() -> bool:
    if connection.vendor != "sqlite":
        return False
    with contextlib.closing(
        sqlite3.connect(connection.settings_dict["NAME"], timeout=0.2, isolation_level=None)
    ) as own:
        try:
            own.execute("BEGIN IMMEDIATE")
        except sqlite3.OperationalError:
            return True
        own.execute("ROLLBACK")
    return False


def test_a_frozen_cluster_is_replaced(shop: Shop, worker: Worker) -> None:
    frozen, before = worker.cluster, worker.processes()
    freeze(frozen)
    row = queued(shop)
    worker.wait_for_another_than(frozen)
    assert [pid for pid in before if is_running(pid)] == []
    wait_until(lambda: is_verified(row), about=worker.log.read_text)
    assert len(shop.sandbox.arrivals.all(operation="verify")) == 1


def test_killed_single_processes_do_not_stop_the_work(shop: Shop, worker: Worker) -> None:
    sentinel = worker.processes()[1]
    for pid in descendants(sentinel)[:2]:
        kill(pid)
    row = queued(shop)
    wait_until(lambda: is_verified(row), seconds=60, about=worker.log.read_text)
    assert len(shop.sandbox.arrivals.all(operation="verify")) == 1


def test_a_killed_sentinel_leaves_no_orphans(worker: Worker) -> None:
    cluster, before = worker.cluster, worker.processes()
    kill(before[1])
    worker.wait_for_another_than(cluster)
    assert [pid for pid in before if is_running(pid)] == []


def test_a_killed_watchdog_takes_its_cluster_with_it(worker: Worker) -> None:
    before = worker.processes()
    kill(worker.process.pid)
    wait_until(lambda: not [pid for pid in before if is_running(pid)])


def test_a_dead_monitor_is_noticed_though_workers_still_beat(worker: Worker) -> None:
    name = queue.cluster_name(worker.cluster)
    wait_until(
        lambda: queue.last_beat_age(queue.results_name(name)) is not None,
        about=worker.log.read_text,
    )
    cluster, before = worker.cluster, worker.processes()
    freeze_between_writes(descendants(before[1])[-2])
    worker.wait_for_another_than(cluster)
    assert [pid for pid in before if is_running(pid)] == []


def test_alive_means_that_a_cluster_has_beaten_lately(settings: object) -> None:
    assert not queue.alive()
    queue.beat("somewhere:1")
    assert queue.alive()
    Heartbeat.objects.update(at=timezone.now() - timedelta(minutes=5))
    assert not queue.alive()
