"""The counter: one box for scanner, keyboard, paste and camera. What a code means is up to the registered kinds."""

import re
import uuid
from collections.abc import Callable
from datetime import UTC, datetime
from functools import wraps

from django.contrib.auth.models import User
from django.contrib.auth.views import redirect_to_login
from django.core.exceptions import PermissionDenied
from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.urls import reverse
from django.utils.http import url_has_allowed_host_and_scheme
from django.utils.translation import gettext_lazy as _
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_http_methods, require_POST, require_safe

from stores.backoffice.base import staff_user
from stores.models import Store
from stores.registry import CounterKind, ScanResult, counter_kinds, registry
from stores.tenancy import Permission, access_of, has_permission
from stores.web.errors import is_htmx

SHOWN = 10
STORE_IN_SESSION = "counter_store"
_KEY = re.compile(r"[\w\-]{8,64}", re.ASCII)
_AMOUNT = re.compile("[0-9]{1,9}")
_LONG_AGO = datetime.min.replace(tzinfo=UTC)

View = Callable[..., HttpResponse]


def staff_page(view: View) -> View:
    """For people who are signed in and belong to a merchant; to a stranger the page does not exist."""

    @wraps(view)
    def guarded(request: HttpRequest, *args: object, **kwargs: object) -> HttpResponse:
        if not request.user.is_authenticated:
            return _to_login(request)
        access = access_of(request.user)
        if not access.everything and not access.merchants_in_part:
            raise Http404
        return view(request, *args, **kwargs)

    return never_cache(guarded)


def _to_login(request: HttpRequest) -> HttpResponse:
    answer = redirect_to_login(
        request.get_full_path() if request.method == "GET" else reverse("counter")
    )
    if is_htmx(request):
        # A fragment cannot be a login form: the whole page goes there, and comes back to the counter.
        return HttpResponse(
            status=204, headers={"HX-Redirect": redirect_to_login(reverse("counter")).url}
        )
    return answer


def stores_at_work(user: User) -> list[Store]:
    """The open stores at which this person may redeem codes. Raises PermissionDenied when the role never allows it."""
    if not has_permission(user, Permission.VERIFY):
        raise PermissionDenied
    found = (
        Store.objects.for_staff(user)
        .filter(is_active=True, merchant__is_active=True)
        .select_related("merchant")
    )
    return [store for store in found if has_permission(user, Permission.VERIFY, store.merchant_id)]


def current_store(request: HttpRequest, stores: list[Store]) -> Store | None:
    """The store named in the form, else the one chosen last, else the oldest. Raises Http404 for somebody else's."""
    by_id = {str(store.pk): store for store in stores}
    named = request.POST.get("store")
    if named is not None:
        if named not in by_id:
            raise Http404
        return by_id[named]
    oldest = min(stores, key=lambda store: store.pk, default=None)
    return by_id.get(str(request.session.get(STORE_IN_SESSION)), oldest)


def no_store(request: HttpRequest) -> HttpResponse:
    """What comes first for who works in no store: an owner can help themselves."""
    may_connect = has_permission(staff_user(request), Permission.MANAGE_CONNECTIONS)
    return render(request, "stores/no_store.html", {"may_connect": may_connect})


@staff_page
@require_http_methods(["GET", "HEAD", "POST"])
def counter(request: HttpRequest) -> HttpResponse:
    """The box and the last results; a POST is one scan."""
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
    """The card of one scan, fetched again each second while it waits."""
    result = _find(staff_user(request), kind, key)
    if result is None:
        raise Http404
    return render(request, "stores/_scan.html", {"scan": result, "fresh": True})


def scan(request: HttpRequest, store: Store) -> ScanResult:
    """Finds the kind that knows the code in what was scanned, and redeems it; or takes the answer to "how many"."""
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


def request_key(request: HttpRequest) -> str:
    """The key that came with the form, made by the page for one scan; a new one when it is missing or odd."""
    given = request.POST.get("request_key", "")
    return given if _KEY.fullmatch(given) else uuid.uuid4().hex


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
        "links": [link for link in registry.counter_links if link.shown(request)],
        "waiting": bool(first and first.state in ("waiting", "unknown")),
    }
    return render(request, "stores/counter.html", context, status=status)


def _recent(user: User, store: Store) -> list[ScanResult]:
    kinds: list[CounterKind] = counter_kinds()
    results = [
        result for kind in kinds for result in kind.recent(user=user, store=store, limit=SHOWN)
    ]
    return sorted(results, key=lambda result: result.at or _LONG_AGO, reverse=True)[:SHOWN]
