from collections.abc import Iterator

import pytest
from pytest_django.live_server_helper import LiveServer

from stores.models import Connection
from stores.platforms.inbound import inbox
from tests.stores.factories import ConnectionFactory
from tests.stores.platforms.inbound.fakes import Sender

FAKES = "tests.stores.platforms.inbound.fakes"


def address(live_server: LiveServer, connection: Connection) -> Sender:
    """The push address of a connection."""
    return Sender(f"{live_server.url}/{connection.platform}/{connection.pk}/push")


@pytest.fixture
def handled() -> Iterator[list[tuple[str, int]]]:
    """Kinds and connections of the notices that the fakes' handlers have seen."""
    seen: list[tuple[str, int]] = []
    keys = [("meals", "order"), ("meals", "orderCancel"), ("letters", "parcel")]
    for platform, kind in keys:
        inbox.handles(platform, kind)(lambda event: seen.append((event.kind, event.connection_id)))
    yield seen
    for key in keys:
        inbox._handlers.pop(key)


@pytest.fixture
def meals(db: None) -> Connection:
    connection: Connection = ConnectionFactory(
        platform="meals", account="100000", credentials={"secret": "demoSignKey00001"}
    )
    return connection


@pytest.fixture
def letters(db: None) -> Connection:
    connection: Connection = ConnectionFactory(
        platform="letters",
        account="wxba5fad812f8e6fb9",
        credentials={"token": "AAAAA", "aes_key": "A" * 43},
    )
    return connection
