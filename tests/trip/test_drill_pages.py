"""The acceptance drill in the back office: the permission to start it, the texts of its pages, and
the data they hide.
"""

import json
from datetime import timedelta
from typing import Any

import pytest
from django.contrib.auth.models import User
from django.test import Client
from django.urls import reverse
from django.utils import timezone, translation
from pytest_django.fixtures import Settings
from pytest_django.live_server_helper import LiveServer

from stores.backoffice.verbs import verb_label
from stores.drills import runner
from stores.models import AuditEntry, Connection, DrillRun
from stores.platforms.workers import queue
from stores.roles import Role
from tests.pages import english
from tests.stores.factories import ConnectionFactory, UserFactory, member
from tests.trip.back_office import page
from tests.trip.drilling import drill_start
from tests.trip.factories import TicketConnectionFactory, TicketProductFactory
from trip import tasks
from trip.drill import Drill

pytestmark = pytest.mark.django_db
RUNS, START = "/admin/trip/drillrun/", "/admin/trip/drillrun/start/"


@pytest.fixture
def woken(monkeypatch: pytest.MonkeyPatch) -> list[tuple[str, int]]:
    """The tasks that were queued."""
    bells: list[tuple[str, int]] = []
    monkeypatch.setattr(queue, "wake_worker", lambda task, pk: bells.append((task, pk)))
    return bells


def press(client: Client, connection: Connection) -> Any:
    return client.post(START, {"connection": connection.pk})


def shown(client: Client, address: str) -> str:
    answer = client.get(address)
    assert answer.status_code == 200
    return str(answer.content.decode())


def exchange(**fields: Any) -> dict[str, Any]:
    return {
        "at": 1.0,
        "operation": "create",
        "url": "http://127.0.0.1:8000/trip/1/order/create",
        "request": (
            '{"partnerId": 7, "body": {"visitors": [{"name": "invented"}, {"name": "made up"}]}}'
        ),
        "date": "",
        "status": 200,
        "answer": '{"code": 200, "describe": "success"}',
        "ms": 12,
        "error": "",
        "code": 200,
    } | fields


def result(name: str, outcome: str, detail: str = "", **fields: Any) -> dict[str, Any]:
    return {
        "name": name,
        "title": name,
        "outcome": outcome,
        "detail": detail,
        "exchanges": [exchange(**fields)],
    }


def a_run(
    connection: Connection, *results: dict[str, Any], is_over: bool = True, **fields: Any
) -> DrillRun:
    return DrillRun.objects.create(
        connection=connection,
        kind="trip",
        base_url="https://tickets.example.com",
        checks=[row["name"] for row in results] + ([] if is_over else ["overall.stock"]),
        results=list(results),
        finished_at=timezone.now() if is_over else None,
        **fields,
    )


def test_without_a_connection_the_page_says_what_to_do(
    connection: Connection, owner_client: Client
) -> None:
    Connection.objects.update(is_active=False)
    said = shown(owner_client, RUNS)
    assert "There is no ticket connection yet" in said
    assert f"{reverse('admin:stores_connection_add')}?platform=trip" in said
    assert START not in said


def test_the_button_starts_a_run_of_all_checks_and_rings(
    connection: Connection, owner_client: Client, woken: list[tuple[str, int]], settings: Settings
) -> None:
    settings.PUBLIC_BASE_URL = "https://tickets.example.com"
    answer = press(owner_client, connection)
    run = DrillRun.objects.get()
    assert (answer.status_code, answer["Location"]) == (302, page(run))
    assert (run.connection, run.base_url, run.checks) == (
        connection,
        "https://tickets.example.com",
        Drill.checklist.names(),
    )
    assert run.started_by == User.objects.get()
    assert woken == [("trip.tasks.run_drill", run.pk)]
    entry = AuditEntry.objects.get(verb="trip.drill.started")
    assert (entry.merchant, verb_label(entry)) == (
        connection.tenant,
        "Started an acceptance drill",
    )


def test_a_second_start_says_that_one_is_under_way_and_rings_for_it(
    connection: Connection, owner_client: Client, woken: list[tuple[str, int]]
) -> None:
    press(owner_client, connection)
    answer = owner_client.post(START, {"connection": connection.pk}, follow=True)
    run = DrillRun.objects.get()
    assert answer.redirect_chain == [(page(run), 302)]
    assert "A drill of this connection is under way." in answer.content.decode()
    assert woken == [("trip.tasks.run_drill", run.pk)] * 2
    assert AuditEntry.objects.filter(verb="trip.drill.started").count() == 1


