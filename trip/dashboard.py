"""The start page's part of trip: tickets sold and used, problems for a person, refunds that
wait.
"""

from collections.abc import Iterator, Sequence
from datetime import datetime, timedelta
from decimal import Decimal
from typing import Any

from django.contrib.auth.models import User
from django.db.models import (
    Case,
    Count,
    DecimalField,
    Exists,
    F,
    Max,
    OuterRef,
    Q,
    QuerySet,
    Sum,
    When,
)
from django.urls import reverse
from django.utils import timezone
from django.utils.formats import date_format
from django.utils.translation import gettext as _
from django.utils.translation import ngettext_lazy

from stores.backoffice.days import day_labels, first_of, per_day
from stores.backoffice.labels import labelled
from stores.backoffice.needs_person import needs_person_alert
from stores.backoffice.widgets import Alert, Card, Chart, Link, Row, Step, Table, Tone
from stores.clock import start_of_day
from stores.models import Connection, OutboundCall, Store
from stores.money import yuan_text
from stores.roles import Permission
from stores.tenancy import has_permission
from trip.choices import PLATFORM, SELL
from trip.models import Consumption, DrillRun, Order, Product, Refund, Voucher
from trip.services.connecting import missing
from trip.services.deadlines import SOON, URGENT, countdown
from trip.services.notices import PayNotice, notices_of_drills

CHART_DAYS = 14
WAITING_REFUNDS = 8
MOST = 10
TONES: dict[str, Tone] = {"urgent": "bad", "soon": "warn"}
ASLEEP = timedelta(minutes=20)
LATE = timedelta(hours=1)
FEW_DAYS = 14
# A notice that was refused or given up longer ago than this is not reported any more.
WEEK = timedelta(days=7)
# The longest time between an order and its payment that the queries of sold tickets assume.
PAY_LATER = timedelta(days=1)
ORDERS, REFUNDS = "admin:trip_order_changelist", "admin:trip_refund_changelist"
KEPT = F("quantity") - F("refunded") - F("voided")
State = OutboundCall.State


def selling(user: User) -> list[int]:
    """Returns the stores that sell tickets."""
    tickets = Product.objects.filter(store=OuterRef("pk"))
    return Store.objects.filter(Exists(tickets)).ids_for(user)


def sold_since(user: User, stores: list[int], moment: datetime) -> QuerySet[Voucher]:
    """Tickets of orders paid since this moment, without the acceptance drill's orders."""
    return (
        Voucher.objects.for_staff(user)
        .filter(
            order__store__in=stores,
            order__created_at__gte=moment - PAY_LATER,
            order__paid_at__gte=moment,
            order__is_drill=False,
        )
        .order_by()
    )


def used_since(user: User, stores: list[int], moment: datetime) -> QuerySet[Consumption]:
    rows = Consumption.objects.for_staff(user).filter(store__in=stores, order__is_drill=False)
    return rows.filter(at__gte=moment).order_by()


def waiting_for_codes(user: User, stores: list[int]) -> QuerySet[Order]:
    rows = Order.objects.for_staff(user).filter(
        store__in=stores, status=Order.Status.ISSUING, is_drill=False
    )
    return rows.order_by()


def waiting_refunds(user: User, stores: list[int]) -> QuerySet[Refund]:
    rows = Refund.objects.for_staff(user).filter(store__in=stores, status=Refund.Status.REVIEW)
    return rows.filter(order__is_drill=False).order_by("deadline", "id")


def cards(user: User) -> list[Card]:
    """Tickets and money without refunded tickets; money is the amount that Meituan settles, in
    yuan.
    """
    stores = selling(user)
    if not stores:
        return []
    today, yesterday = start_of_day(), start_of_day(1)
    now, before = Q(order__paid_at__gte=today), Q(order__paid_at__lt=today)
    money = DecimalField[Decimal, Decimal](max_digits=12, decimal_places=2)
    worth = Sum(KEPT * F("order__buy_price"), filter=now, output_field=money)
    sold = sold_since(user, stores, yesterday).aggregate(
        now=Sum(KEPT, filter=now), before=Sum(KEPT, filter=before), worth=worth
    )
    used = used_since(user, stores, yesterday).aggregate(
        now=Sum("quantity", filter=Q(at__gte=today)), before=Sum("quantity", filter=Q(at__lt=today))
    )
    waiting = waiting_for_codes(user, stores).count()
    orders = reverse(ORDERS)
    of_today = f"{orders}?created_at_from={timezone.localdate():%Y-%m-%d}"
    return [
        Card.compared(_("Tickets sold today"), sold["now"] or 0, sold["before"] or 0, url=of_today),
        Card.compared(_("Tickets used today"), used["now"] or 0, used["before"] or 0),
        Card(
            _("Ticket revenue today"),
            yuan_text(sold["worth"]),
            _("at the settlement price, without refunds"),
        ),
        Card(
            _("Orders waiting for codes"),
            str(waiting),
            _("paid, not issued yet"),
            f"{orders}?status__exact=issuing",
            "warn" if waiting else "plain",
        ),
    ]


