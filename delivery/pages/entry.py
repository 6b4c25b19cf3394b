"""The pages on which deliveries are entered: one in a form, several as a table."""

from collections.abc import Callable
from functools import wraps

from django.contrib import messages
from django.core.exceptions import PermissionDenied
from django.http import HttpRequest, HttpResponse
from django.http.response import HttpResponseBase
from django.shortcuts import redirect, render
from django.utils.translation import gettext as _
from django.views.decorators.http import require_http_methods

from delivery.choices import SEND
from delivery.models import Delivery
from delivery.pages.entry_form import EntryForm
from delivery.pages.typed_orders import (
    Typed,
    finding_of,
    read_typed,
    refused_as,
    warning_of,
)
from delivery.services import creating, quoting
from delivery.services.places import Finding, Place
from delivery.services.sending import last_entered, sending_stores, with_couriers
from stores.backoffice.pages import current_store, staff_page, staff_user
from stores.conflicts import Conflict
from stores.models import Store
from stores.tenancy import has_permission

ForStore = Callable[[HttpRequest, list[Store], Store], HttpResponse]


def for_a_store(view: ForStore) -> Callable[[HttpRequest], HttpResponseBase]:
    """Gives a page the stores for which a person may send, and the chosen one."""

    @staff_page
    @require_http_methods(["GET", "HEAD", "POST"])
    @wraps(view)
    def page(request: HttpRequest) -> HttpResponse:
        user = staff_user(request)
        if not has_permission(user, SEND):
            raise PermissionDenied
        stores = sending_stores(user)
        with_couriers(stores)
        store = current_store(request, stores)
        if store is None:
            return render(request, "delivery/no_sending.html")
        return view(request, stores, store)

    return page


@for_a_store
def new(request: HttpRequest, stores: list[Store], store: Store) -> HttpResponse:
    """The form. `do` says what its button does; only `save` and `quote` enter the order."""
    last = last_entered(store)
    if request.method != "POST":
        return _page(request, stores, store, EntryForm.empty(last))
    form, wanted = EntryForm(request.POST, last=last), request.POST.get("do", "read")
    if wanted == "place":
        return _page(request, stores, store, form.with_place(finding_of(store, form.typed())))
    if wanted not in ("save", "quote"):
        return _page(request, stores, store, form.with_pasted())
    typed = read_typed(store, form.typed())
    if typed.given is None:
        return _refused(request, stores, store, form, typed)
    try:
        made = creating.delivery_create(
            store=store,
            given=typed.given,
            actor=staff_user(request),
            is_ready=bool(form.typed()["is_ready"]),
        )
    except creating.WrongOrder as error:
        return _refused(request, stores, store, form, refused_as(error))
    except Conflict as conflict:
        # The same number came with another order at the same moment.
        wrong = Typed(errors={"": [str(conflict.reason)]})
        return _refused(request, stores, store, form, wrong)
    if words := warning_of(store, form.typed()):
        messages.warning(request, words)
    if made.is_repeat:
        messages.info(request, _("This order was entered before: nothing was sent again."))
    if wanted == "quote":
        # There its prices are buttons.
        ask_prices(request, made)
        return redirect("delivery:board")
    return redirect("admin:delivery_delivery_change", made.pk)


def ask_prices(request: HttpRequest, delivery: Delivery) -> None:
    try:
        quoting.quotes_ask(delivery=delivery)
    except Conflict as conflict:
        messages.warning(request, str(conflict.reason))


def _refused(
    request: HttpRequest, stores: list[Store], store: Store, form: EntryForm, typed: Typed
) -> HttpResponse:
    shown = EntryForm(form.typed(), last=form.last)
    shown.complain(typed.errors)
    return _page(request, stores, store, shown, meant=typed.meant, status=422)


def _page(
    request: HttpRequest,
    stores: list[Store],
    store: Store,
    form: EntryForm,
    *,
    meant: Place | None = None,
    status: int = 200,
) -> HttpResponse:
    context = {
        "stores": stores,
        "store": store,
        "form": form,
        "meant": meant or _meant(store, form),
        "far": warning_of(store, form.shown()),
    }
    return render(request, "delivery/entry.html", context, status=status)


def _meant(store: Store, form: EntryForm) -> Place | None:
    """Returns the coordinates that are probably meant by those in a form that only shows."""
    if form.is_bound:
        return None
    found: Finding | None = finding_of(store, form.shown())
    return found.meant if found else None
