"""An outbox operation without a platform: it plays a script and remembers what was asked of it."""

from collections.abc import Callable
from datetime import timedelta
from typing import Any

from stores.models import OutboundCall
from stores.platforms.errors import Refused
from stores.platforms.outbox import Operation, Verdict


class Scripted(Operation):
    """`sends` and `asks` are played in order: an exception is raised, a function is called with the
    call, the rest is the answer. A hook whose name is in `broken` fails in our own code.
    """

    platform = "umember"
    name = "scripted"

    def first_question(self) -> timedelta:
        return timedelta(0)

    def __init__(self) -> None:
        self.sends: list[Any] = []
        self.asks: list[Any] = []
        self.broken: set[str] = set()
        self.hooks: list[str] = []

    def send(self, call: OutboundCall, wait_for_slot: Callable[[], None]) -> Any:
        return self._play(self.sends, call, wait_for_slot)

    def ask(self, call: OutboundCall, wait_for_slot: Callable[[], None]) -> Verdict:
        verdict: Verdict = self._play(self.asks, call, wait_for_slot)
        return verdict

    def _play(
        self, script: list[Any], call: OutboundCall, wait_for_slot: Callable[[], None]
    ) -> Any:
        wait_for_slot()
        step = script.pop(0)
        if isinstance(step, BaseException):
            raise step
        return step(call) if callable(step) else step

    def _hook(self, name: str, shown: str = "") -> None:
        self.hooks.append(shown or name)
        if name in self.broken:
            raise ValueError(f"{name} is broken")

    def on_sending(self, call: OutboundCall) -> None:
        self._hook("sending")

    def on_done(self, call: OutboundCall, answer: Any, *, inferred: bool) -> None:
        self._hook("done", f"done {answer} inferred" if inferred else f"done {answer}")

    def on_refused(self, call: OutboundCall, error: Refused) -> None:
        self._hook("refused", f"refused {error.code}")

    def on_unknown(self, call: OutboundCall) -> None:
        self._hook("unknown")

    def on_requeued(self, call: OutboundCall) -> None:
        self._hook("put_back")

    def on_dead(self, call: OutboundCall, *, maybe_executed: bool) -> None:
        self._hook("dead", "dead maybe" if maybe_executed else "dead")
