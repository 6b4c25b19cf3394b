"""A run as people read it: by group, with the messages."""

import json
from collections.abc import Collection
from dataclasses import dataclass, field
from typing import Any

from django.utils import timezone
from django.utils.translation import gettext as _
from django_stubs_ext import StrOrPromise

from stores.drills.checklist import Checklist
from stores.drills.results import Outcome, in_own_language
from stores.models import DrillRun

# Longer messages (a price calendar, a flood of garbage) are cut.
LONGEST_MESSAGE = 4000
TONES = {Outcome.PASSED: "success", Outcome.FAILED: "danger", Outcome.LEFT_OUT: "info"}


@dataclass(frozen=True)
class Message:
    """One call of the drill and its answer, as far as people may read them. `ms` milliseconds."""

    request: str
    answer: str
    path: str
    code: int | None
    ms: int


@dataclass(frozen=True)
class Line:
    """One check that was run."""

    name: str
    title: str
    outcome: str
    label: StrOrPromise
    tone: str
    detail: str
    messages: list[Message]


@dataclass
class Group:
    title: StrOrPromise
    lines: list[Line] = field(default_factory=list)

    def count(self, outcome: str) -> int:
        return sum(1 for line in self.lines if line.outcome == outcome)

    @property
    def passed(self) -> int:
        return self.count(Outcome.PASSED)

    @property
    def failed(self) -> int:
        return self.count(Outcome.FAILED)


@dataclass(frozen=True)
class Report:
    """A run in a list, or on its own page at `url`."""

    row: DrillRun
    checklist: Checklist[Any]
    url: str

    @property
    def starter(self) -> str:
        """The person's name; "" when a command started the run, or the account is gone."""
        user = self.row.started_by
        return user.get_full_name() or user.username if user else ""

    @property
    def is_over(self) -> bool:
        """Whether the run is over or its process has died: another run may be started then."""
        is_abandoned = self.row.worked_at < timezone.now() - DrillRun.ABANDONED
        return self.row.finished_at is not None or is_abandoned

    @property
    def passed(self) -> int:
        return self.row.count(Outcome.PASSED)

    @property
    def failed(self) -> int:
        return self.row.count(Outcome.FAILED)

    @property
    def left_out(self) -> int:
        return self.row.count(Outcome.LEFT_OUT)

    @property
    def done(self) -> int:
        return len(self.row.results)

    @property
    def total(self) -> int:
        return len(self.row.checks)

    @property
    def next_title(self) -> str:
        if self.done >= self.total:
            return ""
        return self.checklist.title_of(self.row.checks[self.done])

    @property
    def verdict(self) -> StrOrPromise:
        if not self.is_over:
            return _("running")
        if self.failed:
            return _("failed")
        return _("cut off") if self.done < self.total else _("passed")

    @property
    def tone(self) -> str:
        """The admin shell's colour of the verdict."""
        if not self.is_over:
            return "info"
        if self.failed:
            return "danger"
        return "warning" if self.done < self.total else "success"

    def groups(self, *, with_messages: bool) -> list[Group]:
        """The results by group, in the checklist's order; groups without a title come last."""
        found = {name: Group(title) for name, title in self.checklist.groups.items()}
        for result in self.row.results:
            name = result["name"].partition(".")[0]
            group = found.setdefault(name, Group(name))
            group.lines.append(self._line(result, with_messages))
        return [group for group in found.values() if group.lines]

    def _line(self, result: dict[str, Any], with_messages: bool) -> Line:
        outcome = Outcome(result["outcome"])
        exchanges = result["exchanges"] if with_messages else []
        return Line(
            result["name"],
            self.checklist.title_of(result["name"]) or result["title"],
            outcome.value,
            outcome.label,
            TONES[outcome],
            in_own_language(result.get("details", {}), result["detail"]),
            [self._message(exchange) for exchange in exchanges],
        )

    def _message(self, exchange: dict[str, Any]) -> Message:
        hidden = self.checklist.hidden
        return Message(
            readable(exchange["request"], hidden),
            readable(exchange["answer"], hidden) or exchange["error"],
            "/" + exchange["url"].partition("://")[2].partition("/")[2],
            exchange["code"],
            exchange["ms"],
        )


def readable(text: str, hidden: Collection[str] = ()) -> str:
    """Returns JSON over several lines and other text unchanged, both cut.

    Of a hidden field only the number of its items is left.
    """
    try:
        value = json.loads(text)
        shown = json.dumps(_without(value, hidden), ensure_ascii=False, indent=1)
    except (ValueError, RecursionError):
        return text[:LONGEST_MESSAGE]
    # Half a surrogate pair is no text and cannot be sent to a browser.
    shown = shown.encode(errors="replace").decode()
    return shown if len(shown) <= LONGEST_MESSAGE else f"{shown[:LONGEST_MESSAGE]}\n…"


def _without(value: Any, hidden: Collection[str]) -> Any:
    if isinstance(value, list):
        return [_without(item, hidden) for item in value]
    if not isinstance(value, dict):
        return value
    return {
        name: _size(item) if name in hidden else _without(item, hidden)
        for name, item in value.items()
    }


def _size(value: Any) -> int:
    return len(value) if isinstance(value, list) else 1
