"""Accounts that wait, and who works off what."""

import threading
import time
from functools import partial
from typing import Any

import pytest
from django.db import OperationalError
from django.utils import timezone
from pytest_django.fixtures import Settings

from stores.models import Connection, OutboundAttempt, OutboundCall, Pace
from stores.platforms import outbox, pace, tokens
from stores.platforms.errors import (
    LoginRefused,
    NoSlot,
    NotSent,
    PlatformError,
    Throttled,
    Undecided,
)
from stores.platforms.outbox import claims, working
from stores.platforms.workers import queue
from tests.processes import wait_until
from tests.scripted import Scripted
from tests.stores.factories import ConnectionFactory
from tests.stores.platforms.outbox.trying import (
    HOUR,
    Enqueue,
    State,
    attempt,
    committed,
    raising,
)

# The account


def wait_of(call: OutboundCall) -> float:
    return pace.seconds_until_free(call.pace_id, call.platform)


def test_a_throttle_makes_the_whole_account_wait(enqueue: Enqueue, script: Scripted) -> None:
    script.sends = [Throttled("429", after=9.0)]
    call = attempt(enqueue())
    assert 8 < wait_of(call) <= 9
    assert Pace.objects.get().failures == 0


def test_failures_in_a_row_make_the_account_wait_longer_and_an_answer_ends_that(
    enqueue: Enqueue, script: Scripted
) -> None:
    script.sends = [NotSent("down")] * 5 + ["yes"]
    call, waits = enqueue(), []
    for _ in range(5):
        waits.append(round(wait_of(attempt(call))))
        Pace.objects.update(next_at=0)
    assert waits == [0, 1, 2, 5, 10]
    attempt(call)
    assert Pace.objects.get().failures == 0


@pytest.mark.parametrize("error", [NoSlot("busy"), Undecided("shrug")])
def test_what_is_not_the_platforms_fault_makes_no_account_wait(
    enqueue: Enqueue, script: Scripted, error: PlatformError
) -> None:
    Pace.objects.update(failures=3)
    script.sends = [error]
    call = attempt(enqueue())
    assert wait_of(call) == 0.0


def test_a_refused_login_makes_no_other_connection_of_the_account_wait(
    enqueue: Enqueue, script: Scripted
) -> None:
    twin = ConnectionFactory(account=Pace.objects.get().account)
    other = outbox.enqueue(Scripted, connection=twin, key="other", subject_id=2, wake=False)
    script.sends = [LoginRefused("wrong password"), "yes"]
    refused = attempt(enqueue())
    OutboundCall.objects.update(due_at=timezone.now())
    assert other.pace_id == refused.pace_id
    assert wait_of(refused) == 0.0
    assert outbox.work(seconds=5) == 1
    other.refresh_from_db()
    assert other.state == State.DONE


def test_refused_credentials_are_marked_until_they_are_accepted(
    enqueue: Enqueue, script: Scripted, connection: Connection
) -> None:
    script.sends = [LoginRefused("wrong secret"), "yes"]
    call = attempt(enqueue())
    connection.refresh_from_db()
    assert (connection.state, connection.last_error) == ("refused", "wrong secret")
    assert outbox.work(seconds=5) == 0
    Connection.objects.update(checked_at=timezone.now() - tokens.TRY_REFUSED_EVERY)
    attempt(call)
    connection.refresh_from_db()
    assert (connection.state, connection.last_error) == ("working", "")


def test_refused_credentials_that_are_tried_in_vain_rest_again(
    enqueue: Enqueue, script: Scripted, connection: Connection
) -> None:
    Connection.objects.update(state="refused", checked_at=timezone.now() - tokens.TRY_REFUSED_EVERY)
    script.sends = [LoginRefused("still wrong")]
    attempt(enqueue())
    connection.refresh_from_db()
    assert connection.last_error == "still wrong"
    assert outbox.work(seconds=5) == 0


def test_credentials_that_came_during_the_try_are_not_marked(
    enqueue: Enqueue, script: Scripted, connection: Connection
) -> None:
    def refuse_the_old(call: OutboundCall) -> None:
        tokens.forget(Connection.objects.get())
        raise LoginRefused("the old secret")

    script.sends = [refuse_the_old]
    attempt(enqueue())
    connection.refresh_from_db()
    assert connection.state == "new"


