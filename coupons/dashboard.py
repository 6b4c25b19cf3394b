"""The start page's part of coupons: figures, problems for a person, the chart, the latest rows."""

from collections import Counter
from collections.abc import Sequence
from datetime import timedelta
from itertools import chain
from typing import Any

from django.contrib.auth.models import User
from django.db.models import Aggregate, Count, Q, Sum
from django.urls import reverse
from django.utils import timezone
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy, ngettext, ngettext_lazy

from coupons.choices import PLATFORM
from coupons.models import GatewayStore, SyncRun, Verification
from coupons.services import abuse, connection_test, quota_outlooks, stores_sync
from coupons.services.syncing import QuotaOutlook
from stores.backoffice import actions
from stores.backoffice.days import day_labels, first_of, per_day
from stores.backoffice.health import Counted, done, waiting
from stores.backoffice.labels import labelled, listed
from stores.backoffice.menu import opened_on_today
from stores.backoffice.needs_person import needs_person_alert
from stores.backoffice.widgets import (
    EVERYTHING,
    Alert,
    Card,
    Chart,
    Chosen,
    Link,
    Row,
    Step,
    Table,
    Tone,
)
from stores.clock import a_day_ago, short_moment, start_of_day
from stores.models import AuditEntry, Connection, Store
from stores.money import number_text, yuan_text
from stores.platforms.tools import Finding
from stores.roles import Permission
from stores.tenancy import has_permission

