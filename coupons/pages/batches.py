"""Pages for many codes at once: paste them, follow the progress, read the result of each line."""

import hashlib
import re
import uuid
from collections.abc import Iterator
from dataclasses import dataclass, replace
from functools import cached_property

from django.http import HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.utils.translation import gettext as _
from django.views.decorators.http import require_http_methods, require_safe

from coupons import codes, services
from coupons.codes.lookalikes import BY_CHANCE, NoCode
from coupons.models import Batch, BatchItem, Verification
from coupons.reasons import READ, TEXTS
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
from stores.web.uploads import longer_form

_BETWEEN = re.compile(r"[,;，；、\s]+")
# Characters that are read; a longer text is refused unread.
MOST_TEXT = 200_000
_LATEST = 10
_ODD_SHOWN = 5


@dataclass(frozen=True)
class Pasted:
    """What pasted text holds: the codes in their order, also those that are repeated, the numbers
    that may lack a zero in front, and as `Reading.seen` the lines with digits that may be a code
    (`unsure`) and those without any (`odd`).
    """

    found: list[str]
    lacking: list[str]
    odd: list[str]
    unsure: list[str]

    @cached_property
    def codes(self) -> list[str]:
        """The codes that would be verified."""
        return list(dict.fromkeys(self.found))

    @property
    def repeated(self) -> int:
        return len(self.found) - len(self.codes)

    def with_zeros(self) -> "Pasted":
        """Takes the numbers that may lack a zero as codes, too."""
        return replace(self, found=[*self.found, *self.lacking])

    @property
    def odd_shown(self) -> list[str]:
        return self.odd[:_ODD_SHOWN]

    @property
    def unsure_shown(self) -> list[str]:
        return self.unsure[:_ODD_SHOWN]

    @property
    def seal(self) -> str:
        """A digest of what the text may spend, which the button that spends it carries."""
        spendable = sorted({*self.codes, *self.lacking})
        return hashlib.sha256("\n".join(spendable).encode()).hexdigest()


def _entries(text: str) -> Iterator[str]:
    """The lines; a row of a table stays whole, so that its other numbers are known as such."""
    for line in text.splitlines():
        yield from [line] if len(line) <= codes.MAX_INPUT else _BETWEEN.split(line)


def read_list(text: str) -> Pasted:
    """Reads the lines and cells of pasted text."""
    found: list[str] = []
    lacking: list[str] = []
    odd: list[str] = []
    unsure: list[str] = []
    for entry in _entries(text):
        reading = codes.read(entry)
        found += reading.codes
        zeros = [number for number in reading.offered if number[1:] in reading.offered]
        if len(reading.offered) > 2 * len(zeros) and reading.no_code not in BY_CHANCE:
            unsure.append(reading.seen)
        elif reading.no_code not in (None, NoCode.EMPTY, NoCode.LACKS_ZERO):
            odd.append(reading.seen)
        else:
            lacking += zeros
    return Pasted(found, lacking, odd, unsure)


@longer_form(10 * MOST_TEXT)
@staff_page
@require_http_methods(["GET", "HEAD", "POST"])
def batches(request: HttpRequest) -> HttpResponse:
    """Shows the box for many codes, the counts of pasted text before anything is spent, and the
    store's last batches. A text that was changed after it was counted is counted again.
    """
    stores = stores_at_work(staff_user(request))
    store = current_store(request, stores)
    if store is None:
        return no_store(request)
    entered = request.POST.get("codes", "")
    pasted = read_list(entered if len(entered) <= MOST_TEXT else "")
    is_confirmed = request.POST.get("confirmed") == pasted.seal
    if is_confirmed and "add_zero" in request.POST:
        pasted = pasted.with_zeros()
    error = _error(entered, pasted) if request.method == "POST" else ""
    if is_confirmed and pasted.codes and not error:
        return redirect("coupons:batch", _made(request, store, pasted.codes).pk)
    latest = Batch.objects.for_staff(request.user).filter(store=store)[:_LATEST]
    context = {
        "stores": stores,
        "store": store,
        "entered": entered,
        "error": error,
        "pasted": pasted if (pasted.codes or pasted.lacking) and not error else None,
        "request_key": uuid.uuid4().hex,
        "latest": latest,
    }
    return render(request, "coupons/batches.html", context, status=422 if error else 200)


def _error(entered: str, pasted: Pasted) -> str:
    if not entered.strip():
        return _("Paste at least one code.")
    if len(entered) > MOST_TEXT:
        return _("This text is too long: paste at most %(max)d codes.") % {"max": MAX_CODES}
    if len(pasted.codes) > MAX_CODES:
        words = _("These are %(count)d codes; at most %(max)d go at once.")
        return words % {"count": len(pasted.codes), "max": MAX_CODES}
    if not pasted.codes and not pasted.lacking:
        if pasted.unsure:
            return _("It is not clear which of these digits are codes: write each on its own line.")
        return _("None of these lines is a coupon code.")
    return ""


def _made(request: HttpRequest, store: Store, found: list[str]) -> Batch:
    """Requests the batch; a form that is sent twice makes one batch."""
    key = form_key(request_key(request), store.pk, *found)
    return services.batch_request(
        store=store, raw_codes=found, actor=staff_user(request), request_key=key
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
        deal = verification.deal
        words = verification.gateway_message if reason else ""
    return {
        "position": item.position,
        "tail": item.code_tail,
        "status": status,
        "label": Verification.Status(status).label,
        "deal": deal,
        "note": (READ.get(item.read_as) or TEXTS[reason]).staff if reason in TEXTS else "",
        "words": words,
    }
