"""The guest's way: number → what it is → confirm → result. Nothing here waits; a waiting page fetches itself again."""

import re
import uuid
from collections.abc import Callable
from functools import wraps
from typing import Any

from django.http import HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.utils.translation import gettext_lazy as _
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_http_methods
from django_stubs_ext import StrOrPromise

from coupons import codes, services
from coupons.models import Channel, Lookup, Product, Verification
from coupons.pages import visits
from coupons.reasons import HELD_UP, TEXTS, Reason
from coupons.services import abuse
from coupons.services.lookups import gateway_of
from stores.backoffice.pages import request_key
from stores.fields import keyed_hash
from stores.idempotency import form_key
from stores.models import Store
from stores.platforms.outbox.place import PlaceInLine
from stores.web.addresses import client_network

CLOSED = _("This store does not take coupons on this page at the moment. Please ask the staff.")
Status = Verification.Status
# "开业特惠通用畅玩4小时[49.00元][1206941234]": what the gateway hangs on a name is not for guests.
_BRACKETS_BEHIND = re.compile(r"(\[[^\]]*\])+$")

View = Callable[[HttpRequest, Store, str, str], HttpResponse]


def guest_page(view: View) -> Callable[..., HttpResponse]:
    """Gives a page its store and its visitor's flow, and keeps the flow in a cookie. Anybody may come."""

    @never_cache
    @require_http_methods(["GET", "HEAD", "POST"])
    @wraps(view)
    def page(request: HttpRequest, guest_slug: str, token: str = "") -> HttpResponse:
        store = get_object_or_404(Store.objects.select_related("merchant"), guest_slug=guest_slug)
        flow = visits.flow_of(request)
        return visits.remember_flow(view(request, store, flow, token), flow)

    return page


@guest_page
def start(request: HttpRequest, store: Store, flow: str, token: str) -> HttpResponse:
    """The box for the number."""
    return _enter(request, store, flow) if request.method == "POST" else _start(request, store)


@guest_page
def coupon(request: HttpRequest, store: Store, flow: str, token: str) -> HttpResponse:
    """What the coupon is, as soon as it is known, with the button that uses it up."""
    look = visits.open_look(token)
    rows = Lookup.objects.select_related("store")
    lookup = rows.filter(pk=look.lookup_id, store=store, flow=flow).first() if look else None
    if look is None or lookup is None:
        return _stale(request, store)
    if own := _verification_of(store, look.code, flow):
        return _to_result(own)
    if request.method == "POST" and lookup.is_unused:
        return _confirm(request, store, look.code, flow)
    services.lookup_process(lookup, wake=False, in_background=True)
    return render(request, "coupons/guest_coupon.html", _coupon_context(store, lookup))


@guest_page
def result(request: HttpRequest, store: Store, flow: str, token: str) -> HttpResponse:
    """What became of it. Whoever has this address may see it, so it shows nothing of the staff."""
    rows = Verification.objects.select_related("store", "product")
    number = visits.read_result(token)
    verification = rows.filter(pk=number, store=store).first() if number else None
    if verification is None:
        return _stale(request, store)
    services.verification_process(verification, wake=False, in_background=True)
    texts = TEXTS.get(verification.reason) if verification.status == Status.REFUSED else None
    context = {
        "store": store,
        "verification": verification,
        "deal": _deal(verification.product, verification.sku_name),
        "refusal": texts,
        **_turn(services.place_of(verification)),
        "waiting": verification.status in Verification.LIVE,
        "unclear": verification.unclear,
    }
    return render(request, "coupons/guest_result.html", context)


def problem_of(store: Store) -> StrOrPromise:
    """Why no coupon can be used at this store now, told before a code is touched; empty when one can."""
    if not (store.is_active and store.merchant.is_active and store.guest_page_open):
        return CLOSED
    gateway = gateway_of(store)
    reason = gateway.blocking_reason if gateway else Reason.STORE_UNAUTHORISED
    return TEXTS[reason].guest if reason else ""


def _start(
    request: HttpRequest, store: Store, *, status: int = 200, **context: Any
) -> HttpResponse:
    context |= {
        "store": store,
        "problem": problem_of(store),
        "entered": request.POST.get("code", "")[:40],
    }
    return render(request, "coupons/guest_start.html", context, status=status)


