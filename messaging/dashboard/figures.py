"""Figures of takeaway orders of today, and the chart by day."""

from collections.abc import Sequence
from datetime import datetime
from typing import Any

from django.contrib.auth.models import User
from django.db.models import Count, Exists, OuterRef, Q, QuerySet, Sum
from django.urls import reverse
from django.utils.translation import gettext as _

from messaging.choices import OrderState
from messaging.models import Order, TakeawayStore
from messaging.services.income import agreed_parts_of, is_before_refunds
from stores.backoffice.days import day_labels, first_of, per_day
from stores.backoffice.menu import opened_on_today
from stores.backoffice.widgets import EVERYTHING, Card, Chart, Chosen, Link
from stores.clock import a_day_ago, start_of_day
from stores.models import Store
from stores.money import number_text, yuan_of, yuan_text

ORDERS = "admin:messaging_order_changelist"


def delivering(user: User) -> list[int]:
    """Returns the stores that are, or were, bound to Meituan takeaway; read once per request."""
    known: list[int] | None = vars(user).get("_delivering")
    if known is None:
        bound = TakeawayStore.objects.filter(store=OuterRef("pk"))
        known = vars(user)["_delivering"] = Store.objects.filter(Exists(bound)).ids_for(user)
    return known


def ordered_since(user: User, stores: list[int], moment: datetime) -> QuerySet[Order]:
    rows = Order.objects.for_staff(user).filter(store__in=stores, ordered_at__gte=moment)
    return rows.exclude(state=OrderState.CANCELLED).order_by()


def cards(user: User, chosen: Chosen = EVERYTHING) -> list[Card]:
    """Orders of today without the cancelled ones, and what the shop receives for them."""
    stores = chosen.among(delivering(user))
    if not stores:
        return []
    now, before = Q(ordered_at__gte=start_of_day()), Q(ordered_at__lt=a_day_ago())
    counted = ordered_since(user, stores, start_of_day(1)).aggregate(
        now=Count("pk", filter=now),
        before=Count("pk", filter=before),
        worth=Sum("received", filter=now),
        worth_before=Sum("received", filter=before),
    )
    waiting = Order.objects.open().filter(store__in=stores, state=OrderState.NEW).count()
    orders = reverse(ORDERS)
    return [
        Card.compared(
            _("Takeaway orders today"),
            counted["now"],
            counted["before"],
            url=orders + opened_on_today("ordered_at", chosen.store),
        ),
        Card.compared(
            _revenue_title(user, stores),
            yuan_text(yuan_of(counted["worth"])),
            yuan_text(yuan_of(counted["worth_before"])),
        ),
        Card(
            _("Takeaway orders to be accepted"),
            number_text(waiting),
            url=reverse("takeaway:desk"),
            tone="bad" if waiting else "plain",
        ),
    ]


def _revenue_title(user: User, stores: list[int]) -> str:
    """Says so where what is shown of today is without refunds of parts."""
    parts = agreed_parts_of(ordered_since(user, stores, start_of_day()))
    if any(is_before_refunds(row.order, [row]) for row in parts):
        return _("Takeaway revenue today, before refunds")
    return _("Takeaway revenue today")


def charts(user: User, chosen: Chosen = EVERYTHING) -> list[Chart]:
    """Orders by day, or what the shop receives for them."""
    stores = chosen.among(delivering(user))
    if not stores:
        return []
    rows = ordered_since(user, stores, first_of(chosen.days))
    counted = per_day(rows, at="ordered_at", value=_value(chosen), days=chosen.days)
    bars = counted[()]
    if chosen.in_yuan:
        bars = [value / 100 for value in bars]
    title = _("Takeaway revenue") if chosen.in_yuan else _("Takeaway orders by day")
    series = {str(_("orders")): bars}
    return [Chart(title, day_labels(chosen.days), series, total=chosen.sum_of(bars))]


def _value(chosen: Chosen) -> Any:
    if chosen.in_yuan:
        return lambda day: Sum("received", filter=day)
    return lambda day: Count("pk", filter=day)


def store_links(stores: Sequence[Store]) -> dict[int, list[Link]]:
    """Links to the takeaway orders of the stores that have any."""
    bound = TakeawayStore.objects.filter(store__in=stores).order_by()
    url = reverse(ORDERS)
    return {
        pk: [Link(_("Takeaway"), "takeout_dining", f"{url}?store__id__exact={pk}")]
        for pk in bound.values_list("store_id", flat=True).distinct()
    }
