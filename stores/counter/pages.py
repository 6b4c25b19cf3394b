"""The counter: one box for scanner, keyboard, paste and camera.

The domains' kinds find the codes.
"""

import re
import time
import uuid
from collections.abc import Callable, Sequence
from dataclasses import replace

from django.conf import settings
from django.contrib.auth.models import User
from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.urls import reverse
from django.utils.http import url_has_allowed_host_and_scheme
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy, ngettext
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
from stores.counter import live
from stores.counter.kinds import CounterKind, Found, ScanResult, counter_kinds
from stores.domains import domains
from stores.models import Store
from stores.tenancy import access_of
from stores.text import plain
from stores.web.errors import is_htmx

MOST_CHOSEN = 20
_AMOUNT = re.compile("[0-9]{1,9}")
_TAIL = re.compile("(?:尾号|后四位|末四位)?[是为]?[:： ]*([0-9]{4})")
_MARKS = re.compile("[^0-9A-Za-z]")
_UNSURE = gettext_lazy(
    "Other digits may be a code too: compare with the guest. Nothing is used yet."
)


@require_safe
def home(request: HttpRequest) -> HttpResponse:
    """Leads clerks to the counter, and all others to the overview, which asks them to sign in."""
    return redirect("counter" if access_of(request.user).is_clerk else "admin:index")


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
    is_news = "quiet" in request.GET
    is_own = not (is_news or result.is_self_service)
    context = {
        "scan": result,
        "fresh": is_own,
        "is_news": is_news,
        "request_key": uuid.uuid4().hex,
    }
    return render(request, "stores/_scan.html", context)


def scan(request: HttpRequest, store: Store) -> list[ScanResult]:
    """Redeems a scanned text by the kind that knows its code, or answers "how many" and "which"."""
    if "amount" in request.POST:
        return [_take(request, store)]
    if "chosen" in request.POST:
        return _take_chosen(request, store)
    if "retry" in request.POST:
        return [_retry(request, store)]
    if "withdraw" in request.POST:
        return [_withdraw(request, store)]
    text = request.POST.get("text", "")
    read = [(kind, kind.find(text, store)) for kind in counter_kinds()]
    named = _named(read)
    if len(named) == 1 and len(named[0][1].codes) == 1 and not named[0][1].offered:
        return [_redeem(request, store, named[0][0], named[0][1].codes[0])]
    if named:
        return [_which(kind, found) for kind, found in named]
    if results := [result for _kind, found in read for result in found.results]:
        return results
    refused = next((_instead(kind, found) for kind, found in read if found.title), None)
    if tail := _TAIL.fullmatch(plain(text)):
        return [live.found_by_tail(staff_user(request), store, tail[1])]
    return [
        refused
        or ScanResult(
            kind="",
            key="",
            state="refused",
            title=_("No code found in what was entered"),
            next_step=_("Scan again or type the digits below the code. Nothing was sent."),
        )
    ]


def _redeem(
    request: HttpRequest,
    store: Store,
    kind: CounterKind,
    code: str,
    patience: float | None = None,
) -> ScanResult:
    return kind.redeem(
        user=staff_user(request),
        store=store,
        code=code,
        request_key=request_key(request),
        patience=patience,
    )


def _named(read: list[tuple[CounterKind, Found]]) -> list[tuple[CounterKind, Found]]:
    """Returns the kinds with the codes that a text names; what is a code of one kind, or a part of
    it, is none of the kinds after it.
    """
    named: list[tuple[CounterKind, Found]] = []
    taken = ""
    for kind, found in read:
        own, offered = (
            [code for code in each if _MARKS.sub("", code) not in taken]
            for each in (found.codes, found.offered)
        )
        if own:
            named.append((kind, replace(found, codes=own, offered=offered)))
            taken += " ".join(["", *(_MARKS.sub("", code) for code in own)])
    return named


def _instead(kind: CounterKind, found: Found) -> ScanResult:
    """Says what was read instead of a code, and offers what may be meant."""
    return ScanResult(
        kind=kind.name,
        key="",
        state="ask" if found.offered else "refused",
        title=found.title,
        lines=_seen(found),
        next_step=found.next_step,
        choices=found.offered[:MOST_CHOSEN],
    )


def _seen(found: Found) -> Sequence[str]:
    return [_("Read: %(text)s") % {"text": found.seen}] if found.seen else ()


