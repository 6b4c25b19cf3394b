"""The parts of the start page and of lists: figures, alerts, charts, tables, steps and links."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Literal

from django.utils.translation import gettext as _
from django_stubs_ext import StrOrPromise

from stores.domains import contributed
from stores.models import Store

Tone = Literal["plain", "good", "warn", "bad"]
Level = Literal["info", "warning", "error"]


@dataclass(frozen=True)
class Card:
    """A figure on the dashboard."""

    title: StrOrPromise
    value: str
    hint: StrOrPromise = ""
    url: str = ""
    tone: Tone = "plain"

    @classmethod
    def compared(cls, title: StrOrPromise, now: object, before: object, *, url: str = "") -> "Card":
        """A figure of today beside that of yesterday."""
        return cls(title, str(now), _("yesterday: %(amount)s") % {"amount": before}, url)


@dataclass(frozen=True)
class Alert:
    """A message about something that needs a person."""

    level: Level
    text: StrOrPromise
    url: str = ""

    @classmethod
    def counted(
        cls, level: Level, text: StrOrPromise, count: int, url: str, **more: object
    ) -> list["Alert"]:
        """One alert about so many rows; none about no rows.

        `text` is an `ngettext_lazy` text of "count"; `more` are its other values.
        """
        return [cls(level, text % {"count": count, **more}, url)] if count else []


@dataclass(frozen=True)
class Chart:
    """A bar chart: one bar per label, one series per name, stacked or side by side."""

    title: StrOrPromise
    labels: Sequence[str]
    series: Mapping[str, Sequence[float]]
    is_stacked: bool = True


@dataclass(frozen=True)
class Row:
    cells: Sequence[StrOrPromise]
    url: str = ""
    tone: Tone = "plain"

    @property
    def label(self) -> str:
        """The admin shell's word for the tone."""
        return {"good": "success", "warn": "warning", "bad": "danger"}.get(self.tone, "info")


@dataclass(frozen=True)
class Table:
    """A short list on the dashboard; `tone` colours a row's second cell."""

    title: StrOrPromise
    headers: Sequence[StrOrPromise]
    rows: Sequence[Row]
    url: str = ""


@dataclass(frozen=True)
class Step:
    """One thing that a new merchant does first."""

    title: StrOrPromise
    text: StrOrPromise
    done: bool
    url: str = ""


@dataclass(frozen=True)
class Link:
    title: StrOrPromise
    icon: str
    url: str


def store_links(stores: Sequence[Store]) -> dict[int, list[Link]]:
    """Returns the pages that belong to each of these stores, by its primary key."""
    found = [links_of(stores) for links_of in contributed("store_links")]
    return {
        store.pk: [link for links in found for link in links.get(store.pk, [])] for store in stores
    }
