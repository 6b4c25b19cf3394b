import json
from datetime import timedelta
from io import StringIO
from typing import Any

import pytest
from cryptography.fernet import Fernet
from django.conf import settings
from django.core.management import CommandError, call_command, execute_from_command_line
from django.core.management.base import SystemCheckError
from django.db import OperationalError, connection
from django.test.utils import CaptureQueriesContext
from django.utils import timezone
from pytest_django.fixtures import Settings

from coupons.models import Channel, Verification
from coupons.services import verification_request
from stores import domains, tasks
from stores.domains import Schedule
from stores.models import Heartbeat, OutboundCall
from stores.platforms.workers import queue
from stores.platforms.workers import queue as worker_queue
from tests.coupons.factories import Shop

CHECKS = "django.core.management.base.BaseCommand.check"


def run(*args: str) -> tuple[Any, int]:
    """What a command printed (JSON where asked for), and its exit code."""
    out, code = StringIO(), 0
    try:
        call_command(*args, stdout=out, stderr=StringIO())
    except SystemExit as ended:
        code = int(str(ended.code))
    return (json.loads(out.getvalue()) if "--json" in args else out.getvalue()), code


@pytest.mark.django_db
def test_queue_alive_says_whether_a_worker_beat_lately() -> None:
    told, code = run("queue_alive", "--json")
    assert (told["alive"], told["heartbeat_age"], code) == (False, None, 1)
    queue.beat("here:1")
    told, code = run("queue_alive", "--json")
    assert (told["alive"], code) == (True, 0)
    Heartbeat.objects.update(at=timezone.now() - timedelta(seconds=90))
    text, code = run("queue_alive")
    assert (text.startswith("not alive: a worker was seen 90"), code) == (True, 1)


@pytest.mark.parametrize("text", ["nan", "inf", "-1"])
def test_a_sweep_lasts_a_number_of_seconds(text: str) -> None:
    with pytest.raises(CommandError, match="--seconds"):
        call_command("sweep", f"--seconds={text}")


