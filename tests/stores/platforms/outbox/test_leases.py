"""Leases: dead processes, late answers, hooks that fail, answers that cannot be written at once."""

from datetime import timedelta
from typing import Any

import pytest
from django.db import OperationalError
from django.db.models import TextField, Value
from django.utils import timezone
from pytest_django.fixtures import Settings

from config.outbox import OutboxSettings
from stores.models import Merchant, OutboundCall
from stores.platforms import outbox
from stores.platforms.errors import (
    NotSent,
    Refused,
    Unknown,
)
from stores.platforms.outbox import delivering
from stores.platforms.outbox.claims import claim, due, first_in_line, free_expired, mark_dead
from tests.scripted import Scripted
from tests.stores.factories import ConnectionFactory
from tests.stores.platforms.outbox.trying import (
    Enqueue,
    State,
    age,
    attempt,
    committed,
    end_lease,
    raising,
)


def test_a_claim_is_taken_once(enqueue: Enqueue) -> None:
    call = enqueue()
    assert claim(call.pk) is not None
    assert claim(call.pk) is None


def test_an_unknown_call_is_asked_about_by_one_at_a_time(
    enqueue: Enqueue, script: Scripted
) -> None:
    script.sends = [Unknown("timeout")]
    call = attempt(enqueue())
    OutboundCall.objects.update(due_at=timezone.now())
    first = claim(call.pk)
    assert first is not None
    assert first.state == State.UNKNOWN
    assert claim(call.pk) is None


def test_a_dead_process_leaves_an_unknown_call(enqueue: Enqueue, script: Scripted) -> None:
    call = enqueue()
    claim(call.pk)
    assert outbox.sweep() == 0
    end_lease(call)
    assert outbox.sweep() == 1
    call.refresh_from_db()
    assert (call.state, call.was_unknown, call.claim) == (State.UNKNOWN, True, "")
    assert script.hooks == ["sending", "unknown"]


