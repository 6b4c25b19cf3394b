"""What platforms tell us: kept once, handled once, and never lost with a failing handler."""

from collections.abc import Callable, Iterator
from datetime import timedelta
from functools import partial

import pytest
from django.contrib.auth.models import User
from django.db import connection as database
from django.test.utils import CaptureQueriesContext
from django.utils import timezone

from stores.conflicts import Conflict
from stores.models import Connection, InboundEvent, Merchant
from stores.platforms.inbound import inbox
from stores.platforms.workers import queue
from tests.stores.factories import ConnectionFactory

State = InboundEvent.State
Handler = Callable[[InboundEvent], None]
KIND = "test.kind"
committed = pytest.mark.django_db(transaction=True)


@pytest.fixture
def rings(monkeypatch: pytest.MonkeyPatch) -> list[tuple[str, int]]:
    rung: list[tuple[str, int]] = []
    monkeypatch.setattr(queue, "wake_worker", lambda task, pk: rung.append((task, pk)))
    return rung


@pytest.fixture
def handled_by() -> Iterator[Callable[[Handler], None]]:
    def register(function: Handler) -> None:
        inbox.handles("umember", KIND)(function)

    yield register
    inbox._handlers.pop(("umember", KIND), None)


def receive(connection: Connection, key: str = "1", **body: object) -> InboundEvent:
    return inbox.receive(connection=connection, kind=KIND, dedup_key=key, body=body)


def make_due(event: InboundEvent) -> None:
    InboundEvent.objects.filter(pk=event.pk).update(due_at=timezone.now())


def fail_first(seen: list[int], event: InboundEvent) -> None:
    seen.append(event.pk)
    if len(seen) == 1:
        raise ZeroDivisionError


@committed
def test_an_event_is_stored_once_however_often_it_is_told(
    connection: Connection, rings: list[tuple[str, int]]
) -> None:
    first = receive(connection, order=1)
    for _ in range(3):
        assert receive(connection, order=2).pk == first.pk
    event = InboundEvent.objects.get()
    assert (event.repeats, event.body, event.state) == (3, {"order": 1}, State.RECEIVED)
    assert rings == [("stores.tasks.handle", event.pk)]


@committed
def test_an_event_and_its_task_are_written_in_one_transaction() -> None:
    """A commit waits for the disk, and the platform waits for both."""
    connection = ConnectionFactory()
    with CaptureQueriesContext(database) as asked:
        event = receive(connection)
    assert [query["sql"].split()[0] for query in asked] == ["BEGIN", "INSERT", "INSERT", "COMMIT"]
    with CaptureQueriesContext(database) as asked:
        receive(connection)
    assert not [query for query in asked if "django_q_ormq" in query["sql"]]
    event.refresh_from_db()
    assert event.repeats == 1


def test_the_same_key_at_another_connection_is_another_event(connection: Connection) -> None:
    receive(connection)
    receive(ConnectionFactory())
    assert InboundEvent.objects.count() == 2


def test_a_handled_event_is_not_handled_again(
    connection: Connection, handled_by: Callable[[Handler], None], rings: list[tuple[str, int]]
) -> None:
    seen: list[int] = []
    handled_by(lambda event: seen.append(event.body["order"]))
    event = receive(connection, order=7)
    assert [inbox.handle(event.pk), inbox.handle(event.pk), inbox.sweep()] == [True, False, 0]
    assert seen == [7]
    event.refresh_from_db()
    assert (event.state, event.attempts, event.lease_until, event.error) == (
        State.HANDLED,
        1,
        None,
        "",
    )
    assert event.handled_at is not None


def test_a_failing_handler_keeps_the_event_its_traceback_and_none_of_its_work(
    connection: Connection, handled_by: Callable[[Handler], None], rings: list[tuple[str, int]]
) -> None:
    def fail(event: InboundEvent) -> None:
        Merchant.objects.create(name="half done")
        raise ZeroDivisionError("once")

    handled_by(fail)
    event = receive(connection)
    assert inbox.handle(event.pk) is False
    event.refresh_from_db()
    assert (event.state, event.attempts) == (State.FAILED, 1)
    assert "ZeroDivisionError: once" in event.error
    assert event.due_at > timezone.now()
    assert not Merchant.objects.filter(name="half done").exists()
    assert inbox.sweep() == 0


def test_a_failed_event_is_retried_when_it_is_due(
    connection: Connection, handled_by: Callable[[Handler], None], rings: list[tuple[str, int]]
) -> None:
    fails = [ZeroDivisionError("once")]

    def handle(event: InboundEvent) -> None:
        if fails:
            raise fails.pop()

    handled_by(handle)
    event = receive(connection)
    inbox.handle(event.pk)
    make_due(event)
    assert inbox.sweep() == 1
    event.refresh_from_db()
    assert (event.state, event.attempts, event.error) == (State.HANDLED, 2, "")