def _which(kind: CounterKind, found: Found) -> ScanResult:
    count = len(found.codes)
    title = ngettext("%(count)d code found", "%(count)d codes found", count) % {"count": count}
    if count > MOST_CHOSEN:
        text = _("At the counter at most %(most)d codes go at once. Nothing was sent.")
        next_step = text % {"most": MOST_CHOSEN}
        return ScanResult(kind=kind.name, key="", state="refused", title=title, next_step=next_step)
    return ScanResult(
        kind=kind.name,
        key="",
        state="ask",
        title=title,
        lines=_seen(found) if found.offered else (),
        next_step=_UNSURE if found.offered else _("Nothing is used yet."),
        choices=found.codes,
        are_sure=True,
        unsure=found.offered[:MOST_CHOSEN],
    )


def _take_chosen(request: HttpRequest, store: Store) -> list[ScanResult]:
    kind, chosen = _kind(request.POST.get("kind", "")), request.POST.getlist("chosen")
    if kind is None or len(chosen) > MOST_CHOSEN or not all(map(kind.may_be_code, chosen)):
        raise Http404
    # Together they keep the page no longer than one code does.
    until = time.monotonic() + settings.OUTBOX.default_wait
    return [
        _redeem(request, store, kind, code, patience=max(0.0, until - time.monotonic()))
        for code in dict.fromkeys(chosen)
    ]


def _retry(request: HttpRequest, store: Store) -> ScanResult:
    user, key = staff_user(request), request.POST["retry"]
    once = request_key(request)
    return _of_earlier(
        request, lambda kind: kind.retry(user=user, store=store, key=key, request_key=once)
    )


def _withdraw(request: HttpRequest, store: Store) -> ScanResult:
    user, key = staff_user(request), request.POST["withdraw"]
    return _of_earlier(request, lambda kind: kind.withdraw(user=user, store=store, key=key))


def _take(request: HttpRequest, store: Store) -> ScanResult:
    amount = request.POST["amount"]
    return _of_earlier(
        request,
        lambda kind: kind.redeem_quantity(
            user=staff_user(request),
            store=store,
            key=request.POST.get("key", ""),
            amount=int(amount) if _AMOUNT.fullmatch(amount) else 0,
            request_key=request_key(request),
        ),
    )


def _of_earlier(
    request: HttpRequest, act: Callable[[CounterKind], ScanResult | None]
) -> ScanResult:
    """Returns what the named kind makes of an earlier scan. Raises Http404 when there is none."""
    kind = _kind(request.POST.get("kind", ""))
    result = act(kind) if kind else None
    if result is None:
        raise Http404
    return result


def _answer(
    request: HttpRequest, stores: list[Store], store: Store, results: list[ScanResult]
) -> HttpResponse:
    first = results[0]
    status = 422 if first.is_unread else 200
    if is_htmx(request):
        context = {
            "scans": results,
            "fresh": True,
            "store": store,
            "request_key": uuid.uuid4().hex,
        }
        return render(request, "stores/_scans.html", context, status=status)
    if first.key:
        return redirect(f"{reverse('counter')}?scan={first.kind}.{first.key}")
    return _page(request, stores, store, results, status=status)


def _asked_for(request: HttpRequest) -> list[ScanResult]:
    kind, _dot, key = request.GET.get("scan", "").partition(".")
    result = _find(staff_user(request), kind, key) if key else None
    return [result] if result else []


def _find(user: User, name: str, key: str) -> ScanResult | None:
    kind = _kind(name)
    return kind.result(user=user, key=key) if kind else None


def _kind(name: str) -> CounterKind | None:
    return next((kind for kind in counter_kinds() if kind.name == name), None)


def _page(
    request: HttpRequest,
    stores: list[Store],
    store: Store,
    results: list[ScanResult],
    status: int = 200,
) -> HttpResponse:
    shown = {(result.kind, result.key) for result in results if result.key}
    recent = [
        result
        for result in live.recent(staff_user(request), store)
        if (result.kind, result.key) not in shown
    ]
    context = {
        "stores": stores,
        "store": store,
        "blocked_reasons": [
            reason for kind in counter_kinds() if (reason := kind.blocked_reason(store))
        ],
        "results": results,
        "entered": "" if shown else request.POST.get("text", ""),
        "recent": recent[: max(0, live.SHOWN - len(results))],
        "day": live.today(store),
        "request_key": uuid.uuid4().hex,
        "links": [
            link for domain in domains() for link in domain.counter_links if link.shown(request)
        ],
        "waiting": any(result.state in ("waiting", "unknown") for result in results),
    }
    return render(request, "stores/counter.html", context, status=status)
