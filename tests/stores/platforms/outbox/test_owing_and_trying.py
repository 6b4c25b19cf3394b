"""The life of one owed call: owed, tried, asked about, given up."""

from collections.abc import Callable
from dataclasses import dataclass
from datetime import timedelta

import pytest
from django.db import IntegrityError, OperationalError, transaction
from django.utils import timezone

from stores.models import Connection, OutboundCall, Pace
from stores.platforms import outbox
from stores.platforms.errors import (
    AuthExpired,
    NoSlot,
    NotSent,
    PlatformError,
    Refused,
    Throttled,
    Undecided,
    Unknown,
)
from stores.platforms.outbox import Verdict
from stores.platforms.outbox.claims import claim
from stores.platforms.workers import queue
from tests.scripted import Scripted
from tests.stores.platforms.outbox.trying import (
    Enqueue,
    State,
    age,
    attempt,
    committed,
    raising,
)


def test_a_call_is_owed_once_per_key(enqueue: Enqueue) -> None:
    assert enqueue("a").pk == enqueue("a").pk
    assert enqueue("b").pk != enqueue("a").pk


def test_a_key_known_to_be_new_must_be_new(enqueue: Enqueue) -> None:
    enqueue("a")
    with pytest.raises(IntegrityError), transaction.atomic():
        enqueue("a", known_new=True)


@committed
def test_a_rolled_back_change_owes_and_rings_nothing(
    script: Scripted, connection: Connection, monkeypatch: pytest.MonkeyPatch
) -> None:
    rings: list[int] = []
    monkeypatch.setattr(queue, "wake_worker", lambda task, pk: rings.append(pk))
    with transaction.atomic():
        outbox.enqueue(Scripted, connection=connection, key="x", subject_id=1)
        transaction.set_rollback(True)
    assert not OutboundCall.objects.exists()
    assert rings == []


@committed
def test_a_repetition_wakes_no_worker(
    script: Scripted, connection: Connection, monkeypatch: pytest.MonkeyPatch
) -> None:
    woken: list[int] = []
    monkeypatch.setattr(queue, "wake_worker", lambda task, pk: woken.append(pk))
    calls = [
        outbox.enqueue(Scripted, connection=connection, key="x", subject_id=1) for _ in range(2)
    ]
    assert woken == [calls[0].pk]


def test_a_call_that_follows_another_keeps_its_place_and_its_last_moment(enqueue: Enqueue) -> None:
    earlier = timezone.now() - timedelta(minutes=5)
    call = enqueue(queued_at=earlier, patience=timedelta(hours=1))
    assert (call.queued_at, call.expires_at) == (earlier, earlier + timedelta(hours=1))


