"""The life of one owed call, whatever happens to it."""

from collections.abc import Callable
from datetime import timedelta
from importlib import import_module
from typing import Any

import pytest
from django.db import IntegrityError, OperationalError, transaction
from django.utils import timezone
from pytest_django.fixtures import Settings

from stores.models import Connection, OutboundAttempt, OutboundCall, Pace
from stores.platforms import outbox, pace, queue
from stores.platforms.errors import (
    AuthExpired,
    LoginRefused,
    NotSent,
    NoTurn,
    PlatformError,
    Refused,
    Throttled,
    Undecided,
    Unknown,
)
from stores.platforms.outbox import Verdict, claims
from stores.platforms.outbox.claims import claim, free_expired
from tests.scripted import Scripted

State = OutboundCall.State
Owe = Callable[..., OutboundCall]
# The package names its functions like these modules.
delivering = import_module("stores.platforms.outbox.deliver")
working = import_module("stores.platforms.outbox.work")
HOUR = timedelta(hours=1)
committed = pytest.mark.django_db(transaction=True)


@pytest.fixture(autouse=True)
def _no_pace(settings: Settings) -> None:
    settings.PACE_SECONDS = {}


def attempt(call: OutboundCall) -> OutboundCall:
    """One try, now: whatever the call was waiting for is taken to be over."""
    OutboundCall.objects.filter(pk=call.pk).update(due_at=timezone.now())
    claimed = claim(call.pk)
    assert claimed is not None
    outbox.deliver(claimed, None)
    call.refresh_from_db()
    return call


def age(call: OutboundCall, by: timedelta = timedelta(days=2)) -> int:
    return OutboundCall.objects.filter(pk=call.pk).update(expires_at=timezone.now() - by)


def end_lease(call: OutboundCall) -> None:
    OutboundCall.objects.filter(pk=call.pk).update(lease_until=timezone.now() - timedelta(seconds=1))


def test_a_call_is_owed_once_per_key(owed: Owe) -> None:
    assert owed("a").pk == owed("a").pk
    assert owed("b").pk != owed("a").pk


def test_a_key_known_to_be_new_must_be_new(owed: Owe) -> None:
    owed("a")
    with pytest.raises(IntegrityError), transaction.atomic():
        owed("a", known_new=True)


@committed
def test_a_rolled_back_change_owes_and_rings_nothing(
    script: Scripted, connection: Connection, monkeypatch: pytest.MonkeyPatch
) -> None:
    rings: list[int] = []
    monkeypatch.setattr(queue, "ring", lambda task, pk: rings.append(pk))
    with transaction.atomic():
        outbox.owe(Scripted, connection=connection, key="x", subject_id=1)
        transaction.set_rollback(True)
    assert not OutboundCall.objects.exists()
    assert rings == []