def test_who_has_nothing_on_sale_is_told_so(connection: Connection, owner_client: Client) -> None:
    said = "None of your tickets is on sale"
    assert said in shown(owner_client, RUNS)
    TicketProductFactory(connection=connection)
    assert said not in shown(owner_client, RUNS)


def test_a_start_needs_the_forms_token(
    connection: Connection, woken: list[tuple[str, int]]
) -> None:
    strict = Client(enforce_csrf_checks=True)
    strict.force_login(member(connection.tenant, Role.OWNER, password=None))
    assert press(strict, connection).status_code == 403
    assert (DrillRun.objects.count(), woken) == (0, [])


def test_only_who_manages_the_connection_may_start(
    connection: Connection, woken: list[tuple[str, int]]
) -> None:
    merchant, other = connection.tenant, TicketConnectionFactory()
    people = {
        "clerk": member(merchant, Role.CLERK, password=None),
        "manager": member(merchant, Role.MANAGER, password=None),
        "stranger": member(other.merchant, Role.OWNER, password=None),
    }
    found = {who: press(english(user), connection).status_code for who, user in people.items()}
    assert found == {"clerk": 403, "manager": 403, "stranger": 404}
    assert press(Client(), connection)["Location"].startswith("/admin/login/")
    assert (DrillRun.objects.count(), woken) == (0, [])
    assert (
        press(english(UserFactory(is_superuser=True, password=None)), connection).status_code == 302
    )


@pytest.mark.parametrize("wrong", ["", "0", "x", "9" * 30, "\x00"])
def test_no_connection_is_not_found(
    wrong: str, owner_client: Client, connection: Connection
) -> None:
    assert owner_client.post(START, {"connection": wrong}).status_code == 404


def test_connections_of_another_kind_or_asleep_are_not_offered(
    connection: Connection, owner_client: Client
) -> None:
    coupons = ConnectionFactory(merchant=connection.tenant)
    asleep = TicketConnectionFactory(merchant=connection.tenant, is_active=False)
    assert owner_client.get(RUNS).context["connections"] == [connection]
    assert [press(owner_client, row).status_code for row in (coupons, asleep)] == [404, 404]


def test_a_start_is_no_link(owner_client: Client, connection: Connection) -> None:
    assert owner_client.get(START).status_code == 405
    assert not DrillRun.objects.exists()


def test_the_connection_in_the_address_is_chosen(
    connection: Connection, owner_client: Client
) -> None:
    second = TicketConnectionFactory(merchant=connection.tenant)
    assert f'<option value="{second.pk}" selected>' in shown(
        owner_client, f"{RUNS}?connection={second.pk}"
    )
    link = f"{RUNS}?connection={second.pk}"
    assert link in shown(owner_client, reverse("admin:stores_connection_change", args=[second.pk]))


def test_a_run_under_way_asks_for_itself_and_shows_no_messages_yet(
    connection: Connection, owner_client: Client
) -> None:
    run = a_run(connection, result("create.accepted", "passed"), is_over=False)
    said = shown(owner_client, page(run))
    assert f'hx-get="{page(run)}"' in said
    assert '<progress class="mb-2" value="1" max="2"' in said
    assert "Now: The merchant has all tickets back that the drill has ordered" in said
    assert '<noscript><meta http-equiv="refresh" content="5"></noscript>' in said
    assert "order/create" not in said
    assert "The background worker is not running" in said


def test_a_run_that_works_says_nothing_of_the_worker(
    connection: Connection, owner_client: Client
) -> None:
    run = a_run(connection, is_over=False)
    queue.beat("worker")
    assert "The background worker is not running" not in shown(owner_client, page(run))


def test_a_finished_run_shows_results_by_interface_with_reasons_and_messages(
    connection: Connection, owner_client: Client
) -> None:
    run = a_run(
        connection,
        result("refund.never", "left_out", "no such product"),
        result("create.price", "failed", "code should be 424"),
        result("create.accepted", "passed"),
    )
    answer = owner_client.get(page(run))
    groups = [
        (str(group.title), [(line.outcome, line.detail) for line in group.lines])
        for group in answer.context["groups"]
    ]
    assert groups == [
        ("Create an order", [("failed", "code should be 424"), ("passed", "")]),
        ("Refund an order", [("left_out", "no such product")]),
    ]
    said = answer.content.decode()
    assert "1 passed, 1 failed, 1 left out" in said
    assert ('href="#create.price"' in said, 'href="#create.accepted"' in said) == (True, False)
    assert "A price that is a cent off is refused with that reason" in said
    assert "/trip/1/order/create" in said
    assert "hx-get" not in said.partition('id="drill"')[2].partition(">")[0]