@pytest.mark.django_db
@pytest.mark.parametrize(
    ("command", "code"),
    [
        ("queue_alive", 1),
        ("sweep", 4),
        ("rotate_credentials", 4),
        ("sync_stores", 4),
        ("sync_products", 4),
        ("verify_coupon 1 100000000001", 4),
        ("trip_drill 1", 4),
        ("delivery_replay", 4),
        ("delivery_savings 1", 4),
        ("delivery_what_if 1 --rule={}", 4),
    ],
)
def test_a_missing_database_is_said_in_words(
    command: str, code: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    def execute(*args: Any) -> None:
        raise OperationalError("gone")

    monkeypatch.setattr("django.db.backends.utils.CursorWrapper.execute", execute)
    with pytest.raises(CommandError, match="gone") as error:
        call_command(*command.split(), stdout=StringIO(), stderr=StringIO())
    assert error.value.returncode == code


def test_a_missing_key_is_said_in_words(shop: Shop, settings: Settings) -> None:
    settings.CREDENTIAL_KEYS = [Fernet.generate_key().decode()]
    with pytest.raises(CommandError, match="no key in CREDENTIAL_KEYS") as error:
        call_command("sync_stores", stdout=StringIO(), stderr=StringIO())
    assert error.value.returncode == 4


@pytest.mark.parametrize("broken", ["coupons.management.commands.verify_coupon.find_store", CHECKS])
def test_an_error_of_ours_is_not_taken_for_a_refusal(
    broken: str, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    def fail(*args: Any, **options: Any) -> None:
        raise SystemCheckError("no secrets") if broken == CHECKS else RuntimeError("our error")

    monkeypatch.setattr(broken, fail)
    skip = [] if broken == CHECKS else ["--skip-checks"]
    with pytest.raises(SystemExit) as ended:
        execute_from_command_line(["manage.py", "verify_coupon", "1", "100000000001", *skip])
    assert ended.value.code == 4
    printed = capsys.readouterr().err
    assert ("no secrets" if broken == CHECKS else "RuntimeError: our error") in printed


def test_a_sweep_works_off_what_is_due(shop: Shop) -> None:
    requested = verification_request(
        store=shop.store, code=shop.code(), channel=Channel.API, flow="test"
    )
    told, code = run("sweep", "--json", "--seconds", "8")
    assert (told, code) == ({"freed": 0, "events": 0, "tries": 2, "still_due": 0}, 0)
    requested.verification.refresh_from_db()
    assert requested.verification.status == Verification.Status.VERIFIED
    assert not Heartbeat.objects.exists()


def test_a_sweep_frees_what_a_dead_process_left_behind(shop: Shop) -> None:
    requested = verification_request(
        store=shop.store, code=shop.code(), channel=Channel.API, flow="test"
    )
    OutboundCall.objects.update(
        state=OutboundCall.State.SENDING,
        lease_until=timezone.now() - timedelta(seconds=1),
        claim="dead",
    )
    text, code = run("sweep", "--seconds", "8")
    assert (text.strip(), code) == ("1 freed, 0 events handled, 2 tries, 0 calls still due", 0)
    requested.verification.refresh_from_db()
    assert requested.verification.status == Verification.Status.VERIFIED


@pytest.mark.django_db
def test_schedules_are_written_once_and_those_no_longer_registered_vanish() -> None:
    from django_q.models import Schedule as Row

    Row.objects.create(name="gone.task", func="gone.task")
    Row.objects.create(name="stores.tasks.sweep", func="stores.tasks.sweep")
    Row.objects.create(name="stores.tasks.sweep", func="stores.tasks.sweep")
    queue.sync_schedules()
    queue.sync_schedules()
    names = [each.task for each in domains.schedules() if not each.runs_with_beats]
    assert sorted(Row.objects.values_list("name", flat=True)) == sorted(names)
    assert Row.objects.get(name="stores.tasks.sweep").minutes == 1


@pytest.mark.django_db
def test_what_runs_more_often_than_each_minute_is_queued_with_each_beat() -> None:
    from django_q.models import OrmQ

    often = {each.task for each in domains.schedules() if each.every < timedelta(minutes=1)}
    assert "messaging.tasks.print_due" in often
    tasks.beat(0)
    assert {row.func() for row in OrmQ.objects.all()} == often


@pytest.mark.django_db(transaction=True)
def test_a_task_is_written_with_the_callers_connection_in_one_statement() -> None:
    """The library would give it back, and ask for another one: twice with each task."""
    from django_q.models import OrmQ

    connection.ensure_connection()
    # As with every connection of a pool.
    connection.close_at = 0
    mine = connection.connection
    with CaptureQueriesContext(connection) as asked:
        queue.wake_worker(queue.BEAT, 7)
    assert connection.connection is mine
    assert len(asked) == 1
    row = OrmQ.objects.get()
    assert row.key == settings.Q_CLUSTER["name"]
    assert (row.func(), row.task["args"]) == (queue.BEAT, (7,))
    assert row.lock <= timezone.now()


@pytest.mark.django_db
def test_a_changed_interval_reaches_the_schedule(monkeypatch: pytest.MonkeyPatch) -> None:
    from django_q.models import Schedule as Row

    changed = [Schedule("some.task", timedelta(hours=2))]
    monkeypatch.setattr(worker_queue, "schedules", lambda: changed)
    queue.sync_schedules()
    assert list(Row.objects.values_list("name", "minutes")) == [("some.task", 120)]


@pytest.mark.django_db
def test_the_monitor_beats_after_each_beat_task() -> None:
    from django_q.signals import post_execute

    post_execute.send(sender="django_q", task={"func": "stores.tasks.deliver"})
    assert not Heartbeat.objects.exists()
    post_execute.send(sender="django_q", task={"func": queue.BEAT})
    assert Heartbeat.objects.get().name == queue.results_name(queue.cluster_name())


@pytest.mark.django_db
def test_old_heartbeats_and_results_are_pruned() -> None:
    Heartbeat.objects.create(name="old:1", at=timezone.now() - timedelta(days=2))
    queue.beat("new:1")
    queue.prune()
    assert list(Heartbeat.objects.values_list("name", flat=True)) == ["new:1"]
