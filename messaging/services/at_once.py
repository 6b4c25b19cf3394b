"""Asking Meituan while a person waits for the answer: outside any transaction."""

from messaging.client import TakeawayClient
from messaging.services.reading import client_of
from stores.models import Connection
from stores.platforms import pace

# Seconds that a person waits for a free slot.
PATIENCE = 8.0


def client_at_once(connection: Connection) -> TakeawayClient:
    """Returns the client of a store's connection. Raises LoginRefused while it is not bound; its
    calls raise PlatformError, NoSlot after PATIENCE.
    """
    return client_of(connection, lambda: take_slot(connection))


def take_slot(connection: Connection) -> None:
    pace.take(connection.pace, patience=PATIENCE)
