"""Any drill has its pages and its command."""

import json
import sys
from io import StringIO
from types import ModuleType
from typing import Any

import pytest
from django.contrib import admin
from django.core.management import CommandError, call_command
from django.test import Client
from django.urls import clear_url_caches, path
from pytest_django.fixtures import Settings
from pytest_django.live_server_helper import LiveServer

from config import urls
from stores.drills.pages import DrillAdmin
from stores.drills.report import Report, readable
from stores.drills.runner import run
from stores.management.drills import DrillCommand
from stores.models import Connection, DrillRun
from stores.platforms.workers import queue
from stores.roles import Role
from tests.pages import english
from tests.stores.drills.oven import CHECKLIST, OvenDrill, started
from tests.stores.factories import ConnectionFactory, member

pytestmark = pytest.mark.django_db


class OvenAdmin(DrillAdmin):
    platform = "umember"
    drill = OvenDrill
    task = "ovens.tasks.run_drill"
    title = "Oven drill"
    sent_title = "What we asked the oven"
    answered_title = "What it answered"


class Command(DrillCommand):
    help = "Drill an oven."
    drill = OvenDrill
    platform = "umember"
    connection_title = "oven"
    account = "e-mail"


@pytest.fixture
def connection() -> Connection:
    made: Connection = ConnectionFactory()
    return made


@pytest.fixture
def client(connection: Connection, settings: Settings, monkeypatch: pytest.MonkeyPatch) -> Any:
    """An owner's browser in a back office that has the oven's drill too."""
    registered: dict[Any, Any] = admin.site._registry
    monkeypatch.setitem(registered, DrillRun, OvenAdmin(DrillRun, admin.site))
    module = ModuleType("urls_with_ovens")
    vars(module)["urlpatterns"] = [path("admin/", admin.site.urls), *urls.urlpatterns]
    monkeypatch.setitem(sys.modules, "urls_with_ovens", module)
    settings.ROOT_URLCONF = "urls_with_ovens"
    yield english(member(connection.tenant, Role.OWNER, password=None))
    clear_url_caches()


RUNS = "/admin/stores/drillrun/"


def page(client: Client, address: str) -> str:
    answer = client.get(address)
    assert answer.status_code == 200
    return str(answer.content.decode())


def test_from_the_button_to_the_checklist(
    client: Client, connection: Connection, monkeypatch: pytest.MonkeyPatch
) -> None:
    woken: list[tuple[str, int]] = []
    monkeypatch.setattr(queue, "wake_worker", lambda task, pk: woken.append((task, pk)))
    assert f'name="connection" value="{connection.pk}"' in page(client, RUNS)
    answer = client.post(f"{RUNS}start/", {"connection": connection.pk})
    row = DrillRun.objects.get()
    assert answer["Location"] == f"{RUNS}{row.pk}/change/"
    assert woken == [("ovens.tasks.run_drill", row.pk)]
    assert "Now: The light goes on" in page(client, answer["Location"])
    run(OvenDrill(row))
    said = page(client, answer["Location"])
    assert "1 passed, 2 failed, 1 left out" in said
    assert "What we asked the oven" in said
    assert "&quot;recipe&quot;: 2" in said
    assert "secret" not in said


def test_only_runs_of_this_kind_are_listed(client: Client, connection: Connection) -> None:
    row = started(connection)
    other = DrillRun.objects.create(connection=connection, kind="trip")
    assert [each.row for each in client.get(RUNS).context["runs"]] == [row]
    assert client.get(f"{RUNS}{other.pk}/change/").status_code == 404


def test_results_stand_in_groups_in_the_checklists_order(connection: Connection) -> None:
    row = started(connection)
    run(OvenDrill(row))
    row.results.append(
        {"name": "old.one", "title": "Gone", "outcome": "passed", "detail": "", "exchanges": []}
    )
    groups = Report(row, CHECKLIST, "/").groups(with_messages=False)
    assert [(group.title, group.passed, group.failed) for group in groups] == [
        ("Heat", 0, 2),
        ("Light", 1, 0),
        ("old", 1, 0),
    ]
    assert groups[2].lines[0].title == "Gone"


@pytest.mark.parametrize(
    ("text", "shown"),
    [
        ("plain", "plain"),
        ('{"a": [{"people": ["x"]}]}', '{\n "a": [\n  {\n   "people": 1\n  }\n ]\n}'),
        ('{"people": "x"}', '{\n "people": 1\n}'),
        ("[" * 5000, "[" * 4000),
        ('"\\ud800"', '"?"'),
    ],
)
def test_a_message_is_readable_and_keeps_its_secrets(text: str, shown: str) -> None:
    assert readable(text, {"people"}) == shown


def command(*args: str) -> tuple[int, str]:
    out = StringIO()
    try:
        call_command(Command(stdout=out), *args)
    except SystemExit as end:
        return int(str(end.code)), out.getvalue()
    return 0, out.getvalue()


@pytest.mark.django_db(transaction=True)
def test_the_command_prints_a_checklist_and_says_that_something_failed(
    connection: Connection, live_server: LiveServer
) -> None:
    code, said = command(connection.account, "--base-url", live_server.url)
    assert code == 1
    assert said.splitlines()[-1] == "1 pass, 2 FAIL, 1 left out"
    assert "→ heat warmer, please" in said
    args = (str(connection.pk), "--base-url", live_server.url, "--only", "light", "--json")
    code, said = command(*args)
    assert code == 0
    assert [each["name"] for each in json.loads(said)] == ["light.on"]


@pytest.mark.parametrize("args", [("nobody",), ("0",), ("{account}", "--only", "fire")])
def test_the_command_refuses_what_it_does_not_know(
    connection: Connection, args: tuple[str, ...]
) -> None:
    with pytest.raises(CommandError) as error:
        command(*[arg.format(account=connection.account) for arg in args])
    assert error.value.returncode == 3
