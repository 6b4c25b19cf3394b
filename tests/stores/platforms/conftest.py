from collections.abc import Callable, Iterator
from typing import Any

import pytest

from stores.models import Connection, OutboundCall
from stores.platforms.outbox import operations
from tests.scripted import Scripted
from tests.stores.factories import ConnectionFactory


@pytest.fixture
def script(db: None) -> Iterator[Scripted]:
    """A registered operation that does what the test tells it to."""
    scripted = Scripted()
    operations.by_name[Scripted.platform, Scripted.name] = scripted
    yield scripted
    del operations.by_name[Scripted.platform, Scripted.name]


@pytest.fixture
def connection(db: None) -> Connection:
    connection: Connection = ConnectionFactory()
    return connection


@pytest.fixture
def enqueue(script: Scripted, connection: Connection) -> Callable[..., OutboundCall]:
    """Owes a call of the scripted operation."""

    def enqueue(key: str = "k", **fields: Any) -> OutboundCall:
        from stores.platforms import outbox

        return outbox.enqueue(
            Scripted, connection=connection, key=key, subject_id=1, wake=False, **fields
        )

    return enqueue
