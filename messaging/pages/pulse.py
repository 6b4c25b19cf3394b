"""What all open pages of a person ask together: is anything new, and does anything wait?

Everybody who has a page open asks every 1.5 seconds, so that most answers must cost little: a
ticket says for ten minutes which stores a browser may ask about, without a session.
"""

from django.core import signing
from django.http import HttpRequest, HttpResponse, JsonResponse
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_safe

from messaging.pages.board import rings_of, stores_of
from messaging.services.changes import digest_of
from messaging.services.chat import listing
from stores.backoffice.pages import staff_page, staff_user

SALT = "takeaway-pulse-of-stores"
# So long a page of somebody who was signed out may seem fresh, unless there is news.
TICKET_SECONDS = 600
# More would make the address too long.
MOST_STORES = 50


def unchanged(request: HttpRequest) -> HttpResponse | None:
    """Answers 204 while `seen` is as it was, to whoever has a `ticket` that is not too old; else
    None. A ticket tells nothing but whether something is new.
    """
    seen, known = request.GET.get("seen", ""), _known(request.GET.get("ticket", ""))
    if request.method != "GET" or not (seen and known and seen == digest_of(known)):
        return None
    return HttpResponse(status=204, headers={"Cache-Control": "no-store"})


@never_cache
@require_safe
@staff_page
def pulse(request: HttpRequest) -> HttpResponse:
    """Answers {"seen", "rings", "waiting", "ticket"}: `rings` counts what waits at the order desk,
    `waiting` the customers who wait for an answer.
    """
    mine = stores_of(staff_user(request))
    ids = [store.pk for store in mine]
    ticket = signing.dumps(ids, salt=SALT) if len(ids) <= MOST_STORES else ""
    return JsonResponse(
        {
            "seen": digest_of(ids),
            "rings": rings_of(mine),
            "waiting": listing.number_waiting(ids),
            "ticket": ticket,
        }
    )


def _known(ticket: str) -> list[int] | None:
    try:
        known: list[int] = signing.loads(ticket, salt=SALT, max_age=TICKET_SECONDS)
    except signing.BadSignature:
        return None
    return known
