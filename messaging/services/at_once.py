"""Asking Meituan while a person waits for the answer: outside any transaction."""

from collections.abc import Iterator
from contextlib import contextmanager

from messaging.client import TakeawayClient
from messaging.services.reading import client_of
from stores.conflicts import Conflict
from stores.models import Connection
from stores.platforms import pace
from stores.platforms.errors import LoginRefused, NoSlot, PlatformError, Refused
from stores.platforms.tools import TOO_MANY_CALLS, trouble_text

# Seconds that a person waits for a free slot.
PATIENCE = 8.0


def client_at_once(connection: Connection) -> TakeawayClient:
    """Returns the client of a store's connection. Raises LoginRefused while it is not bound; its
    calls raise PlatformError, NoSlot after PATIENCE.
    """
    return client_of(connection, lambda: take_slot(connection))


def take_slot(connection: Connection) -> None:
    pace.take(connection.pace, patience=PATIENCE)


@contextmanager
def as_conflicts() -> Iterator[None]:
    """Says to people what Meituan or the network refuses. Raises Conflict for a PlatformError."""
    try:
        yield
    except PlatformError as problem:
        raise Conflict(problem_text(problem)) from problem


def problem_text(problem: PlatformError) -> str:
    """Returns a sentence for people: Meituan's words where there are any."""
    if isinstance(problem, Refused):
        return problem.message or problem.code
    if isinstance(problem, LoginRefused):
        return problem.detail
    if isinstance(problem, NoSlot):
        return str(TOO_MANY_CALLS)
    return str(trouble_text(problem))