def test_calls_of_refused_credentials_rest_until_there_are_new_ones(
    enqueue: Enqueue, script: Scripted, connection: Connection
) -> None:
    Connection.objects.update(state="refused", checked_at=timezone.now())
    call = enqueue()
    assert outbox.work(seconds=5) == 0
    assert outbox.place_in_line(call).is_held_up
    tokens.forget(connection)
    script.sends = ["yes"]
    assert outbox.attempt_now(call, patience=0.0) is True


def test_refused_credentials_are_tried_again_after_a_while(
    enqueue: Enqueue, script: Scripted
) -> None:
    Connection.objects.update(state="refused", checked_at=timezone.now() - tokens.TRY_REFUSED_EVERY)
    script.sends = ["yes"]
    assert outbox.attempt_now(enqueue(), patience=0.0) is True


# Working off


def test_the_counter_comes_first_then_guests_then_age(enqueue: Enqueue, script: Scripted) -> None:
    order: list[str] = []
    script.sends = [lambda call: order.append(call.key)] * 5
    old = timezone.now() - HOUR
    calls: dict[str, dict[str, Any]] = {
        "batch": {"queued_at": old},
        "guest": {"lane": OutboundCall.Lane.INTERACTIVE},
        "later guest": {"lane": OutboundCall.Lane.INTERACTIVE},
        "early guest": {"lane": OutboundCall.Lane.INTERACTIVE, "queued_at": old},
        "clerk": {"lane": OutboundCall.Lane.COUNTER},
    }
    for key, fields in calls.items():
        enqueue(key, **fields)
    assert outbox.work(seconds=5) == 5
    assert order == ["clerk", "early guest", "guest", "later guest", "batch"]


def test_a_call_of_an_unknown_kind_holds_up_no_other_account(
    enqueue: Enqueue, script: Scripted
) -> None:

    stranger = ConnectionFactory()
    OutboundCall.objects.create(
        platform="gone",
        operation="gone",
        key="1",
        connection=stranger,
        pace=stranger.pace,
        subject_id=1,
        expires_at=timezone.now() + HOUR,
    )
    call = enqueue()
    script.sends = ["yes"]
    outbox.work(seconds=2)
    call.refresh_from_db()
    assert call.state == State.DONE
    assert OutboundCall.objects.get(platform="gone").state == State.PENDING


def test_a_secret_that_cannot_be_read_holds_up_no_other_account(
    enqueue: Enqueue, script: Scripted, settings: Settings
) -> None:
    from cryptography.fernet import Fernet

    keys = settings.CREDENTIAL_KEYS
    settings.CREDENTIAL_KEYS = [Fernet.generate_key().decode()]
    stranger = ConnectionFactory()
    settings.CREDENTIAL_KEYS = keys
    locked = OutboundCall.objects.create(
        platform="umember",
        operation="scripted",
        key="1",
        connection_id=stranger.pk,
        pace=stranger.pace,
        subject_id=1,
        expires_at=timezone.now() + HOUR,
    )
    call = enqueue("mine")
    script.sends = ["yes"]
    outbox.work(seconds=2)
    call.refresh_from_db()
    locked.refresh_from_db()
    assert (call.state, locked.state) == (State.DONE, State.PENDING)


def test_a_machine_without_the_key_does_not_hold_up_one_that_has_it(
    enqueue: Enqueue, script: Scripted, settings: Settings, monkeypatch: pytest.MonkeyPatch
) -> None:
    from cryptography.fernet import Fernet

    call, keys = enqueue(), settings.CREDENTIAL_KEYS
    script.sends = ["yes"]
    settings.CREDENTIAL_KEYS = [Fernet.generate_key().decode()]
    begun = time.monotonic()
    assert outbox.work(seconds=20) == 0
    assert time.monotonic() - begun < 10
    call.pace.refresh_from_db()
    assert (call.pace.failures, call.pace.next_at < time.time() + 5) == (1, True)

    settings.CREDENTIAL_KEYS = keys
    assert outbox.work(seconds=1) == 0, "this process tries again later"
    monkeypatch.setattr(working, "_unreadable", {})
    assert outbox.work(seconds=5) == 1, "another process goes on at once"
    call.refresh_from_db()
    call.pace.refresh_from_db()
    assert (call.state, call.pace.failures) == (State.DONE, 0)


