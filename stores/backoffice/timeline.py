"""What happened to one row, moment by moment (templates/stores/backoffice/timeline.html)."""

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime

from django_stubs_ext import StrOrPromise


@dataclass(frozen=True)
class Message:
    """One text that went over the line; `label` says who wrote it."""

    label: StrOrPromise
    text: str


@dataclass(frozen=True)
class Moment:
    """`kind` is heard (a platform spoke), told (we spoke), done (a person of ours did something), or left open;
    `seconds` is how long it took."""

    at: datetime
    title: str
    text: str = ""
    kind: str = ""
    seconds: float | None = None
    messages: tuple[Message, ...] = ()


def in_order(moments: Iterable[Moment]) -> list[Moment]:
    """Oldest first."""
    return sorted(moments, key=lambda moment: moment.at)
