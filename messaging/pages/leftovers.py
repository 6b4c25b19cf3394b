"""The page of receipts that are too old to be printed by themselves: a person chooses."""

from collections.abc import Iterable
from typing import Any

from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import render
from django.views.decorators.http import require_http_methods

from messaging.models import PrintJob
from messaging.pages.board import stores_of
from messaging.services.printing import asking
from stores.backoffice.pages import staff_page, staff_user
from stores.models import Store
from stores.text import is_id

# Of each store; the next ones come when these are settled.
MOST = 200


@staff_page
@require_http_methods(["GET", "HEAD", "POST"])
def old_receipts(request: HttpRequest) -> HttpResponse:
    """What is chosen is printed, the rest of what was shown is left out."""
    mine = stores_of(staff_user(request))
    settled = _settle(request, mine) if request.method == "POST" else None
    context = {"settled": settled, "stores": list(_offered(mine)), "shows_store": len(mine) > 1}
    return render(request, "messaging/old_receipts.html", context)


def _settle(request: HttpRequest, mine: list[Store]) -> dict[str, int]:
    store = next((store for store in mine if str(store.pk) == request.POST.get("store")), None)
    if store is None:
        raise Http404
    chosen = _numbers(request.POST.getlist("print"))
    shown = _numbers(request.POST.getlist("shown"))
    if PrintJob.objects.filter(pk__in=chosen | shown).exclude(printer__store=store).exists():
        raise Http404
    printed, skipped = asking.leftovers_settle(
        store=store, to_print=chosen, to_skip=shown - chosen, actor=staff_user(request)
    )
    return {"printed": printed, "skipped": skipped}


def _numbers(texts: Iterable[str]) -> set[int]:
    return {int(text) for text in texts if is_id(text)}


def _offered(mine: list[Store]) -> Iterable[dict[str, Any]]:
    """Yields the stores with old receipts; those of orders that still run are chosen already."""
    for store in mine:
        found = asking.leftovers(store)
        jobs = [(job, True) for job in found.to_print] + [(job, False) for job in found.to_skip]
        if jobs:
            yield {"store": store, "jobs": jobs[:MOST]}