def test_a_dead_process_leaves_a_read_to_be_sent_again(
    enqueue: Enqueue, script: Scripted, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(Scripted, "repeatable", True)
    call = enqueue()
    claim(call.pk)
    end_lease(call)
    outbox.sweep()
    call.refresh_from_db()
    assert (call.state, call.was_unknown) == (State.PENDING, False)
    assert script.hooks == ["sending", "put_back"]


def test_an_answer_after_the_lease_was_lost_changes_nothing_but_is_kept(
    enqueue: Enqueue, script: Scripted
) -> None:
    call = enqueue()

    def slow(call: OutboundCall) -> str:
        end_lease(call)
        free_expired(call.pk)
        return "late"

    script.sends = [slow]
    attempt(call)
    assert call.state == State.UNKNOWN
    assert script.hooks == ["sending", "unknown"]
    assert call.attempts.get().detail == "late"


def test_a_late_answer_does_not_disturb_whoever_asks_meanwhile(
    enqueue: Enqueue, script: Scripted
) -> None:
    call = enqueue()

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


def test_a_call_that_a_person_settled_meanwhile_stays_settled(
    enqueue: Enqueue, script: Scripted
) -> None:
    def slow(call: OutboundCall) -> str:
        OutboundCall.objects.filter(pk=call.pk).update(state=State.REFUSED)
        return "late"

    script.sends = [slow]
    assert attempt(enqueue()).state == State.REFUSED
    assert script.hooks == ["sending"]


def test_nothing_is_sent_when_the_lease_is_nearly_over(enqueue: Enqueue, script: Scripted) -> None:
    script.sends = ["never"]
    claimed = claim(enqueue().pk)
    assert claimed is not None
    claimed.lease_until = timezone.now() + timedelta(seconds=5)
    outbox.deliver(claimed, None)
    claimed.refresh_from_db()
    assert claimed.state == State.PENDING
    assert script.sends == ["never"]


@pytest.mark.parametrize("hook", ["done", "refused", "unknown", "put_back"])
def test_a_call_whose_hook_fails_is_put_before_a_person_and_tried_no_more(
    enqueue: Enqueue, script: Scripted, hook: str
) -> None:
    script.broken = {hook}
    script.sends = [
        {"done": "yes", "refused": Refused("a", "b"), "unknown": Unknown(), "put_back": NotSent()}[
            hook
        ]
    ]
    call = attempt(enqueue())
    assert (call.state, call.last_error, call.claim) == (
        State.DEAD,
        "our own error: ValueError",
        "",
    )
    assert call.settled_at is not None
    assert script.hooks[-1] == "dead maybe"
    assert outbox.work(seconds=0.2) == 0


def test_even_a_hook_for_dead_calls_that_fails_leaves_a_dead_call(
    enqueue: Enqueue, script: Scripted
) -> None:
    script.broken = {"done", "dead"}
    script.sends = ["yes"]
    assert attempt(enqueue()).state == State.DEAD


def test_a_call_whose_first_hook_fails_is_not_sent(enqueue: Enqueue, script: Scripted) -> None:
    script.broken = {"sending"}
    call = enqueue()
    assert claim(call.pk) is None
    call.refresh_from_db()
    assert call.state == State.DEAD
    assert script.hooks == ["sending", "dead"]


def test_a_call_whose_hook_fails_in_the_sweep_is_put_before_a_person(
    enqueue: Enqueue, script: Scripted
) -> None:
    script.broken = {"unknown"}
    call = enqueue()
    claim(call.pk)
    end_lease(call)
    outbox.sweep()
    call.refresh_from_db()
    assert call.state == State.DEAD
    assert script.hooks[-1] == "dead maybe"


def test_an_integrity_error_in_a_hook_spoils_no_transaction(
    enqueue: Enqueue, script: Scripted, monkeypatch: pytest.MonkeyPatch
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

    monkeypatch.setattr(script, "on_done", done)
    script.sends = ["yes"]
    assert attempt(enqueue()).state == State.DEAD


def test_words_that_no_database_takes_are_stored_all_the_same(
    enqueue: Enqueue, script: Scripted
) -> None:
    script.sends = [Refused("1", "bad \x00 \ud800 words")]
    call = attempt(enqueue())
    assert call.state == State.REFUSED
    assert "bad" in call.attempts.get().detail


@committed
def test_the_answer_is_written_when_the_database_is_free_again(
    enqueue: Enqueue, script: Scripted, monkeypatch: pytest.MonkeyPatch
) -> None:
    real, fails = delivering._settle, [OperationalError("locked")] * 2

    def settle(*args: Any) -> None:
        if fails:
            raise fails.pop()
        real(*args)

    monkeypatch.setattr(delivering, "_settle", settle)
    script.sends = ["yes"]
    assert attempt(enqueue()).state == State.DONE
    assert script.hooks == ["sending", "done yes"]


@committed
def test_an_answer_that_can_never_be_written_becomes_a_question(
    enqueue: Enqueue, script: Scripted, monkeypatch: pytest.MonkeyPatch, settings: Settings
) -> None:
    settings.OUTBOX = OutboxSettings(settle_patience=0.0)
    monkeypatch.setattr(delivering, "_settle", lambda *args: raising(OperationalError("locked")))
    script.sends = ["yes"]
    call = enqueue()
    with pytest.raises(OperationalError):
        attempt(call)
    end_lease(call)
    outbox.sweep()
    call.refresh_from_db()
    assert call.state == State.UNKNOWN


# What changed between a look and the lock


def test_a_lease_that_still_runs_is_not_freed(enqueue: Enqueue, script: Scripted) -> None:
    call = enqueue()
    claim(call.pk)
    assert free_expired(call.pk) is False
    call.refresh_from_db()
    assert (call.state, script.hooks) == (State.SENDING, ["sending"])


def test_a_call_that_another_process_claimed_meanwhile_is_not_marked_dead(enqueue: Enqueue) -> None:
    call = enqueue()
    claim(call.pk)
    mark_dead(call.pk, "ours", claim="another process", maybe_executed=True)
    call.refresh_from_db()
    assert call.state == State.SENDING


def test_a_hook_that_fails_leaves_nothing_of_what_it_wrote(
    enqueue: Enqueue, script: Scripted, monkeypatch: pytest.MonkeyPatch
) -> None:
    def write_and_fail(call: OutboundCall, *, maybe_executed: bool) -> None:
        Merchant.objects.create(name="half")
        raise ValueError("on_dead is broken")

    monkeypatch.setattr(script, "on_dead", write_and_fail)
    call = enqueue()
    age(call)
    outbox.sweep()
    call.refresh_from_db()
    assert call.state == State.DEAD
    assert not Merchant.objects.filter(name="half").exists()


def test_a_call_that_becomes_too_old_keeps_the_reason_of_its_last_try(
    enqueue: Enqueue, script: Scripted
) -> None:
    script.sends = [NotSent("HTTP 502")]
    tried, never_tried = attempt(enqueue("tried")), enqueue("never tried")
    OutboundCall.objects.update(expires_at=timezone.now() - timedelta(seconds=1))
    outbox.sweep()
    notes = [OutboundCall.objects.get(pk=call.pk).last_error for call in (tried, never_tried)]
    assert notes == ["HTTP 502", "nobody could send it in time"]


# What is due


@pytest.mark.parametrize("state", list(State))
@pytest.mark.parametrize("due_in", [-1, 60])
@pytest.mark.parametrize("lease", [None, -1, 60])
@pytest.mark.parametrize("expires", [-1, 60])
def test_everybody_means_the_same_by_due(
    enqueue: Enqueue, state: str, due_in: int, lease: int | None, expires: int
) -> None:
    call, now = enqueue(), timezone.now()
    OutboundCall.objects.update(
        state=state,
        due_at=now + timedelta(seconds=due_in),
        lease_until=None if lease is None else now + timedelta(seconds=lease),
        expires_at=now + timedelta(seconds=expires),
    )
    wanted = state == State.UNKNOWN or (state == State.PENDING and expires > 0)
    is_due = wanted and due_in < 0 and lease in (None, -1)
    assert due(timezone.now()).exists() is is_due
    assert (first_in_line(call.pace_id) == call.pk) is is_due
    assert (claim(call.pk) is not None) is is_due


@pytest.mark.parametrize("sent", [False, True])
@pytest.mark.parametrize("fault", ["a payload that no key opens", "an unknown kind"])
def test_a_call_that_cannot_be_given_up_properly_holds_up_no_other_account(
    enqueue: Enqueue, script: Scripted, fault: str, sent: bool
) -> None:
    lost = enqueue("lost", payload={"a": 1})
    if sent:
        claim(lost.pk)
        end_lease(lost)
    age(lost)
    rows = OutboundCall.objects.filter(pk=lost.pk)
    if fault == "an unknown kind":
        rows.update(operation="later version")
    else:
        rows.update(payload=Value("gAAAAgarbage", output_field=TextField()))
    call = outbox.enqueue(
        Scripted, connection=ConnectionFactory(), key="mine", subject_id=1, wake=False
    )
    script.sends = ["yes"]
    # What has been sent is asked about.
    script.asks = [NotSent("away")]
    outbox.work(seconds=2)
    states = OutboundCall.objects.in_bulk([lost.pk, call.pk])
    assert (states[lost.pk].state, states[call.pk].state) == (State.DEAD, State.DONE)
