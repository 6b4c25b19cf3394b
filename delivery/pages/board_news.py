"""Whether anything on the dispatch board is otherwise: what every open board asks every 1.5 s."""

from collections.abc import Collection

from django.core import signing
from django.db.models import Count, Max, OuterRef, Q, Subquery
from django.db.models.functions import Coalesce
from django.http import HttpRequest, HttpResponse
from django.utils import timezone

from delivery.models import Delivery, StoreCourier
from stores.models import Store

SALT = "delivery-board-of-stores"
# So long a board of somebody who was signed out may seem fresh, unless there is news.
TICKET_SECONDS = 600
# More would make the address too long.
MOST_STORES = 50


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


def ticket_of(store_ids: Collection[int]) -> str:
    """Returns what says for ten minutes about which stores a browser may ask, without a session;
    "" for too many.
    """
    is_short = len(store_ids) <= MOST_STORES
    return signing.dumps(sorted(store_ids), salt=SALT) if is_short else ""


def unchanged(request: HttpRequest) -> HttpResponse | None:
    """Answers 204 while `after` is as it was, to whoever has a `ticket` that is not too old; else
    None. A ticket tells nothing but whether something is new.
    """
    after, ticket = request.GET.get("after", ""), request.GET.get("ticket", "")
    if request.method != "GET" or not after:
        return None
    try:
        known = signing.loads(ticket, salt=SALT, max_age=TICKET_SECONDS)
    except signing.BadSignature:
        return None
    if after != digest_of(known):
        return None
    return HttpResponse(status=204, headers={"Cache-Control": "no-store"})
