"""The tasks of the queue. Every task may run 0, 1 or n times without harm."""

from django.conf import settings
from django.core.management import call_command

from stores import idempotency
from stores.platforms import outbox, retention
from stores.platforms.inbound import inbox
from stores.platforms.workers import queue
from stores.web import limits


def deliver(call_id: int) -> None:
    """Delivers what is due, first in line first, which includes this call."""
    outbox.work(seconds=settings.DRAIN_SECONDS, meanwhile=queue.beat)


def handle(event_id: int) -> None:
    """Handles one stored inbound event."""
    inbox.handle(event_id)


def sweep(_: int = 0) -> None:
    """Runs each minute, and when a cluster starts: expired leases, due calls, unhandled events."""
    queue.beat()
    inbox.sweep()
    outbox.work(seconds=settings.DRAIN_SECONDS, meanwhile=queue.beat)


def beat(_: int) -> None:
    """Runs every ten seconds: writes the heartbeat for the watchdog, and does what is due."""
    queue.wake_often()
    sweep()


def prune() -> None:
    """Each day: removes rows that are not needed any more, and old content of the ledgers."""
    limits.forget_past_windows()
    idempotency.prune()
    retention.remove_old_content()
    queue.prune()
    call_command("clearsessions")
