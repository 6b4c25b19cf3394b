"""Alerts of the start page: what a person has to do about tickets."""

from collections.abc import Iterator
from datetime import timedelta
from typing import Any

from django.contrib.auth.models import User
from django.db.models import (
    Count,
    Exists,
    F,
    Max,
    Min,
    OuterRef,
    Q,
    QuerySet,
)
from django.urls import reverse
from django.utils import timezone
from django.utils.formats import date_format
from django.utils.translation import gettext as _
from django.utils.translation import ngettext_lazy

from stores.backoffice import actions
from stores.backoffice.labels import labelled
from stores.backoffice.needs_person import NeedsPersonFilter, needs_person_alert
from stores.backoffice.widgets import Alert
from stores.clock import end_of
from stores.models import Connection, OutboundCall, Store
from stores.roles import Permission
from stores.tenancy import has_permission
from trip.choices import PLATFORM, SELL, Trouble
from trip.dashboard.figures import ORDERS, REFUNDS, selling, waiting_for_codes, waiting_refunds
from trip.models import Order, PlannedChange, Product, RegisteredAddress
from trip.services.changes import change_text, coming_changes, unannounced_addresses
from trip.services.connecting import missing
from trip.services.deadlines import SOON, URGENT
from trip.services.notices import PayNotice
from trip.services.workdays import missing_year

MOST = 10
ASLEEP = timedelta(minutes=20)
LATE = timedelta(hours=1)
FEW_DAYS = 14
# A notice that was refused or given up longer ago than this is not reported any more.
WEEK = timedelta(days=7)
State = OutboundCall.State


def alerts(user: User) -> list[Alert]:
    """Returns only the alerts that this user has the permission to act on."""
    stores = selling(user)
    if not stores:
        return []
    found = _change_alerts(user, stores)
    if has_permission(user, SELL):
        found += [
            *_refund_alerts(user, stores),
            *_issuing_alerts(user, stores),
            *_closed_alerts(user, stores),
            *_calendar_alerts(user),
        ]
    if has_permission(user, Permission.SETTLE):
        found += [*_person_alerts(user, stores), *_notice_alerts(user)]
    if has_permission(user, Permission.MANAGE_CONNECTIONS):
        found += _connection_alerts(user)
    return found


def operator_alerts() -> Iterator[Alert]:
    """Warns that the next year's holidays are missing, where tickets are sold."""
    if not Product.objects.exists():
        return
    if year := missing_year(timezone.localdate()):
        text = _(
            "The public holidays of %(year)s are not known: deadlines of refunds count Monday to"
            " Friday. Update the calendar of holidays."
        )
        yield Alert("warning", text % {"year": year})


def _refund_alerts(user: User, stores: list[int]) -> Iterator[Alert]:
    now = timezone.now()
    urgent, soon = (
        Q(deadline__lt=now + URGENT),
        Q(deadline__gte=now + URGENT, deadline__lt=now + SOON),
    )
    rows = waiting_refunds(user, stores).order_by()
    counts = rows.aggregate(
        urgent=Count("pk", filter=urgent),
        urgent_until=Min("deadline", filter=urgent),
        soon=Count("pk", filter=soon),
        soon_until=Min("deadline", filter=soon),
    )
    inbox = f"{reverse(REFUNDS)}?status__exact=review"
    text = ngettext_lazy(
        "%(count)d refund must be decided within %(hours)d hours,"
        " or Meituan agrees to it by itself.",
        "%(count)d refunds must be decided within %(hours)d hours,"
        " or Meituan agrees to them by itself.",
        "count",
    )
    yield from Alert.counted(
        "error",
        text,
        counts["urgent"],
        inbox,
        actions.DECIDE,
        until=counts["urgent_until"],
        hours=URGENT // timedelta(hours=1),
    )
    text = ngettext_lazy(
        "%(count)d refund must be decided within a day, or Meituan agrees to it by itself.",
        "%(count)d refunds must be decided within a day, or Meituan agrees to them by itself.",
        "count",
    )
    yield from Alert.counted(
        "warning", text, counts["soon"], inbox, actions.DECIDE, until=counts["soon_until"]
    )


def _issuing_alerts(user: User, stores: list[int]) -> list[Alert]:
    text = ngettext_lazy(
        "%(count)d paid order has waited for codes for more than 20 minutes."
        " Is the ticketing system asleep?",
        "%(count)d paid orders have waited for codes for more than 20 minutes."
        " Is the ticketing system asleep?",
        "count",
    )
    late = waiting_for_codes(user, stores).filter(paid_at__lt=timezone.now() - ASLEEP)
    url = f"{reverse(ORDERS)}?status__exact=issuing"
    return Alert.counted("error", text, late.count(), url, actions.ENTER_CODES)


def _closed_alerts(user: User, stores: list[int]) -> list[Alert]:
    text = ngettext_lazy(
        "%(count)d order was closed by Meituan while its tickets were being prepared:"
        " stop preparing them, and give back what is reserved for it.",
        "%(count)d orders were closed by Meituan while their tickets were being prepared:"
        " stop preparing them, and give back what is reserved for them.",
        "count",
    )
    rows = Order.objects.for_staff(user).filter(
        store__in=stores, is_drill=False, needs_person=Trouble.CLOSED_WHILE_ISSUING
    )
    url = f"{reverse(ORDERS)}?status__exact=closed&{NeedsPersonFilter.parameter_name}=yes"
    return Alert.counted("warning", text, rows.order_by().count(), url, actions.LOOK)


