import json
from datetime import timedelta
from typing import Any

import pytest
from django.test import Client
from django.utils import timezone

from stores.models import Heartbeat, OutboundCall
from stores.platforms.workers import queue
from tests import children
from tests.stores.factories import ConnectionFactory

pytestmark = pytest.mark.django_db


# Nobody listens on this port, and this folder does not exist.
AWAY = ["postgres://shop:secret@127.0.0.1:1/secret", "sqlite:////nowhere/secret.sqlite3"]
GET = """
from django.test import Client
answer = Client().get("{path}", headers={{"host": "127.0.0.1"}})
print(answer.status_code, answer["Cache-Control"], answer.content.decode())
"""


def without_database(path: str, url: str) -> tuple[int, str, dict[str, Any]]:
    """Returns status, Cache-Control and body of an answer of a process whose database is away."""
    [said] = children.outputs(GET.format(path=path), DATABASE_URL=url, DATABASE_POOL="0")
    status, cached, body = said.split(maxsplit=2)
    assert "secret" not in body
    return int(status), cached, json.loads(body)


@pytest.mark.parametrize("url", AWAY)
def test_healthz_answers_without_the_database(url: str) -> None:
    assert without_database("/healthz", url) == (200, "no-store", {"status": "ok"})


@pytest.mark.parametrize("url", AWAY)
def test_readyz_is_not_ready_without_the_database(url: str) -> None:
    status, cached, told = without_database("/readyz", url)
    assert (status, cached, told["ready"], told["database"]) == (503, "no-store", False, False)


def test_readyz_is_ready_while_a_worker_beats(client: Client) -> None:
    queue.beat("here:1")
    answer = client.get("/readyz")
    assert answer.status_code == 200
    told = answer.json()
    assert (told["ready"], told["database"], told["worker"], told["oldest_due_seconds"]) == (
        True,
        True,
        True,
        0.0,
    )
    assert told["heartbeat_age"] < 10


def test_readyz_is_not_ready_before_any_worker_ran(client: Client) -> None:
    answer = client.get("/readyz")
    assert (answer.status_code, answer.json()["ready"], answer.json()["heartbeat_age"]) == (
        503,
        False,
        None,
    )


def test_readyz_is_not_ready_when_the_last_beat_is_old(client: Client) -> None:
    Heartbeat.objects.create(name="here:1", at=timezone.now() - timedelta(seconds=61))
    answer = client.get("/readyz")
    assert (answer.status_code, answer.json()["worker"]) == (503, False)


def test_readyz_tells_the_age_of_the_oldest_due_call(client: Client) -> None:
    queue.beat("here:1")
    connection, now = ConnectionFactory(), timezone.now()
    for minutes in (3, -3):
        OutboundCall.objects.create(
            platform="umember",
            operation="coupon.detail",
            key=str(minutes),
            connection=connection,
            pace=connection.pace,
            subject_id=1,
            due_at=now - timedelta(minutes=minutes),
            expires_at=now + timedelta(hours=1),
        )
    answer = client.get("/readyz")
    assert answer.status_code == 200
    assert answer.json()["oldest_due_seconds"] == pytest.approx(180, abs=20)


@pytest.mark.parametrize("path", ["/healthz", "/readyz"])
def test_health_is_read_only(client: Client, path: str) -> None:
    assert client.post(path).status_code == 405
