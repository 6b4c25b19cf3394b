"""How each kind of call is sent, asked about and settled. Apps register one subclass per operation."""

from dataclasses import dataclass, field
from datetime import timedelta
from typing import Any, ClassVar, Protocol, TypeVar

from django_stubs_ext import StrOrPromise

from stores.models import OutboundCall
from stores.platforms.errors import Refused


@dataclass(frozen=True)
class Verdict:
    """What asking the platform showed about a call whose answer was lost."""

    executed: bool
    answer: Any = None


class SlotWaiter(Protocol):
    """One try's way to the platform: called, it waits for the account's turn; `note` keeps what is then sent for the
    ledger, where that holds no secrets and no personal data."""

    def __call__(self) -> None: ...
    def note(self, text: str) -> None: ...


class Operation:
    """One kind of call. `send` and `ask` talk to the platform outside any transaction; the others run inside the one
    that settles the call, with its row locked, and change only the business rows."""

    platform: ClassVar[str]
    name: ClassVar[str]
    # What people read instead of the name.
    title: ClassVar[StrOrPromise] = ""
    # A read: when its answer is lost it is simply sent again.
    repeatable: ClassVar[bool] = False
    # How many requests of the account's pace the whole business step still needs, for showing a waiting time.
    requests_left: ClassVar[int] = 1
    # Seconds until the first question after a lost answer; the platform may still be at work.
    ask_after: ClassVar[timedelta] = timedelta(seconds=3)
    # How long it is tried, when whoever owes it says nothing else.
    patience: ClassVar[timedelta] = timedelta(hours=24)
    # Seconds until the next try, by the number of tries so far; none means the usual ones (delivering.BACKOFF).
    backoff: ClassVar[tuple[float, ...]] = ()

    def send(self, call: OutboundCall, wait_for_slot: SlotWaiter) -> Any:
        """Sends it; returns the parsed answer or raises a PlatformError. Calls `wait_for_slot` before every request."""
        raise Refused("unsupported", f"{self.name} cannot be sent")

    def ask(self, call: OutboundCall, wait_for_slot: SlotWaiter) -> Verdict:
        """Asks whether a call was executed whose answer was lost; raises a PlatformError when it cannot be told."""
        return Verdict(executed=False)

    def may_retry(self, call: OutboundCall, *, ask_first: bool) -> bool:
        """Whether a person may put this dead call back to work; not when its business row is settled for good."""
        return True

    def on_sending(self, call: OutboundCall) -> None:
        """A try begins."""

    def on_done(self, call: OutboundCall, answer: Any, *, inferred: bool) -> None:
        """The platform executed it; `inferred` when we know by asking, not from the answer."""

    def on_refused(self, call: OutboundCall, error: Refused) -> None:
        """The platform said no."""

    def on_unknown(self, call: OutboundCall) -> None:
        """The answer was lost; the platform will be asked."""

    def on_inconclusive(self, call: OutboundCall) -> None:
        """The platform answers and does not say what became of it: a person should look. It is asked on, rarely."""

    def on_requeued(self, call: OutboundCall) -> None:
        """Surely not executed; it waits for its next try."""

    def on_dead(self, call: OutboundCall, *, maybe_executed: bool) -> None:
        """Given up: too old. When it may have been executed, a person has to decide."""


@dataclass
class _Registry:
    by_name: dict[tuple[str, str], Operation] = field(default_factory=dict)

    def __getitem__(self, key: tuple[str, str]) -> Operation:
        return self.by_name[key]

    def of(self, call: OutboundCall) -> Operation:
        return self.by_name[call.platform, call.operation]


def title_of(call: OutboundCall) -> str:
    """The call's operation as people read it; the bare name when nobody registered one."""
    known = operations.by_name.get((call.platform, call.operation))
    return str(known.title if known and known.title else call.operation)


operations = _Registry()
OperationClass = TypeVar("OperationClass", bound=type[Operation])


def operation(cls: OperationClass) -> OperationClass:
    """Registers an Operation subclass."""
    operations.by_name[cls.platform, cls.name] = cls()
    return cls
