"""One try at a claimed call:

HTTP outside any transaction, then one short transaction settles it.
"""

import logging
import time
from collections.abc import Callable
from datetime import timedelta
from typing import TypeVar

from django.conf import settings
from django.db import InterfaceError, OperationalError, connection, transaction
from django.utils import timezone

from stores.models import Connection, OutboundAttempt, OutboundCall, prepared
from stores.platforms import pace, tokens
from stores.platforms.errors import (
    Inconclusive,
    LoginRefused,
    NeedsPerson,
    NoSlot,
    NotSent,
    PlatformError,
    Refused,
    Throttled,
    TimedOut,
    Undecided,
)
from stores.platforms.outbox.claims import mark_dead
from stores.platforms.outbox.operations import Operation, Verdict, operations
from stores.platforms.pace import Slot
from stores.prepared import insert
from stores.text import clean_text
from stores.transitions import set_state

log = logging.getLogger(__name__)
State = OutboundCall.State
Outcome = OutboundAttempt.Outcome

# After this many answers that do not decide, the platform is asked rarely: each question may cost
# the merchant's quota.
ENOUGH_ANSWERS = 4
RARELY = timedelta(minutes=30)
# Machines' clocks differ a little; a lease is not used up to its last moment.
CLOCK_MARGIN = 1.0
# Characters of what was sent that the ledger keeps.
MOST_SENT = 20_000
SETTLED_FIELDS = (
    "state",
    "queued_at",
    "due_at",
    "settled_at",
    "lease_until",
    "claim",
    "was_unknown",
    "last_error",
)
T = TypeVar("T")


class CallSlots:
    """The account's slots for one try: the reserved one first, then new ones (a login needs one
    too).
    """

    def __init__(self, call: OutboundCall, slot: Slot | None) -> None:
        self.call = call
        self.slot = slot
        self.taken = 0
        self.sent = ""
        # A process that was frozen must not send after its lease ran out: another process has asked
        # by then.
        lease = (call.lease_until - timezone.now()).total_seconds() if call.lease_until else 0.0
        self.deadline = time.monotonic() + lease - settings.REQUEST_SECONDS - CLOCK_MARGIN

    def __call__(self) -> None:
        slot, self.slot = self.slot, None
        # A login that proved the account has given the connection the pace of its name.
        connection = self.call.connection
        moved = connection.pace_id != self.call.pace_id
        pace.wait_for_turn(connection.pace if moved else self.call.pace, slot)
        if time.monotonic() > self.deadline:
            raise NoSlot("held up until the lease was nearly over")
        self.taken += 1

    def note(self, text: str) -> None:
        self.sent = clean_text(text, MOST_SENT)


def deliver(call: OutboundCall, slot: Slot | None) -> None:
    """Makes one try at a claimed call and settles it, whatever happens.

    Not inside a transaction.
    """
    operation = operations.of(call)
    asking = call.state == State.UNKNOWN
    kind = OutboundAttempt.Kind.ASK if asking else OutboundAttempt.Kind.SEND
    attempt = OutboundAttempt(call=call, kind=kind)
    _persist(lambda: insert(attempt))
    turns = CallSlots(call, slot)
    outcome = _try(call, operation, turns, asking)
    attempt.sent = turns.sent
    try:
        _persist(lambda: _settle(call, attempt, operation, outcome, asking))
    except (OperationalError, InterfaceError):
        raise
    except Exception as error:
        log.exception("what came of call %s cannot be written down", call.pk)
        note = f"our own error: {type(error).__name__}"
        _persist(
            lambda: mark_dead(
                call.pk, note, claim=call.claim, maybe_executed=not operation.repeatable
            )
        )
    _back_off_account(call, turns, outcome)


def _try(
    call: OutboundCall, operation: Operation, turns: CallSlots, asking: bool
) -> Verdict | PlatformError:
    try:
        return operation.ask(call, turns) if asking else Verdict(True, operation.send(call, turns))
    except PlatformError as error:
        return error
    except Exception as error:
        log.exception("call %s failed in our own code", call.pk)
        detail = (
            "the database was busy" if isinstance(error, OperationalError) else type(error).__name__
        )
        return (
            Undecided(f"our own error: {detail}")
            if turns.taken
            else NoSlot(f"our own error: {detail}")
        )


def _persist(write: Callable[[], T]) -> T:
    """Writes the outcome again for a while when the database is busy, so that no answer is lost."""
    until = time.monotonic() + settings.OUTBOX.settle_patience
    while True:
        try:
            return write()
        except (OperationalError, InterfaceError):
            if time.monotonic() > until:
                raise
            log.warning("the database is busy, writing the answer again")
            connection.close()
            time.sleep(0.2)


def _settle(
    claimed: OutboundCall,
    attempt: OutboundAttempt,
    operation: Operation,
    outcome: Verdict | PlatformError,
    asking: bool,
) -> None:
    with transaction.atomic():
        call = prepared.LOCKED_CALL.one(pk=claimed.pk)
        _record(attempt, outcome)
        if (
            call is None
            or call.claim != claimed.claim
            or call.state not in (State.SENDING, State.UNKNOWN)
        ):
            # Our lease ran out and another took over, or a person decided; the attempt row keeps
            # what we heard.
            return
        call.connection, call.pace = claimed.connection, claimed.pace
        call.lease_until, call.claim = None, ""
        if isinstance(outcome, Verdict):
            _settle_verdict(call, operation, outcome, asking)
        elif isinstance(outcome, Refused):
            _finish(call, State.REFUSED, outcome.detail)
            operation.on_refused(call, outcome)
        elif isinstance(outcome, NotSent) or operation.repeatable:
            _try_later(call, operation, outcome, still_unknown=asking)
        else:
            _lose(call, operation, outcome)
        if asking and call.state == State.UNKNOWN:
            # Calls that waited meanwhile are served before the next question.
            call.queued_at = timezone.now()
        call.save(update_fields=SETTLED_FIELDS)