def alerts(user: User) -> list[Alert]:
    """Returns only the alerts that this user has the permission to act on."""
    stores = selling(user)
    if not stores:
        return []
    found: list[Alert] = []
    if has_permission(user, SELL):
        found += [
            *_refund_alerts(user, stores),
            *_issuing_alerts(user, stores),
            *_calendar_alerts(user),
        ]
    if has_permission(user, Permission.SETTLE):
        found += [*_person_alerts(user, stores), *_notice_alerts(user)]
    if has_permission(user, Permission.MANAGE_CONNECTIONS):
        found += _connection_alerts(user)
    return found


def _refund_alerts(user: User, stores: list[int]) -> Iterator[Alert]:
    now = timezone.now()
    urgent, soon = (
        Q(deadline__lt=now + URGENT),
        Q(deadline__gte=now + URGENT, deadline__lt=now + SOON),
    )
    rows = waiting_refunds(user, stores).order_by()
    counts = rows.aggregate(urgent=Count("pk", filter=urgent), soon=Count("pk", filter=soon))
    inbox = f"{reverse(REFUNDS)}?status__exact=review"
    text = ngettext_lazy(
        "%(count)d refund must be decided within %(hours)d hours,"
        " or Meituan agrees to it by itself.",
        "%(count)d refunds must be decided within %(hours)d hours,"
        " or Meituan agrees to them by itself.",
        "count",
    )
    yield from Alert.counted(
        "error", text, counts["urgent"], inbox, hours=URGENT // timedelta(hours=1)
    )
    text = ngettext_lazy(
        "%(count)d refund must be decided within a day, or Meituan agrees to it by itself.",
        "%(count)d refunds must be decided within a day, or Meituan agrees to them by itself.",
        "count",
    )
    yield from Alert.counted("warning", text, counts["soon"], inbox)


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
    return Alert.counted("error", text, late.count(), url)


def _person_alerts(user: User, stores: list[int]) -> list[Alert]:
    text = ngettext_lazy(
        "%(count)d ticket order must be settled with Meituan by a person.",
        "%(count)d ticket orders must be settled with Meituan by a person.",
        "count",
    )
    rows = Order.objects.for_staff(user).filter(store__in=stores, is_drill=False)
    return needs_person_alert(rows, text)


