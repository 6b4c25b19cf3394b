from __future__ import annotations

from collections.abc import Iterator

import pytest

from stores.sandbox import SandboxServer
from tests.stores.sandbox.bell import (
    Bell,
)


@pytest.fixture
def bell() -> Bell:
    return Bell()


@pytest.fixture
def server(bell: Bell) -> Iterator[SandboxServer]:
    with SandboxServer([bell]) as server:
        yield server
