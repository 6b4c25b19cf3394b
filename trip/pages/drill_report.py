"""The results of a drill for readers: by interface, with the messages."""

import json
from dataclasses import dataclass, field
from typing import Any

from django.urls import reverse
from django.utils import timezone
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy
from django_stubs_ext import StrOrPromise

from trip.drill import Outcome, title_of
from trip.models import DrillRun

# Longer messages (a price calendar, invalid bodies) are cut.
LONGEST_MESSAGE = 4000
# By the first part of a check's name, in the order of the acceptance table.
INTERFACES: dict[str, StrOrPromise] = {
    "address": gettext_lazy("Address"),
    "access": gettext_lazy("Signature and access"),
    "create": gettext_lazy("Create an order"),
    "pay": gettext_lazy("Pay an order"),
    "query": gettext_lazy("Query an order"),
    "issue": gettext_lazy("Issue tickets later"),
    "refund": gettext_lazy("Refund an order"),
    "refunded": gettext_lazy("Already refunded (message)"),
    "consume": gettext_lazy("Use tickets"),
    "close": gettext_lazy("Order closed (message)"),
    "products": gettext_lazy("Pull products"),
    "prices": gettext_lazy("Pull the price calendar"),
    "pois": gettext_lazy("Pull places"),
    "audit": gettext_lazy("Listing and audit (message)"),
    "support": gettext_lazy("Heartbeat and balance"),
    "overall": gettext_lazy("Over the whole run"),
}
TONES = {Outcome.PASSED: "success", Outcome.FAILED: "danger", Outcome.LEFT_OUT: "info"}


@dataclass(frozen=True)
class Said:
    """One call of the drill and our answer, in a readable form; `ms` in milliseconds."""

    asked: str
    answered: str
    path: str
    code: int | None
    ms: int


@dataclass(frozen=True)
class Line:
    name: str
    title: str
    outcome: str
    label: StrOrPromise
    tone: str
    detail: str
    said: list[Said]


@dataclass
class Group:
    """The checks of one interface."""

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
class Shown:
    """A run in a list, or on its own page."""

    row: DrillRun

    @property
    def url(self) -> str:
        return reverse("admin:trip_drillrun_change", args=[self.row.pk])

    @property
    def starter(self) -> str:
        """The user's name; "" when a command started the run, or when the account was deleted."""
        user = self.row.started_by
        return user.get_full_name() or user.username if user else ""

    @property
    def is_over(self) -> bool:
        """Also True when the run's process has died, so that another run may be started."""
        return (
            self.row.finished_at is not None
            or self.row.worked_at < timezone.now() - DrillRun.ABANDONED
        )

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
        return title_of(self.row.checks[self.done])

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


def groups(run: DrillRun, *, messages_too: bool) -> list[Group]:
    """Returns the results by interface, in the order of INTERFACES; unknown interfaces come last
    under their own name.
    """
    found: dict[str, Group] = {}
    for result in run.results:
        name = result["name"].partition(".")[0]
        group = found.setdefault(name, Group(INTERFACES.get(name, name)))
        group.lines.append(_line(result, messages_too))
    order = list(INTERFACES)
    return [
        found[name]
        for name in sorted(
            found, key=lambda name: order.index(name) if name in order else len(order)
        )
    ]


def _line(result: dict[str, Any], messages_too: bool) -> Line:
    outcome = Outcome(result["outcome"])
    exchanges = result["exchanges"] if messages_too else []
    title = title_of(result["name"]) or result["title"]
    return Line(
        name=result["name"],
        title=title,
        outcome=outcome.value,
        label=outcome.label,
        tone=TONES[outcome],
        detail=result["detail"],
        said=[_message(exchange) for exchange in exchanges],
    )


def _message(exchange: dict[str, Any]) -> Said:
    path = "/" + exchange["url"].partition("://")[2].partition("/")[2]
    answered = _readable(exchange["answer"]) or exchange["error"]
    return Said(_readable(exchange["request"]), answered, path, exchange["code"], exchange["ms"])


def _readable(text: str) -> str:
    """Formats JSON over several lines and hides visitors, although they are invented, because
    personal data is never shown.
    """
    try:
        value = json.loads(text)
    except (ValueError, RecursionError):
        return text[:LONGEST_MESSAGE]
    if (
        isinstance(value, dict)
        and isinstance(body := value.get("body", value), dict)
        and "visitors" in body
    ):
        people = body["visitors"]
        body["visitors"] = len(people) if isinstance(people, list) else 1
    content = json.dumps(value, ensure_ascii=False, indent=1)
    # An invalid character (half of a surrogate pair) cannot be sent to a browser.
    content = content.encode(errors="replace").decode()
    if len(content) > LONGEST_MESSAGE:
        return f"{content[:LONGEST_MESSAGE]}\n…"
    return content
