"""The start page and the side menu of the back office, made from the domains' contributions."""

import json
from itertools import groupby
from typing import Any
from urllib.parse import urlencode

from django.contrib.auth.models import User
from django.db.models import Count
from django.http import HttpRequest
from django.urls import NoReverseMatch, reverse
from django.utils.translation import gettext_lazy as _

from stores.backoffice.menu import list_item
from stores.backoffice.pages import staff_user
from stores.backoffice.widgets import Alert, Chart
from stores.domains import MenuItem, contributed_to, domains, platform_choices
from stores.models import Connection, InboundEvent
from stores.platforms import pace
from stores.platforms.workers import queue
from stores.roles import Permission
from stores.tenancy import access_of, has_permission

URGENCY = ("error", "warning", "info")
PALETTE = ("#7c3aed", "#0891b2", "#d97706", "#16a34a", "#db2777", "#4b5563", "#2563eb")


WORK, BUSINESS, RECORDS, SYSTEM = _("Work"), _("Business"), _("Records"), _("System")
FIRST = [
    MenuItem(WORK, _("Overview"), "dashboard", "admin:index"),
    MenuItem(WORK, _("Counter"), "point_of_sale", "counter"),
]
LAST = [
    list_item(BUSINESS, "stores.Store", _("Stores"), "storefront"),
    list_item(BUSINESS, "stores.Staff", _("Staff"), "badge"),
    list_item(BUSINESS, "stores.Connection", _("Connections"), "cable"),
    list_item(BUSINESS, "stores.ApiKey", _("API keys"), "key"),
    list_item(RECORDS, "stores.AuditEntry", _("Audit log"), "history_edu"),
    list_item(RECORDS, "stores.OutboundCall", _("Calls to platforms"), "outbox"),
    list_item(RECORDS, "stores.OutboundAttempt", _("Attempts"), "send"),
    list_item(RECORDS, "stores.InboundEvent", _("Messages from platforms"), "inbox"),
    list_item(SYSTEM, "stores.Merchant", _("Merchants"), "domain"),
    list_item(SYSTEM, "auth.User", _("Sign-ins"), "person"),
    list_item(SYSTEM, "stores.Pace", _("Pacing"), "speed"),
    list_item(SYSTEM, "stores.Heartbeat", _("Heartbeats"), "ecg_heart"),
    list_item(SYSTEM, "django_q.Schedule", _("Schedules"), "schedule"),
    list_item(SYSTEM, "django_q.Failure", _("Failed tasks"), "error"),
    list_item(SYSTEM, "django_q.OrmQ", _("Waiting tasks"), "hourglass"),
]


def navigation(request: HttpRequest) -> list[dict[str, Any]]:
    """Returns unfold's side menu: sections in the order of their first line."""
    added = [item for domain in domains() for item in domain.menu]
    items = [item for item in (*FIRST, *added, *LAST) if item.shown(request)]
    sections = list(dict.fromkeys(str(item.section) for item in items))
    items.sort(key=lambda item: sections.index(str(item.section)))
    return [
        {
            "title": section,
            "separator": False,
            "items": [line for item in group if (line := _line(item))],
        }
        for section, group in groupby(items, key=lambda item: str(item.section))
    ]


def _line(item: MenuItem) -> dict[str, Any] | None:
    try:
        return {
            "title": item.title,
            "icon": item.icon,
            "link": f"{reverse(item.url_name)}{item.query}",
        }
    except NoReverseMatch:
        return None


def dashboard(request: HttpRequest, context: dict[str, Any]) -> dict[str, Any]:
    """Returns the start page: figures, alerts, charts, the latest rows, and first steps."""
    user = staff_user(request)
    found = [*alerts(user), *contributed_to("alerts", user)]
    return context | {
        "title": _("Overview"),
        "steps": contributed_to("steps", user),
        "alerts": sorted(found, key=lambda alert: URGENCY.index(alert.level)),
        "cards": contributed_to("cards", user),
        "charts": [
            {"title": chart.title, "data": chart_data(chart), "options": CHART_OPTIONS}
            for chart in contributed_to("charts", user)
        ],
        "tables": contributed_to("tables", user),
    }


