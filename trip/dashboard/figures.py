"""Figures of tickets sold and used, the chart by day, and the refunds that wait."""

from collections.abc import Sequence
from datetime import datetime, timedelta
from decimal import Decimal
from typing import Any

from django.contrib.auth.models import User
from django.db.models import (
    DecimalField,
    Exists,
    ExpressionWrapper,
    F,
    OuterRef,
    Q,
    QuerySet,
    Sum,
)
from django.urls import reverse
from django.utils.translation import gettext as _
from django.utils.translation import ngettext

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
from stores.clock import a_day_ago, start_of_day
from stores.models import Store
from stores.money import number_text, yuan_text
from trip.models import Consumption, Order, Product, Refund, Voucher
from trip.services.deadlines import countdown

WAITING_REFUNDS = 8
TONES: dict[str, Tone] = {"urgent": "bad", "soon": "warn"}
# The longest time between an order and its payment that the queries of sold tickets assume.
PAY_LATER = timedelta(days=1)
ORDERS, REFUNDS = "admin:trip_order_changelist", "admin:trip_refund_changelist"
USES = "admin:trip_consumption_changelist"
KEPT = F("quantity") - F("refunded") - F("voided")
_MONEY = DecimalField[Decimal, Decimal](max_digits=12, decimal_places=2)
WORTH_SOLD = ExpressionWrapper(KEPT * F("order__buy_price"), _MONEY)
WORTH_USED = ExpressionWrapper(F("quantity") * F("order__buy_price"), _MONEY)


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


def cards(user: User, chosen: Chosen = EVERYTHING) -> list[Card]:
    """Tickets and money without refunded tickets; money is the amount that Meituan settles, in
    yuan.
    """
    stores = chosen.among(selling(user))
    if not stores:
        return []
    today, yesterday, this_time = start_of_day(), start_of_day(1), a_day_ago()
    now, before = Q(order__paid_at__gte=today), Q(order__paid_at__lt=this_time)
    sold = sold_since(user, stores, yesterday).aggregate(
        now=Sum(KEPT, filter=now),
        before=Sum(KEPT, filter=before),
        worth=Sum(WORTH_SOLD, filter=now),
        worth_before=Sum(WORTH_SOLD, filter=before),
    )
    used = used_since(user, stores, yesterday).aggregate(
        now=Sum("quantity", filter=Q(at__gte=today)),
        before=Sum("quantity", filter=Q(at__lt=this_time)),
    )
    waiting = waiting_for_codes(user, stores).count()
    orders = reverse(ORDERS)
    of_today = orders + opened_on_today("created_at", chosen.store)
    return [
        Card.compared(_("Tickets sold today"), sold["now"] or 0, sold["before"] or 0, url=of_today),
        Card.compared(
            _("Tickets used today"),
            used["now"] or 0,
            used["before"] or 0,
            url=reverse(USES) + opened_on_today("at", chosen.store),
        ),
        Card.compared(
            _("Ticket revenue today"),
            yuan_text(sold["worth"]),
            yuan_text(sold["worth_before"]),
        ),
        Card(
            _("Orders waiting for codes"),
            number_text(waiting),
            _("paid, not issued yet"),
            f"{orders}?status__exact=issuing",
            "warn" if waiting else "plain",
        ),
    ]


def charts(user: User, chosen: Chosen = EVERYTHING) -> list[Chart]:
    """Tickets sold and used by day, or what Meituan settles for them."""
    stores = chosen.among(selling(user))
    if not stores:
        return []
    start = first_of(chosen.days)
    of_sold, of_used = (WORTH_SOLD, WORTH_USED) if chosen.in_yuan else (KEPT, F("quantity"))
    sold = _by_day(sold_since(user, stores, start), "order__paid_at", of_sold, chosen.days)
    used = _by_day(used_since(user, stores, start), "at", of_used, chosen.days)
    total = _("sold: %(sold)s, used: %(used)s") % {
        "sold": chosen.sum_of(sold),
        "used": chosen.sum_of(used),
    }
    title = _("Ticket revenue") if chosen.in_yuan else _("Tickets by day")
    series = {_("sold"): sold, _("used"): used}
    return [Chart(title, day_labels(chosen.days), series, is_stacked=False, total=total)]


def _by_day(rows: QuerySet[Any], at: str, tickets: Any, days: int) -> list[float]:
    counted = per_day(rows, at=at, value=lambda day: Sum(tickets, filter=day), days=days)
    return counted[()]


def tables(user: User, chosen: Chosen = EVERYTHING) -> list[Table]:
    """The refunds that wait for a decision, the most urgent first."""
    stores = chosen.among(selling(user))
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
            ngettext("%(count)d ticket", "%(count)d tickets", refund.quantity)
            % {"count": refund.quantity},
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