def _notice_alerts(user: User) -> Iterator[Alert]:
    """Leaves out notices of the drill, and pay notices that were revoked because the order was
    closed.
    """
    now = timezone.now()
    closed = Order.objects.filter(pk=OuterRef("subject_id"), closed_at__isnull=False)
    notices = OutboundCall.objects.for_staff(user).filter(
        ~Q(operation=PayNotice.name) | ~Exists(closed), ~notices_of_drills(), platform=PLATFORM
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
    yield from Alert.counted("error", text, counts["dead"], f"{ledger}?state__exact=dead")
    text = ngettext_lazy(
        "%(count)d notice was refused by Meituan.",
        "%(count)d notices were refused by Meituan.",
        "count",
    )
    yield from Alert.counted("error", text, counts["refused"], f"{ledger}?state__exact=refused")
    text = ngettext_lazy(
        "%(count)d notice to Meituan has waited for more than an hour; it is tried again.",
        "%(count)d notices to Meituan have waited for more than an hour; they are tried again.",
        "count",
    )
    yield from Alert.counted(
        "warning", text, notices.live().filter(queued_at__lt=now - LATE).count(), ledger
    )


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
        text = _("%(product)s has no prices.") % {"product": product.title}
        if product.last:
            day = date_format(product.last, "n/j")
            text = _("%(product)s: there are prices until %(day)s only.") % {
                "product": product.title,
                "day": day,
            }
        yield Alert("warning", text, reverse("admin:trip_product_calendar", args=[product.pk]))


def _connection_alerts(user: User) -> Iterator[Alert]:
    rows = (
        Connection.objects.for_staff(user)
        .filter(platform=PLATFORM, is_active=True)
        .select_related("merchant")
    )
    for connection in rows[:MOST]:
        if what := missing(connection):
            url = reverse("admin:stores_connection_change", args=[connection.pk])
            yield Alert("error", labelled(connection, what), url)


def charts(user: User) -> list[Chart]:
    """Tickets sold and used by day."""
    stores = selling(user)
    if not stores:
        return []
    start = first_of(CHART_DAYS)
    sold = _by_day(sold_since(user, stores, start), "order__paid_at", KEPT)
    used = _by_day(used_since(user, stores, start), "at", F("quantity"))
    series = {_("sold"): sold, _("used"): used}
    return [Chart(_("Tickets by day"), day_labels(CHART_DAYS), series, is_stacked=False)]


def _by_day(rows: QuerySet[Any], at: str, tickets: Any) -> list[float]:
    counted = per_day(rows, at=at, value=lambda day: Sum(tickets, filter=day), days=CHART_DAYS)
    return counted[()]


def tables(user: User) -> list[Table]:
    """The refunds that wait for a decision, the most urgent first."""
    stores = selling(user)
    rows = list(
        waiting_refunds(user, stores).select_related("order__product", "store")[:WAITING_REFUNDS]
    )
    if not rows:
        return []
    headers = [_("Product"), _("Time left"), _("Tickets"), _("Store"), _("Order")]
    inbox = f"{reverse(REFUNDS)}?status__exact=review"
    return [
        Table(_("Refunds that wait for a decision"), headers, [_row(row) for row in rows], inbox)
    ]


def _row(refund: Refund) -> Row:
    left, urgency = countdown(refund)
    return Row(
        [
            refund.order.product.title,
            left,
            str(refund.quantity),
            refund.store.name,
            str(refund.order.order_id),
        ],
        reverse("admin:trip_refund_change", args=[refund.pk]),
        TONES.get(urgency, "plain"),
    )


def steps(user: User) -> list[Step]:
    """The steps of a merchant with a ticket connection up to the first ticket sold, then none.

    A merchant without any connection gets one step that says that tickets can be sold too.
    """
    if not has_permission(user, Permission.MANAGE_CONNECTIONS):
        return []
    tickets_first = Case(When(platform=PLATFORM, then=0), default=1)
    connection = Connection.objects.for_staff(user).order_by(tickets_first, "pk").first()
    if connection is None:
        return [_start()]
    sold = Order.objects.for_staff(user).filter(is_drill=False, paid_at__isnull=False).order_by()
    if connection.platform != PLATFORM or sold.exists():
        return []
    drill = DrillRun.objects.filter(connection=connection, finished_at__isnull=False).first()
    page = reverse("admin:stores_connection_change", args=[connection.pk])
    return [
        Step(
            _("Enter what Meituan gave you"),
            _("PartnerId, client id and client secret of the ticket supplier account."),
            not missing(connection),
            page,
        ),
        Step(
            _("Add your tickets"),
            _("Products with prices and stock, for a chosen day or for a period."),
            Product.objects.for_staff(user).exists(),
            reverse("admin:trip_product_changelist"),
        ),
        Step(
            _("Run the acceptance drill"),
            _("It plays Meituan against this system and shows what Meituan will check."),
            drill is not None and drill.has_passed,
            reverse("admin:trip_drillrun_changelist"),
        ),
        Step(
            _("Sell the first ticket"),
            _(
                "Give Meituan the addresses of the interfaces;"
                " its staff test them and put your tickets online."
            ),
            False,
            page,
        ),
    ]


def _start() -> Step:
    return Step(
        _("Or sell tickets on Meituan"),
        _("Connect your ticket supplier account; the next steps then stand here."),
        False,
        f"{reverse('admin:stores_connection_add')}?platform={PLATFORM}",
    )


def store_links(stores: Sequence[Store]) -> dict[int, list[Link]]:
    """Links to the ticket products of the stores that have any."""
    sellers = (
        Product.objects.filter(store__in=stores)
        .order_by()
        .values_list("store_id", flat=True)
        .distinct()
    )
    url = reverse("admin:trip_product_changelist")
    return {
        pk: [Link(_("Tickets"), "confirmation_number", f"{url}?store__id__exact={pk}")]
        for pk in sellers
    }
