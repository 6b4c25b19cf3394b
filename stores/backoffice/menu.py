"""The menu of the back office: its entries, and what a person sees of them. Imports no tables."""

from collections.abc import Callable
from dataclasses import dataclass
from itertools import groupby
from typing import Any, cast

from django.apps import apps
from django.contrib import admin
from django.http import HttpRequest
from django.urls import NoReverseMatch, reverse
from django.utils.translation import gettext_lazy as _
from django.utils.translation import pgettext_lazy
from django_stubs_ext import StrOrPromise

from stores.domains import MenuEntry, MenuItem, domains
from stores.tenancy import access_of

OVERVIEW = MenuEntry(_("Overview"), "dashboard", 10)
FIND = MenuEntry(_("Find"), "search", 15)
COUNTER = MenuEntry(pgettext_lazy("menu", "Counter"), "point_of_sale", 20)
TODO = MenuEntry(_("To do"), "checklist", 30)
ORDERS = MenuEntry(_("Orders"), "receipt_long", 40)
PRODUCTS = MenuEntry(_("Products"), "sell", 50)
STORES = MenuEntry(_("Stores"), "storefront", 60)
STAFF = MenuEntry(_("Staff"), "badge", 70)
CONNECTIONS = MenuEntry(_("Connections"), "cable", 80)
# The ledgers of engineers: one closed group, in which each item is a line.
RECORDS = MenuEntry(_("Technical records"), "database", 90)
ME = MenuEntry(_("Me"), "person", 100)
# What a thumb reaches on a phone.
BAR = (OVERVIEW, COUNTER, ORDERS, TODO, ME)


def may_view(label: str) -> Callable[[HttpRequest], bool]:
    """For MenuItem.shown: whether a person may open the list of "app.Model"."""

    def shown(request: HttpRequest) -> bool:
        return bool(admin.site.get_model_admin(apps.get_model(label)).has_view_permission(request))

    return shown


def opened_on_today(column: str, store: int | None = None) -> str:
    """For list_item: opens a list on its tab of today; `column` is that of its DayFilter."""
    return f"?{column}_day=today" + (f"&store__id__exact={store}" if store else "")


def list_item(
    entry: MenuEntry, label: str, title: StrOrPromise, query: str = "", order: int = 50
) -> MenuItem:
    """A page of the menu that is shown to those who may see the list of "app.Model"."""
    name = f"admin:{label.replace('.', '_').lower()}_changelist"
    return MenuItem(entry, title, name, may_view(label), query, order)


def _is_operator(request: HttpRequest) -> bool:
    return access_of(request.user).everything


ITEMS = [
    MenuItem(OVERVIEW, OVERVIEW.title, "admin:index"),
    MenuItem(FIND, FIND.title, "admin:find", _is_operator),
    MenuItem(COUNTER, COUNTER.title, "counter"),
    MenuItem(TODO, TODO.title, "admin:todo"),
    list_item(STORES, "stores.Store", STORES.title, order=10),
    list_item(STORES, "stores.Merchant", _("Merchants"), order=90),
    list_item(STAFF, "stores.Staff", STAFF.title),
    list_item(STAFF, "auth.User", _("Sign-ins")),
    list_item(CONNECTIONS, "stores.Connection", CONNECTIONS.title, order=10),
    list_item(CONNECTIONS, "stores.ApiKey", _("API keys"), order=20),
    list_item(RECORDS, "stores.AuditEntry", _("Audit log"), order=10),
    list_item(RECORDS, "stores.OutboundCall", _("Calls to platforms"), order=20),
    list_item(RECORDS, "stores.OutboundAttempt", _("Attempts"), order=30),
    list_item(RECORDS, "stores.InboundEvent", _("Messages from platforms"), order=40),
    list_item(RECORDS, "stores.Pace", _("Pacing"), order=60),
    list_item(RECORDS, "stores.Heartbeat", _("Heartbeats"), order=60),
    list_item(RECORDS, "django_q.Schedule", _("Schedules"), order=60),
    list_item(RECORDS, "django_q.Failure", _("Failed tasks"), order=60),
    list_item(RECORDS, "django_q.OrmQ", _("Waiting tasks"), order=60),
]


@dataclass(frozen=True)
class Tab:
    """A page of the menu as one person sees it."""

    item: MenuItem
    link: str
    active: bool

    @property
    def title(self) -> StrOrPromise:
        return self.item.title


