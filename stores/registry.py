"""What several domains contribute to: each app fills this from its apps.py, so that no domain knows another."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import Any, Literal, Protocol, runtime_checkable

from django.contrib.auth.models import User
from django.http import HttpRequest
from django.utils.module_loading import import_string
from django_stubs_ext import StrOrPromise

from stores.models import Connection, InboundEvent, Store
from stores.platforms.outbox.working import PlaceInLine

Tone = Literal["plain", "good", "warn", "bad"]


@dataclass(frozen=True)
class Card:
    """A figure on the dashboard."""

    title: StrOrPromise
    value: str
    hint: StrOrPromise = ""
    url: str = ""
    tone: Tone = "plain"


@dataclass(frozen=True)
class Alert:
    """Something that needs a person."""

    level: Literal["info", "warning", "error"]
    text: StrOrPromise
    url: str = ""


@dataclass(frozen=True)
class Chart:
    """A bar chart on the dashboard: one bar per label, one series per name, on top of each other or side by side."""

    title: StrOrPromise
    labels: Sequence[str]
    series: dict[str, Sequence[float]]
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


class PlatformTools(Protocol):
    """What the admin can do with a connection to one platform."""

    # What is said after a test that found nothing wrong.
    works: StrOrPromise

    def test(self, *, connection: Connection, user: User) -> str:
        """Tries the stored credentials as far as the platform allows; "" or what is wrong."""


@runtime_checkable
class SyncTools(PlatformTools, Protocol):
    """For platforms that list their stores."""

    def sync(self, *, connection: Connection, user: User) -> list[Alert]:
        """Reads the platform's lists and says what is new, changed or vanished."""


AMOUNT_BUTTONS = 10


@dataclass(frozen=True)
class ScanResult:
    """What the counter shows for one scan. `key` finds it again while it is `waiting`; `code` is masked.

    With `ask` nothing is redeemed yet: the code stands for several, and the card asks how many, `most` at most.
    `repeated`: redeemed, but by an earlier scan, which a moment ago had its own card.
    """

    kind: str
    key: str
    state: Literal["ok", "refused", "waiting", "unknown", "ask", "repeated"]
    title: StrOrPromise
    lines: Sequence[StrOrPromise] = ()
    next_step: StrOrPromise = ""
    place: PlaceInLine | None = None
    code: str = ""
    at: datetime | None = None
    most: int = 0

    @property
    def amounts(self) -> range:
        """What the card has a button for; what is more is typed."""
        return range(1, min(self.most, AMOUNT_BUTTONS) + 1)

    @property
    def has_more(self) -> bool:
        return self.most > AMOUNT_BUTTONS


class CounterKind(Protocol):
    """A kind of code that the counter's one box understands."""

    name: str

    def blocked_reason(self, store: Store) -> StrOrPromise:
        """Why this store cannot redeem codes of this kind at the moment; empty when it can."""

    def find_code(self, text: str, store: Store) -> str | None:
        """The code found in what was scanned or pasted at this store, or None when it is not of this kind."""

    def redeem(self, *, user: User, store: Store, code: str, request_key: str) -> ScanResult:
        """Redeems the code, or joins or queues it; never raises for what a guest may have brought."""

    def redeem_quantity(
        self, *, user: User, store: Store, key: str, amount: int, request_key: str
    ) -> ScanResult | None:
        """Redeems so many of what an earlier scan asked about; None when it asked nothing. 0 is no number."""

    def result(self, *, user: User, key: str) -> ScanResult | None:
        """The present state of an earlier scan; None when this user may not see it."""

    def recent(self, *, user: User, store: Store, limit: int) -> list[ScanResult]:
        """The store's last results, newest first."""


@dataclass(frozen=True)
class Schedule:
    """Something the queue runs again and again: a dotted path without arguments."""

    task: str
    every: timedelta


@dataclass(frozen=True)
class MenuItem:
    """A line of the admin's side menu; `shown` decides per person, `query` chooses among a list's rows."""

    section: StrOrPromise
    title: StrOrPromise
    icon: str
    url_name: str
    shown: Callable[[HttpRequest], bool] = lambda request: True
    query: str = ""


@dataclass
class Registry:
    """Dotted paths are imported on first use, so that filling the registry imports nothing."""

    # Functions of a person: what the dashboard shows.
    cards: list[str] = field(default_factory=list)
    alerts: list[str] = field(default_factory=list)
    charts: list[str] = field(default_factory=list)
    tables: list[str] = field(default_factory=list)
    # What is left to set up; nothing once everything works.
    steps: list[str] = field(default_factory=list)
    # Pages that belong to one store.
    store_links: list[str] = field(default_factory=list)
    platform_tools: dict[str, str] = field(default_factory=dict)
    # By platform: its form (stores/backoffice/connection_forms.py).
    connection_forms: dict[str, str] = field(default_factory=dict)
    # By platform and kind: what an inbound event says, for people.
    event_titles: dict[tuple[str, str], StrOrPromise] = field(default_factory=dict)
    # By verb of the audit log: what somebody did, for people.
    verb_labels: dict[str, StrOrPromise] = field(default_factory=dict)
    counter_kinds: list[str] = field(default_factory=list)
    counter_links: list[MenuItem] = field(default_factory=list)
    sandbox_classes: list[str] = field(default_factory=list)
    demo_parts: list[str] = field(default_factory=list)
    demo_infos: list[str] = field(default_factory=list)
    schedules: list[Schedule] = field(default_factory=list)
    menu: list[MenuItem] = field(default_factory=list)


registry = Registry()


def _made(paths: Sequence[str]) -> list[Any]:
    return [import_string(path) for path in paths]


def contributed(paths: Sequence[str], user: User) -> list[Any]:
    """What the functions at `paths` make for a person, one after the other."""
    return [found for make in _made(paths) for found in make(user)]


def store_links(stores: Sequence[Store]) -> dict[int, list[Link]]:
    """Pages that belong to each of these stores, by its primary key."""
    found = [make(stores) for make in _made(registry.store_links)]
    return {
        store.pk: [link for links in found for link in links.get(store.pk, [])] for store in stores
    }


def platform_tools(platform: str) -> PlatformTools | None:
    path = registry.platform_tools.get(platform)
    return import_string(path)() if path else None


def event_title(event: InboundEvent) -> StrOrPromise:
    return registry.event_titles.get((event.platform, event.kind), event.kind)


def connection_form(platform: str) -> Any:
    """The class of a platform's connection form."""
    return import_string(registry.connection_forms[platform])


def counter_kinds() -> list[CounterKind]:
    return [make() for make in _made(registry.counter_kinds)]


def sandboxes() -> list[Any]:
    """One SandboxPlatform per platform that the product talks to."""
    return [make() for make in _made(registry.sandbox_classes)]
