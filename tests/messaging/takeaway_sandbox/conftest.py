"""A simulated Meituan on real sockets with a store of each kind, and a provider's receiver."""

from collections.abc import Iterator

import pytest

from messaging.sandbox import TakeawaySandbox
from stores.sandbox import SandboxServer
from tests.messaging.takeaway_sandbox.calling import (
    DEVELOPER,
    READER,
    READER_TOKEN,
    SECRET,
    SHOP,
    SIGN_KEY,
    TOKEN,
    Provider,
    post,
)
from tests.messaging.takeaway_sandbox.receiver import Receiver


@pytest.fixture
def server() -> Iterator[SandboxServer]:
    with SandboxServer([TakeawaySandbox()]) as server:
        developer = {"developer_id": DEVELOPER, "sign_key": SIGN_KEY, "im_secret": SECRET}
        stores = [
            {"epoi_id": SHOP, "app_auth_token": TOKEN, "name": "演示店"},
            {"epoi_id": READER, "app_auth_token": READER_TOKEN, "business_id": 16},
        ]
        post(server, "seed", {"developer": developer, "stores": stores})
        post(server, "settings", {"push_retry_seconds": [0.05, 0.05, 0.05]})
        yield server


@pytest.fixture
def receiver(server: SandboxServer) -> Iterator[Receiver]:
    """A receiver whose addresses are registered in the developer's console."""
    with Receiver() as receiver:
        post(server, f"developers/{DEVELOPER}/push", receiver.addresses)
        yield receiver


@pytest.fixture
def provider(server: SandboxServer) -> Provider:
    return Provider(server)


@pytest.fixture
def reader(server: SandboxServer) -> Provider:
    """A provider that takes no orders."""
    return Provider(server, READER_TOKEN, 16)