def _person_alerts(user: User, stores: list[int]) -> list[Alert]:
    text = ngettext_lazy(
        "%(count)d ticket order must be settled with Meituan by a person.",
        "%(count)d ticket orders must be settled with Meituan by a person.",
        "count",
    )
    rows = Order.objects.for_staff(user).filter(store__in=stores, is_drill=False)
    rows = rows.exclude(needs_person=Trouble.CLOSED_WHILE_ISSUING)
    return needs_person_alert(rows, text)


def _notice_alerts(user: User) -> Iterator[Alert]:
    """Leaves out notices of the drill, and pay notices that were revoked because the order was
    closed.
    """
    now = timezone.now()
    closed = Order.objects.filter(pk=OuterRef("subject_id"), closed_at__isnull=False)
    notices = OutboundCall.objects.for_staff(user).filter(
        ~Q(operation=PayNotice.name) | ~Exists(closed), is_drill=False, platform=PLATFORM
    )
    failed = notices.failed_since(now - WEEK).order_by()
    counts = failed.aggregate(
        dead=Count("pk", filter=Q(state=State.DEAD)),
        refused=Count("pk", filter=Q(state=State.REFUSED)),
    )
    ledger = reverse("admin:trip_meituannotice_changelist")
    text = ngettext_lazy(
        "%(count)d notice never reached Meituan.",
        "%(count)d notices never reached Meituan.",
        "count",
    )
    dead, again = f"{ledger}?state__exact=dead", actions.SEND_AGAIN
    yield from Alert.counted("error", text, counts["dead"], dead, again)
    text = ngettext_lazy(
        "%(count)d notice was refused by Meituan.",
        "%(count)d notices were refused by Meituan.",
        "count",
    )
    refused = f"{ledger}?state__exact=refused"
    yield from Alert.counted("error", text, counts["refused"], refused, actions.SEE_WHY)
    text = ngettext_lazy(
        "%(count)d notice to Meituan has waited for more than an hour; it is tried again.",
        "%(count)d notices to Meituan have waited for more than an hour; they are tried again.",
        "count",
    )
    late = notices.live().filter(queued_at__lt=now - LATE)
    yield from Alert.counted("warning", text, late.count(), ledger, actions.SEE_WHY)


def _calendar_alerts(user: User) -> Iterator[Alert]:
    """Warns of prices that end soon, but not for products whose own validity ends with their
    prices.
    """
    end = timezone.localdate() + timedelta(days=FEW_DAYS)
    on_sale = Product.objects.for_staff(user).filter(by_calendar=True, state=Product.State.ON_SALE)
    rows: QuerySet[Any] = on_sale.filter(store__is_active=True)
    rows = rows.annotate(last=Max("offers__date", filter=Q(offers__is_open=True)))
    ends_too_soon = Q(last__lt=end) & (Q(valid_until=None) | Q(valid_until__gt=F("last")))
    rows = rows.filter(Q(last=None) | ends_too_soon)
    for product in rows.order_by("last", "pk")[:MOST]:
        text, until = _("%(product)s has no prices.") % {"product": product.title}, None
        if product.last:
            until = end_of(product.last)
            day = date_format(product.last, "n/j")
            text = _("%(product)s: there are prices until %(day)s only.") % {
                "product": product.title,
                "day": day,
            }
        page = reverse("admin:trip_product_calendar", args=[product.pk])
        yield Alert("warning", text, page, actions.SET_PRICES, until=until)


def _connection_alerts(user: User) -> Iterator[Alert]:
    rows = (
        Connection.objects.for_staff(user)
        .filter(platform=PLATFORM, is_active=True)
        .select_related("merchant")
        .order_by("pk")
    )
    for connection in rows[:MOST]:
        if what := missing(connection):
            url = reverse("admin:stores_connection_change", args=[connection.pk])
            yield Alert("error", labelled(connection, what), url, actions.ENTER_CREDENTIALS)


def _change_alerts(user: User, stores: list[int]) -> list[Alert]:
    """What is planned and under way, for everybody; what Meituan was not told, for who can tell."""
    found = []
    may_announce = has_permission(user, Permission.MANAGE_CONNECTIONS)
    # Of the merchants of these stores: a clerk hears of it too.
    merchants = Store.objects.filter(pk__in=stores).values("merchant")
    changes = PlannedChange.objects.filter(connection__merchant__in=merchants)
    coming = coming_changes(changes, unannounced=may_announce).select_related("connection")
    for change in coming[:MOST]:
        url = reverse("admin:trip_plannedchange_change", args=[change.pk]) if may_announce else ""
        if change.announced_at:
            found.append(Alert("info", change_text(change), url))
        else:
            begins = change.starts_at
            found.append(Alert("warning", change_text(change), url, actions.ANNOUNCE, until=begins))
    if may_announce:
        add = reverse("admin:trip_plannedchange_add")
        for row in unannounced_addresses(RegisteredAddress.objects.for_staff(user))[:MOST]:
            text = _("%(connection)s: our address has changed and Meituan was not told.")
            url = f"{add}?connection={row.connection_id}&kind=address"
            text = text % {"connection": row.connection}
            found.append(Alert("error", text, url, actions.ANNOUNCE))
    return found