Status = Verification.Status
CHART_STORES = 6
LATEST = 8
FEW_DAYS = 7
WATCHED_STORES = 20
VERIFICATIONS = "admin:coupons_verification_changelist"
# Stores for which the gateway refuses every call.
BLOCKED = Q(store__is_active=True) & (
    Q(
        authorisation__in=[
            GatewayStore.Authorisation.NOT_AUTHORISED,
            GatewayStore.Authorisation.EXPIRED,
        ]
    )
    | Q(request_count__lte=0)
)
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
    figures = recent.aggregate(
        verified=Count("pk", filter=verified & now),
        refused=Count("pk", filter=Q(status=Status.REFUSED) & now),
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
    return list(rows.select_related("store").order_by("request_count")[:WATCHED_STORES])


def runs_low(outlook: QuotaOutlook) -> bool:
    return outlook.days_left is not None and outlook.days_left < FEW_DAYS


def days_left(outlook: QuotaOutlook) -> str:
    days = int(outlook.days_left or 0)
    return ngettext("about %(days)d day", "about %(days)d days", days) % {"days": days}


def alerts(user: User) -> list[Alert]:
    """Returns only the alerts that this user has the permission to act on."""
    found = [*_gateway_alerts(user), *_quota_alerts(user)]
    if has_permission(user, Permission.SETTLE):
        found = [*_unclear_alerts(user), *found]
    if has_permission(user, Permission.MANAGE_STORES):
        found += _unmapped_alerts(user)
    if has_permission(user, Permission.VIEW_AUDIT):
        found += _guest_alerts(user)
    return found


def health() -> list[Counted]:
    """What is counted of all merchants, for operators."""
    verified = Verification.objects.filter(status=Status.VERIFIED)
    return [
        *done(verified, at="created_at"),
        *waiting(Verification.objects.needing_person()),
        *waiting(GatewayStore.objects.filter(BLOCKED)),
    ]


def _guest_alerts(user: User) -> list[Alert]:
    """Returns one alert for each store at which phones were locked within a day."""
    locks = AuditEntry.objects.for_staff(user).filter(
        verb=abuse.LOCKED, at__gte=timezone.now() - timedelta(days=1)
    )
    counted = locks.order_by("store__name").values_list("store__name").annotate(Count("pk"))
    text = _(
        "%(store)s: phones were locked on the guest page after too many wrong numbers"
        " (%(count)d in a day)."
    )
    url = reverse("admin:stores_auditentry_changelist")
    return [
        Alert("warning", text % {"store": store, "count": count}, url, actions.LOOK)
        for store, count in counted[:10]
    ]


def _unclear_alerts(user: User) -> list[Alert]:
    text = ngettext_lazy(
        "%(count)d verification needs a decision: its answer was lost.",
        "%(count)d verifications need a decision: their answers were lost.",
        "count",
    )
    return needs_person_alert(Verification.objects.for_staff(user), text)


def _unmapped_alerts(user: User) -> list[Alert]:
    mine = Verification.objects.for_staff(user).filter(store__in=Store.objects.ids_for(user))
    unmapped = mine.filter(
        created_at__gte=start_of_day(FEW_DAYS), status=Status.VERIFIED, unmapped=True
    )
    text = ngettext_lazy(
        "%(count)d coupon of a deal that is not in the product list was verified this week."
        " Sync the products.",
        "%(count)d coupons of deals that are not in the product list were verified this week."
        " Sync the products.",
        "count",
    )
    url = f"{reverse(VERIFICATIONS)}?unmapped__exact=1"
    return Alert.counted("warning", text, unmapped.order_by().count(), url, actions.LOOK)


def _gateway_alerts(user: User) -> list[Alert]:
    rows = GatewayStore.objects.for_staff(user).select_related("store", "connection").order_by()
    return [
        Alert("error", labelled(row.store.name, reason.label), _page_of(row), actions.OPEN_STORE)
        for row in rows.filter(BLOCKED)[:10]
        if (reason := row.blocking_reason)
    ] + [
        Alert(
            "warning",
            _("%(store)s is no longer in Meituan's list.") % {"store": row.store.name},
            _page_of(row),
            actions.OPEN_STORE,
        )
        for row in rows.filter(vanished_at__isnull=False, store__is_active=True)[:10]
    ]


def _page_of(row: GatewayStore) -> str:
    return reverse("admin:coupons_gatewaystore_change", args=[row.pk])


def _quota_alerts(user: User) -> list[Alert]:
    rows = [row for row in watched(user) if row.request_count]
    outlooks = quota_outlooks(rows)
    return [
        Alert(
            "warning",
            _("%(store)s: %(left)d calls left (%(days)s).")
            % {
                "store": row.store.name,
                "left": row.request_count,
                "days": days_left(outlooks[row.pk]),
            },
            _page_of(row),
            actions.OPEN_STORE,
        )
        for row in rows
        if runs_low(outlooks[row.pk])
    ]


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


def steps(user: User) -> list[Step]:
    """The steps from a new merchant to the first verification, then none."""
    if (
        not has_permission(user, Permission.MANAGE_CONNECTIONS)
        or Verification.objects.for_staff(user).exists()
    ):
        return []
    everywhere = Connection.objects.for_staff(user)
    connections = everywhere.filter(platform=PLATFORM)
    first = connections.first()
    if first is None and everywhere.exists():
        # A merchant that sells only on other platforms is not asked to connect coupons.
        return []
    connected = connections.filter(state=Connection.State.WORKING).exists()
    page = ""
    if first:
        page = reverse("admin:stores_connection_change", args=[first.pk])
    return [
        Step(
            _("Connect your account"),
            _("Enter the e-mail and password of your gateway account and test the connection."),
            connected,
            page or reverse("admin:stores_connection_add"),
        ),
        *first_steps(first),
    ]


def first_steps(connection: Connection | None) -> list[Step]:
    """The steps from a connection to the first verification."""
    page, stores = "", GatewayStore.objects.filter(connection=connection)
    if connection:
        page = reverse("admin:stores_connection_change", args=[connection.pk])
    return [
        Step(
            _("Fetch your stores"),
            _(
                "Press “Sync stores” on the connection's page; each store appears with the calls"
                " it has left."
            ),
            stores.exists(),
            page,
        ),
        Step(
            _("Verify the first coupon"),
            _("At the counter, or let guests do it with the poster's QR code."),
            Verification.objects.filter(store__in=stores.values("store")).exists(),
            reverse("counter"),
        ),
    ]


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


class UmemberTools:
    """Implements stores.platforms.tools.SyncTools for the gateway."""

    works = gettext_lazy("The connection works.")

    def test(self, *, connection: Connection, user: User) -> str:
        return connection_test(connection=connection, actor=user)

    def sync(self, *, connection: Connection, user: User) -> list[Finding]:
        return sync_messages(stores_sync(connection=connection, actor=user))


def sync_messages(run: SyncRun) -> list[Finding]:
    """Returns the changes that a sync found, as messages for the user who started it."""
    if run.error:
        text = _("The list could not be read: %(error)s")
        return [Finding("error", text % {"error": run.message})]
    parts = [
        (_("New: %(names)s"), run.added),
        (_("Changed: %(names)s"), run.changed),
        (_("No longer listed: %(names)s"), run.vanished),
    ]
    lines = [Finding("info", text % {"names": _names(names)}) for text, names in parts if names]
    if count := run.stores_without_products:
        being_read = ngettext(
            "The products of %(count)d store are being read for the first time.",
            "The products of %(count)d stores are being read for the first time.",
            count,
        )
        lines.append(Finding("info", being_read % {"count": count}))
    return lines or [Finding("info", _("Nothing has changed."))]


def _names(names: list[str]) -> str:
    counted = Counter(names)
    text = listed(list(counted)[:10])
    if len(counted) > 10:
        text += f" … ({len(names)})"
    return text
