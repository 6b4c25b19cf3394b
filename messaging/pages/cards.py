"""The safety card of a store: today's people in one minute, and what the card always says."""

from typing import Any

from django.contrib.auth.models import User
from django.core.exceptions import PermissionDenied
from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.utils import timezone
from django.views.decorators.http import require_http_methods, require_POST, require_safe

from messaging.models import ChatStore, SafetyCard, TakeawayStore
from messaging.pages.board import stores_of
from messaging.pages.card_forms import RowForms, SetUpForm, measure_forms
from messaging.pages.card_preview import measure_address, preview_of
from messaging.pages.talks import no_store, whole
from messaging.services.cards import asking, saved, saving, setting_up, standing
from messaging.services.chat import pictures, switching
from stores.backoffice.pages import staff_page, staff_user
from stores.conflicts import Conflict
from stores.platforms.tools import as_conflicts
from stores.roles import Permission
from stores.tenancy import has_permission

# Days of history on the page.
MOST_BEFORE = 30


@staff_page
@require_safe
def cards(request: HttpRequest) -> HttpResponse:
    """The stores and how their cards are; with one store, its card."""
    found = list(bindings_of(staff_user(request)))
    if not found:
        return no_store(request)
    if len(found) == 1:
        return redirect("takeaway:card", pk=found[0].pk)
    rows = [(binding, setting_up.card_of(binding)) for binding in found]
    shown = [
        {"binding": binding, "card": card, "trouble": standing.trouble_of(card) if card.pk else ""}
        for binding, card in rows
    ]
    return render(request, "messaging/cards.html", {"rows": shown})


@staff_page
@require_http_methods(["GET", "HEAD", "POST"])
def card(request: HttpRequest, pk: int) -> HttpResponse:
    """The form of today. Everything but `save` only shows it anew."""
    binding = binding_of(request, pk)
    row = setting_up.card_of(binding)
    if request.method != "POST":
        return _card_page(request, row, _with_last_values(row))
    typed = RowForms.typed(request.POST)
    wanted = request.POST.get("do", "")
    if wanted == "add":
        return _card_page(request, row, typed.with_one_more())
    if wanted.startswith("remove"):
        number = whole(wanted.removeprefix("remove"))
        return _card_page(request, row, typed.without(-1 if number is None else number))
    if wanted != "save" or not typed.is_valid():
        return _card_page(request, row, typed)
    try:
        with as_conflicts():
            made = saving.card_save(binding=binding, rows=typed.rows(), actor=staff_user(request))
    except Conflict as conflict:
        return _card_page(request, row, typed, trouble=conflict.reason)
    saving.save_now(made)
    return redirect("takeaway:card", pk=binding.pk)


@staff_page
@require_http_methods(["GET", "HEAD", "POST"])
def set_up(request: HttpRequest, pk: int) -> HttpResponse:
    """What the card always says; for who may set up stores."""
    binding = binding_of(request, pk, Permission.MANAGE_STORES)
    row = setting_up.card_of(binding)
    data = request.POST if request.method == "POST" else None
    form, measures = SetUpForm(data, instance=row), measure_forms(data, row)
    trouble: Any = ""
    if data and all(each.is_valid() for each in (form, *measures.values())):
        shown = {
            kind: each.cleaned_data["note"]
            for kind, each in measures.items()
            if each.cleaned_data["is_shown"]
        }
        try:
            with as_conflicts():
                setting_up.card_set_up(
                    binding=binding, actor=staff_user(request), measures=shown, **form.cleaned_data
                )
        except Conflict as conflict:
            trouble = conflict.reason
        else:
            return redirect("takeaway:card", pk=binding.pk)
    kept = {each.kind for each in row.measures.exclude(picture="")} if row.pk else set()
    context = {
        "binding": binding,
        "card": row,
        "form": form,
        "measures": [
            {
                "kind": kind,
                "form": each,
                "picture": measure_address(row, kind) if kind in kept else "",
            }
            for kind, each in measures.items()
        ],
        "tests": row.tests.all() if row.pk else (),
        "today": timezone.localdate(),
        "chat_is_off": ChatStore.objects.filter(binding=binding, is_on=False).exists(),
        "most_bytes": pictures.MOST_BYTES,
        "too_heavy": pictures.too_heavy(),
        "trouble": trouble,
    }
    return render(request, "messaging/card_set_up.html", context)


@staff_page
@require_POST
def check(request: HttpRequest, pk: int) -> HttpResponse:
    """Asks Meituan how the card stands, and shows the card again."""
    binding = binding_of(request, pk)
    row = setting_up.kept_card(binding)
    try:
        with as_conflicts():
            asking.card_check(card=row)
    except Conflict as conflict:
        return _card_page(request, row, _with_last_values(row), trouble=conflict.reason)
    return redirect("takeaway:card", pk=binding.pk)


@staff_page
@require_POST
def chat_on(request: HttpRequest, pk: int) -> HttpResponse:
    """Switches the store's chat on, without which Meituan sends no card."""
    binding = binding_of(request, pk, Permission.MANAGE_STORES)
    try:
        with as_conflicts():
            switching.chat_switch(binding=binding, is_on=True, actor=staff_user(request))
    except Conflict as conflict:
        row = setting_up.card_of(binding)
        return _card_page(request, row, _with_last_values(row), trouble=conflict.reason)
    return redirect("takeaway:card-set-up", pk=binding.pk)


def bindings_of(user: User) -> list[TakeawayStore]:
    """Returns the takeaway stores whose cards a person may fill in."""
    rows = TakeawayStore.objects.filter(store__in=[store.pk for store in stores_of(user)])
    bound = rows.exclude(state=TakeawayStore.State.WAITING).order_by("store_id", "provider")
    return list(bound.select_related("store__merchant", "connection__parent", "safety_card"))


def binding_of(
    request: HttpRequest, pk: int, permission: Permission | None = None
) -> TakeawayStore:
    """Returns a store of the person. Raises Http404 for another's, and PermissionDenied."""
    user = staff_user(request)
    found = next((row for row in bindings_of(user) if row.pk == pk), None)
    if found is None:
        raise Http404
    if permission and not has_permission(user, permission, found.store.merchant_id):
        raise PermissionDenied
    return found


def _with_last_values(row: SafetyCard) -> RowForms:
    last = saved.last_filled(row)
    return RowForms.of(last.whole.rows if last else ())


def _card_page(
    request: HttpRequest, row: SafetyCard, forms: RowForms, *, trouble: Any = ""
) -> HttpResponse:
    shown = setting_up.whole_card(row, forms.rows())
    merchant = row.binding.store.merchant_id
    before = row.saved.order_by("-pk")[:MOST_BEFORE] if row.pk else ()
    context = {
        "binding": row.binding,
        "card": row,
        "forms": forms,
        "preview": preview_of(row, shown),
        "standing": standing.trouble_of(row) if row.pk else "",
        "today": saved.today_of(row) if row.pk else None,
        "before": before,
        "may_set_up": has_permission(staff_user(request), Permission.MANAGE_STORES, merchant),
        "trouble": trouble,
    }
    return render(request, "messaging/card.html", context)
