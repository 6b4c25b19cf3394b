"""Fixtures that every part of the suite uses: the sandbox on a real socket, and a merchant
connected to it.
"""

from collections.abc import Iterator
from pathlib import Path

import pytest
from django.conf import settings
from django.utils import translation
from hypothesis import HealthCheck
from hypothesis import settings as hypothesis_settings
from pytest_django.fixtures import Settings

from config.outbox import OutboxSettings
from coupons.sandbox import UmemberSandbox
from stores.demo import preparing
from stores.demo.environment import Places
from stores.domains import domains, merged
from stores.sandbox import SandboxServer
from tests import flush
from tests.coupons.factories import Shop, connected_shop

# A busy machine must not fail a property.
hypothesis_settings.register_profile(
    "suite",
    deadline=None,
    max_examples=60,
    database=None,
    suppress_health_check=[HealthCheck.too_slow],
)
hypothesis_settings.load_profile("suite")


def pytest_configure() -> None:
    flush.install()
    # A hash that is meant to be slow would cost half a second for every person in a test.
    settings.PASSWORD_HASHERS = ["django.contrib.auth.hashers.MD5PasswordHasher"]


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Walks over all pages, and the browser, are not traced: that would double their time."""
    for item in items:
        if {"browser", "contract"} & set(item.path.parts):
            item.add_marker("no_cover")


@pytest.fixture(scope="session")
def _sandbox_server() -> Iterator[SandboxServer]:
    with SandboxServer([UmemberSandbox()]) as server:
        yield server


@pytest.fixture
def sandbox(_sandbox_server: SandboxServer) -> SandboxServer:
    """The gateway on a real socket, empty and without faults."""
    _sandbox_server.reset()
    return _sandbox_server


# Pauses for tests whose subject they are not.
QUICK = OutboxSettings(
    backoff=(0.05,),
    account_backoff=(0.05,),
    after_throttle=0.05,
    first_question=0.05,
    still_executing=0.0,
)


@pytest.fixture
def quick(settings: Settings) -> None:
    """Short pauses and timeouts, and a slot that is free unless the test takes it."""
    settings.OUTBOX = QUICK
    platforms = [domain.platform for domain in domains() if domain.platform]
    settings.PACE_SECONDS = dict.fromkeys(platforms, 0.0)
    for platform in platforms:
        setattr(settings, f"{platform.upper()}_TIMEOUT", (1.0, 1.0))


@pytest.fixture
def shop(transactional_db: None, sandbox: SandboxServer, quick: None) -> Shop:
    """A merchant with one store, connected to a sandbox that has no rate limit."""
    sandbox.platform("umember").configure(rate_limit=None)
    return connected_shop(sandbox)


@pytest.fixture
def paced_shop(transactional_db: None, sandbox: SandboxServer) -> Shop:
    """The shop at the real pace, with the real pauses and the sandbox's rate limit."""
    return connected_shop(sandbox)


@pytest.fixture
def in_english() -> Iterator[None]:
    with translation.override("en"):
        yield


@pytest.fixture
def place(settings: Settings, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Places:
    """A folder for a demo, in which static files count as collected."""
    settings.VAR_DIR = tmp_path
    monkeypatch.setattr(preparing, "_collect_static", lambda tell: None)
    for name in merged("sandbox_addresses"):
        monkeypatch.delenv(name, raising=False)
    return Places(tmp_path)