def test_an_event_of_an_unknown_kind_is_stored_and_done_and_not_tried_again(
    connection: Connection, rings: list[tuple[str, int]]
) -> None:
    event = receive(connection)
    assert inbox.handle(event.pk) is True
    event.refresh_from_db()
    assert (event.state, event.error) == (State.HANDLED, f"no handler for umember {KIND}")
    assert inbox.sweep() == 0
    event.refresh_from_db()
    assert event.attempts == 1


@committed
def test_an_event_of_an_unknown_kind_is_replayed_once_there_is_a_handler(
    connection: Connection, handled_by: Callable[[Handler], None], rings: list[tuple[str, int]]
) -> None:
    event = receive(connection)
    inbox.handle(event.pk)
    event.refresh_from_db()
    assert event.may_be_replayed
    handled_by(lambda event: None)
    inbox.replay(event)
    assert inbox.handle(event.pk)
    event.refresh_from_db()
    assert (event.state, event.error, event.may_be_replayed) == (State.HANDLED, "", False)


@committed
def test_an_event_is_replayed_on_a_persons_wish(
    connection: Connection, handled_by: Callable[[Handler], None], rings: list[tuple[str, int]]
) -> None:
    seen: list[int] = []
    handled_by(partial(fail_first, seen))
    event = receive(connection)
    inbox.handle(event.pk)
    event.refresh_from_db()
    inbox.replay(event)
    assert inbox.handle(event.pk) is True
    assert seen == [event.pk] * 2
    assert rings == [("stores.tasks.handle", event.pk)] * 2


def test_an_event_that_was_handled_since_a_person_saw_it_is_not_handled_twice(
    connection: Connection, handled_by: Callable[[Handler], None]
) -> None:
    seen: list[int] = []
    handled_by(partial(fail_first, seen))
    inbox.handle(receive(connection).pk)
    event = InboundEvent.objects.get()
    assert event.may_be_replayed
    make_due(event)
    assert inbox.handle(event.pk)
    with pytest.raises(Conflict):
        inbox.replay(event)
    assert inbox.sweep() == 0
    assert seen == [event.pk] * 2


def test_an_event_whose_process_died_is_taken_over_after_its_lease(
    connection: Connection, handled_by: Callable[[Handler], None], rings: list[tuple[str, int]]
) -> None:
    handled_by(lambda event: None)
    event = receive(connection)
    lease = timezone.now() + timedelta(seconds=30)
    InboundEvent.objects.update(state=State.HANDLING, lease_until=lease, attempts=1)
    assert inbox.handle(event.pk) is False
    InboundEvent.objects.update(lease_until=timezone.now() - timedelta(seconds=1))
    assert inbox.sweep() == 1


def test_a_handler_that_lost_its_event_to_another_changes_nothing(
    connection: Connection, handled_by: Callable[[Handler], None], rings: list[tuple[str, int]]
) -> None:
    def fail(event: InboundEvent) -> None:
        raise ZeroDivisionError

    handled_by(fail)
    event = receive(connection)
    InboundEvent.objects.update(state=State.HANDLED, attempts=2)
    event.attempts = 1
    assert inbox._fail(event, "too late") is False
    event.refresh_from_db()
    assert (event.state, event.error) == (State.HANDLED, "")


def test_one_event_that_cannot_be_read_holds_up_no_other(
    connection: Connection, handled_by: Callable[[Handler], None], rings: list[tuple[str, int]]
) -> None:
    from django.db import connection as database

    stranger = ConnectionFactory()
    with database.cursor() as cursor:
        cursor.execute(
            "UPDATE stores_connection SET credentials = 'garbage' WHERE id = %s", [stranger.pk]
        )
    seen: list[int] = []
    handled_by(lambda event: seen.append(len(event.connection.credentials)))
    bad, good = receive(stranger, "bad"), receive(connection, "good")
    assert inbox.sweep() == 1
    assert InboundEvent.objects.get(pk=bad.pk).error.count("SecretUnreadable") >= 1
    assert InboundEvent.objects.get(pk=good.pk).state == State.HANDLED


def test_an_integrity_error_in_a_handler_spoils_no_transaction(
    connection: Connection, handled_by: Callable[[Handler], None], rings: list[tuple[str, int]]
) -> None:
    def fail(event: InboundEvent) -> None:
        User.objects.create(username="same")
        User.objects.create(username="same")

    handled_by(fail)
    event = receive(connection)
    assert inbox.handle(event.pk) is False
    assert "IntegrityError" in InboundEvent.objects.get().error
    assert not User.objects.exists()
