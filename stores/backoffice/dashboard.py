"""The start page and the list of what to do, made from the domains' contributions."""

import json
from collections.abc import Iterable, Sequence
from dataclasses import replace
from datetime import UTC, datetime
from typing import Any
from urllib.parse import urlencode

from django.contrib.auth.models import User
from django.db.models import Count
from django.http import HttpRequest
from django.urls import reverse
from django.utils.translation import gettext_lazy as _
from django.utils.translation import pgettext
from django_stubs_ext import StrOrPromise

from stores.backoffice import actions
from stores.backoffice.operators import start_page
from stores.backoffice.pages import staff_user
from stores.backoffice.widgets import Alert, Chart, Chosen
from stores.domains import contributed_to, platform_choices
from stores.models import Connection, InboundEvent, Store
from stores.platforms import pace
from stores.platforms.workers import queue
from stores.roles import Permission
from stores.tenancy import access_of, has_permission

URGENCY = ("error", "warning", "info")
NEVER = datetime.max.replace(tzinfo=UTC)
PALETTE = ("#7c3aed", "#0891b2", "#d97706", "#16a34a", "#db2777", "#4b5563", "#2563eb")

DAYS = (7, 30)
MOST_URGENT = 3


def dashboard(request: HttpRequest, context: dict[str, Any]) -> dict[str, Any]:
    """Returns the start page: figures, what to do, charts, the latest rows, and first steps.

    Operators have one of their own.
    """
    user = staff_user(request)
    if access_of(user).everything:
        return context | start_page(request, by_urgency(operator_alerts()))
    stores = list(Store.objects.for_staff(user).filter(is_active=True).order_by("name", "pk"))
    chosen = chosen_in(request, stores)
    urgent = everything_to_do(user)
    return context | {
        "title": _("Overview"),
        "steps": contributed_to("steps", user),
        "sets_up": has_permission(user, Permission.MANAGE_CONNECTIONS),
        "alerts": urgent[:MOST_URGENT],
        "more_alerts": len(urgent[MOST_URGENT:]),
        "cards": contributed_to("cards", user, chosen),
        "charts": [
            {
                "title": chart.title,
                "total": chart.total,
                "data": chart_data(chart),
                "options": CHART_OPTIONS,
            }
            for chart in contributed_to("charts", user, chosen)
        ],
        "tables": contributed_to("tables", user, chosen),
        "chosen": chosen,
        "stores": stores,
        "switches": switches(chosen),
    }


def everything_to_do(user: User) -> list[Alert]:
    """Returns the alerts of all domains, the most urgent first."""
    return by_urgency([*alerts(user), *contributed_to("alerts", user)])


def by_urgency(found: Iterable[Alert]) -> list[Alert]:
    """Sorts by level, then by the time that is left; what has no time to be done by comes after.

    Equal ones stay in the order in which the domains name them.
    """
    return sorted(found, key=lambda alert: (URGENCY.index(alert.level), alert.until or NEVER))


def chosen_in(request: HttpRequest, stores: Sequence[Store]) -> Chosen:
    """Reads the choice from the address; what is no choice counts as none."""
    by_text = {str(store.pk): store.pk for store in stores}
    days = {str(number): number for number in DAYS}
    return Chosen(
        store=by_text.get(request.GET.get("store", "")),
        days=days.get(request.GET.get("days", ""), DAYS[0]),
        in_yuan=request.GET.get("in") == "yuan",
    )


def switches(chosen: Chosen) -> list[list[dict[str, Any]]]:
    """Returns the switches above the charts: numbers or sums, and of how many days."""

    def switch(title: StrOrPromise, **changed: Any) -> dict[str, Any]:
        wanted = replace(chosen, **changed)
        return {"title": title, "link": _address(wanted), "active": wanted == chosen}

    days = [switch(_("%(days)d days") % {"days": number}, days=number) for number in DAYS]
    return [
        [
            switch(pgettext("chart", "Number"), in_yuan=False),
            switch(pgettext("chart", "Amount"), in_yuan=True),
        ],
        days,
    ]


def _address(chosen: Chosen) -> str:
    parts = {"store": chosen.store, "days": chosen.days, "in": "yuan" if chosen.in_yuan else None}
    return f"?{urlencode({name: value for name, value in parts.items() if value})}"


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
    """Returns the alerts of no domain: messages could not be handled, credentials are refused; and
    for operators, what they alone settle.
    """
    found = operator_alerts() if access_of(user).everything else []
    failed = InboundEvent.objects.for_staff(user).live().filter(state=InboundEvent.State.FAILED)
    if has_permission(user, Permission.SETTLE) and failed.exists():
        url = reverse("admin:stores_inboundevent_changelist") + "?state__exact=failed"
        text = _("Messages from platforms could not be handled.")
        found.append(Alert("warning", text, url, actions.HANDLE_AGAIN))
    if has_permission(user, Permission.MANAGE_CONNECTIONS):
        found += _connection_alerts(user)
    return found


def operator_alerts() -> list[Alert]:
    """Returns what only an operator can settle: it concerns no merchant, or several."""
    found = []
    if not queue.alive():
        text = _("No worker is running: what waits in the background stays undone.")
        url = reverse("admin:stores_heartbeat_changelist")
        found.append(Alert("error", text, url, actions.SEE_WHY))
    return [
        *found,
        *_throttle_alerts(),
        *_twice_named_alerts(),
        *contributed_to("operator_alerts"),
    ]


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
            actions.SEE_WHY,
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
            actions.LOOK,
        )
        for row in named.order_by("platform", "account")[:10]
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
            actions.ENTER_CREDENTIALS,
        )
        for connection in refused.order_by("pk")[:10]
    ]
