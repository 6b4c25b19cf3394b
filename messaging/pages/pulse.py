"""What all open pages of a person ask together: is anything new, and does anything wait?"""

from django.http import HttpRequest, HttpResponse, JsonResponse
from django.views.decorators.http import require_safe

from messaging.pages.board import digest_of, rings_of, stores_of
from messaging.services.chat import listing
from stores.backoffice.pages import staff_page, staff_user


@staff_page
@require_safe
def pulse(request: HttpRequest) -> HttpResponse:
    """Answers {"seen", "rings", "waiting"}, and 204 while `seen` is as it was.

    `rings` counts what waits at the order desk, `waiting` the customers who wait for an answer.
    """
    mine = stores_of(staff_user(request))
    ids = [store.pk for store in mine]
    cursor = listing.cursor_now({store.merchant_id for store in mine})
    seen = f"{digest_of(mine)} {cursor}"
    if seen == request.GET.get("seen"):
        return HttpResponse(status=204)
    return JsonResponse(
        {"seen": seen, "rings": rings_of(mine), "waiting": listing.number_waiting(ids)}
    )
