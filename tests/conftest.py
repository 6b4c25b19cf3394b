"""Fixtures that every part of the suite uses: the sandbox on a real socket, a merchant connected to
it, and a demo.
"""

import contextlib
import re
import shutil
import time
from collections import Counter
from collections.abc import Generator, Iterator
from dataclasses import replace
from pathlib import Path
from random import Random

import pytest
from django.conf import settings
from django.db import OperationalError, connection
from django.test.utils import setup_databases, teardown_databases
from django.utils import translation
from hypothesis import HealthCheck
from hypothesis import settings as hypothesis_settings
from pytest_django import DjangoDbBlocker
from pytest_django.fixtures import Settings

from config.outbox import OutboxSettings
from coupons.sandbox import UmemberSandbox
from stores.demo import preparing
from stores.demo.environment import Places
from stores.demo.world import World
from stores.domains import domains, merged
from stores.platforms.outbox import operations
from stores.sandbox import SandboxServer
from stores.web import limits
from tests import flush
from tests.coupons.factories import Shop, connected_shop
from tests.demos import prepared
from tests.rollback import rolled_back

# A busy machine must not fail a property.
hypothesis_settings.register_profile(
    "suite",
    deadline=None,
    max_examples=60,
    database=None,
    suppress_health_check=[HealthCheck.too_slow],
)
hypothesis_settings.load_profile("suite")


# Files about what pages and answers say, walks over all of them, and the demo's processes.
ON_ANY_DATABASE = re.compile(
    "languages|words|docs|description|test_pages|test_admins|test_viewing|test_pickers"
    r"|test_links|test_daily_lists|test_demo\.py"
)
TRACED = pytest.StashKey[bool]()
# Of a test with more cases so many are run on PostgreSQL, drawn by its name: SQLite runs all. Where
# each case is another operation, table or statement of ours, PostgreSQL runs all as well.
MOST_CASES_AGAIN = 2
EACH_CASE_AGAIN = re.compile("test_operations|test_tables|test_prepared|test_statements|test_plans")
A_WEEK = 7 * 86_400
# Without one of these, or the mark django_db, a test is refused the database.
DATABASE_FIXTURES = {"db", "transactional_db", "live_server", "django_db_setup"}


def pytest_configure() -> None:
    flush.install()
    # A hash that is meant to be slow would cost half a second for every person in a test.
    settings.PASSWORD_HASHERS = ["django.contrib.auth.hashers.MD5PasswordHasher"]


def pytest_addoption(parser: pytest.Parser) -> None:
    text = "leave out what does not depend on the database, and most of very many cases"
    parser.addoption("--database-only", action="store_true", help=text)


def pytest_collection_modifyitems(config: pytest.Config, items: list[pytest.Item]) -> None:
    cases: Counter[str] = Counter()
    for item in items:
        name = item.nodeid.partition("[")[0]
        cases[name] += 1
        is_walk = bool({"browser", "contract"} & set(item.path.parts))
        item.stash[TRACED] = cases[name] == 1 and not is_walk
    if config.getoption("--database-only"):
        kept = _drawn([item for item in items if _needs_database(item)])
        config.hook.pytest_deselected(items=[item for item in items if item.nodeid not in kept])
        items[:] = [item for item in items if item.nodeid in kept]


@pytest.hookimpl(wrapper=True)
def pytest_runtest_protocol(item: pytest.Item) -> Generator[None, object, object]:
    """Tracing costs three quarters of a test's time, so that walks over all pages, the browser and
    the second and later cases of a test are not traced, with all that is made for them.
    """
    plugin = item.config.pluginmanager.getplugin("_cov")
    if plugin is None or item.stash[TRACED]:
        return (yield)
    plugin.cov_controller.pause()
    try:
        return (yield)
    finally:
        plugin.cov_controller.resume()


def _drawn(items: list[pytest.Item]) -> set[str]:
    """Returns the tests without cases, and of the others so many cases, the same in each run."""
    cases: dict[str, list[str]] = {}
    for item in items:
        cases.setdefault(item.nodeid.partition("[")[0], []).append(item.nodeid)
    return {node for name, nodes in cases.items() for node in _again(name, nodes)}


