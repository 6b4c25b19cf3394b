from typing import Any

import pytest

from coupons.sandbox import UmemberSandbox
from stores.sandbox import SandboxServer


@pytest.fixture(autouse=True)
def _hurry(sandbox: SandboxServer, settings: Any) -> None:
    """Removes the time between calls, so that a slot is free unless the test takes it."""
    settings.PACE_SECONDS = {"umember": 0.0}
    gateway = sandbox.platform("umember")
    assert isinstance(gateway, UmemberSandbox)
    gateway.configure(rate_limit=None)