def test_a_waiting_caller_whose_call_cannot_be_claimed_is_left_waiting(
    enqueue: Enqueue, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(working, "claim", lambda pk: raising(ZeroDivisionError()))
    assert outbox.attempt_now(enqueue(), patience=1.0) is False


@committed
def test_a_worker_does_not_wait_for_an_account_that_rests_for_long(
    enqueue: Enqueue, monkeypatch: pytest.MonkeyPatch
) -> None:
    rings: list[int] = []
    monkeypatch.setattr(queue, "wake_worker", lambda task, pk: rings.append(pk))
    pace.postpone(enqueue().pace_id, 600.0)
    assert outbox.work(seconds=30) == 0
    assert rings == []


@committed
def test_a_worker_that_runs_out_of_time_rings_for_the_rest(
    enqueue: Enqueue, script: Scripted, monkeypatch: pytest.MonkeyPatch
) -> None:
    rings: list[int] = []
    monkeypatch.setattr(queue, "wake_worker", lambda task, pk: rings.append(pk))
    call = enqueue()
    outbox.work(seconds=0)
    assert rings == [call.pk]


@committed
def test_a_busy_database_does_not_end_the_worker(
    enqueue: Enqueue, script: Scripted, monkeypatch: pytest.MonkeyPatch
) -> None:
    real, fails = working._one_try, [OperationalError("locked")]

    def one_try() -> bool:
        if fails:
            raise fails.pop()
        return bool(real())

    monkeypatch.setattr(working, "_one_try", one_try)
    script.sends = ["yes"]
    call = enqueue()
    outbox.work(seconds=5)
    call.refresh_from_db()
    assert call.state == State.DONE


def test_a_caller_attempts_only_what_is_first_in_line(enqueue: Enqueue, script: Scripted) -> None:
    script.sends = ["first", "second"]
    first, second = enqueue("1"), enqueue("2")
    assert outbox.attempt_now(second, patience=0.0) is False
    assert outbox.attempt_now(first, patience=0.0) is True
    assert outbox.attempt_now(second, patience=0.0) is True
    assert outbox.attempt_now(second, patience=0.0) is False


def test_a_caller_does_not_wait_for_a_far_slot(enqueue: Enqueue) -> None:
    call = enqueue()
    pace.postpone(call.pace_id, 60.0)
    assert outbox.attempt_now(call, patience=1.0) is False
    call.refresh_from_db()
    assert (call.state, call.attempts_made) == (State.PENDING, 0)


@committed
def test_only_some_threads_send_at_once_and_nobody_has_to_stay_with_them(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(working, "_senders", threading.BoundedSemaphore(1))
    go_on, done = threading.Event(), threading.Event()

    def slow() -> None:
        go_on.wait(10)
        done.set()

    begun = time.monotonic()
    assert outbox.run_in_thread(slow, until=begun + 0.2) is True
    assert 0.2 <= time.monotonic() - begun < 2
    assert outbox.run_in_thread(slow, until=time.monotonic()) is False
    go_on.set()
    assert done.wait(10)
    wait_until(lambda: outbox.run_in_thread(lambda: None, until=time.monotonic()))


@committed
def test_a_sender_that_fails_keeps_no_place(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(working, "_senders", threading.BoundedSemaphore(1))
    for error in (OperationalError("gone"), ZeroDivisionError()):
        assert outbox.run_in_thread(partial(raising, error), until=time.monotonic() + 5) is True
        assert working._senders.acquire(timeout=5)
        working._senders.release()


@committed
def test_a_sender_that_gets_no_thread_keeps_no_place(
    monkeypatch: pytest.MonkeyPatch, settings: Settings
) -> None:
    with monkeypatch.context() as full:
        full.setattr(threading.Thread, "start", lambda thread: raising(RuntimeError("no thread")))
        for _ in range(settings.WEB_SENDERS):
            assert not outbox.run_in_thread(lambda: None, until=time.monotonic())
    assert outbox.run_in_thread(lambda: None, until=time.monotonic() + 1)


def test_nothing_is_sent_inside_a_transaction(db: None) -> None:
    with pytest.raises(RuntimeError, match="not committed"):
        outbox.run_in_thread(lambda: pytest.fail("sent"), until=0.0)


def test_attempts_are_counted_and_kept(enqueue: Enqueue, script: Scripted) -> None:
    script.sends = [NotSent("a"), NotSent("b"), "yes"]
    call = enqueue()
    for _ in range(3):
        Pace.objects.update(next_at=0)
        attempt(call)
    assert call.attempts_made == OutboundAttempt.objects.count() == 3


def test_a_call_settled_meanwhile_is_not_given_up(enqueue: Enqueue) -> None:
    call = enqueue()
    assert claims.give_up(call.pk) is False
    assert claims.give_up(0) is False
    assert claims.free_expired(0) is False
