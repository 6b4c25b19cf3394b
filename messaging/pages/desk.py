"""The order desk: every takeaway order that is not over, on one page that keeps itself fresh."""

from collections.abc import Callable
from typing import Any

from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.views.decorators.http import require_POST, require_safe

from messaging.choices import REFUND, TAKE
from messaging.dashboard.printers import printer_alerts
from messaging.models import Order
from messaging.pages.board import board_of, stores_of
from messaging.pages.orders import order_of
from messaging.pages.talks import no_store
from messaging.services import deciding
from messaging.services.changes import digest_of
from messaging.services.deadlines import clock
from stores.backoffice.pages import staff_page, staff_user
from stores.conflicts import Conflict
from stores.models import Store
from stores.tenancy import has_permission
from stores.web.errors import is_htmx

Verb = Callable[[Order, Any], Any]
VERBS: dict[str, Verb] = {
    "accept": lambda order, actor: deciding.order_accept(order=order, actor=actor),
    "ready": lambda order, actor: deciding.order_ready(order=order, actor=actor),
    "urge": lambda order, actor: deciding.urge_answer(order=order, actor=actor),
    "time-agree": lambda order, actor: deciding.time_decide(order=order, actor=actor, agree=True),
    "time-refuse": lambda order, actor: deciding.time_decide(order=order, actor=actor, agree=False),
}


@staff_page
@require_safe
def desk(request: HttpRequest) -> HttpResponse:
    mine = stores_of(staff_user(request))
    if not mine:
        return no_store(request)
    return _page(request, mine, "messaging/desk.html")


@staff_page
@require_safe
def live(request: HttpRequest) -> HttpResponse:
    """Answers 204 while nothing has changed since the digest `after`."""
    mine = stores_of(staff_user(request))
    chosen = [store.pk for store in _chosen(request, mine)]
    if digest_of(chosen) == request.GET.get("after"):
        return HttpResponse(status=204)
    return _page(request, mine, "messaging/_desk.html")


@staff_page
@require_POST
def act(request: HttpRequest, pk: int, verb: str) -> HttpResponse:
    """Presses one button of one order."""
    user = staff_user(request)
    if verb not in VERBS:
        raise Http404
    mine = stores_of(user)
    order = order_of(request, pk, TAKE)
    if order.store not in mine:
        raise Http404
    trouble: Any = ""
    try:
        VERBS[verb](order, user)
    except Conflict as conflict:
        trouble = f"{order}: {conflict.reason}"
    if not is_htmx(request):
        return redirect("takeaway:desk")
    return _page(request, mine, "messaging/_desk.html", trouble=trouble)


def _chosen(request: HttpRequest, mine: list[Store]) -> list[Store]:
    """Returns the store of the address, or all of them."""
    wanted = request.GET.get("store") or request.POST.get("store") or ""
    return [store for store in mine if str(store.pk) == wanted] or mine


def _page(request: HttpRequest, mine: list[Store], template: str, **more: Any) -> HttpResponse:
    chosen, user = _chosen(request, mine), staff_user(request)
    context = {
        "board": board_of(chosen),
        "mine": mine,
        "only": chosen[0] if len(chosen) == 1 and len(mine) > 1 else None,
        "shows_store": len(chosen) > 1,
        "deciding": {
            store.pk for store in chosen if has_permission(user, REFUND, store.merchant_id)
        },
        "clock": clock(),
        "printers": list(printer_alerts([store.pk for store in chosen])),
        **more,
    }
    return render(request, template, context)
