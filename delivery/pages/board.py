"""The dispatch board: every delivery that is not over, on one page that keeps itself fresh."""

from typing import Any

from django.core.exceptions import PermissionDenied
from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.urls import reverse
from django.views.decorators.http import require_POST, require_safe

from delivery.choices import SEND
from delivery.models import Delivery, DeliveryStore
from delivery.pages.board_cards import board_of
from delivery.pages.board_news import digest_of
from delivery.pages.board_verbs import VERBS, Asked
from delivery.pages.board_words import clock
from delivery.services.pausing import pauses_end
from delivery.services.sending import sending_stores
from stores.backoffice.labels import labelled
from stores.backoffice.pages import staff_page, staff_user
from stores.conflicts import Conflict
from stores.models import Store
from stores.platforms.reading import MAX_INT64
from stores.roles import Permission
from stores.tenancy import has_permission
from stores.web.errors import is_htmx


@staff_page
@require_safe
def board(request: HttpRequest) -> HttpResponse:
    mine = stores_that_send(request)
    return _page(request, mine, "delivery/board.html") if mine else no_store(request)


@staff_page
@require_safe
def live(request: HttpRequest) -> HttpResponse:
    """Answers 204 while nothing has changed since the digest `after` (board_news.unchanged says so
    first, to whoever has a ticket).
    """
    mine = stores_that_send(request)
    if digest_of([store.pk for store in chosen(request, mine)]) == request.GET.get("after"):
        return HttpResponse(status=204)
    return _page(request, mine, "delivery/_board.html")


@staff_page
@require_POST
def act(request: HttpRequest, pk: int, verb: str) -> HttpResponse:
    """Presses one button of one delivery; what is to be decided first is answered as a dialog."""
    if verb not in VERBS:
        raise Http404
    delivery = delivery_of(request, pk)
    said, trouble = "", ""
    try:
        done = VERBS[verb](request, delivery)
    except Conflict as conflict:
        trouble = labelled(delivery, conflict.reason)
    else:
        if isinstance(done, Asked):
            return _dialog(request, delivery, done)
        said = labelled(delivery, done.words)
    return _answer(request, said, trouble)


@staff_page
@require_POST
def resume(request: HttpRequest, pk: int) -> HttpResponse:
    """Has all couriers of a store called again."""
    places = DeliveryStore.objects.filter(store__in=stores_that_send(request))
    place = get_object_or_404(places.select_related("store"), pk=min(pk, MAX_INT64))
    trouble = ""
    try:
        pauses_end(place=place, actor=staff_user(request))
    except Conflict as conflict:
        trouble = labelled(place, conflict.reason)
    return _answer(request, "", trouble)


def stores_that_send(request: HttpRequest) -> list[Store]:
    """Returns the stores whose deliveries the person may send. Raises PermissionDenied for who may
    not send at all.
    """
    user = staff_user(request)
    if not has_permission(user, SEND):
        raise PermissionDenied
    return sending_stores(user)


def no_store(request: HttpRequest) -> HttpResponse:
    """Returns the page for somebody none of whose stores delivers: owners can add one there."""
    may_add = has_permission(staff_user(request), Permission.MANAGE_CONNECTIONS)
    return render(request, "delivery/no_board.html", {"may_add": may_add})


def chosen(request: HttpRequest, mine: list[Store]) -> list[Store]:
    """Returns the store of the address or form, or all of them."""
    wanted = request.GET.get("store") or request.POST.get("store") or ""
    return [store for store in mine if str(store.pk) == wanted] or mine


def choice_of(request: HttpRequest, mine: list[Store]) -> dict[str, Any]:
    """Returns what pages say of the choice of a store."""
    stores = chosen(request, mine)
    return {
        "mine": mine,
        "only": stores[0] if len(stores) == 1 and len(mine) > 1 else None,
        "shows_store": len(stores) > 1,
    }


def delivery_of(request: HttpRequest, pk: int) -> Delivery:
    """Returns the delivery of the address. Raises Http404 for another's, and PermissionDenied."""
    user = staff_user(request)
    rows = Delivery.objects.for_staff(user).select_related("store__merchant")
    delivery = get_object_or_404(rows, pk=min(pk, MAX_INT64))
    if not has_permission(user, SEND, delivery.store.merchant_id):
        raise PermissionDenied
    if delivery.store not in sending_stores(user):
        raise Http404
    return delivery


def _answer(request: HttpRequest, said: str, trouble: str) -> HttpResponse:
    """Answers with the whole board, where each card stands in its column, and with what to say."""
    mine = stores_that_send(request)
    more = {"said": said, "trouble": trouble, "tells": True}
    if is_htmx(request):
        return _page(request, mine, "delivery/_board.html", **more)
    if trouble:
        return _page(request, mine, "delivery/board.html", **more)
    only = choice_of(request, mine)["only"]
    return redirect(reverse("delivery:board") + (f"?store={only.pk}" if only else ""))


def _dialog(request: HttpRequest, delivery: Delivery, asked: Asked) -> HttpResponse:
    context = {
        "delivery": delivery,
        "asked": asked.template,
        "clock": clock(),
        **choice_of(request, sending_stores(staff_user(request))),
        **asked.context,
    }
    if not is_htmx(request):
        return render(request, "delivery/board_asked.html", context)
    answer = render(request, asked.template, context)
    answer["HX-Retarget"] = "#board-dialog"
    return answer


def _page(request: HttpRequest, mine: list[Store], template: str, **more: Any) -> HttpResponse:
    context = {
        "board": board_of(chosen(request, mine)),
        "clock": clock(),
        **choice_of(request, mine),
        **more,
    }
    return render(request, template, context)
