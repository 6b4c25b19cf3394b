"""Pages for many codes at once: paste them, follow the progress, read the result of each line."""

import re
import uuid
from dataclasses import dataclass

from django.http import HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.utils.translation import gettext as _
from django.views.decorators.http import require_http_methods, require_safe

from coupons import codes, services
from coupons.models import Batch, BatchItem, Verification
from coupons.reasons import TEXTS
from coupons.services.batches import MAX_CODES
from stores.backoffice.pages import (
    current_store,
    no_store,
    request_key,
    staff_page,
    staff_user,
    stores_at_work,
)
from stores.idempotency import form_key
from stores.models import Store

_BETWEEN = re.compile(r"[\r\n,;，；、\t]+")
_LATEST = 10
_ODD_SHOWN, _ODD_LENGTH = 5, 30


def pieces_of(text: str) -> list[str]:
    """Splits pasted lines and lists into entries; returns the code in each entry, or the entry
    itself.
    """
    entries = [entry.strip() for entry in _BETWEEN.split(text)]
    return [piece for entry in entries if entry for piece in _pieces_of_entry(entry)]


def _pieces_of_entry(entry: str) -> list[str]:
    if code := codes.find_in(entry):
        return [code]
    words = entry.split()
    several = [codes.find_in(word) for word in words]
    if len(words) > 1 and all(several):
        return words
    return [entry]


@staff_page
@require_http_methods(["GET", "HEAD", "POST"])
def batches(request: HttpRequest) -> HttpResponse:
    """Shows the box for many codes, the counts of pasted text before anything is spent, and the
    store's last batches.
    """
    stores = stores_at_work(staff_user(request))
    store = current_store(request, stores)
    if store is None:
        return no_store(request)
    entered = request.POST.get("codes", "")
    pasted = _counted(pieces_of(entered))
    error = _error(pasted) if request.method == "POST" else ""
    if pasted.pieces and not error and "confirmed" in request.POST:
        return redirect("coupons:batch", _made(request, store, pasted.pieces).pk)
    latest = Batch.objects.for_staff(request.user).filter(store=store)[:_LATEST]
    context = {
        "stores": stores,
        "store": store,
        "entered": entered,
        "error": error,
        "pasted": pasted if pasted.pieces and not error else None,
        "request_key": uuid.uuid4().hex,
        "latest": latest,
    }
    return render(request, "coupons/batches.html", context, status=422 if error else 200)


@dataclass(frozen=True)
class Pasted:
    """The counts of pasted text: coupons that would be verified, lines that repeat a code, and
    lines without a code.
    """

    pieces: list[str]
    coupons: int
    repeated: int
    odd: list[str]

    @property
    def odd_shown(self) -> list[str]:
        return [piece[:_ODD_LENGTH] for piece in self.odd[:_ODD_SHOWN]]


def _counted(pieces: list[str]) -> Pasted:
    found, odd = set(), []
    for piece in pieces:
        try:
            found.add(codes.normalise(piece))
        except codes.MalformedCode:
            odd.append(piece)
    return Pasted(pieces, len(found), len(pieces) - len(odd) - len(found), odd)


def _error(pasted: Pasted) -> str:
    if not pasted.pieces:
        return _("Paste at least one code.")
    if len(pasted.pieces) > MAX_CODES:
        words = _("These are %(count)d codes; at most %(max)d go at once.")
        return words % {"count": len(pasted.pieces), "max": MAX_CODES}
    if not pasted.coupons:
        return _("None of these lines is a coupon code.")
    return ""


def _made(request: HttpRequest, store: Store, pieces: list[str]) -> Batch:
    """Requests the batch; a form that is sent twice makes one batch."""
    key = form_key(request_key(request), store.pk, *pieces)
    return services.batch_request(
        store=store, raw_codes=pieces, actor=staff_user(request), request_key=key
    )[0]


@staff_page
@require_safe
def batch(request: HttpRequest, pk: int) -> HttpResponse:
    """Shows the progress of one batch and the result of each line."""
    found = get_object_or_404(Batch.objects.for_staff(request.user).select_related("store"), pk=pk)
    progress = services.batch_progress(found)
    context = {
        "batch": found,
        "store": found.store,
        "progress": progress,
        "lines": [_line(item, same_as) for item, same_as in services.batch_lines(found)],
        "waiting": progress.settled < progress.total,
        # Seconds between two reloads; long lists are reloaded less often.
        "every": 2 + progress.total // 50,
    }
    return render(request, "coupons/batch.html", context)


def _line(item: BatchItem, same_as: int | None) -> dict[str, object]:
    verification = item.verification
    if same_as:
        note = _("Same as line %(number)d") % {"number": same_as}
        return {
            "position": item.position,
            "tail": item.code_tail,
            "status": "repeated",
            "label": _("Repeated"),
            "note": note,
        }
    reason, status, deal, words = item.reason, Verification.Status.REFUSED.value, "", ""
    if verification:
        reason, status = verification.reason, verification.status
        deal = verification.sku_name
        if verification.product:
            deal = verification.product.name or deal
        words = verification.gateway_message if reason else ""
    return {
        "position": item.position,
        "tail": item.code_tail,
        "status": status,
        "label": Verification.Status(status).label,
        "deal": deal,
        "note": TEXTS[reason].staff if reason in TEXTS else "",
        "words": words,
    }
