"""A drill's run as people read it: by interface, with what was said."""

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

# Longer messages (a price calendar, a flood of garbage) are cut.
LONGEST_MESSAGE = 4000
# By the first word of a check's name, in the order of the acceptance table.
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
    """One call of the drill's and our answer, as far as they may be read by people. `ms` milliseconds."""

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
        """The person's name; "" when it was no person, or one whose account is gone."""
        user = self.row.started_by
        return user.get_full_name() or user.username if user else ""

    @property
    def is_over(self) -> bool:
        """Also when whoever worked on it has died: another may be started then."""
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
        return title_of(self.row.checks[self.done]) if self.done < self.total else ""

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
        return "danger" if self.failed else "warning" if self.done < self.total else "success"


def groups(run: DrillRun, *, messages_too: bool) -> list[Group]:
    """The results by interface, in the order of INTERFACES; what nobody foresaw comes last under its own name."""
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
    said = [_said(exchange) for exchange in result["exchanges"]] if messages_too else []
    title = title_of(result["name"]) or result["title"]
    return Line(
        result["name"], title, outcome.value, outcome.label, TONES[outcome], result["detail"], said
    )


def _said(exchange: dict[str, Any]) -> Said:
    path = "/" + exchange["url"].partition("://")[2].partition("/")[2]
    answered = _readable(exchange["answer"]) or exchange["error"]
    return Said(_readable(exchange["request"]), answered, path, exchange["code"], exchange["ms"])


def _readable(text: str) -> str:
    """JSON in lines and without visitors, who are invented here but whose like nobody should get used to seeing."""
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
    shown = json.dumps(value, ensure_ascii=False, indent=1)
    # What is no text (half a surrogate pair) cannot be sent to a browser.
    shown = shown.encode(errors="replace").decode()
    return shown if len(shown) <= LONGEST_MESSAGE else f"{shown[:LONGEST_MESSAGE]}\n…"
