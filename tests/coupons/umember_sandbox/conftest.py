from __future__ import annotations

from collections.abc import Iterator

import pytest

from coupons.sandbox import UmemberSandbox
from stores.sandbox import SandboxServer
from tests.coupons.umember_sandbox.calling import (
    SEED,
    Caller,
)


@pytest.fixture
def gateway() -> UmemberSandbox:
    gateway = UmemberSandbox()
    gateway.seed(SEED)
    gateway.configure(rate_limit=None)
    return gateway


@pytest.fixture
def server(gateway: UmemberSandbox) -> Iterator[SandboxServer]:
    with SandboxServer([gateway]) as server:
        yield server


@pytest.fixture
def caller(server: SandboxServer) -> Caller:
    caller = Caller(server)
    caller.token = caller.login().json()["data"]["token"]
    server.arrivals.clear()
    return caller
