"""Figures of today: what was delivered, what it cost, what is on its way."""

from collections.abc import Sequence

from django.contrib.auth.models import User
from django.db.models import Count, F, Q, Sum
from django.urls import reverse
from django.utils.translation import gettext as _

from delivery.models import Delivery, DeliveryStore
from delivery.models.uses import uses_delivery
from delivery.services.costing import cost_by_delivery
from stores.backoffice.menu import opened_on_today
from stores.backoffice.widgets import EVERYTHING, Card, Chosen, Link
from stores.clock import a_day_ago, start_of_day
from stores.models import Store
from stores.money import number_text, yuan_text

DELIVERIES = "admin:delivery_delivery_changelist"
# A delivery that ends today was entered so many days ago at most: booked three days ahead.
LONGEST_LIFE = 5


def sending(user: User) -> list[int]:
    """Returns the stores that send goods, of those that a person sees; read once per request."""
    known: list[int] | None = vars(user).get("_sending")
    if known is None and not uses_delivery(user):
        known = vars(user)["_sending"] = []
    if known is None:
        places = DeliveryStore.objects.order_by().values("store")
        known = vars(user)["_sending"] = Store.objects.filter(pk__in=places).ids_for(user)
    return known


def cards(user: User, chosen: Chosen = EVERYTHING) -> list[Card]:
    stores = chosen.among(sending(user))
    if not stores:
        return []
    today = Q(ended_at__gte=start_of_day())
    before = Q(ended_at__gte=start_of_day(1), ended_at__lt=a_day_ago())
    rows = Delivery.objects.real().filter(
        store__in=stores, created_at__gte=start_of_day(LONGEST_LIFE), ended_at__isnull=False
    )
    delivered = Q(state=Delivery.State.DELIVERED)
    found = (
        rows.order_by()
        .annotate(cost=cost_by_delivery())
        .aggregate(
            now=Count("pk", filter=delivered & today),
            before=Count("pk", filter=delivered & before),
            paid=Sum(F("cost"), filter=today),
            paid_before=Sum(F("cost"), filter=before),
        )
    )
    under_way = Delivery.objects.open().filter(store__in=stores)
    running = under_way.order_by().filter(state=Delivery.State.RUNNING).count()
    url = reverse(DELIVERIES)
    day = url + opened_on_today("created_at", chosen.store)
    return [
        Card.compared(_("Delivered today"), found["now"], found["before"], url=day),
        Card.compared(
            _("Cost of deliveries today"),
            yuan_text(found["paid"]),
            yuan_text(found["paid_before"]),
        ),
        Card(
            _("Deliveries on the way"),
            number_text(running),
            url=f"{url}?state__exact={Delivery.State.RUNNING}",
        ),
    ]


def store_links(stores: Sequence[Store]) -> dict[int, list[Link]]:
    """Links to the deliveries of the stores that send goods."""
    sending = DeliveryStore.objects.filter(store__in=stores).order_by()
    url = reverse(DELIVERIES)
    return {
        pk: [Link(_("Delivery"), "electric_moped", f"{url}?store__id__exact={pk}")]
        for pk in sending.values_list("store_id", flat=True)
    }