def _stale(request: HttpRequest, store: Store) -> HttpResponse:
    return render(request, "coupons/guest_stale.html", {"store": store}, status=404)


def _locked(request: HttpRequest, store: Store, seconds: int) -> HttpResponse:
    refusal = TEXTS[Reason.TOO_MANY_TRIES]
    answer = _start(
        request, store, status=429, refusal=refusal, locked_minutes=max(1, -(-seconds // 60))
    )
    answer["Retry-After"] = str(seconds)
    return answer


def _enter(request: HttpRequest, store: Store, flow: str) -> HttpResponse:
    """Format, then limits, then what we know ourselves; only then the gateway is asked."""
    if problem_of(store):
        return _start(request, store, status=409)
    code = codes.find_in(request.POST.get("code", ""))
    if code is None:
        return _start(request, store, status=422, refusal=TEXTS[Reason.MALFORMED_CODE])
    if seconds := abuse.locked(store.pk, address_of(request, store)):
        return _locked(request, store, seconds)
    if own := _verification_of(store, code, flow):
        return _to_result(own)
    if _verification_of(store, code, status=Status.VERIFIED):
        return _start(request, store, status=409, refusal=TEXTS[Reason.ALREADY_USED])
    # What this visitor asked a moment ago costs no further call, so it is not counted again.
    if not services.lookup_known(store, code, flow) and (
        seconds := abuse.count(store.pk, address_of(request, store))
    ):
        return _locked(request, store, seconds)
    lookup = services.lookup_request(
        store=store,
        code=code,
        channel=Channel.GUEST,
        flow=flow,
        address_hash=address_of(request, store),
    )
    services.lookup_process(lookup, in_background=True)
    return redirect(
        "coupons:guest-coupon", store.guest_slug, visits.seal_look(visits.Look(lookup.pk, code))
    )


def _confirm(request: HttpRequest, store: Store, code: str, flow: str) -> HttpResponse:
    if problem_of(store):
        return _start(request, store, status=409)
    requested = services.verification_request(
        store=store,
        code=code,
        channel=Channel.GUEST,
        flow=flow,
        request_key=form_key(request_key(request), store.pk, code),
    )
    return _to_result(services.verification_process(requested.verification, in_background=True))


def _verification_of(
    store: Store, code: str, flow: str = "", status: str = ""
) -> Verification | None:
    """The verification of this code that is under way or done, if any; `flow` asks for the visitor's own."""
    rows = Verification.objects.filter(store=store, code_hash=keyed_hash(code)).exclude(
        status=Status.REFUSED
    )
    if flow:
        rows = rows.filter(flow=flow)
    return (rows.filter(status=status) if status else rows).select_related("store").first()


def _to_result(verification: Verification) -> HttpResponse:
    return redirect(
        "coupons:guest-result", verification.store.guest_slug, visits.sign_result(verification.pk)
    )


def _coupon_context(store: Store, lookup: Lookup) -> dict[str, Any]:
    product = (
        Product.objects.filter(store=store, sku_id=lookup.sku_id).first() if lookup.sku_id else None
    )
    refused = lookup.status != Lookup.Status.QUEUED and not lookup.is_unused
    return {
        "store": store,
        "lookup": lookup,
        "deal": _deal(product, lookup.sku_name),
        "price": lookup.price if lookup.price is not None else product.price if product else None,
        "refusal": TEXTS[lookup.reason or Reason.REFUSED_OTHER] if refused else None,
        **_turn(services.lookup_place(lookup)),
        "waiting": lookup.status == Lookup.Status.QUEUED,
        "request_key": uuid.uuid4().hex,
    }


def _turn(place: PlaceInLine | None) -> dict[str, Any]:
    return {"place": place, "held_up": HELD_UP.guest if place and place.is_held_up else ""}


def _deal(product: Product | None, sku_name: str) -> str:
    return product.name if product else _BRACKETS_BEHIND.sub("", sku_name)


def address_of(request: HttpRequest, store: Store) -> str:
    """Returns the caller's network as a keyed hash, another one for each merchant.

    So guesses at one shop do not close another shop's page to the same mobile carrier.
    """
    return keyed_hash(f"{store.merchant_id}:{client_network(request)}")