def _again(name: str, nodes: list[str]) -> list[str]:
    if EACH_CASE_AGAIN.search(name) or len(nodes) <= MOST_CASES_AGAIN:
        return nodes
    return Random(name).sample(nodes, MOST_CASES_AGAIN)


def _needs_database(item: pytest.Item) -> bool:
    fixtures = set(getattr(item, "fixturenames", ()))
    touches = item.get_closest_marker("django_db") is not None or fixtures & DATABASE_FIXTURES
    return bool(touches) and not ON_ANY_DATABASE.search(item.path.name)


@pytest.fixture(scope="session")
def django_db_setup(
    django_test_environment: None,
    django_db_modify_db_settings: None,
    django_db_blocker: DjangoDbBlocker,
) -> Iterator[None]:
    """Makes the test database whatever the tests are marked with: pytest-django's own would leave
    one that is reached by a fixture of ours alone at the checkout's database.

    On PostgreSQL nobody waits for the disk: no test cuts the server's power.
    """
    is_postgresql = connection.vendor == "postgresql"
    with django_db_blocker.unblock():
        databases = setup_databases(verbosity=0, interactive=False)
        if is_postgresql:
            name = connection.ops.quote_name(str(connection.settings_dict["NAME"]))
            with connection.cursor() as cursor:
                cursor.execute(f"ALTER DATABASE {name} SET synchronous_commit TO off")
            # It applies to connections from now on, those of other processes too.
            connection.close()
    yield
    with django_db_blocker.unblock():
        if is_postgresql:
            # Of servers and processes that a test has ended; else the database cannot be dropped.
            with connection.cursor() as cursor:
                cursor.execute(
                    "SELECT pg_terminate_backend(pid) FROM pg_stat_activity"
                    " WHERE datname = current_database() AND pid <> pg_backend_pid()"
                )
            connection.close()
        # A pooler keeps a connection of its own; the next run replaces the database.
        with contextlib.suppress(OperationalError):
            teardown_databases(databases, verbosity=0)


@pytest.fixture(autouse=True)
def _windows_begin_with_the_test(monkeypatch: pytest.MonkeyPatch) -> None:
    """No test that uses up a limit meets the end of its window, whatever the clock says. A whole
    number of windows lies before it, for tests that go back in time.
    """
    monkeypatch.setattr(limits, "WINDOWS_FROM", int(time.time()) - A_WEEK)


@pytest.fixture(autouse=True)
def _nobody_has_chosen_a_language() -> None:
    """Django leaves the language of the last request in place, the last test's too."""
    translation.deactivate()


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
def quick_tries(quick: None, monkeypatch: pytest.MonkeyPatch) -> None:
    """Calls that have pauses of their own are tried again as soon as the others."""
    for operation in operations.by_name.values():
        if operation.backoff:
            monkeypatch.setattr(type(operation), "backoff", QUICK.backoff)


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


def _clear_addresses(patch: pytest.MonkeyPatch) -> None:
    """Static files count as collected, and no platform has an address of its own."""
    patch.setattr(preparing, "_collect_static", lambda tell: None)
    for name in merged("sandbox_addresses"):
        patch.delenv(name, raising=False)


@pytest.fixture
def place(settings: Settings, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Places:
    """A folder for a demo, in which static files count as collected."""
    settings.VAR_DIR = tmp_path
    _clear_addresses(monkeypatch)
    return Places(tmp_path)


@pytest.fixture(scope="module")
def _filled_demo(
    django_db_setup: None,
    django_db_blocker: DjangoDbBlocker,
    tmp_path_factory: pytest.TempPathFactory,
) -> Iterator[World]:
    """Filling a demo takes seconds: the tests of a module share one, which is then rolled back."""
    with pytest.MonkeyPatch.context() as patch, rolled_back(django_db_blocker):
        _clear_addresses(patch)
        yield prepared(Places(tmp_path_factory.mktemp("demo")))


@pytest.fixture
def demo(_filled_demo: World, place: Places, django_db_blocker: DjangoDbBlocker) -> Iterator[World]:
    """A demo that was started once, as `make demo` leaves it. What the test changes is rolled back.

    The module must be one xdist_group, and none of its tests may use real transactions.
    """
    shutil.copytree(_filled_demo.place.folder, place.folder)
    with rolled_back(django_db_blocker):
        yield replace(_filled_demo, place=place)
