"""Every kind of outbound call keeps the same contract: after any try, the call and its row agree.

A new kind needs an entry in OPERATIONS of its app's tests/<app>/contract.py.
"""

from collections.abc import Callable
from datetime import timedelta
from typing import Any

import pytest
from django.utils import timezone
from django.utils.translation import override
from pytest_django.fixtures import Settings

from stores.domains import domains
from stores.models import OutboundCall, Pace
from stores.platforms import outbox
from stores.platforms.errors import (
    AuthExpired,
    LoginRefused,
    NeedsPerson,
    NoSlot,
    NotSent,
    Refused,
    Throttled,
    Undecided,
    Unknown,
)
from stores.platforms.outbox import Operation, Verdict, operations
from stores.platforms.outbox.claims import claim
from tests.canned import Canned
from tests.contract.collected import dicts, without_entry
from tests.contract.kinds import OperationContract
from tests.recorded import recorded

State = OutboundCall.State
CONTRACTS: dict[tuple[str, str], OperationContract] = dicts("OPERATIONS")
# A kind without an entry fails once, in `test_every_kind_has_an_entry`.
KINDS = sorted(operations.by_name.keys() & CONTRACTS.keys())
# A lost read is sent again, so it is never asked about.
ASKED = [kind for kind in KINDS if not operations[kind].repeatable]
HOOKS = [
    *(
        (kind, hook)
        for kind in KINDS
        for hook in ("on_sending", "on_done", "on_refused", "on_requeued")
    ),
    *((kind, "on_unknown") for kind in ASKED),
]
every_kind = pytest.mark.parametrize("kind", KINDS, ids=lambda kind: kind[1])
pytestmark = pytest.mark.django_db


@pytest.fixture(autouse=True)
def _no_pace(settings: Settings) -> None:
    settings.PACE_SECONDS = {domain.platform: 0.0 for domain in domains()}


@pytest.mark.parametrize("language", ["en", "zh-hans"])
def test_no_two_kinds_have_one_title(language: str) -> None:
    with override(language):
        titles = [str(operations[kind].title) for kind in KINDS]
    assert sorted(titles) == sorted(set(titles))


def test_every_kind_has_an_entry() -> None:
    apps = {
        kind: type(operation).__module__.split(".")[0]
        for kind, operation in operations.by_name.items()
    }
    needed = [(app, kind) for kind, app in sorted(apps.items())]
    assert without_entry("OPERATIONS", needed, CONTRACTS) == []


def agree(contract: OperationContract, call: OutboundCall) -> str:
    """The call's state, after making sure that its row is in a state that is allowed beside it."""
    call.refresh_from_db()
    assert contract.row(call) in contract.allowed[call.state], call.state
    settled = call.state in (State.DONE, State.REFUSED, State.DEAD)
    assert (call.settled_at is not None) is settled
    assert not (settled and call.claim)
    return call.state


def tried(
    contract: OperationContract,
    operation: Operation,
    call: OutboundCall,
    monkeypatch: pytest.MonkeyPatch,
    step: Any,
) -> str:
    """One try that ends with `step`: an exception, an answer, or a function that makes one."""

    def play(call: OutboundCall, wait_for_slot: Callable[[], None]) -> Any:
        wait_for_slot()
        result = step() if callable(step) else step
        if isinstance(result, BaseException):
            raise result
        return result

    monkeypatch.setattr(operation, "send", play)
    monkeypatch.setattr(operation, "ask", play)
    before = OutboundCall.objects.get(pk=call.pk).state
    OutboundCall.objects.filter(pk=call.pk).update(due_at=timezone.now())
    Pace.objects.update(next_at=0)
    claimed = claim(call.pk)
    assert claimed is not None
    agree(contract, call)
    outbox.deliver(claimed, None)
    after = agree(contract, call)
    during = State.SENDING if before == State.PENDING else before
    assert after == during or after in OutboundCall.TRANSITIONS[during]
    return after


def given_up(
    kind: tuple[str, str], monkeypatch: pytest.MonkeyPatch, error: Exception
) -> OutboundCall:
    """A call that is too old fails, and once more when the platform is asked."""
    contract, operation = CONTRACTS[kind], operations[kind]
    call = contract.enqueue()

    def fail_late() -> Exception:
        OutboundCall.objects.filter(pk=call.pk).update(expires_at=timezone.now())
        return error

    if tried(contract, operation, call, monkeypatch, fail_late) == State.UNKNOWN:
        tried(contract, operation, call, monkeypatch, error)
    assert call.state == State.DEAD
    return call


@every_kind
def test_every_kind_of_call_has_a_contract_and_recorded_answers(kind: tuple[str, str]) -> None:
    contract = CONTRACTS[kind]
    names = [answer.name for answer in recorded(contract.platform, contract.remote_call)]
    folder = f"tests/fixtures/{contract.platform}"
    assert names, f"no file in {folder} has the call {contract.remote_call!r}"


@every_kind
def test_a_recorded_answer_ends_the_call(
    kind: tuple[str, str], monkeypatch: pytest.MonkeyPatch
) -> None:
    contract = CONTRACTS[kind]
    good = [row for row in recorded(contract.platform, contract.remote_call) if not row.is_failure]
    call = contract.enqueue()
    with Canned(good[0].bytes) as server:
        answer = contract.answer(server.url)
    assert tried(contract, operations[kind], call, monkeypatch, answer) == State.DONE


