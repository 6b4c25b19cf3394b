"""How each kind of call is sent, asked about and settled.

Apps register one subclass per operation.
"""

from dataclasses import dataclass, field
from datetime import timedelta
from typing import Any, ClassVar, Protocol, TypeVar

from django.conf import settings
from django.utils import timezone
from django_stubs_ext import StrOrPromise

from stores.models import OutboundAttempt, OutboundCall
from stores.platforms.errors import Refused, Undecided


@dataclass(frozen=True)
class Verdict:
    """The platform's answer to the question whether a call was executed."""

    executed: bool
    answer: Any = None


class SlotWaiter(Protocol):
    """Waits for the account's slot when called, before each request of a try.

    `note` keeps what is then sent, encrypted and until retention empties it: no secrets. The ledger
    shows it without what is private by its name.
    """

    def __call__(self) -> None: ...
    def note(self, text: str) -> None: ...


class Operation:
    """One kind of call.

    `send` and `ask` talk to the platform outside any transaction. The `on_…` hooks run inside the
    transaction that settles the call, with its row locked, and change only business rows.
    """

    platform: ClassVar[str]
    name: ClassVar[str]
    # The operation's name as people read it.
    title: ClassVar[StrOrPromise] = ""
    # A read: when its answer is lost it is simply sent again.
    repeatable: ClassVar[bool] = False
    # How many slots of the account the whole business step still needs, for estimating a waiting
    # time.
    requests_left: ClassVar[int] = 1
    # How long it is tried, unless `enqueue` says otherwise.
    patience: ClassVar[timedelta] = timedelta(hours=24)
    # Seconds until the next try, by the number of tries so far; empty means OUTBOX.backoff.
    backoff: ClassVar[tuple[float, ...]] = ()

    def send(self, call: OutboundCall, wait_for_slot: SlotWaiter) -> Any:
        """Sends the call and returns the parsed answer. Calls `wait_for_slot` before every request.

        Raises a PlatformError.
        """
        raise Refused("unsupported", f"{self.name} cannot be sent")

    def ask(self, call: OutboundCall, wait_for_slot: SlotWaiter) -> Verdict:
        """Asks whether a call was executed whose answer was lost. Raises a PlatformError.

        After a timeout "not executed" counts only once the platform can no longer be at work
        (`wait_while_at_work`).
        """
        return Verdict(executed=False)

    def first_question(self) -> timedelta:
        """Returns how long after a lost answer the platform is asked for the first time."""
        return timedelta(seconds=settings.OUTBOX.first_question)

    def may_retry(self, call: OutboundCall, *, ask_first: bool) -> bool:
        """Returns whether a person may put this dead call back to work.

        False once its business row is final.
        """
        return True

    def on_sending(self, call: OutboundCall) -> None:
        """Runs when a try begins."""

    def on_done(self, call: OutboundCall, answer: Any, *, inferred: bool) -> None:
        """Runs when the platform executed the call.

        `inferred` when asking showed it, not the answer.
        """

    def on_refused(self, call: OutboundCall, error: Refused) -> None:
        """Runs when the platform refused the call."""

    def on_unknown(self, call: OutboundCall) -> None:
        """Runs when the answer was lost; the platform will be asked."""

    def on_inconclusive(self, call: OutboundCall) -> None:
        """Runs when the platform's answers do not decide: a person should look.

        It is asked on, rarely.
        """

    def on_requeued(self, call: OutboundCall) -> None:
        """Runs when the call was surely not executed and waits for its next try."""

    def on_dead(self, call: OutboundCall, *, maybe_executed: bool) -> None:
        """Runs when the call is given up.

        When it may have been executed, a person has to decide.
        """


def wait_while_at_work(call: OutboundCall) -> None:
    """Raises Undecided while the platform may still execute the last try, which timed out.

    An `ask` calls it before it returns that the call was not executed.
    """
    last = call.attempts.filter(kind=OutboundAttempt.Kind.SEND).first()
    if last is None or last.outcome != OutboundAttempt.Outcome.TIMED_OUT:
        return
    sent_before = (timezone.now() - last.started_at).total_seconds()
    left = settings.OUTBOX.still_executing - sent_before
    if left > 0:
        raise Undecided("not executed yet, but it may still be at work", after=left)


@dataclass
class _Registry:
    by_name: dict[tuple[str, str], Operation] = field(default_factory=dict)

    def __getitem__(self, key: tuple[str, str]) -> Operation:
        return self.by_name[key]

    def of(self, call: OutboundCall) -> Operation:
        return self.by_name[call.platform, call.operation]

    def is_repeatable(self, call: OutboundCall) -> bool:
        """Returns whether the call may be sent twice; False for a kind that this version does not
        know.
        """
        known = self.by_name.get((call.platform, call.operation))
        return known is not None and known.repeatable


def title_of(call: OutboundCall) -> str:
    """Returns the title of the call's operation, or its bare name when none is registered."""
    known = operations.by_name.get((call.platform, call.operation))
    return str(known.title if known and known.title else call.operation)


operations = _Registry()
OperationClass = TypeVar("OperationClass", bound=type[Operation])


def operation(cls: OperationClass) -> OperationClass:
    """Registers an Operation subclass."""
    operations.by_name[cls.platform, cls.name] = cls()
    return cls
