"""Fixtures that every part of the suite uses: the sandbox on a real socket, and a merchant connected to it."""

from collections.abc import Iterator

import pytest
from hypothesis import HealthCheck
from hypothesis import settings as hypothesis_settings

from coupons.sandbox import UmemberSandbox
from stores.platforms.sandbox import SandboxServer
from tests import factories
from tests.factories import Shop

# A busy machine must not fail a property.
hypothesis_settings.register_profile(
    "suite", deadline=None, max_examples=60, database=None, suppress_health_check=[HealthCheck.too_slow]
)
hypothesis_settings.load_profile("suite")


@pytest.fixture(scope="session")
def _sandbox_server() -> Iterator[SandboxServer]:
    with SandboxServer([UmemberSandbox()]) as server:
        yield server


@pytest.fixture
def sandbox(_sandbox_server: SandboxServer) -> SandboxServer:
    """The gateway on a real socket, empty and without faults."""
    _sandbox_server.reset()
    return _sandbox_server


@pytest.fixture
def shop(transactional_db: None, sandbox: SandboxServer) -> Shop:
    """A merchant with one store, connected to the sandbox, with codes in every state."""
    return factories.connected_shop(sandbox)
