"""The page on which an order that waits is corrected: the form of a new one, filled in."""

import json
from collections.abc import Collection, Mapping

from django.contrib import messages
from django.contrib.auth.models import User
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.utils import timezone, translation
from django.utils.translation import gettext as _
from django.views.decorators.http import require_http_methods

from delivery.models import Delivery
from delivery.pages.board import delivery_of
from delivery.pages.entry import ask_prices
from delivery.pages.entry_form import EntryForm
from delivery.pages.typed_orders import (
    FLAGS,
    Typed,
    finding_of,
    kind_text,
    read_typed,
    refused_as,
    warning_of,
)
from delivery.services import correcting, settling
from delivery.services.correcting import PARTS
from delivery.services.creating import WrongOrder
from stores.backoffice.pages import staff_page, staff_user
from stores.conflicts import Conflict
from stores.fields import keyed_hash
from stores.roles import Permission
from stores.tenancy import has_permission
from stores.text import one_line

# What only who may see receivers reads; left empty by others, it stays as it is.
PLACE = ("lng", "lat")
PERSONAL = ("name", "phone", "address", "detail", *PLACE, "note")


@staff_page
@require_http_methods(["GET", "HEAD", "POST"])
def correct(request: HttpRequest, pk: int) -> HttpResponse:
    """`do` is that of the form of a new order (pages/entry.py)."""
    delivery, user = delivery_of(request, pk), staff_user(request)
    try:
        correcting.check_correctable(delivery)
    except Conflict as conflict:
        return _back(request, delivery, str(conflict.reason))
    whole = has_permission(user, Permission.VIEW_PERSONAL, delivery.store.merchant_id)
    known = _typed_of(delivery)
    if request.method != "POST":
        if whole:
            settling.note_receiver_shown(delivery, actor=user)
        shown = known if whole else known | dict.fromkeys(PERSONAL, "")
        return _page(request, delivery, _form(delivery, initial=shown), whole=whole)
    form, do = _form(delivery, request.POST), request.POST.get("do", "read")
    typed = form.typed() if whole else _completed(form.typed(), known)
    if do == "place":
        fixed = form.with_place(finding_of(delivery.store, typed))
        return _page(request, delivery, fixed, whole=whole)
    if do not in ("save", "quote"):
        return _page(request, delivery, form.with_pasted(), whole=whole)
    if request.POST.get("seen") != _digest(delivery, known):
        return _back(request, delivery, _("Somebody has corrected this order meanwhile."))
    changed = [name for name in PARTS if name in form.fields and typed[name] != known[name]]
    try:
        read = _corrected(delivery, typed, changed, labels=_labels(form, changed), actor=user)
    except Conflict as conflict:
        return _back(request, delivery, str(conflict.reason))
    if read.errors:
        return _refused(request, delivery, form, read, whole=whole)
    if words := warning_of(delivery.store, typed):
        messages.warning(request, words)
    if do == "quote":
        ask_prices(request, Delivery.objects.get(pk=delivery.pk))
        return redirect("delivery:board")
    messages.success(request, _("The order is corrected."))
    return redirect("admin:delivery_delivery_change", delivery.pk)


def _corrected(
    delivery: Delivery,
    typed: Mapping[str, str],
    changed: Collection[str],
    *,
    labels: Collection[str],
    actor: User,
) -> Typed:
    """Takes over what was changed, unless something is wrong, and returns how it was read. Raises
    Conflict.
    """
    # A wished time that is not changed may be over.
    asked = {name: text for name, text in typed.items() if name != "wanted" or name in changed}
    read = read_typed(delivery.store, asked, corrects=True)
    if read.given is None:
        return read
    try:
        correcting.delivery_correct(
            delivery=delivery, given=read.given, fields=changed, labels=labels, actor=actor
        )
    except WrongOrder as wrong:
        return refused_as(wrong)
    return read


def _form(delivery: Delivery, *given: object, **more: object) -> EntryForm:
    """The form without what cannot be corrected: the number, and a time booked at the courier."""
    is_booked = delivery.wanted_at is not None and not delivery.is_arrival
    without = ("reference", "is_ready", *(["wanted"] if is_booked else []))
    return EntryForm(*given, last={}, without=without, **more)


def _typed_of(delivery: Delivery) -> dict[str, str]:
    """Returns an order as it would be typed."""
    receiver, notice = delivery.receiver, delivery.notice
    at = delivery.wanted_at if delivery.is_arrival else None
    texts = {
        **{name: receiver.get(name, "") for name in ("name", "phone", "city", "address", "detail")},
        "lng": receiver["lng"],
        "lat": receiver["lat"],
        "openid": delivery.openid,
        "goods": notice.get("goods", ""),
        "count": notice.get("count", ""),
        "value": delivery.value,
        "weight": delivery.weight,
        "kind": kind_text(delivery.cargo),
        "note": delivery.note,
        "wanted": f"{timezone.localtime(at):%Y-%m-%dT%H:%M}" if at else "",
        **{name: "on" if delivery.wishes.get(f"needs_{name}") else "" for name in FLAGS},
        "page": notice.get("page", ""),
        "picture": notice.get("picture", ""),
    }
    return {name: one_line(str(text)) for name, text in texts.items()}


def _completed(typed: Mapping[str, str], known: Mapping[str, str]) -> dict[str, str]:
    """Returns what was typed by somebody who does not see the receiver, with what stays. What is
    said of coordinates names others, so that those known are looked at only as they are.
    """
    stays = [name for name in PERSONAL if not typed[name] and name not in PLACE]
    has_place = any(typed[name] for name in PLACE)
    place = {} if has_place else {name: known[name] for name in PLACE} | {"is_baidu": ""}
    return {**typed, **{name: known[name] for name in stays}, **place}


def _digest(delivery: Delivery, known: Mapping[str, str]) -> str:
    """Returns what is another once somebody else has corrected the order."""
    return keyed_hash(f"correct:{delivery.pk}:{json.dumps(known, sort_keys=True)}")


def _labels(form: EntryForm, names: list[str]) -> list[str]:
    """Returns what the audit log calls the fields; whoever reads it translates them."""
    with translation.override("en"):
        return [str(form.fields[name].label) for name in names]


def _refused(
    request: HttpRequest, delivery: Delivery, form: EntryForm, typed: Typed, *, whole: bool
) -> HttpResponse:
    shown = _form(delivery, form.typed())
    shown.complain(typed.errors)
    return _page(request, delivery, shown, whole=whole, status=422)


def _back(request: HttpRequest, delivery: Delivery, why: str) -> HttpResponse:
    messages.error(request, why)
    return redirect("admin:delivery_delivery_change", delivery.pk)


def _page(
    request: HttpRequest, delivery: Delivery, form: EntryForm, *, whole: bool, status: int = 200
) -> HttpResponse:
    store, typed = delivery.store, form.shown()
    found = finding_of(store, typed)
    context = {
        "stores": [store],
        "store": store,
        "form": form,
        "corrected": delivery,
        "seen": request.POST.get("seen") or _digest(delivery, _typed_of(delivery)),
        "is_whole": whole,
        "meant": found.meant if found else None,
        "far": warning_of(store, typed),
    }
    return render(request, "delivery/entry.html", context, status=status)