@pytest.mark.parametrize("starter", ["en", "zh-hans"])
def test_each_reader_reads_the_reasons_in_the_own_language(
    connection: Connection, owner: User, starter: str
) -> None:
    run = drill_start(
        connection=connection, base_url="http://10.1.2.3", only=["address.port", "refund.never"]
    )
    with translation.override(starter):
        runner.run(Drill(run))
    reasons = {
        "en": (
            "Meituan cannot reach http://10.1.2.3 from outside.",
            "No product on sale is of this kind: our own codes, at once, no refunds.",
        ),
        "zh-hans": (
            "美团从外部访问不到 http://10.1.2.3。",
            "没有这样的在售商品：系统自动出票、不可退。",
        ),
    }
    for reader in reasons:
        client = english(owner)
        client.cookies["django_language"] = reader
        said = shown(client, page(run))
        for language, texts in reasons.items():
            assert [text in said for text in texts] == [language == reader] * 2, (reader, language)


def test_messages_name_no_visitors_and_no_secrets(
    connection: Connection, owner_client: Client
) -> None:
    run = a_run(connection, result("create.accepted", "passed"))
    said = shown(owner_client, page(run))
    assert "&quot;visitors&quot;: 2" in said
    assert [
        word
        for word in ("invented", "made up", connection.credentials["client_secret"])
        if word in said
    ] == []


@pytest.mark.parametrize(
    "answer",
    [
        "",
        "<html>",
        '{"code": 200, "describe": "\\ud800"}',
        "[" * 100_000,
        json.dumps({"a": "x" * 50_000}),
    ],
)
def test_any_answer_can_be_shown_and_none_is_endless(
    answer: str, connection: Connection, owner_client: Client
) -> None:
    run = a_run(
        connection, result("create.accepted", "failed", answer=answer, code=None, error="broken")
    )
    assert len(shown(owner_client, page(run))) < 60_000


def test_a_run_that_nobody_works_on_any_more_is_cut_off(
    connection: Connection, owner_client: Client
) -> None:
    run = a_run(connection, result("create.accepted", "passed"), is_over=False)
    DrillRun.objects.update(worked_at=timezone.now() - timedelta(minutes=11))
    said = shown(owner_client, page(run))
    assert "The drill was cut off before its end." in said
    assert "hx-get" not in said.partition('id="drill"')[2].partition(">")[0]


def test_the_last_runs_are_listed_with_their_result(
    connection: Connection, owner_client: Client
) -> None:
    a_run(connection, result("create.accepted", "passed"))
    a_run(connection, result("create.accepted", "failed"))
    a_run(connection, is_over=False)
    a_run(TicketConnectionFactory(), result("create.accepted", "failed"))
    verdicts = [run.verdict for run in owner_client.get(RUNS).context["runs"]]
    assert verdicts == ["running", "failed", "passed"]


def test_a_run_cannot_be_changed_or_deleted(connection: Connection, owner_client: Client) -> None:
    run = a_run(connection, result("create.accepted", "failed"))
    before = DrillRun.objects.values().get()
    assert owner_client.post(page(run), {"results": "[]"}).status_code == 403
    assert owner_client.post(page(run, "delete"), {"post": "yes"}).status_code == 403
    assert DrillRun.objects.values().get() == before


@pytest.mark.django_db(transaction=True)
def test_from_the_button_to_the_checklist(
    live_server: LiveServer,
    settings: Settings,
    woken: list[tuple[str, int]],
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    settings.PUBLIC_BASE_URL = live_server.url
    product = TicketProductFactory(offer__stock=3)
    client = english(member(product.connection.tenant, Role.OWNER, password=None))
    only = ["access.signed", "pay.per_ticket", "pay.per_order"]
    start = runner.start
    monkeypatch.setattr(runner, "start", lambda *args, **fields: start(*args, **fields, only=only))
    run_page = press(client, product.connection)["Location"]
    tasks.run_drill(woken[0][1])
    said = shown(client, run_page)
    assert "2 passed, 0 failed, 1 left out" in said
    assert "support/heartbeat" in said
    assert product.connection.credentials["client_secret"] not in said
