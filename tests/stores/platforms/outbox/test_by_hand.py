"""What a person does about a call whose result is unknown."""

from datetime import timedelta

import pytest
from django.utils import timezone

from stores.conflicts import Conflict
from stores.models import OutboundCall
from stores.platforms import outbox
from stores.platforms.errors import Refused, Unknown
from stores.platforms.outbox import Verdict
from stores.platforms.outbox.claims import claim
from tests.scripted import Scripted
from tests.stores.platforms.outbox.trying import HOUR, Enqueue, State, age, attempt


@pytest.fixture
def unknown(enqueue: Enqueue, script: Scripted) -> OutboundCall:
    script.sends = [Unknown("timeout")]
    call = attempt(enqueue())
    assert call.state == State.UNKNOWN
    return call


@pytest.fixture
def given_up(unknown: OutboundCall, script: Scripted) -> OutboundCall:
    script.asks = [Unknown("reset")]
    age(unknown)
    assert attempt(unknown).state == State.DEAD
    return unknown


def test_an_unknown_call_is_asked_about_at_once(unknown: OutboundCall) -> None:
    OutboundCall.objects.update(due_at=timezone.now() + HOUR)
    assert outbox.ask_now(unknown)
    unknown.refresh_from_db()
    assert unknown.state == State.UNKNOWN
    assert unknown.due_at <= timezone.now()


def test_a_call_that_was_given_up_is_asked_about_again(
    given_up: OutboundCall, script: Scripted
) -> None:
    assert outbox.ask_now(given_up)
    script.asks = [Verdict(True, None)]
    assert attempt(given_up).state == State.DONE


def test_a_call_that_nobody_has_sent_is_not_asked_about(enqueue: Enqueue) -> None:
    assert not outbox.ask_now(enqueue())


def test_a_settled_call_is_not_asked_about(enqueue: Enqueue, script: Scripted) -> None:
    script.sends = [Refused("no", "sold out")]
    assert not outbox.ask_now(attempt(enqueue()))


@pytest.mark.parametrize(("executed", "state"), [(True, State.DONE), (False, State.REFUSED)])
@pytest.mark.parametrize("kind", ["unknown", "given_up"])
def test_a_person_settles_what_nobody_knows(
    kind: str, executed: bool, state: str, request: pytest.FixtureRequest, script: Scripted
) -> None:
    call: OutboundCall = request.getfixturevalue(kind)
    script.hooks.clear()
    outbox.settle_by_hand(call, executed=executed, note="settled by hand")
    call.refresh_from_db()
    assert (call.state, call.last_error, call.claim) == (state, "settled by hand", "")
    assert call.settled_at is not None
    assert script.hooks == []


def test_a_call_that_is_being_asked_about_is_not_settled_by_hand(unknown: OutboundCall) -> None:
    OutboundCall.objects.update(due_at=timezone.now() - timedelta(seconds=1))
    assert claim(unknown.pk) is not None
    with pytest.raises(Conflict):
        outbox.settle_by_hand(unknown, executed=True, note="by hand")
    unknown.refresh_from_db()
    assert (unknown.state, unknown.settled_at) == (State.UNKNOWN, None)


def test_a_call_that_is_being_sent_is_not_settled_by_hand(enqueue: Enqueue) -> None:
    call = enqueue()
    assert claim(call.pk) is not None
    with pytest.raises(Conflict):
        outbox.settle_by_hand(call, executed=True, note="by hand")


def test_what_is_known_is_not_settled_by_hand(enqueue: Enqueue, script: Scripted) -> None:
    script.sends = ["yes"]
    call = attempt(enqueue())
    with pytest.raises(Conflict):
        outbox.settle_by_hand(call, executed=False, note="by hand")
    call.refresh_from_db()
    assert call.state == State.DONE
