"""`Domain`: the AppConfig on which an app says what it adds to the product.

Everything else asks `domains()` and knows no app by name. Code is named by its dotted path and is
imported on first use, so that reading a Domain imports nothing.
"""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from datetime import timedelta
from importlib import import_module
from importlib.util import find_spec
from typing import Any, ClassVar

from django.apps import AppConfig, apps
from django.http import HttpRequest
from django.utils.module_loading import import_string
from django_stubs_ext import StrOrPromise

from stores.roles import ROLE_PERMISSIONS, Role


@dataclass(frozen=True)
class Schedule:
    """A function without arguments, by its dotted path, that the queue runs again and again: every
    few minutes, or with each beat of a worker (every ten seconds) where `every` is less than one.
    """

    task: str
    every: timedelta

    @property
    def runs_with_beats(self) -> bool:
        return self.every < timedelta(minutes=1)


@dataclass(frozen=True)
class ProblemCode:
    """A problem of the API: its HTTP status and title, what it means, and what a program does then.

    Words in backticks are names of fields.
    """

    status: int
    title: StrOrPromise
    means: StrOrPromise
    todo: StrOrPromise


@dataclass(frozen=True)
class MenuEntry:
    """An entry of the menu: one thing and its name. Entries stand in the order of `order`."""

    title: StrOrPromise
    icon: str
    order: int


@dataclass(frozen=True)
class MenuItem:
    """A page that an entry of the menu leads to; with several items, each is a tab.

    `shown` decides per person, `query` chooses among a list's rows. Tabs stand in the order of
    `order`, then of the domains.
    """

    entry: MenuEntry
    title: StrOrPromise
    url_name: str
    shown: Callable[[HttpRequest], bool] = lambda request: True
    query: str = ""
    order: int = 50


@dataclass(frozen=True)
class CounterLink:
    """A page that the counter leads to. `shown` decides per person."""

    title: StrOrPromise
    url_name: str
    shown: Callable[[HttpRequest], bool] = lambda request: True


class Domain(AppConfig):
    """What one app adds. Every attribute is optional; a str is a dotted path unless it says so."""

    # Django takes the one AppConfig of an apps.py whose `default` is true: never this base.
    default = False

    # The platform's short name as rows store it, and what people call it; neither is a path.
    platform: ClassVar[str] = ""
    platform_title: ClassVar[StrOrPromise] = ""
    # Seconds between two calls of one account; 0 means unpaced. PACE_SECONDS overrides it.
    pace_seconds: ClassVar[float] = 0.0
    # PlatformTools and ConnectionForm of the platform.
    tools: ClassVar[str] = ""
    connection_form: ClassVar[str] = ""
    # A function of a technical error → a sentence for people; "" for what it does not know.
    error_words: ClassVar[str] = ""
    # The address of the page of a store below a developer account: a function of its Connection.
    # Where there is one, such connections are no rows of the connections' own list.
    store_page: ClassVar[str] = ""
    # Scopes of API keys: name → what a key with it may do.
    scopes: ClassVar[Mapping[str, StrOrPromise]] = {}
    # Permissions of people: name → the roles that have it; owners have all.
    permissions: ClassVar[Mapping[str, frozenset[str]]] = {}
    # Problem codes of the API, and for the page that describes it functions that return further
    # CodeTables, and the CurlSteps of a quick start for a Caller.
    problem_codes: ClassVar[Mapping[str, ProblemCode]] = {}
    code_tables: ClassVar[str] = ""
    quick_start: ClassVar[str] = ""
    # Kinds of inbound events and verbs of the audit log → how people read them.
    event_titles: ClassVar[Mapping[str, StrOrPromise]] = {}
    verb_labels: ClassVar[Mapping[str, StrOrPromise]] = {}
    # Names of an audit entry's further details → how people read them.
    audit_details: ClassVar[Mapping[str, StrOrPromise]] = {}
    # A CounterKind; kinds with a higher priority are asked first.
    counter_kind: ClassVar[str] = ""
    counter_priority: ClassVar[int] = 0
    counter_links: ClassVar[Sequence[CounterLink]] = ()
    menu: ClassVar[Sequence[MenuItem]] = ()
    # For the start page: functions of a user and a Chosen, …
    cards: ClassVar[str] = ""
    charts: ClassVar[str] = ""
    tables: ClassVar[str] = ""
    # … and of a user alone; `store_links` is a function of stores.
    alerts: ClassVar[str] = ""
    steps: ClassVar[str] = ""
    store_links: ClassVar[str] = ""
    # For the operators' start page, functions without arguments: what only an operator settles, and
    # what is counted of all merchants (stores/backoffice/health.py).
    operator_alerts: ClassVar[str] = ""
    health: ClassVar[str] = ""
    # How operators find its orders over all merchants: a Searcher (stores/backoffice/search.py).
    searcher: ClassVar[str] = ""
    schedules: ClassVar[Sequence[Schedule]] = ()
    # Functions of tasks.py, by dotted path → what operators call them.
    task_titles: ClassVar[Mapping[str, StrOrPromise]] = {}
    # Processes that run beside web and worker: name → what follows manage.py. The demo starts them.
    programs: ClassVar[Mapping[str, Sequence[str]]] = {}
    # The SandboxPlatform, and per environment variable the path at the sandbox that the demo uses.
    sandbox: ClassVar[str] = ""
    sandbox_addresses: ClassVar[Mapping[str, str]] = {}
    # The DemoPart, and a function of (facts, sandbox state) for `demo --info`.
    demo: ClassVar[str] = ""
    demo_info: ClassVar[str] = ""
    # What is asked so often that it is answered before most of the middleware: the path of an
    # address → a function of its request, which returns None for the usual way.
    early: ClassVar[Mapping[str, str]] = {}
    # Modules that register something when they are imported, besides checks.py.
    registers: ClassVar[Sequence[str]] = ()

    def __init_subclass__(cls) -> None:
        cls.default = True

    def ready(self) -> None:
        checks = f"{self.name}.checks"
        for module in (*([checks] if find_spec(checks) else []), *self.registers):
            import_module(module)


def domains() -> list[Domain]:
    """Returns the installed domains in the order of INSTALLED_APPS."""
    return [config for config in apps.get_app_configs() if isinstance(config, Domain)]


def contributed(attribute: str) -> list[Any]:
    """Returns what the domains name in `attribute`, imported."""
    paths = [getattr(domain, attribute) for domain in domains()]
    return [import_string(path) for path in paths if path]


def contributed_to(attribute: str, *given: Any) -> list[Any]:
    """Returns the items that the domains' functions named in `attribute` make of what is given."""
    return [item for function in contributed(attribute) for item in function(*given)]


def domain_of(platform: str) -> Domain | None:
    """Returns the domain that talks to this platform."""
    return next((domain for domain in domains() if platform and domain.platform == platform), None)


def platform_choices() -> list[tuple[str, StrOrPromise]]:
    """Returns (platform, title) of every domain, for `Connection.platform`."""
    return [(domain.platform, domain.platform_title) for domain in domains() if domain.platform]


def schedules() -> list[Schedule]:
    return [schedule for domain in domains() for schedule in domain.schedules]


def merged(attribute: str) -> dict[str, Any]:
    """Returns the mappings that the domains give in `attribute` as one."""
    return {key: value for domain in domains() for key, value in getattr(domain, attribute).items()}


def role_permissions(role: str) -> frozenset[str]:
    """Returns what a role may do, the domains' permissions included."""
    added = merged("permissions")
    return ROLE_PERMISSIONS[role] | {
        name for name, roles in added.items() if role == Role.OWNER or role in roles
    }
