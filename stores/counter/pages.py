"""The counter: one box for scanner, keyboard, paste and camera.

The domains' kinds find the codes.
"""

import re
import uuid
from datetime import UTC, datetime

from django.contrib.auth.models import User
from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.urls import reverse
from django.utils.http import url_has_allowed_host_and_scheme
from django.utils.translation import gettext_lazy as _
from django.views.decorators.http import require_http_methods, require_POST, require_safe

from stores.backoffice.pages import (
    STORE_IN_SESSION,
    current_store,
    no_store,
    request_key,
    staff_page,
    staff_user,
    stores_at_work,
)
from stores.counter.kinds import CounterKind, ScanResult, counter_kinds
from stores.domains import domains
from stores.models import Store
from stores.web.errors import is_htmx

SHOWN = 10
_AMOUNT = re.compile("[0-9]{1,9}")
_LONG_AGO = datetime.min.replace(tzinfo=UTC)


@staff_page
@require_http_methods(["GET", "HEAD", "POST"])
def counter(request: HttpRequest) -> HttpResponse:
    """Shows the box and the last results; a POST is one scan."""
    stores = stores_at_work(staff_user(request))
    store = current_store(request, stores)
    if store is None:
        return no_store(request)
    if request.method == "POST":
        return _answer(request, stores, store, scan(request, store))
    return _page(request, stores, store, _asked_for(request))


@staff_page
@require_POST
def choose_store(request: HttpRequest) -> HttpResponse:
    store = current_store(request, stores_at_work(staff_user(request)))
    request.session[STORE_IN_SESSION] = store.pk if store else None
    back = request.POST.get("next", "")
    return redirect(
        back if url_has_allowed_host_and_scheme(back, allowed_hosts=None) else "counter"
    )


@staff_page
@require_safe
def scan_result(request: HttpRequest, kind: str, key: str) -> HttpResponse:
    """Shows the card of one scan; the page fetches it each second while it waits."""
    result = _find(staff_user(request), kind, key)
    if result is None:
        raise Http404
    return render(request, "stores/_scan.html", {"scan": result, "fresh": True})


def scan(request: HttpRequest, store: Store) -> ScanResult:
    """Redeems a scanned text by the kind that knows its code, or answers "how many"."""
    if "amount" in request.POST:
        return _take(request, store)
    text = request.POST.get("text", "")
    for kind in counter_kinds():
        code = kind.find_code(text, store)
        if code:
            return kind.redeem(
                user=staff_user(request),
                store=store,
                code=code,
                request_key=request_key(request),
            )
    return ScanResult(
        kind="",
        key="",
        state="refused",
        title=_("No code found in what was entered"),
        next_step=_("Scan again or type the digits below the code. Nothing was sent."),
    )


def _take(request: HttpRequest, store: Store) -> ScanResult:
    kind, amount = _kind(request.POST.get("kind", "")), request.POST["amount"]
    if kind is None:
        raise Http404
    result = kind.redeem_quantity(
        user=staff_user(request),
        store=store,
        key=request.POST.get("key", ""),
        amount=int(amount) if _AMOUNT.fullmatch(amount) else 0,
        request_key=request_key(request),
    )
    if result is None:
        raise Http404
    return result


def _answer(
    request: HttpRequest, stores: list[Store], store: Store, result: ScanResult
) -> HttpResponse:
    status = 200 if result.key else 422
    if is_htmx(request):
        context = {"scan": result, "fresh": True, "store": store, "request_key": uuid.uuid4().hex}
        return render(request, "stores/_scan.html", context, status=status)
    if result.key:
        return redirect(f"{reverse('counter')}?scan={result.kind}.{result.key}")
    return _page(request, stores, store, result, status=status)


def _asked_for(request: HttpRequest) -> ScanResult | None:
    kind, _dot, key = request.GET.get("scan", "").partition(".")
    return _find(staff_user(request), kind, key) if key else None


def _find(user: User, name: str, key: str) -> ScanResult | None:
    kind = _kind(name)
    return kind.result(user=user, key=key) if kind else None


def _kind(name: str) -> CounterKind | None:
    return next((kind for kind in counter_kinds() if kind.name == name), None)


def _page(
    request: HttpRequest,
    stores: list[Store],
    store: Store,
    first: ScanResult | None,
    status: int = 200,
) -> HttpResponse:
    recent = _recent(staff_user(request), store)
    if first and first.key:
        recent = [
            result for result in recent if (result.kind, result.key) != (first.kind, first.key)
        ]
    context = {
        "stores": stores,
        "store": store,
        "blocked_reasons": [
            reason for kind in counter_kinds() if (reason := kind.blocked_reason(store))
        ],
        "first": first,
        "recent": recent[: SHOWN - 1] if first else recent,
        "request_key": uuid.uuid4().hex,
        "links": [
            link for domain in domains() for link in domain.counter_links if link.shown(request)
        ],
        "waiting": bool(first and first.state in ("waiting", "unknown")),
    }
    return render(request, "stores/counter.html", context, status=status)


def _recent(user: User, store: Store) -> list[ScanResult]:
    kinds: list[CounterKind] = counter_kinds()
    results = [
        result for kind in kinds for result in kind.recent(user=user, store=store, limit=SHOWN)
    ]
    return sorted(results, key=lambda result: result.at or _LONG_AGO, reverse=True)[:SHOWN]
