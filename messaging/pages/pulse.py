"""What all open pages of a person ask together: is anything new, and does anything wait?

Everybody who has a page open asks every 1.5 seconds, so that most answers must cost little: a
ticket says for a minute which stores a browser may ask about, without a session.
"""

from collections.abc import Collection
from typing import Any

from django.core import signing
from django.http import HttpRequest, HttpResponse, JsonResponse
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_safe

from messaging.pages.board import digest_of, rings_of, stores_of
from messaging.services.chat import listing
from stores.backoffice.pages import staff_page, staff_user

SALT = "takeaway-pulse"
TICKET_SECONDS = 60
# More would make the address too long.
MOST_STORES = 50


@never_cache
@require_safe
def pulse(request: HttpRequest) -> HttpResponse:
    """Answers 204 while `seen` is as it was, to whoever has a `ticket` that is not too old, and
    else {"seen", "rings", "waiting", "ticket"} to who is signed in.

    `rings` counts what waits at the order desk, `waiting` the customers who wait for an answer. A
    ticket tells nothing but whether something is new.
    """
    seen, known = request.GET.get("seen", ""), _known(request.GET.get("ticket", ""))
    if seen and known and seen == _seen(known["stores"], known["merchants"]):
        return HttpResponse(status=204)
    return _whole(request)


@staff_page
def _whole(request: HttpRequest) -> HttpResponse:
    mine = stores_of(staff_user(request))
    ids, merchants = [store.pk for store in mine], sorted({store.merchant_id for store in mine})
    ticket = ""
    if len(ids) <= MOST_STORES:
        ticket = signing.dumps({"stores": ids, "merchants": merchants}, salt=SALT)
    return JsonResponse(
        {
            "seen": _seen(ids, merchants),
            "rings": rings_of(mine),
            "waiting": listing.number_waiting(ids),
            "ticket": ticket,
        }
    )


def _known(ticket: str) -> dict[str, Any] | None:
    try:
        known: dict[str, Any] = signing.loads(ticket, salt=SALT, max_age=TICKET_SECONDS)
    except signing.BadSignature:
        return None
    return known


def _seen(store_ids: Collection[int], merchant_ids: Collection[int]) -> str:
    return f"{digest_of(store_ids)} {listing.cursor_now(merchant_ids)}"
