"""Figures of coupons verified, the chart by day, and the latest verifications."""

from collections.abc import Sequence
from itertools import chain
from typing import Any

from django.contrib.auth.models import User
from django.db.models import Aggregate, Count, Q, Sum
from django.urls import reverse
from django.utils.translation import gettext as _
from django.utils.translation import ngettext

from coupons.models import GatewayStore, Verification
from coupons.reasons import Reason
from coupons.services import quota_outlooks
from coupons.services.syncing import QuotaOutlook
from stores.backoffice.days import day_labels, first_of, per_day
from stores.backoffice.menu import opened_on_today
from stores.backoffice.widgets import (
    EVERYTHING,
    Card,
    Chart,
    Chosen,
    Link,
    Row,
    Table,
    Tone,
)
from stores.clock import a_day_ago, short_moment, start_of_day
from stores.models import Store
from stores.money import number_text, yuan_text

Status = Verification.Status
CHART_STORES = 6
LATEST = 8
WATCHED_STORES = 20
FEW_DAYS = 7
VERIFICATIONS = "admin:coupons_verification_changelist"
TONES: dict[str, Any] = {Status.VERIFIED: "good", Status.REFUSED: "bad", Status.UNKNOWN: "warn"}


def cards(user: User, chosen: Chosen = EVERYTHING) -> list[Card]:
    ids = chosen.among(Store.objects.ids_for(user))
    if not ids:
        return []
    today, yesterday, this_time = start_of_day(), start_of_day(1), a_day_ago()
    recent = (
        Verification.objects.for_staff(user)
        .filter(store__in=ids, created_at__gte=yesterday)
        .order_by()
    )
    now, before = Q(created_at__gte=today), Q(created_at__lt=this_time)
    verified = Q(status=Status.VERIFIED)
    # What the staff took back says nothing about success.
    refused = Q(status=Status.REFUSED) & ~Q(reason=Reason.WITHDRAWN)
    figures = recent.aggregate(
        verified=Count("pk", filter=verified & now),
        refused=Count("pk", filter=refused & now),
        before=Count("pk", filter=verified & before),
        worth=Sum("value", filter=verified & now),
        worth_before=Sum("value", filter=verified & before),
    )
    settled = figures["verified"] + figures["refused"]
    url = reverse(VERIFICATIONS) + opened_on_today("created_at", chosen.store)
    return [
        Card.compared(_("Verified today"), figures["verified"], figures["before"], url=url),
        Card(
            _("Success rate today"),
            f"{100 * figures['verified'] / settled:.0f} %" if settled else "–",
            _("%(verified)d verified, %(refused)d refused") % figures,
        ),
        Card.compared(
            _("Value today"),
            yuan_text(figures["worth"]),
            yuan_text(figures["worth_before"]),
            url=url,
        ),
        *_quota_card(user, chosen),
    ]


def _quota_card(user: User, chosen: Chosen) -> list[Card]:
    gateway = next(iter(watched(user, chosen)), None)
    if gateway is None:
        return []
    left = gateway.request_count or 0
    outlook = quota_outlooks([gateway])[gateway.pk]
    url = reverse("admin:coupons_gatewaystore_changelist")
    hint = gateway.store.name
    if outlook.days_left is not None:
        hint += f" · {days_left(outlook)}"
    tone: Tone = "warn" if runs_low(outlook) else "plain"
    if left <= 0:
        tone = "bad"
    return [Card(_("Calls left (lowest)"), number_text(left), hint, url, tone)]


def watched(user: User, chosen: Chosen = EVERYTHING) -> list[GatewayStore]:
    """Returns the stores with the fewest calls left."""
    rows = GatewayStore.objects.for_staff(user).filter(
        vanished_at=None, request_count__isnull=False, store__is_active=True
    )
    if chosen.store:
        rows = rows.filter(store=chosen.store)
    return list(rows.select_related("store").order_by("request_count", "pk")[:WATCHED_STORES])


def runs_low(outlook: QuotaOutlook) -> bool:
    return outlook.days_left is not None and outlook.days_left < FEW_DAYS


def days_left(outlook: QuotaOutlook) -> str:
    days = int(outlook.days_left or 0)
    return ngettext("about %(days)d day", "about %(days)d days", days) % {"days": days}


def charts(user: User, chosen: Chosen = EVERYTHING) -> list[Chart]:
    """Verified coupons, or what they are worth, by day and store."""
    ids = chosen.among(Store.objects.ids_for(user))
    rows = Verification.objects.for_staff(user).filter(
        store__in=ids, created_at__gte=first_of(chosen.days), status=Status.VERIFIED
    )

    def value(day: Q) -> Aggregate:
        return Sum("value", filter=day) if chosen.in_yuan else Count("pk", filter=day)

    counted = per_day(
        rows, at="created_at", value=value, days=chosen.days, by=("store_id", "store__name")
    )
    if not counted:
        return []
    title = _("Value of verified coupons") if chosen.in_yuan else _("Verified coupons")
    total = chosen.sum_of(chain.from_iterable(counted.values()))
    return [Chart(title, day_labels(chosen.days), _series(counted), total=total)]


def _series(counted: dict[tuple[Any, ...], list[float]]) -> dict[str, Sequence[float]]:
    """Returns one series for each of the busiest stores, and one for all others."""
    busiest_first = sorted(counted.items(), key=lambda item: -sum(item[1]))
    series: dict[str, Sequence[float]] = {}
    for (pk, name), values in busiest_first[:CHART_STORES]:
        series[f"{name} ({pk})" if name in series else name] = values
    if rest := [values for _store, values in busiest_first[CHART_STORES:]]:
        series[_("other stores")] = [sum(day) for day in zip(*rest, strict=True)]
    return series


def tables(user: User, chosen: Chosen = EVERYTHING) -> list[Table]:
    """The latest verifications within the days of the chart."""
    ids = chosen.among(Store.objects.ids_for(user))
    rows = Verification.objects.for_staff(user).filter(
        store__in=ids, created_at__gte=first_of(chosen.days)
    )
    latest = list(rows.select_related("store", "product")[:LATEST])
    if not latest:
        return []
    headers = [_("Time"), _("Result"), _("Code"), _("Store"), _("Deal")]
    return [
        Table(
            _("Latest verifications"),
            headers,
            [_row(row) for row in latest],
            reverse(VERIFICATIONS),
        )
    ]


def _row(row: Verification) -> Row:
    return Row(
        [
            short_moment(row.created_at),
            row.outcome,
            f"…{row.code_tail}",
            row.store.name,
            row.deal or "–",
        ],
        reverse("admin:coupons_verification_change", args=[row.pk]),
        TONES.get(row.status, "plain"),
    )


def store_links(stores: Sequence[Store]) -> dict[int, list[Link]]:
    """Links to the guest page of each store and to its poster."""
    return {
        store.pk: [
            Link(_("Guest page"), "smartphone", reverse("coupons:guest", args=[store.guest_slug])),
            Link(
                _("QR poster"), "qr_code_2", reverse("coupons:poster-page", args=[store.guest_slug])
            ),
        ]
        for store in stores
    }