@every_kind
@pytest.mark.parametrize(
    ("outcome", "state_of_a_read", "state_of_a_change"),
    [
        (Refused("10010", "券码不存在"), State.REFUSED, State.REFUSED),
        (NotSent("down"), State.PENDING, State.PENDING),
        (NoSlot("late"), State.PENDING, State.PENDING),
        (Throttled("429"), State.PENDING, State.PENDING),
        (AuthExpired("old"), State.PENDING, State.PENDING),
        (LoginRefused("wrong"), State.PENDING, State.PENDING),
        (Unknown("reset"), State.PENDING, State.UNKNOWN),
        (Undecided("shrug"), State.PENDING, State.UNKNOWN),
        (NeedsPerson("locked"), State.PENDING, State.DEAD),
        (ZeroDivisionError(), State.PENDING, State.UNKNOWN),
    ],
    ids=lambda value: type(value).__name__,
)
def test_every_outcome_of_a_try_leaves_call_and_row_in_agreement(
    kind: tuple[str, str],
    outcome: Exception,
    state_of_a_read: str,
    state_of_a_change: str,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    contract, operation = CONTRACTS[kind], operations[kind]
    call = contract.enqueue()
    wanted = state_of_a_read if operation.repeatable else state_of_a_change
    assert tried(contract, operation, call, monkeypatch, outcome) == wanted


@pytest.mark.parametrize("kind", ASKED, ids=lambda kind: kind[1])
@pytest.mark.parametrize(
    ("outcome", "state"),
    [
        (Verdict(True), State.DONE),
        (Verdict(False), State.PENDING),
        (Refused("detail", "已过期"), State.REFUSED),
        (Undecided("shrug"), State.UNKNOWN),
        (NeedsPerson("locked"), State.DEAD),
        (NotSent("down"), State.UNKNOWN),
        (ZeroDivisionError(), State.UNKNOWN),
    ],
    ids=lambda value: type(value).__name__,
)
def test_every_outcome_of_a_question_leaves_call_and_row_in_agreement(
    kind: tuple[str, str], outcome: Any, state: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    contract, operation = CONTRACTS[kind], operations[kind]
    call = contract.enqueue()
    assert tried(contract, operation, call, monkeypatch, Unknown("reset")) == State.UNKNOWN
    assert tried(contract, operation, call, monkeypatch, outcome) == state


@every_kind
def test_a_dead_process_leaves_call_and_row_in_agreement(kind: tuple[str, str]) -> None:
    contract = CONTRACTS[kind]
    call = contract.enqueue()
    assert claim(call.pk) is not None
    OutboundCall.objects.update(lease_until=timezone.now() - timedelta(seconds=1))
    outbox.sweep()
    wanted = State.PENDING if operations[kind].repeatable else State.UNKNOWN
    assert agree(contract, call) == wanted


@every_kind
def test_a_call_that_nobody_could_send_in_time_is_given_up(kind: tuple[str, str]) -> None:
    contract = CONTRACTS[kind]
    call = contract.enqueue()
    OutboundCall.objects.update(expires_at=timezone.now() - timedelta(seconds=1))
    outbox.sweep()
    assert agree(contract, call) == State.DEAD


@every_kind
@pytest.mark.parametrize(
    "error", [NotSent("down"), Unknown("reset")], ids=lambda value: type(value).__name__
)
def test_a_call_that_fails_until_it_is_too_old_ends_dead(
    kind: tuple[str, str], error: Exception, monkeypatch: pytest.MonkeyPatch
) -> None:
    given_up(kind, monkeypatch, error)


@pytest.mark.parametrize(("kind", "hook"), HOOKS)
def test_a_hook_that_fails_in_our_own_code_leaves_a_dead_call_for_a_person(
    kind: tuple[str, str], hook: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    contract, operation = CONTRACTS[kind], operations[kind]
    call = contract.enqueue()

    def broken(*args: Any, **kwargs: Any) -> None:
        raise ValueError(hook)

    monkeypatch.setattr(operation, hook, broken)
    if hook == "on_sending":
        assert claim(call.pk) is None
    else:
        steps = {
            "on_done": None,
            "on_refused": Refused("1", "no"),
            "on_unknown": Unknown(),
            "on_requeued": NotSent(),
        }
        tried(contract, operation, call, monkeypatch, steps[hook])
    assert agree(contract, call) == State.DEAD


@every_kind
@pytest.mark.parametrize("ask_first", [True, False])
def test_a_dead_call_is_retried_only_as_its_row_allows(
    kind: tuple[str, str], ask_first: bool, monkeypatch: pytest.MonkeyPatch
) -> None:
    call, wanted = (
        given_up(kind, monkeypatch, Unknown("reset")),
        CONTRACTS[kind].retried[ask_first],
    )
    assert outbox.retry_dead(call, ask_first=ask_first) is wanted
    call.refresh_from_db()
    retried = State.UNKNOWN if ask_first else State.PENDING
    assert call.state == (retried if wanted else State.DEAD)