@committed
def test_a_doorbell_that_cannot_be_rung_fails_nobody(
    script: Scripted, connection: Connection, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(queue, "wake_worker", lambda task, pk: raising(OperationalError("locked")))
    outbox.enqueue(Scripted, connection=connection, key="x", subject_id=1)
    assert OutboundCall.objects.count() == 1


def test_an_answer_ends_the_call(enqueue: Enqueue, script: Scripted) -> None:
    script.sends = ["yes"]
    call = attempt(enqueue())
    assert (call.state, call.attempts_made, call.claim, call.lease_until) == (
        State.DONE,
        1,
        "",
        None,
    )
    assert script.hooks == ["sending", "done yes"]
    [tried] = call.attempts.all()
    assert (tried.kind, tried.outcome, tried.detail) == ("send", "answered", "yes")


@dataclass
class Silent:
    """An answer without a text of its own."""

    is_signed: bool = True


@pytest.mark.parametrize("answer", [Silent(), [Silent()], {"is_signed": True}, True, None, 5])
def test_an_answer_without_a_text_leaves_none_in_the_ledger(
    enqueue: Enqueue, script: Scripted, answer: object
) -> None:
    script.sends = [answer]
    call = attempt(enqueue())
    assert (call.state, call.attempts.get().detail) == (State.DONE, "")


def test_a_refusal_ends_the_call(enqueue: Enqueue, script: Scripted) -> None:
    script.sends = [Refused("10010", "no")]
    call = attempt(enqueue())
    assert (call.state, call.last_error) == (State.REFUSED, "10010: no")
    assert script.hooks == ["sending", "refused 10010"]


@pytest.mark.parametrize(
    ("error", "outcome"),
    [
        (NotSent("down"), "not_sent"),
        (Throttled("429"), "throttled"),
        (AuthExpired("old"), "not_sent"),
        (NoSlot("late"), "not_sent"),
    ],
)
def test_what_surely_was_not_executed_is_put_back_and_sent_again(
    enqueue: Enqueue, script: Scripted, error: PlatformError, outcome: str
) -> None:
    script.sends = [error, "yes"]
    call = attempt(enqueue())
    assert call.state == State.PENDING
    assert call.due_at > timezone.now()
    assert call.attempts.get().outcome == outcome
    Pace.objects.update(next_at=0)
    assert attempt(call).state == State.DONE
    assert script.hooks == ["sending", "put_back", "sending", "done yes"]


def test_an_operation_may_wait_in_steps_of_its_own(
    enqueue: Enqueue, script: Scripted, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(Scripted, "backoff", (60, 1800))
    script.sends = [NotSent("down")] * 3
    call, waits = enqueue(), []
    for _ in range(3):
        before = timezone.now()
        waits.append(attempt(call).due_at - before)
        Pace.objects.update(next_at=0)
    assert [round(wait.total_seconds(), -1) for wait in waits] == [60, 1800, 1800]


def test_a_lost_answer_is_asked_about_and_inferred(enqueue: Enqueue, script: Scripted) -> None:
    script.sends, script.asks = [Unknown("timeout")], [Verdict(True, "seen")]
    call = attempt(enqueue())
    assert (call.state, call.was_unknown) == (State.UNKNOWN, True)
    assert attempt(call).state == State.DONE
    assert script.hooks == ["sending", "unknown", "done seen inferred"]
    assert [row.kind for row in call.attempts.order_by("id")] == ["send", "ask"]


def test_what_asking_shows_not_to_be_executed_is_sent_again(
    enqueue: Enqueue, script: Scripted
) -> None:
    script.sends, script.asks = [Unknown("timeout"), "yes"], [Verdict(False)]
    call = enqueue()
    states = [attempt(call).state for _ in range(3)]
    assert states == [State.UNKNOWN, State.PENDING, State.DONE]
    assert script.hooks == ["sending", "unknown", "put_back", "sending", "done yes"]


@pytest.mark.parametrize(
    "error",
    [NotSent("down"), Throttled("429"), Unknown("reset"), Undecided("shrug"), ZeroDivisionError()],
)
def test_a_question_that_fails_leaves_the_call_unknown(
    enqueue: Enqueue, script: Scripted, error: Exception
) -> None:
    script.sends, script.asks = [Unknown("timeout")], [error]
    call = attempt(enqueue())
    assert attempt(call).state == State.UNKNOWN
    assert script.hooks == ["sending", "unknown"]


def test_a_question_can_be_answered_with_no(enqueue: Enqueue, script: Scripted) -> None:
    script.sends, script.asks = [Unknown("timeout")], [Refused("gone", "expired")]
    call = attempt(enqueue())
    assert attempt(call).state == State.REFUSED


def test_our_own_error_after_a_turn_is_unknown(enqueue: Enqueue, script: Scripted) -> None:
    script.sends = [ZeroDivisionError()]
    call = attempt(enqueue())
    assert (call.state, call.last_error) == (State.UNKNOWN, "our own error: ZeroDivisionError")


def test_our_own_error_before_any_turn_surely_sent_nothing(
    enqueue: Enqueue, script: Scripted, monkeypatch: pytest.MonkeyPatch
) -> None:
    def send(call: OutboundCall, wait_for_slot: Callable[[], None]) -> None:
        raise ZeroDivisionError

    monkeypatch.setattr(script, "send", send)
    call = attempt(enqueue())
    assert (call.state, call.was_unknown) == (State.PENDING, False)


def test_a_lost_read_is_simply_sent_again(
    enqueue: Enqueue, script: Scripted, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(Scripted, "repeatable", True)
    script.sends = [Unknown("timeout"), "yes"]
    call = attempt(enqueue())
    assert (call.state, call.was_unknown) == (State.PENDING, False)
    Pace.objects.update(next_at=0)
    assert attempt(call).state == State.DONE


def test_a_call_that_is_too_old_is_not_sent_but_given_up(
    enqueue: Enqueue, script: Scripted
) -> None:
    call = enqueue()
    age(call)
    assert claim(call.pk) is None
    outbox.sweep()
    call.refresh_from_db()
    assert (call.state, call.last_error) == (State.DEAD, "nobody could send it in time")
    assert script.hooks == ["dead"]


def test_a_call_that_fails_past_its_time_is_given_up(enqueue: Enqueue, script: Scripted) -> None:
    script.sends = [lambda call: age(call) and raising(NotSent("down"))]
    assert attempt(enqueue()).state == State.DEAD
    assert script.hooks == ["sending", "dead"]


def test_an_answer_lost_past_its_time_is_asked_about_all_the_same(
    enqueue: Enqueue, script: Scripted
) -> None:
    script.sends = [lambda call: age(call) and raising(Unknown("timeout"))]
    script.asks = [Verdict(True, None)]
    call = attempt(enqueue())
    assert call.state == State.UNKNOWN
    assert attempt(call).state == State.DONE
    assert script.hooks == ["sending", "unknown", "done None inferred"]


@pytest.mark.parametrize("error", [Unknown("reset"), NotSent("down")])
def test_an_unclear_call_past_its_time_is_put_before_a_person(
    enqueue: Enqueue, script: Scripted, error: PlatformError
) -> None:
    script.sends, script.asks = [Unknown("timeout")], [error]
    call = attempt(enqueue())
    age(call)
    assert attempt(call).state == State.DEAD
    assert script.hooks[-1] == "dead maybe"


def test_a_dead_call_can_be_asked_about_again(enqueue: Enqueue, script: Scripted) -> None:
    script.sends, script.asks = [Unknown("timeout")], [Unknown("reset"), Verdict(True, None)]
    call = attempt(enqueue())
    age(call)
    attempt(call)
    assert outbox.retry_dead(call, ask_first=True)
    assert not outbox.retry_dead(call, ask_first=True)
    Pace.objects.update(next_at=0)
    assert attempt(call).state == State.DONE


def test_a_dead_call_whose_business_is_settled_stays_dead(
    enqueue: Enqueue, script: Scripted, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(script, "may_retry", lambda call, ask_first: False)
    call = enqueue()
    age(call)
    outbox.sweep()
    assert not outbox.retry_dead(call, ask_first=False)
    call.refresh_from_db()
    assert call.state == State.DEAD


def test_only_a_waiting_call_can_be_revoked(enqueue: Enqueue, script: Scripted) -> None:
    call = enqueue()
    assert outbox.revoke(call, "changed their mind")
    assert not outbox.revoke(call, "again")
    call.refresh_from_db()
    assert (call.state, call.last_error) == (State.DEAD, "changed their mind")
    assert claim(call.pk) is None
