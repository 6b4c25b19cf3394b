"""Every kind of call about a rider, with what the attempt may say beside it."""

from collections.abc import Callable
from decimal import Decimal
from typing import Any

from django.utils import timezone

from delivery.models import Attempt
from delivery.services import calls, tips
from stores.models import OutboundCall
from tests.contract.kinds import OperationContract
from tests.delivery.calls import CALLS, client
from tests.delivery.factories import AttemptFactory

State = OutboundCall.State
A = Attempt.State


def _state(call: OutboundCall) -> str:
    return Attempt.objects.get(pk=call.subject_id).state


def _is_cancelled(call: OutboundCall) -> bool:
    return Attempt.objects.get(pk=call.subject_id).cancelled_at is not None


def _tip(call: OutboundCall) -> Decimal:
    return Attempt.objects.get(pk=call.subject_id).tip


def _owed(owe: Callable[[Attempt], object], **fields: Any) -> OutboundCall:
    owe(AttemptFactory(**fields))
    return OutboundCall.objects.get()


def _state_read(url: str) -> Any:
    return timezone.now(), CALLS["state"](client(url))


def _contract(
    remote_call: str,
    enqueue: Callable[[], OutboundCall],
    row: Callable[[OutboundCall], Any],
    allowed: dict[str, set[Any]],
    *,
    retried: dict[bool, bool],
    answer: Callable[[str], Any] | None = None,
) -> OperationContract:
    return OperationContract(
        platform="wechat",
        remote_call=remote_call,
        answer=answer or (lambda url: CALLS[remote_call](client(url))),
        enqueue=enqueue,
        row=row,
        allowed=allowed,
        retried=retried,
    )


def _only_done(before: Any, after: set[Any]) -> dict[str, set[Any]]:
    return {state: after if state == State.DONE else {before} for state in State.values}


AGAIN = {True: True, False: True}
OPERATIONS = {
    ("wechat", "rider.call"): _contract(
        "add",
        lambda: _owed(calls.owe_call, state=A.CALLING),
        _state,
        # A call that was surely not executed leaves no rider; one that may have been stays.
        {
            **{key: {A.CALLING} for key in State.values},
            State.DONE: {A.LIVE},
            State.REFUSED: {A.DEAD},
            State.DEAD: {A.DEAD, A.CALLING},
        },
        retried={True: True, False: True},
    ),
    ("wechat", "rider.cancel"): _contract(
        "cancel",
        lambda: _owed(calls.owe, state=A.ENDING),
        _is_cancelled,
        _only_done(before=False, after={True}),
        retried=AGAIN,
    ),
    ("wechat", "rider.read"): _contract(
        "state",
        lambda: _owed(calls.owe_reading),
        _state,
        {key: {A.LIVE, A.DELIVERED, A.ENDING} for key in State.values},
        retried=AGAIN,
        answer=_state_read,
    ),
    ("wechat", "rider.tip"): _contract(
        "tip",
        lambda: _owed(lambda attempt: tips.owe_tip(attempt, Decimal(5))),
        _tip,
        # Of one whose answer was lost the courier may want it: it counts.
        _only_done(before=Decimal(0), after={Decimal(5)}) | {State.DEAD: {Decimal(0), Decimal(5)}},
        retried=AGAIN,
    ),
    ("wechat", "rider.returned"): _contract(
        "confirm_return",
        lambda: _owed(tips.owe_return, waybill_state=303),
        _state,
        {key: {A.LIVE} for key in State.values},
        retried=AGAIN,
    ),
}
