"""What happens at a store while its counter is open: the results of guests and colleagues, and the
day's total.
"""

import math
import uuid
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta

from django.contrib.auth.models import User
from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import render
from django.utils import timezone
from django.utils.formats import date_format
from django.utils.translation import gettext as _
from django.utils.translation import ngettext
from django.views.decorators.http import require_safe

from stores.backoffice.pages import staff_page, staff_user, stores_at_work
from stores.clock import start_of_day
from stores.counter.kinds import SEARCHED, ScanResult, Sum, counter_kinds
from stores.models import Store
from stores.money import yuan_short

SHOWN = 10
# A row is seen by others a moment after the time that it bears, when its transaction ends.
OVERLAP = timedelta(seconds=15)
_LONG_AGO = datetime.min.replace(tzinfo=UTC)


@dataclass(frozen=True)
class Day:
    """The present day of a store: its name and what was redeemed so far."""

    now: datetime
    total: Sum

    @property
    def key(self) -> str:
        return f"{timezone.localtime(self.now):%Y-%m-%d}"

    @property
    def label(self) -> str:
        return date_format(timezone.localtime(self.now), "MONTH_DAY_FORMAT")

    @property
    def text(self) -> str:
        values = {"count": self.total.count, "worth": yuan_short(self.total.worth)}
        return _("Today: %(count)d used · %(worth)s") % values


def today(store: Store) -> Day:
    now = timezone.now()
    sums = [kind.redeemed_since(store=store, moment=start_of_day()) for kind in counter_kinds()]
    return Day(
        now, Sum(sum(one.count for one in sums), sum((one.worth for one in sums), Sum().worth))
    )


def recent(user: User, store: Store, since: datetime | None = None) -> list[ScanResult]:
    """Returns the store's last results of all kinds, the newest first."""
    results = [
        result
        for kind in counter_kinds()
        for result in kind.recent(user=user, store=store, limit=SHOWN, since=since)
    ]
    return newest_first(results)


def newest_first(results: list[ScanResult]) -> list[ScanResult]:
    return sorted(results, key=lambda result: result.at or _LONG_AGO, reverse=True)[:SHOWN]


def found_by_tail(user: User, store: Store, tail: str) -> ScanResult:
    """Returns the card with the store's earlier results whose code ends with these digits."""
    found = [
        result
        for kind in counter_kinds()
        for result in kind.with_tail(user=user, store=store, tail=tail, limit=SHOWN)
    ]
    words = ngettext(
        "%(count)d result with …%(tail)s", "%(count)d results with …%(tail)s", len(found)
    )
    title = words % {"count": len(found), "tail": tail}
    if not found:
        title = _("No result with …%(tail)s") % {"tail": tail}
    return ScanResult(
        kind="",
        key="",
        state="found",
        title=title,
        lines=[_("Of this store in the last %(days)d days") % {"days": SEARCHED.days}],
        next_step=_("Four digits are searched; nothing was sent."),
        earlier=newest_first(found),
    )


@staff_page
@require_safe
def live(request: HttpRequest) -> HttpResponse:
    """Shows what began since the page asked last, and the day's total."""
    user = staff_user(request)
    stores = {str(store.pk): store for store in stores_at_work(user)}
    store = stores.get(request.GET.get("store", ""))
    if store is None:
        raise Http404
    context = {
        "day": today(store),
        "news": recent(user, store, _since(request)),
        "store": store,
        "request_key": uuid.uuid4().hex,
    }
    return render(request, "stores/_live.html", context)


def _since(request: HttpRequest) -> datetime:
    now = timezone.now()
    try:
        asked = float(request.GET.get("after", ""))
    except ValueError:
        return now - OVERLAP
    if not math.isfinite(asked) or abs(asked - now.timestamp()) > timedelta(days=1).total_seconds():
        return now - OVERLAP
    return datetime.fromtimestamp(asked, UTC) - OVERLAP
