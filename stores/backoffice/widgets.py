"""The parts of the start page and of lists: figures, alerts, charts, tables, steps and links."""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from decimal import Decimal
from typing import Literal

from django.utils.translation import gettext as _
from django_stubs_ext import StrOrPromise

from stores.domains import contributed
from stores.models import Store
from stores.money import number_text, yuan_text

Tone = Literal["plain", "good", "warn", "bad"]
Level = Literal["info", "warning", "error"]


@dataclass(frozen=True)
class Chosen:
    """What a person chose to see on the start page: one store or all, days, sums or numbers."""

    store: int | None = None
    days: int = 7
    in_yuan: bool = False

    def among(self, stores: Sequence[int]) -> list[int]:
        """Of these stores, the chosen one; all of them when none is chosen."""
        return [pk for pk in stores if self.store in (None, pk)]

    def sum_of(self, values: Iterable[float]) -> str:
        """Returns the sum of a chart's values as a person reads it."""
        total = sum(values)
        return yuan_text(Decimal(str(total))) if self.in_yuan else number_text(int(total))


EVERYTHING = Chosen()


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
        """A figure of today beside that of yesterday up to the same time of day."""
        hint = _("yesterday by this time: %(amount)s") % {"amount": _shown(before)}
        return cls(title, _shown(now), hint, url)


def _shown(amount: object) -> str:
    return number_text(amount) if isinstance(amount, int) else str(amount)


@dataclass(frozen=True)
class Alert:
    """A message about something that needs a person; `action` is what the button at `url` says,
    `until` when the first of it must be done.
    """

    level: Level
    text: StrOrPromise
    url: str = ""
    action: StrOrPromise = ""
    until: datetime | None = None

    @classmethod
    def counted(
        cls,
        level: Level,
        text: StrOrPromise,
        count: int,
        url: str,
        action: StrOrPromise = "",
        *,
        until: datetime | None = None,
        **more: object,
    ) -> list["Alert"]:
        """One alert about so many rows; none about no rows.

        `text` is an `ngettext_lazy` text of "count"; `more` are its other values.
        """
        return [cls(level, text % {"count": count, **more}, url, action, until)] if count else []


@dataclass(frozen=True)
class Chart:
    """A bar chart: one bar per label, one series per name, stacked or side by side.

    `total` is the sum of the bars, as people read it.
    """

    title: StrOrPromise
    labels: Sequence[str]
    series: Mapping[str, Sequence[float]]
    is_stacked: bool = True
    total: str = ""


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
