"""`manage.py demo`: the preparation in this process, and the whole as real processes."""

import json
import re
import signal
import socket
import stat
import subprocess
import sys
import urllib.request
from collections.abc import Iterator
from contextlib import contextmanager
from io import StringIO
from pathlib import Path
from typing import Any

import pytest
from django.core.management import CommandError, call_command
from django.db import connection
from pytest_django import DjangoDbBlocker

from coupons.demo.codes import TO_TRY
from stores.demo import environment
from stores.demo.environment import DemoError, Places, Ports
from stores.demo.running import write_config
from stores.domains import merged
from stores.models import Connection, Merchant
from tests.demos import FEW_DAYS, PORTS, demo_info, prepared
from tests.processes import (
    ROOT,
    clean_environment,
    command_line,
    database_url,
    descendants,
    is_running,
    kill,
    manage,
    wait_until,
)
from tests.stores.factories import MerchantFactory


def gateways() -> set[str]:
    return set(Connection.objects.filter(platform="umember").values_list("base_url", flat=True))


@pytest.mark.django_db
def test_another_gateway_takes_the_place_of_the_sandbox(
    place: Places, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("UMEMBER_BASE_URL", "http://127.0.0.1:7777/gw")
    prepared(place, days=FEW_DAYS)
    assert gateways() == {"http://127.0.0.1:7777/gw"}
    assert json.loads(place.sandbox_state.read_text())["umember"]["accounts"] == []
    assert len(demo_info(place)["coupons"]["unused"]) == TO_TRY["unused"]
    Connection.objects.update(token="a token of that gateway")
    monkeypatch.delenv("UMEMBER_BASE_URL")
    prepared(place, days=FEW_DAYS)
    accounts = Connection.objects.filter(platform="umember")
    assert set(accounts.values_list("base_url", "token")) == {("http://127.0.0.1:8100/umember", "")}
    assert len(json.loads(place.sandbox_state.read_text())["umember"]["accounts"]) == 2


@pytest.mark.django_db
def test_a_connection_that_somebody_adds_goes_to_the_sandbox(
    place: Places, monkeypatch: pytest.MonkeyPatch
) -> None:
    env = environment.for_the_demo(place, PORTS)
    assert env["UMEMBER_BASE_URL"] == "http://127.0.0.1:8100/umember"
    assert env["TRIP_NOTICE_BASE_URL"] == "http://127.0.0.1:8100/trip/rhone/mtp/api"
    addresses = merged("sandbox_addresses")
    for name in addresses:
        monkeypatch.setenv(name, env[name])
    prepared(place, days=FEW_DAYS)
    # A store below a developer account is called where the account is.
    accounts = Connection.objects.filter(parent=None)
    assert {row.base_url for row in accounts} == {env[name] for name in addresses}
    assert len(json.loads(place.sandbox_state.read_text())["umember"]["accounts"]) == 2


@pytest.mark.parametrize("name", ["UMEMBER_BASE_URL", "TRIP_NOTICE_BASE_URL", "PUBLIC_BASE_URL"])
@pytest.mark.parametrize(
    "text",
    ["foo", "gw.example.com", "ftp://gw.example.com", "http://", "http://gw:99999", "http://["],
)
def test_an_address_that_is_none_is_said(
    place: Places, monkeypatch: pytest.MonkeyPatch, name: str, text: str
) -> None:
    monkeypatch.setenv(name, text)
    with pytest.raises(DemoError, match=f"{name} is {re.escape(repr(text))}"):
        environment.for_the_demo(place, PORTS)


def test_addresses_that_a_person_has_set_stay(
    place: Places, monkeypatch: pytest.MonkeyPatch
) -> None:
    for name in ("UMEMBER_BASE_URL", "TRIP_NOTICE_BASE_URL"):
        monkeypatch.setenv(name, "http://127.0.0.1:7777/gw")
        assert environment.for_the_demo(place, PORTS)[name] == "http://127.0.0.1:7777/gw"


@pytest.mark.django_db
def test_a_database_with_other_merchants_is_left_alone(place: Places) -> None:
    MerchantFactory()
    with pytest.raises(DemoError, match="DATABASE_URL of its own"):
        prepared(place, days=FEW_DAYS)
    assert Merchant.objects.count() == 1


@pytest.mark.django_db
def test_secrets_are_private_and_generated_once(place: Places) -> None:
    environment.ensure_secrets(place)
    first = place.env_file.read_text()
    environment.ensure_secrets(place)
    prepared(place, days=FEW_DAYS)
    assert place.env_file.read_text() == first
    assert [line.partition("=")[0] for line in first.splitlines()[1:]] == [
        "DEBUG",
        "SECRET_KEY",
        "CREDENTIAL_KEYS",
        "HASH_KEY",
    ]
    assert [stat.S_IMODE(path.stat().st_mode) for path in (place.env_file, place.world)] == [
        0o600,
        0o600,
    ]


def test_there_is_no_info_before_there_is_a_demo(place: Places) -> None:
    with pytest.raises(CommandError, match="make demo"):
        call_command("demo", "--info", stdout=StringIO())


@pytest.mark.parametrize(
    ("values", "message"),
    [
        ({"PORT": "http"}, "PORT is 'http'"),
        ({"SANDBOX_PORT": "70000"}, "SANDBOX_PORT is '70000'"),
        ({"PORT": "9000", "SANDBOX_PORT": "9000"}, "both 9000"),
    ],
)
def test_a_port_that_is_none_is_said(
    monkeypatch: pytest.MonkeyPatch, values: dict[str, str], message: str
) -> None:
    for name, value in values.items():
        monkeypatch.setenv(name, value)
    with pytest.raises(DemoError, match=message):
        environment.ports()


def test_a_port_in_use_is_said_with_a_way_out() -> None:
    with socket.socket() as taken, socket.socket() as free:
        taken.bind(("127.0.0.1", 0))
        taken.listen()
        free.bind(("127.0.0.1", 0))
        port, other = taken.getsockname()[1], free.getsockname()[1]
        free.close()
        with pytest.raises(
            DemoError, match=f"Port {port} is not free.*SANDBOX_PORT={port + 1} make demo"
        ):
            environment.require_free(Ports(other, port))


def test_a_folder_with_a_percent_sign_and_spaces_is_no_trouble(tmp_path: Path) -> None:
    place = Places(tmp_path / "100% of it")
    write_config(place, PORTS)
    text = place.supervisor.read_text()
    assert "100%% of it" in text
    assert "100% of it" not in text.replace("%%", "")


# The whole, as real processes


# In one process, so that the demo is filled once.
ONE_DEMO = pytest.mark.xdist_group("demo")


def free_ports() -> tuple[int, int]:
    with socket.socket() as one, socket.socket() as two:
        for probe in (one, two):
            probe.bind(("127.0.0.1", 0))
        return one.getsockname()[1], two.getsockname()[1]


@contextmanager
def empty_database(folder: Path) -> Iterator[str]:
    """The url of a database for one demo, on the server that the suite runs on."""
    if connection.vendor == "sqlite":
        yield f"sqlite:///{folder / 'demo.sqlite3'}"
        return
    name = f"{connection.settings_dict['NAME']}_demo"
    with connection._nodb_cursor() as cursor:
        cursor.execute(f'DROP DATABASE IF EXISTS "{name}"')
        cursor.execute(f'CREATE DATABASE "{name}"')
    try:
        yield database_url().rpartition("/")[0] + f"/{name}"
    finally:
        with connection._nodb_cursor() as cursor:
            cursor.execute(f'DROP DATABASE IF EXISTS "{name}" WITH (FORCE)')


@contextmanager
def demo_in(folder: Path) -> Iterator[dict[str, str]]:
    web, sandbox = free_ports()
    with empty_database(folder) as url:
        yield clean_environment(
            VAR_DIR=str(folder / "var"),
            DATABASE_URL=url,
            PORT=str(web),
            SANDBOX_PORT=str(sandbox),
            Q_WORKERS="1",
        )


@pytest.fixture(scope="module")
def demo_environment(
    django_db_setup: None,
    django_db_blocker: DjangoDbBlocker,
    tmp_path_factory: pytest.TempPathFactory,
) -> Iterator[dict[str, str]]:
    """The environment of one demo, which the first test fills and all others find filled."""
    with django_db_blocker.unblock(), demo_in(tmp_path_factory.mktemp("demo")) as environment:
        yield environment


def answers(url: str) -> bool:
    try:
        with urllib.request.urlopen(url, timeout=5) as answer:
            return bool(answer.status == 200)
    except OSError:
        return False


def info(env: dict[str, str]) -> dict[str, Any]:
    command = [sys.executable, str(ROOT / "manage.py"), "demo", "--info"]
    ended = subprocess.run(
        command, env=env, cwd=ROOT, capture_output=True, text=True, timeout=60, check=True
    )
    loaded: dict[str, Any] = json.loads(ended.stdout)
    return loaded


def verify(shown: dict[str, Any], code: str, *, in_pieces: bool = False) -> dict[str, Any]:
    """A body in pieces is sent without its length (chunked), as some HTTP clients do."""
    body = json.dumps({"code": code}).encode()
    request = urllib.request.Request(
        f"{shown['web']}/api/v1/stores/{shown['stores'][0]['id']}/verifications/?wait=10",
        data=iter([body[:5], body[5:]]) if in_pieces else body,
        headers={"Authorization": f"Bearer {shown['api_key']}", "Content-Type": "application/json"},
    )
    with urllib.request.urlopen(request, timeout=30) as answer:
        row: dict[str, Any] = json.load(answer)
    return row


def wait_for_the_welcome(process: subprocess.Popen[bytes], log: Path) -> None:
    def said() -> bool:
        return "is running at" in log.read_text()

    wait_until(lambda: said() or process.poll() is not None, seconds=100, about=log.read_text)
    assert said(), log.read_text()


def running(pids: list[int]) -> list[str]:
    return [command_line(pid) for pid in pids if is_running(pid)]


@ONE_DEMO
@pytest.mark.slow
@pytest.mark.timeout(240)
def test_the_demo_runs_restarts_what_dies_and_ends_without_leftovers(
    demo_environment: dict[str, str], tmp_path: Path
) -> None:
    log = tmp_path / "demo.log"
    with manage("demo", log=log, env=demo_environment) as process:
        wait_for_the_welcome(process, log)
        shown = info(demo_environment)
        assert shown["users"]["owner"]["password"] in log.read_text()
        assert verify(shown, shown["coupons"]["unused"][0])["status"] == "verified"

        before = descendants(process.pid)
        programs = [pid for pid in before[1:4] if is_running(pid)]
        assert len(programs) == 3
        for pid in programs:
            kill(pid)
        wait_until(lambda: not running(programs))
        ready = [f"{shown['web']}/readyz", f"{shown['sandbox']}/_control/"]
        wait_until(lambda: all(answers(url) for url in ready), seconds=60, about=log.read_text)
        assert shown["coupons"]["unused"][0] in info(demo_environment)["coupons"]["used"]
        assert verify(shown, shown["coupons"]["unused"][1], in_pieces=True)["status"] == "verified"

        everybody = [*before, *descendants(process.pid)]
        process.send_signal(signal.SIGINT)
        assert process.wait(60) == 0
        assert running(everybody) == []


@ONE_DEMO
@pytest.mark.slow
@pytest.mark.timeout(240)
def test_a_killed_supervisor_ends_the_demo_without_leftovers(
    demo_environment: dict[str, str], tmp_path: Path
) -> None:
    log = tmp_path / "demo.log"
    with manage("demo", log=log, env=demo_environment) as process:
        wait_for_the_welcome(process, log)
        everybody = descendants(process.pid)
        kill(everybody[0])
        assert process.wait(60) == 1
        assert "The supervisor has ended." in log.read_text()
        assert running(everybody) == []


@pytest.mark.slow
def test_a_taken_port_ends_the_demo_at_once(transactional_db: None, tmp_path: Path) -> None:
    with socket.socket() as taken, demo_in(tmp_path) as environment:
        taken.bind(("127.0.0.1", 0))
        taken.listen()
        env = environment | {"PORT": str(taken.getsockname()[1])}
        command = [sys.executable, str(ROOT / "manage.py"), "demo"]
        ended = subprocess.run(
            command, env=env, cwd=ROOT, capture_output=True, text=True, timeout=60
        )
    assert (ended.returncode, "is not free" in ended.stderr) == (1, True)
    assert not (Path(env["VAR_DIR"]) / "demo" / "world.json").exists()


@ONE_DEMO
@pytest.mark.slow
@pytest.mark.timeout(240)
def test_a_reset_starts_over(demo_environment: dict[str, str]) -> None:
    def prepare(*args: str) -> None:
        command = [sys.executable, str(ROOT / "manage.py"), "demo", "--prepare", *args]
        subprocess.run(
            command, env=demo_environment, cwd=ROOT, capture_output=True, timeout=100, check=True
        )

    prepare()
    before = info(demo_environment)
    prepare()
    assert info(demo_environment) == before
    prepare("--reset")
    after = info(demo_environment)
    assert after["api_key"] != before["api_key"]
    assert [store["name"] for store in after["stores"]] == [
        store["name"] for store in before["stores"]
    ]