@committed
def test_a_doorbell_that_cannot_be_rung_fails_nobody(
    script: Scripted, connection: Connection, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(queue, "ring", lambda task, pk: _raise(OperationalError("locked")))
    outbox.owe(Scripted, connection=connection, key="x", subject_id=1)
    assert OutboundCall.objects.count() == 1


def test_an_answer_ends_the_call(owed: Owe, script: Scripted) -> None:
    script.sends = ["yes"]
    call = attempt(owed())
    assert (call.state, call.attempts_made, call.claim, call.lease_until) == (State.DONE, 1, "", None)
    assert script.hooks == ["sending", "done yes"]
    [tried] = call.attempts.all()
    assert (tried.kind, tried.outcome, tried.detail) == ("send", "answered", "yes")


def test_a_refusal_ends_the_call(owed: Owe, script: Scripted) -> None:
    script.sends = [Refused("10010", "no")]
    call = attempt(owed())
    assert (call.state, call.last_error) == (State.REFUSED, "10010: no")
    assert script.hooks == ["sending", "refused 10010"]


@pytest.mark.parametrize(
    ("error", "outcome"),
    [
        (NotSent("down"), "not_sent"),
        (Throttled("429"), "throttled"),
        (AuthExpired("old"), "not_sent"),
        (NoTurn("late"), "not_sent"),
    ],
)
def test_what_surely_was_not_executed_is_put_back_and_sent_again(
    owed: Owe, script: Scripted, error: PlatformError, outcome: str
) -> None:
    script.sends = [error, "yes"]
    call = attempt(owed())
    assert call.state == State.PENDING
    assert call.due_at > timezone.now()
    assert call.attempts.get().outcome == outcome
    Pace.objects.update(next_at=0)
    assert attempt(call).state == State.DONE
    assert script.hooks == ["sending", "put_back", "sending", "done yes"]


def test_a_lost_answer_is_asked_about_and_inferred(owed: Owe, script: Scripted) -> None:
    script.sends, script.asks = [Unknown("timeout")], [Verdict(True, "seen")]
    call = attempt(owed())
    assert (call.state, call.was_unknown) == (State.UNKNOWN, True)
    assert attempt(call).state == State.DONE
    assert script.hooks == ["sending", "unknown", "done seen inferred"]
    assert [row.kind for row in call.attempts.order_by("id")] == ["send", "ask"]


def test_what_asking_shows_not_to_be_executed_is_sent_again(owed: Owe, script: Scripted) -> None:
    script.sends, script.asks = [Unknown("timeout"), "yes"], [Verdict(False)]
    call = owed()
    states = [attempt(call).state for _ in range(3)]
    assert states == [State.UNKNOWN, State.PENDING, State.DONE]
    assert script.hooks == ["sending", "unknown", "put_back", "sending", "done yes"]


@pytest.mark.parametrize(
    "error", [NotSent("down"), Throttled("429"), Unknown("reset"), Undecided("shrug"), ZeroDivisionError()]
)
def test_a_question_that_fails_leaves_the_call_unknown(owed: Owe, script: Scripted, error: Exception) -> None:
    script.sends, script.asks = [Unknown("timeout")], [error]
    call = attempt(owed())
    assert attempt(call).state == State.UNKNOWN
    assert script.hooks == ["sending", "unknown"]


def test_a_question_can_be_answered_with_no(owed: Owe, script: Scripted) -> None:
    script.sends, script.asks = [Unknown("timeout")], [Refused("gone", "expired")]
    call = attempt(owed())
    assert attempt(call).state == State.REFUSED


def test_our_own_error_after_a_turn_is_unknown(owed: Owe, script: Scripted) -> None:
    script.sends = [ZeroDivisionError()]
    call = attempt(owed())
    assert (call.state, call.last_error) == (State.UNKNOWN, "our own error: ZeroDivisionError")


def test_our_own_error_before_any_turn_surely_sent_nothing(
    owed: Owe, script: Scripted, monkeypatch: pytest.MonkeyPatch
) -> None:
    def send(call: OutboundCall, turn: Callable[[], None]) -> None:
        raise ZeroDivisionError

    monkeypatch.setattr(script, "send", send)
    call = attempt(owed())
    assert (call.state, call.was_unknown) == (State.PENDING, False)


def test_a_lost_read_is_simply_sent_again(owed: Owe, script: Scripted, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(Scripted, "repeatable", True)
    script.sends = [Unknown("timeout"), "yes"]
    call = attempt(owed())
    assert (call.state, call.was_unknown) == (State.PENDING, False)
    Pace.objects.update(next_at=0)
    assert attempt(call).state == State.DONE


def test_a_call_that_is_too_old_is_not_sent_but_given_up(owed: Owe, script: Scripted) -> None:
    call = owed()
    age(call)
    assert claim(call.pk) is None
    outbox.sweep()
    call.refresh_from_db()
    assert (call.state, call.last_error) == (State.DEAD, "nobody could send it in time")
    assert script.hooks == ["dead"]


def test_a_call_that_fails_past_its_time_is_given_up(owed: Owe, script: Scripted) -> None:
    script.sends = [lambda call: age(call) and _raise(NotSent("down"))]
    assert attempt(owed()).state == State.DEAD
    assert script.hooks == ["sending", "dead"]


def _raise(error: Exception) -> Any:
    raise error


def test_an_answer_lost_past_its_time_is_asked_about_all_the_same(owed: Owe, script: Scripted) -> None:
    script.sends = [lambda call: age(call) and _raise(Unknown("timeout"))]
    script.asks = [Verdict(True, None)]
    call = attempt(owed())
    assert call.state == State.UNKNOWN
    assert attempt(call).state == State.DONE
    assert script.hooks == ["sending", "unknown", "done None inferred"]


@pytest.mark.parametrize("error", [Unknown("reset"), NotSent("down")])
def test_an_unclear_call_past_its_time_is_put_before_a_person(
    owed: Owe, script: Scripted, error: PlatformError
) -> None:
    script.sends, script.asks = [Unknown("timeout")], [error]
    call = attempt(owed())
    age(call)
    assert attempt(call).state == State.DEAD
    assert script.hooks[-1] == "dead maybe"


def test_a_dead_call_can_be_asked_about_again(owed: Owe, script: Scripted) -> None:
    script.sends, script.asks = [Unknown("timeout")], [Unknown("reset"), Verdict(True, None)]
    call = attempt(owed())
    age(call)
    attempt(call)
    assert outbox.retry_dead(call, ask_first=True)
    assert not outbox.retry_dead(call, ask_first=True)
    Pace.objects.update(next_at=0)
    assert attempt(call).state == State.DONE


def test_a_dead_call_whose_business_is_settled_stays_dead(
    owed: Owe, script: Scripted, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(script, "may_retry", lambda call, ask_first: False)
    call = owed()
    age(call)
    outbox.sweep()
    assert not outbox.retry_dead(call, ask_first=False)
    call.refresh_from_db()
    assert call.state == State.DEAD


def test_only_a_waiting_call_can_be_revoked(owed: Owe, script: Scripted) -> None:
    call = owed()
    assert outbox.revoke(call, "changed their mind")
    assert not outbox.revoke(call, "again")
    call.refresh_from_db()
    assert (call.state, call.last_error) == (State.DEAD, "changed their mind")
    assert claim(call.pk) is None


def test_a_claim_is_taken_once(owed: Owe) -> None:
    call = owed()
    assert claim(call.pk) is not None
    assert claim(call.pk) is None


def test_an_unknown_call_is_asked_about_by_one_at_a_time(owed: Owe, script: Scripted) -> None:
    script.sends = [Unknown("timeout")]
    call = attempt(owed())
    OutboundCall.objects.update(due_at=timezone.now())
    first = claim(call.pk)
    assert first is not None
    assert first.state == State.UNKNOWN
    assert claim(call.pk) is None


def test_a_dead_process_leaves_an_unknown_call(owed: Owe, script: Scripted) -> None:
    call = owed()
    claim(call.pk)
    assert outbox.sweep() == 0
    end_lease(call)
    assert outbox.sweep() == 1
    call.refresh_from_db()
    assert (call.state, call.was_unknown, call.claim) == (State.UNKNOWN, True, "")
    assert script.hooks == ["sending", "unknown"]


def test_a_dead_process_leaves_a_read_to_be_sent_again(
    owed: Owe, script: Scripted, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(Scripted, "repeatable", True)
    call = owed()
    claim(call.pk)
    end_lease(call)
    outbox.sweep()
    call.refresh_from_db()
    assert (call.state, call.was_unknown) == (State.PENDING, False)
    assert script.hooks == ["sending", "put_back"]


def test_an_answer_after_the_lease_was_lost_changes_nothing_but_is_kept(owed: Owe, script: Scripted) -> None:
    call = owed()

    def slow(call: OutboundCall) -> str:
        end_lease(call)
        free_expired(call.pk)
        return "late"

    script.sends = [slow]
    attempt(call)
    assert call.state == State.UNKNOWN
    assert script.hooks == ["sending", "unknown"]
    assert call.attempts.get().detail == "late"


def test_a_late_answer_does_not_disturb_whoever_asks_meanwhile(owed: Owe, script: Scripted) -> None:
    call = owed()

    def slow(call: OutboundCall) -> str:
        end_lease(call)
        free_expired(call.pk)
        OutboundCall.objects.update(due_at=timezone.now())
        assert claim(call.pk) is not None
        return "late"

    script.sends = [slow]
    attempt(call)
    assert call.state == State.UNKNOWN
    assert call.claim != ""
    assert call.lease_until is not None


def test_a_call_that_a_person_settled_meanwhile_stays_settled(owed: Owe, script: Scripted) -> None:
    def slow(call: OutboundCall) -> str:
        OutboundCall.objects.filter(pk=call.pk).update(state=State.REFUSED)
        return "late"

    script.sends = [slow]
    assert attempt(owed()).state == State.REFUSED
    assert script.hooks == ["sending"]


def test_nothing_is_sent_when_the_lease_is_nearly_over(owed: Owe, script: Scripted) -> None:
    script.sends = ["never"]
    claimed = claim(owed().pk)
    assert claimed is not None
    claimed.lease_until = timezone.now() + timedelta(seconds=5)
    outbox.deliver(claimed, None)
    claimed.refresh_from_db()
    assert claimed.state == State.PENDING
    assert script.sends == ["never"]


@pytest.mark.parametrize("hook", ["done", "refused", "unknown", "put_back"])
def test_a_call_whose_hook_fails_is_put_before_a_person_and_tried_no_more(
    owed: Owe, script: Scripted, hook: str
) -> None:
    script.broken = {hook}
    script.sends = [{"done": "yes", "refused": Refused("a", "b"), "unknown": Unknown(), "put_back": NotSent()}[hook]]
    call = attempt(owed())
    assert (call.state, call.last_error, call.claim) == (State.DEAD, "our own error: ValueError", "")
    assert call.settled_at is not None
    assert script.hooks[-1] == "dead maybe"
    assert outbox.work(seconds=0.2) == 0


def test_even_a_hook_for_dead_calls_that_fails_leaves_a_dead_call(owed: Owe, script: Scripted) -> None:
    script.broken = {"done", "dead"}
    script.sends = ["yes"]
    assert attempt(owed()).state == State.DEAD


def test_a_call_whose_first_hook_fails_is_not_sent(owed: Owe, script: Scripted) -> None:
    script.broken = {"sending"}
    call = owed()
    assert claim(call.pk) is None
    call.refresh_from_db()
    assert call.state == State.DEAD
    assert script.hooks == ["sending", "dead"]


def test_a_call_whose_hook_fails_in_the_sweep_is_put_before_a_person(owed: Owe, script: Scripted) -> None:
    script.broken = {"unknown"}
    call = owed()
    claim(call.pk)
    end_lease(call)
    outbox.sweep()
    call.refresh_from_db()
    assert call.state == State.DEAD
    assert script.hooks[-1] == "dead maybe"


def test_an_integrity_error_in_a_hook_spoils_no_transaction(
    owed: Owe, script: Scripted, monkeypatch: pytest.MonkeyPatch
) -> None:
    def done(call: OutboundCall, answer: object, *, inferred: bool) -> None:
        OutboundCall.objects.create(
            platform="umember",
            operation="scripted",
            key="k",
            connection=call.connection,
            pace=call.pace,
            subject_id=1,
            expires_at=timezone.now(),
        )

    monkeypatch.setattr(script, "done", done)
    script.sends = ["yes"]
    assert attempt(owed()).state == State.DEAD


def test_words_that_no_database_takes_are_stored_all_the_same(owed: Owe, script: Scripted) -> None:
    script.sends = [Refused("1", "bad \x00 \ud800 words")]
    call = attempt(owed())
    assert call.state == State.REFUSED
    assert "bad" in call.attempts.get().detail


@committed
def test_the_answer_is_written_when_the_database_is_free_again(
    owed: Owe, script: Scripted, monkeypatch: pytest.MonkeyPatch
) -> None:
    real, fails = delivering._settle, [OperationalError("locked")] * 2

    def settle(*args: Any) -> None:
        if fails:
            raise fails.pop()
        real(*args)

    monkeypatch.setattr(delivering, "_settle", settle)
    script.sends = ["yes"]
    assert attempt(owed()).state == State.DONE
    assert script.hooks == ["sending", "done yes"]


@committed
def test_an_answer_that_can_never_be_written_becomes_a_question(
    owed: Owe, script: Scripted, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(delivering, "SETTLE_PATIENCE", 0.0)
    monkeypatch.setattr(delivering, "_settle", lambda *args: _raise(OperationalError("locked")))
    script.sends = ["yes"]
    call = owed()
    with pytest.raises(OperationalError):
        attempt(call)
    end_lease(call)
    outbox.sweep()
    call.refresh_from_db()
    assert call.state == State.UNKNOWN


# The account


def wait_of(call: OutboundCall) -> float:
    return pace.seconds_until_free(call.pace_id)


def test_a_throttle_makes_the_whole_account_wait(owed: Owe, script: Scripted) -> None:
    script.sends = [Throttled("429", after=9.0)]
    call = attempt(owed())
    assert 8 < wait_of(call) <= 9
    assert Pace.objects.get().failures == 0


def test_failures_in_a_row_make_the_account_wait_longer_and_an_answer_ends_that(owed: Owe, script: Scripted) -> None:
    script.sends = [NotSent("down")] * 5 + ["yes"]
    call, waits = owed(), []
    for _ in range(5):
        waits.append(round(wait_of(attempt(call))))
        Pace.objects.update(next_at=0)
    assert waits == [0, 1, 2, 5, 10]
    attempt(call)
    assert Pace.objects.get().failures == 0


@pytest.mark.parametrize("error", [NoTurn("busy"), Undecided("shrug")])
def test_what_is_not_the_platforms_fault_makes_no_account_wait(
    owed: Owe, script: Scripted, error: PlatformError
) -> None:
    Pace.objects.update(failures=3)
    script.sends = [error]
    call = attempt(owed())
    assert wait_of(call) == 0.0


def test_a_refused_login_makes_the_account_wait_a_minute(owed: Owe, script: Scripted) -> None:
    script.sends = [LoginRefused("wrong password")]
    assert 55 < wait_of(attempt(owed())) <= 60


# Working off


def test_people_come_first_then_age(owed: Owe, script: Scripted) -> None:
    order: list[str] = []
    script.sends = [lambda call: order.append(call.key)] * 4
    old = timezone.now() - HOUR
    calls: dict[str, dict[str, Any]] = {
        "batch": {"queued_at": old},
        "guest": {"lane": OutboundCall.Lane.INTERACTIVE},
        "later guest": {"lane": OutboundCall.Lane.INTERACTIVE},
        "early guest": {"lane": OutboundCall.Lane.INTERACTIVE, "queued_at": old},
    }
    for key, fields in calls.items():
        owed(key, **fields)
    assert outbox.work(seconds=5) == 4
    assert order == ["early guest", "guest", "later guest", "batch"]


def test_a_call_of_an_unknown_kind_holds_up_no_other_account(owed: Owe, script: Scripted) -> None:
    from tests import factories

    stranger = factories.ConnectionFactory()
    OutboundCall.objects.create(
        platform="gone",
        operation="gone",
        key="1",
        connection=stranger,
        pace=stranger.pace,
        subject_id=1,
        expires_at=timezone.now() + HOUR,
    )
    call = owed()
    script.sends = ["yes"]
    outbox.work(seconds=2)
    call.refresh_from_db()
    assert call.state == State.DONE
    assert OutboundCall.objects.get(platform="gone").state == State.PENDING


def test_a_secret_that_cannot_be_read_holds_up_no_other_account(
    owed: Owe, script: Scripted, settings: Settings
) -> None:
    from cryptography.fernet import Fernet

    from tests import factories

    keys = settings.CREDENTIAL_KEYS
    settings.CREDENTIAL_KEYS = [Fernet.generate_key().decode()]
    stranger = factories.ConnectionFactory()
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
    call = owed("mine")
    script.sends = ["yes"]
    outbox.work(seconds=2)
    call.refresh_from_db()
    locked.refresh_from_db()
    assert (call.state, locked.state) == (State.DONE, State.PENDING)


def test_a_waiting_caller_whose_call_cannot_be_claimed_is_left_waiting(
    owed: Owe, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(working, "claim", lambda pk: _raise(ZeroDivisionError()))
    assert outbox.attempt_now(owed(), patience=1.0) is False


@committed
def test_a_worker_does_not_wait_for_an_account_that_rests_for_long(owed: Owe, monkeypatch: pytest.MonkeyPatch) -> None:
    rings: list[int] = []
    monkeypatch.setattr(queue, "ring", lambda task, pk: rings.append(pk))
    pace.postpone(owed().pace_id, 600.0)
    assert outbox.work(seconds=30) == 0
    assert rings == []


@committed
def test_a_worker_that_runs_out_of_time_rings_for_the_rest(
    owed: Owe, script: Scripted, monkeypatch: pytest.MonkeyPatch
) -> None:
    rings: list[int] = []
    monkeypatch.setattr(queue, "ring", lambda task, pk: rings.append(pk))
    call = owed()
    outbox.work(seconds=0)
    assert rings == [call.pk]


@committed
def test_a_busy_database_does_not_end_the_worker(owed: Owe, script: Scripted, monkeypatch: pytest.MonkeyPatch) -> None:
    real, fails = working._one_try, [OperationalError("locked")]

    def one_try() -> bool:
        if fails:
            raise fails.pop()
        return bool(real())

    monkeypatch.setattr(working, "_one_try", one_try)
    script.sends = ["yes"]
    call = owed()
    outbox.work(seconds=5)
    call.refresh_from_db()
    assert call.state == State.DONE


def test_a_caller_attempts_only_what_is_first_in_line(owed: Owe, script: Scripted) -> None:
    script.sends = ["first", "second"]
    first, second = owed("1"), owed("2")
    assert outbox.attempt_now(second, patience=0.0) is False
    assert outbox.attempt_now(first, patience=0.0) is True
    assert outbox.attempt_now(second, patience=0.0) is True
    assert outbox.attempt_now(second, patience=0.0) is False


def test_a_caller_does_not_wait_for_a_far_slot(owed: Owe) -> None:
    call = owed()
    pace.postpone(call.pace_id, 60.0)
    assert outbox.attempt_now(call, patience=1.0) is False
    call.refresh_from_db()
    assert (call.state, call.attempts_made) == (State.PENDING, 0)


def test_only_some_threads_attempt_at_once(owed: Owe, monkeypatch: pytest.MonkeyPatch) -> None:
    import threading

    monkeypatch.setattr(working, "_senders", threading.BoundedSemaphore(1))
    working._senders.acquire()
    assert outbox.attempt_now(owed(), patience=1.0) is False


def test_attempts_are_counted_and_kept(owed: Owe, script: Scripted) -> None:
    script.sends = [NotSent("a"), NotSent("b"), "yes"]
    call = owed()
    for _ in range(3):
        Pace.objects.update(next_at=0)
        attempt(call)
    assert call.attempts_made == OutboundAttempt.objects.count() == 3


def test_a_call_settled_meanwhile_is_not_given_up(owed: Owe) -> None:
    call = owed()
    assert claims.give_up(call.pk) is False
    assert claims.give_up(0) is False
    assert claims.free_expired(0) is False
