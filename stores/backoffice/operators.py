"""The operators' own start page: what needs them, what runs in the background, and how all
merchants do.
"""

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

from django.core.paginator import Page, Paginator
from django.http import HttpRequest
from django.urls import reverse
from django.utils import timezone
from django.utils.translation import gettext as _
from django.utils.translation import ngettext

from stores.backoffice import actions
from stores.backoffice.health import Health, MerchantHealth, merchants_by_health
from stores.backoffice.widgets import Alert
from stores.backoffice.workers import background, span
from stores.clock import short_moment
from stores.money import number_text
from stores.text import listed

PER_PAGE = 50
HOUR = timedelta(hours=1)


@dataclass(frozen=True)
class Line:
    """A merchant in the table; `label` is the admin shell's word for its tone."""

    name: str
    url: str
    state: str
    label: str
    waiting: str
    last: str
    today: str
    yesterday: str
    week: str


def start_page(request: HttpRequest, alerts: list[Alert]) -> dict[str, Any]:
    rows = merchants_by_health()
    page: Page[MerchantHealth] = Paginator(rows, PER_PAGE).get_page(request.GET.get("page"))
    return {
        "title": _("Overview"),
        "is_operator": True,
        "alerts": alerts,
        "background": background(),
        "lines": [_line(row) for row in page],
        "page": page,
    }


def merchants_to_do() -> list[Alert]:
    """Returns one alert for each merchant that has something to settle, the worst first."""
    return [
        Alert(
            "error" if row.health.failing else "warning",
            _("%(merchant)s: %(waiting)s")
            % {"merchant": row.merchant.name, "waiting": listed(_what_waits(row.health))},
            reverse("admin:stores_merchant_change", args=[row.merchant.pk]),
            actions.SEE_WHY,
        )
        for row in merchants_by_health()
        if row.health.failing or row.health.alerts
    ]


def _what_waits(health: Health) -> Iterator[str]:
    if health.failing:
        yield _failing(health.failing)
    if health.alerts:
        yield _("%(count)s to settle") % {"count": number_text(health.alerts)}


def _failing(count: int) -> str:
    text = ngettext("%(count)d account fails", "%(count)d accounts fail", count)
    return text % {"count": count}


def _line(row: MerchantHealth) -> Line:
    health = row.health
    state, label = _state(row)
    return Line(
        name=row.merchant.name,
        url=reverse("admin:stores_merchant_change", args=[row.merchant.pk]),
        state=state,
        label=label,
        waiting=number_text(health.alerts),
        last=_moment(health.last),
        today=number_text(health.today),
        yesterday=number_text(health.yesterday),
        week=number_text(health.week),
    )


def _state(row: MerchantHealth) -> tuple[str, str]:
    health = row.health
    if count := health.failing:
        return _failing(count), "danger"
    if health.alerts:
        return _("has something to settle"), "warning"
    if health.is_silent:
        return _("nothing today"), "warning"
    if not health.week:
        return _("nothing this week"), "info"
    return _("doing well"), "success"


def _moment(at: datetime | None) -> str:
    """Returns how long ago it was within an hour, then the time in short form."""
    if at and (age := timezone.now() - at) < HOUR:
        return _("%(time)s ago") % {"time": span(age)}
    return short_moment(at)
