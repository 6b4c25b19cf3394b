from datetime import timedelta
from unittest import mock

import pytest
from django.db import OperationalError
from django.test import Client
from django.utils import timezone

from stores.models import Heartbeat, OutboundCall
from stores.platforms.workers import queue
from tests.stores.factories import ConnectionFactory

pytestmark = pytest.mark.django_db


def test_healthz_answers_without_the_database(client: Client) -> None:
    with mock.patch("django.db.backends.utils.CursorWrapper.execute", side_effect=OperationalError):
        answer = client.get("/healthz")
    assert (answer.status_code, answer.json()) == (200, {"status": "ok"})
    assert answer["Cache-Control"] == "no-store"


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


def test_readyz_is_not_ready_without_the_database(client: Client) -> None:
    with mock.patch(
        "django.db.backends.utils.CursorWrapper.execute",
        side_effect=OperationalError("secret host name"),
    ):
        answer = client.get("/readyz")
    assert (answer.status_code, answer.json()["database"]) == (503, False)
    assert b"secret" not in answer.content


@pytest.mark.parametrize("path", ["/healthz", "/readyz"])
def test_health_is_read_only(client: Client, path: str) -> None:
    assert client.post(path).status_code == 405
