"""Whether anything on the dispatch board is otherwise: what every open board asks every 1.5 s."""

from collections.abc import Collection

from django.db.models import Count, Max, OuterRef, Q, Subquery
from django.db.models.functions import Coalesce
from django.utils import timezone

from delivery.models import Delivery, StoreCourier
from stores.models import Store
from stores.web.tickets import Tickets


def digest_of(store_ids: Collection[int]) -> str:
    """Returns what is different once anything on the board is, in one statement by indexes.

    Begins with the minute: times are then said anew, and a change that was committed after a later
    one is read, too.
    """
    changed = Delivery.objects.filter(store=OuterRef("pk")).order_by("-changed_at")
    couriers = StoreCourier.objects.filter(place__store=OuterRef("pk")).order_by()
    paused = couriers.values("place").annotate(
        number=Count("pk", filter=Q(paused_until__gt=timezone.now()))
    )
    until = couriers.values("place").annotate(last=Max("paused_until"))
    rows = Store.objects.filter(pk__in=store_ids).order_by("pk")
    found = rows.values_list(
        Subquery(changed.values("changed_at")[:1]),
        Coalesce(Subquery(paused.values("number")), 0),
        Subquery(until.values("last")),
    )
    parts = [
        f"{at.timestamp() if at else ''}_{number}_{last.timestamp() if last else ''}"
        for at, number, last in found
    ]
    return "-".join([f"{timezone.localtime():%m%d%H%M}", *parts])


TICKETS = Tickets("delivery-board-of-stores", digest_of=digest_of, seen="after")
unchanged = TICKETS.unchanged