CHART_OPTIONS = json.dumps(
    {
        "animation": False,
        "responsive": True,
        "maintainAspectRatio": False,
        "maxBarThickness": 28,
        "plugins": {"legend": {"position": "bottom", "labels": {"boxWidth": 10, "boxHeight": 10}}},
        "scales": {
            "x": {"stacked": True, "grid": {"display": False}},
            "y": {"stacked": True, "beginAtZero": True, "ticks": {"precision": 0}},
        },
    }
)


def chart_data(chart: Chart) -> str:
    """Returns JSON for the chart component; series of the same stack stand on top of each other."""
    series = [
        {
            "label": name,
            "data": list(values),
            "backgroundColor": PALETTE[n % len(PALETTE)],
            "stack": "all" if chart.is_stacked else name,
        }
        for n, (name, values) in enumerate(chart.series.items())
    ]
    return json.dumps({"labels": list(chart.labels), "datasets": series})


def alerts(user: User) -> list[Alert]:
    """Returns the alerts of no domain: the worker stands still, messages could not be handled,
    credentials are refused.
    """
    found = []
    if access_of(user).everything and not queue.alive():
        text = _("No worker is running: what waits in the background stays undone.")
        found.append(Alert("error", text, reverse("admin:stores_heartbeat_changelist")))
    if access_of(user).everything:
        found += [*_throttle_alerts(), *_twice_named_alerts()]
    failed = InboundEvent.objects.for_staff(user).live().filter(state=InboundEvent.State.FAILED)
    if has_permission(user, Permission.SETTLE) and failed.exists():
        url = reverse("admin:stores_inboundevent_changelist") + "?state__exact=failed"
        found.append(Alert("warning", _("Messages from platforms could not be handled."), url))
    if has_permission(user, Permission.MANAGE_CONNECTIONS):
        found += _connection_alerts(user)
    return found


def _throttle_alerts() -> list[Alert]:
    text = _(
        "%(platform)s throttled several accounts at once: its limit may count our address."
        " Set %(setting)s=address."
    )
    titles = dict(platform_choices())
    url = reverse("admin:stores_pace_changelist")
    return [
        Alert(
            "warning",
            text
            % {
                "platform": titles.get(platform, platform),
                "setting": f"{platform.upper()}_PACE_SCOPE",
            },
            url,
        )
        for platform in sorted(pace.accounts_throttled_together())
    ]


def _twice_named_alerts() -> list[Alert]:
    """Accounts that several merchants name: one of them may not own it."""
    named = (
        Connection.objects.filter(is_active=True, merchant__isnull=False, parent=None)
        .order_by()
        .values("platform", "account")
        .annotate(merchants=Count("merchant", distinct=True))
        .filter(merchants__gt=1)
    )
    text = _("%(count)d merchants name the account %(account)s (%(platform)s). Ask whose it is.")
    titles = dict(platform_choices())
    url = reverse("admin:stores_connection_changelist")
    return [
        Alert(
            "warning",
            text
            % {
                "count": row["merchants"],
                "account": row["account"],
                "platform": titles.get(row["platform"], row["platform"]),
            },
            f"{url}?{urlencode({'q': row['account']})}",
        )
        for row in named[:10]
    ]


def _connection_alerts(user: User) -> list[Alert]:
    refused = Connection.objects.for_staff(user).filter(
        state=Connection.State.REFUSED, is_active=True
    )
    return [
        Alert(
            "error",
            _("%(connection)s: the login is refused. Enter the credentials again.")
            % {"connection": connection},
            reverse("admin:stores_connection_change", args=[connection.pk]),
        )
        for connection in refused[:10]
    ]