@dataclass(frozen=True)
class Shown:
    """An entry of the menu as one person sees it."""

    entry: MenuEntry
    tabs: list[Tab]

    @property
    def title(self) -> StrOrPromise:
        return self.entry.title

    @property
    def icon(self) -> str:
        return self.entry.icon

    @property
    def link(self) -> str:
        return self.tabs[0].link

    @property
    def tab(self) -> Tab | None:
        """The tab in which the person is."""
        return next((tab for tab in self.tabs if tab.active), None)

    @property
    def active(self) -> bool:
        return self.tab is not None

    @property
    def is_closed(self) -> bool:
        return self.entry is RECORDS


def menu(request: HttpRequest) -> list[Shown]:
    """Returns the entries with at least one page for this person; read once per request."""
    found = getattr(request, "zhanggui_menu", None)
    if found is None:
        found = _menu(request)
        request.zhanggui_menu = found  # type: ignore[attr-defined]
    return cast(list[Shown], found)


def _menu(request: HttpRequest) -> list[Shown]:
    items = [*ITEMS, *(item for domain in domains() for item in domain.menu)]
    items.sort(key=lambda item: (item.entry.order, item.order))
    return [
        Shown(entry, tabs)
        for entry, group in groupby(items, key=lambda item: item.entry)
        if (tabs := [tab for item in group if (tab := _tab(request, item))])
    ]


def _tab(request: HttpRequest, item: MenuItem) -> Tab | None:
    if not item.shown(request):
        return None
    try:
        path = reverse(item.url_name)
    except NoReverseMatch:
        return None
    is_root = path in (reverse("admin:index"), "/")
    active = request.path == path if is_root else request.path.startswith(path)
    return Tab(item, f"{path}{item.query}", active)


def place(request: HttpRequest) -> Shown | None:
    """Returns the entry of the menu to which the open page belongs."""
    return next((entry for entry in menu(request) if entry.active), None)


def bar(request: HttpRequest) -> list[dict[str, Any]]:
    """Returns the five places of the bar at the bottom of a phone; none before signing in."""
    if not admin.site.has_permission(request):
        return []
    known = {shown.entry: shown for shown in menu(request)}
    lines = [
        {"title": shown.title, "icon": shown.icon, "link": shown.link, "active": shown.active}
        for entry in BAR
        if (shown := known.get(entry))
    ]
    elsewhere = not any(line["active"] for line in lines)
    me = reverse("admin:me")
    return [*lines, {"title": ME.title, "icon": ME.icon, "link": me, "active": elsewhere}]


def in_templates(request: HttpRequest) -> dict[str, Any]:
    """The context processor of all pages: what is not asked for costs nothing."""
    return {
        "bar": lambda: bar(request),
        "menu_place": lambda: place(request),
        "menu_entries": lambda: menu(request),
    }


def navigation(request: HttpRequest) -> list[dict[str, Any]]:
    """Returns unfold's side menu: one list of entries, and the closed group of ledgers."""
    entries = menu(request)
    groups: list[dict[str, Any]] = [{"items": [_line(s) for s in entries if not s.is_closed]}]
    return groups + [
        {
            "title": shown.title,
            "collapsible": True,
            "items": [{"title": t.title, "link": t.link, "active": t.active} for t in shown.tabs],
        }
        for shown in entries
        if shown.is_closed
    ]


def _line(shown: Shown) -> dict[str, Any]:
    return {
        "title": shown.title,
        "icon": shown.icon,
        "link": shown.link,
        "active": shown.active,
    }


def tabs(request: HttpRequest) -> list[dict[str, Any]]:
    """Returns unfold's tabs of the open list: the pages of its entry, when there are several."""
    shown = place(request)
    if shown is None or shown.is_closed or len(shown.tabs) < 2:
        return []
    lines = [{"title": tab.title, "link": tab.link, "active": tab.active} for tab in shown.tabs]
    return [{"models": [name], "items": lines} for name in _lists(shown)]


def _lists(shown: Shown) -> list[str]:
    """The lists of an entry as unfold names them."""
    return [
        name.removeprefix("admin:").removesuffix("_changelist").replace("_", ".", 1)
        for tab in shown.tabs
        if (name := tab.item.url_name).endswith("_changelist")
    ]