def _record(attempt: OutboundAttempt, outcome: Verdict | PlatformError) -> None:
    attempt.ended_at = timezone.now()
    attempt.outcome = _outcome_of(outcome)
    attempt.detail = clean_text(_words_of(outcome), 2000)
    attempt.save(update_fields=["ended_at", "outcome", "detail", "sent"])


def _words_of(outcome: Verdict | PlatformError) -> str:
    """The platform's words; an answer without a text of its own has none."""
    if isinstance(outcome, PlatformError):
        return outcome.detail
    answer = outcome.answer
    has_text = isinstance(answer, str) or "__str__" in vars(type(answer))
    return str(answer) if has_text else ""


def _outcome_of(outcome: Verdict | PlatformError) -> str:
    match outcome:
        case Verdict():
            return Outcome.ANSWERED
        case Refused() | Inconclusive():
            return Outcome.REFUSED
        case Throttled():
            return Outcome.THROTTLED
        case NotSent():
            return Outcome.NOT_SENT
        case TimedOut():
            return Outcome.TIMED_OUT
        case _:
            return Outcome.UNKNOWN


def _finish(call: OutboundCall, state: str, note: str = "") -> None:
    set_state(call, state, settled_at=timezone.now(), last_error=note[:300])


def _settle_verdict(
    call: OutboundCall, operation: Operation, verdict: Verdict, asking: bool
) -> None:
    if verdict.executed:
        _finish(call, State.DONE)
        operation.on_done(call, verdict.answer, inferred=asking)
    else:
        error = "the platform had not executed it"
        set_state(call, State.PENDING, due_at=timezone.now(), last_error=error)
        operation.on_requeued(call)


def _try_later(
    call: OutboundCall, operation: Operation, error: PlatformError, *, still_unknown: bool
) -> None:
    """Requeues a call that this try surely did not execute (or a read), or gives it up when it is
    too old.
    """
    call.last_error = error.detail[:300]
    call.due_at = timezone.now() + _backoff(call, operation)
    if call.due_at > call.expires_at:
        _finish(call, State.DEAD, call.last_error)
        operation.on_dead(call, maybe_executed=still_unknown)
    elif not still_unknown:
        set_state(call, State.PENDING)
        operation.on_requeued(call)


def _lose(call: OutboundCall, operation: Operation, error: PlatformError) -> None:
    """Marks a call unknown that may have been executed: it is asked about at least once, however
    old it is.
    """
    first = call.state != State.UNKNOWN
    stuck = isinstance(error, Inconclusive) and _answers_in_vain(call) >= ENOUGH_ANSWERS
    call.last_error, call.was_unknown = error.detail[:300], True
    if first:
        set_state(call, State.UNKNOWN)
        call.due_at = timezone.now() + operation.first_question()
        operation.on_unknown(call)
    else:
        call.due_at = timezone.now() + (RARELY if stuck else _pause(call, operation, error))
    if isinstance(error, NeedsPerson) or (not first and call.due_at > call.expires_at):
        _finish(call, State.DEAD, call.last_error)
        operation.on_dead(call, maybe_executed=True)
    elif stuck:
        operation.on_inconclusive(call)


def _answers_in_vain(call: OutboundCall) -> int:
    return call.attempts.filter(kind=OutboundAttempt.Kind.ASK, outcome=Outcome.REFUSED).count()


def _pause(call: OutboundCall, operation: Operation, error: PlatformError) -> timedelta:
    after = error.after if isinstance(error, Undecided) else None
    return _backoff(call, operation) if after is None else timedelta(seconds=after)


def _backoff(call: OutboundCall, operation: Operation) -> timedelta:
    seconds = operation.backoff or settings.OUTBOX.backoff
    return timedelta(seconds=seconds[min(call.attempts_made, len(seconds)) - 1])


def _back_off_account(
    call: OutboundCall, turns: CallSlots, outcome: Verdict | PlatformError
) -> None:
    """Postpones the whole account after a throttle answer or a failure, so that its backlog waits
    too, and notes whether its credentials are accepted.
    """
    try:
        if turns.slot is not None:
            pace.release(turns.slot, call.platform)
        _postpone(call, outcome)
        _note_credentials(call, turns, outcome)
    except (OperationalError, InterfaceError) as error:
        # The call is settled; the next failure says the same of the account.
        log.warning("the account's pace could not be written: %s", error)
        connection.close()


def _note_credentials(
    call: OutboundCall, turns: CallSlots, outcome: Verdict | PlatformError
) -> None:
    connection = call.connection
    if isinstance(outcome, LoginRefused):
        tokens.note_refused(connection, outcome.detail)
    elif isinstance(outcome, Verdict) and turns.taken:
        tokens.prove(connection)
        if connection.state == Connection.State.REFUSED:
            tokens.note_accepted(connection)


def _postpone(call: OutboundCall, outcome: Verdict | PlatformError) -> None:
    if isinstance(outcome, Verdict | Refused | Undecided):
        if call.pace.failures:
            type(call.pace).objects.filter(pk=call.pace_id).update(failures=0)
    elif isinstance(outcome, Throttled):
        after = settings.OUTBOX.after_throttle if outcome.after is None else outcome.after
        pace.throttled(call.pace, after)
    elif not isinstance(outcome, NoSlot | LoginRefused):
        backoff = settings.OUTBOX.account_backoff
        wait = backoff[min(call.pace.failures, len(backoff) - 1)]
        pace.postpone(call.pace_id, wait, failed=True)
