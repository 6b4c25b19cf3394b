"""What all open pages of a person ask together: is anything new, and does anything wait?

A ticket (stores/web/tickets.py) says for ten minutes which stores a browser may ask about.
"""

from django.http import HttpRequest, HttpResponse, JsonResponse
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_safe

from messaging.pages.board import rings_of, stores_of
from messaging.services.changes import digest_of
from messaging.services.chat import listing
from stores.backoffice.pages import staff_page, staff_user
from stores.web.tickets import Tickets

TICKETS = Tickets("takeaway-pulse-of-stores", digest_of=digest_of, seen="seen")
unchanged = TICKETS.unchanged


@never_cache
@require_safe
@staff_page
def pulse(request: HttpRequest) -> HttpResponse:
    """Answers {"seen", "rings", "waiting", "ticket"}: `rings` counts what waits at the order desk,
    `waiting` the customers who wait for an answer.
    """
    mine = stores_of(staff_user(request))
    ids = [store.pk for store in mine]
    return JsonResponse(
        {
            "seen": digest_of(ids),
            "rings": rings_of(mine),
            "waiting": listing.number_waiting(ids),
            "ticket": TICKETS.of(ids),
        }
    )
