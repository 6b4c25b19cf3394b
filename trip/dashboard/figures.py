"""Figures of tickets sold and used, the chart by day, and the refunds that wait."""

from collections.abc import Sequence
from datetime import datetime, timedelta
from decimal import Decimal
from typing import Any

from django.contrib.auth.models import User
from django.db.models import (
    DecimalField,
    Exists,
    F,
    OuterRef,
    Q,
    QuerySet,
    Sum,
)
from django.urls import reverse
from django.utils import timezone
from django.utils.translation import gettext as _

from stores.backoffice.days import day_labels, first_of, per_day
from stores.backoffice.widgets import Card, Chart, Link, Row, Table, Tone
from stores.clock import start_of_day
from stores.models import Store
from stores.money import yuan_text
from trip.models import Consumption, Order, Product, Refund, Voucher
from trip.services.deadlines import countdown

CHART_DAYS = 14
WAITING_REFUNDS = 8
TONES: dict[str, Tone] = {"urgent": "bad", "soon": "warn"}
# The longest time between an order and its payment that the queries of sold tickets assume.
PAY_LATER = timedelta(days=1)
ORDERS, REFUNDS = "admin:trip_order_changelist", "admin:trip_refund_changelist"
KEPT = F("quantity") - F("refunded") - F("voided")


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
