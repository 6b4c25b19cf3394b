"""The history of one row, moment by moment (templates/stores/backoffice/timeline.html)."""

from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from django.http import HttpRequest
from django_stubs_ext import StrOrPromise

from stores import audit
from stores.backoffice.base import ScopedAdmin
from stores.backoffice.labels import labelled
from stores.backoffice.verbs import verb_label
from stores.models import AuditEntry, OutboundAttempt


@dataclass(frozen=True)
class Message:
    """One text that went over the line; `label` says who wrote it."""

    label: StrOrPromise
    text: str


@dataclass(frozen=True)
class Moment:
    """`kind` is heard (a platform spoke), told (we spoke), done (a person of ours did something),
    or left open; `seconds` is how long it took.
    """

    at: datetime
    title: str
    text: str = ""
    kind: str = ""
    seconds: float | None = None
    messages: tuple[Message, ...] = ()


def attempt_moment(
    attempt: OutboundAttempt,
    title: str,
    *,
    text: str = "",
    kind: str = "",
    seconds: float | None = None,
    messages: tuple[Message, ...] = (),
) -> Moment:
    """One try at a call, with its outcome."""
    said = labelled(title, attempt.get_outcome_display())
    return Moment(attempt.started_at, said, text, kind, seconds, messages)


def audit_moments(entries: Iterable[AuditEntry]) -> Iterator[Moment]:
    """What people did, with the reason or note that they gave."""
    for entry in entries:
        note = entry.data.get("reason") or entry.data.get("note") or ""
        yield Moment(
            entry.at, verb_label(entry), f"{audit.shown(entry.actor)} {note}".strip(), "done"
        )


def in_order(moments: Iterable[Moment]) -> list[Moment]:
    """Oldest first."""
    return sorted(moments, key=lambda moment: moment.at)


class TimelineAdmin(ScopedAdmin):
    """An admin whose rows' pages show what happened to the row, the oldest moment first."""

    change_form_outer_after_template = "stores/backoffice/what_happened.html"

    def timeline(self, request: HttpRequest, row: Any) -> list[Moment]:
        raise NotImplementedError

    def render_change_form(
        self, request: HttpRequest, context: dict[str, Any], *args: Any, **kwargs: Any
    ) -> Any:
        if row := kwargs.get("obj"):
            context["timeline"] = self.timeline(request, row)
        return super().render_change_form(request, context, *args, **kwargs)
