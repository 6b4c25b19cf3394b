"""Alerts of the start page: what a person has to do about coupons."""

from datetime import timedelta

from django.contrib.auth.models import User
from django.db.models import Count, Q
from django.urls import reverse
from django.utils import timezone
from django.utils.translation import gettext as _
from django.utils.translation import ngettext_lazy

from coupons.dashboard.figures import FEW_DAYS, VERIFICATIONS, days_left, runs_low, watched
from coupons.models import GatewayStore, Verification
from coupons.services import abuse, quota_outlooks
from stores.backoffice import actions
from stores.backoffice.labels import labelled
from stores.backoffice.needs_person import needs_person_alert
from stores.backoffice.widgets import Alert
from stores.clock import start_of_day
from stores.models import AuditEntry, Store
from stores.roles import Permission
from stores.tenancy import has_permission

Status = Verification.Status

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


def _guest_alerts(user: User) -> list[Alert]:
    """Returns one alert for each store at which phones were locked within a day."""
    locks = AuditEntry.objects.for_staff(user).filter(
        verb=abuse.LOCKED, at__gte=timezone.now() - timedelta(days=1)
    )
    by_store = locks.order_by("store__name", "store")
    counted = by_store.values_list("store__name", "store").annotate(Count("pk"))
    text = _(
        "%(store)s: phones were locked on the guest page after too many wrong numbers"
        " (%(count)d in a day)."
    )
    url = reverse("admin:stores_auditentry_changelist")
    return [
        Alert("warning", text % {"store": store, "count": count}, url, actions.LOOK)
        for store, _pk, count in counted[:10]
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
    rows = GatewayStore.objects.for_staff(user).select_related("store", "connection").order_by("pk")
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
