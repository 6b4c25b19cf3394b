"""The guest's pages: number → coupon → confirmation → result. No request waits; a waiting page
reloads itself.
"""

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
from coupons.pages.ageing import age_of
from coupons.pages.used import used_text
from coupons.reasons import BEING_USED, HELD_UP, READ, SLOWED, TEXTS, Reason
from coupons.services import abuse
from coupons.services.lookups import gateway_of
from stores.backoffice.pages import request_key
from stores.fields import keyed_hash
from stores.idempotency import form_key
from stores.models import Store
from stores.platforms.outbox.place import PlaceInLine
from stores.text import deal_name
from stores.web.addresses import client_network

CLOSED = _("This store does not take coupons on this page at the moment. Please ask the staff.")
Status = Verification.Status

View = Callable[[HttpRequest, Store, str, str], HttpResponse]


def guest_page(view: View) -> Callable[..., HttpResponse]:
    """Gives a page its store and the visitor's flow, which a cookie keeps; the page needs no
    account.
    """

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
    """Shows the box for the number."""
    if request.method == "POST":
        return _enter(request, store, flow)
    return _start(request, store)


@guest_page
def coupon(request: HttpRequest, store: Store, flow: str, token: str) -> HttpResponse:
    """Shows the coupon as soon as it is known, with the button that spends it."""
    look = visits.open_look(token)
    if look is None:
        return _stale(request, store)
    rows = Lookup.objects.select_related("store")
    lookup = rows.filter(pk=look.lookup_id, store=store, flow=flow).first()
    if lookup is None:
        return _stale(request, store)
    if own := _verification_of(store, look.code, flow):
        return _to_result(own)
    if request.method == "POST" and lookup.is_unused:
        return _confirm(request, store, look.code, flow)
    services.lookup_process(lookup, wake=False, in_background=True)
    return render(request, "coupons/guest_coupon.html", _coupon_context(store, lookup))


@guest_page
def result(request: HttpRequest, store: Store, flow: str, token: str) -> HttpResponse:
    """Shows the result; anyone who has the address may see it, so it shows nothing about the
    staff, and is green on the guest's own phone only.
    """
    number = visits.read_result(token)
    if number is None:
        return _stale(request, store)
    rows = Verification.objects.select_related("store", "product")
    verification = rows.filter(pk=number, store=store).first()
    if verification is None:
        return _stale(request, store)
    can_retry = services.may_retry(verification, flow=flow)
    if request.method == "POST" and can_retry:
        return _retry(request, store, flow, verification)
    services.verification_process(verification, wake=False, in_background=True)
    texts = None
    if verification.status == Status.REFUSED:
        texts = TEXTS.get(verification.reason)
    context = {
        "store": store,
        "verification": verification,
        "deal": verification.deal,
        "refusal": texts,
        "used": _used(verification),
        "can_retry": can_retry,
        "request_key": uuid.uuid4().hex,
        "age": age_of(verification.settled_at, is_own=verification.flow == flow),
        **_turn(services.place_of(verification), verification),
        "waiting": verification.status in Verification.LIVE,
        "unclear": verification.unclear,
    }
    return render(request, "coupons/guest_result.html", context)


def _retry(
    request: HttpRequest, store: Store, flow: str, verification: Verification
) -> HttpResponse:
    """Verifies a code again that an outage refused; the guest has confirmed it before."""
    code = services.code_to_retry(store, verification.pk, flow=flow)
    if not code:
        return _stale(request, store)
    if own := _verification_of(store, code, flow):
        return _to_result(own)
    return _confirm(request, store, code, flow)


def _used(row: Lookup | Verification) -> str:
    """When the coupon of a row that Meituan calls used was used, as far as our ledger knows."""
    if row.reason != Reason.ALREADY_USED:
        return ""
    return used_text(row.store, code_hash=row.code_hash)


def problem_of(store: Store) -> StrOrPromise:
    """Returns why this store cannot accept any coupon now, before a code is read; "" when it
    can.
    """
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


def _held(request: HttpRequest, store: Store, hold: abuse.Hold) -> HttpResponse:
    """Says when this phone, or all of its address, may go on; a locked one reads whom to call."""
    refusal, held = SLOWED, {"held_seconds": hold.seconds}
    if hold.is_locked:
        refusal, held = TEXTS[Reason.TOO_MANY_TRIES], {"held_minutes": -(-hold.seconds // 60)}
    answer = _start(request, store, status=429, refusal=refusal, **held)
    answer["Retry-After"] = str(hold.seconds)
    return answer


def _enter(request: HttpRequest, store: Store, flow: str) -> HttpResponse:
    """Checks the format, then the limits, then our own data; only then calls the gateway."""
    if problem_of(store):
        return _start(request, store, status=409)
    code, reading = _code_of(request)
    if code is None:
        return _unread(request, store, reading)
    guest = abuse.Guest(store, flow, address_of(request, store))
    if hold := abuse.locked(guest):
        return _held(request, store, hold)
    if own := _verification_of(store, code, flow):
        return _to_result(own)
    if _verification_of(store, code, status=Status.VERIFIED):
        used = used_text(store, code=code)
        return _start(request, store, status=409, refusal=TEXTS[Reason.ALREADY_USED], used=used)
    # A look-up that this visitor made a moment ago causes no further call, so it is not counted
    # again.
    if not services.lookup_known(store, code, flow) and (hold := abuse.admit(guest)):
        return _held(request, store, hold)
    lookup = services.lookup_request(
        store=store, code=code, channel=Channel.GUEST, flow=flow, address_hash=guest.address
    )
    services.lookup_process(lookup, in_background=True)
    return redirect(
        "coupons:guest-coupon", store.guest_slug, visits.seal_look(visits.Look(lookup.pk, code))
    )


def _code_of(request: HttpRequest) -> tuple[str | None, codes.Reading]:
    """Returns the code that was entered, or chosen of those that were found, and the reading."""
    chosen = request.POST.get("chosen", "")
    reading = codes.read(request.POST.get("code", ""))
    return (chosen if codes.is_code(chosen) else reading.only), reading


def _unread(request: HttpRequest, store: Store, reading: codes.Reading) -> HttpResponse:
    """Says what was entered instead of one code; this is no try, and nothing was sent."""
    refusal, choices = READ[reading.read_as], reading.choices
    return _start(request, store, status=422, refusal=refusal, choices=choices, seen=reading.seen)


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
    if requested.verification.flow != flow:
        # Of two guests with one picture, only one may see a success.
        is_used = requested.verification.status == Status.VERIFIED
        refusal = TEXTS[Reason.ALREADY_USED] if is_used else BEING_USED
        used = used_text(store, code=code) if is_used else ""
        return _start(request, store, status=409, refusal=refusal, used=used)
    return _to_result(services.verification_process(requested.verification, in_background=True))


def _verification_of(
    store: Store, code: str, flow: str = "", status: str = ""
) -> Verification | None:
    """Returns the open or verified verification of this code; with `flow`, only the visitor's
    own.
    """
    rows = Verification.objects.filter(store=store, code_hash=keyed_hash(code)).exclude(
        status=Status.REFUSED
    )
    if flow:
        rows = rows.filter(flow=flow)
    if status:
        rows = rows.filter(status=status)
    return rows.select_related("store").first()


def _to_result(verification: Verification) -> HttpResponse:
    return redirect(
        "coupons:guest-result", verification.store.guest_slug, visits.sign_result(verification.pk)
    )


def _coupon_context(store: Store, lookup: Lookup) -> dict[str, Any]:
    product, price = None, lookup.price
    if lookup.sku_id:
        product = Product.objects.filter(store=store, sku_id=lookup.sku_id).first()
    if price is None and product:
        price = product.price
    refused = lookup.status != Lookup.Status.QUEUED and not lookup.is_unused
    return {
        "store": store,
        "lookup": lookup,
        "deal": deal_name(product.name if product else lookup.sku_name),
        "price": price,
        "refusal": TEXTS[lookup.reason or Reason.REFUSED_OTHER] if refused else None,
        "used": _used(lookup),
        **_turn(services.lookup_place(lookup), lookup),
        "waiting": lookup.status == Lookup.Status.QUEUED,
        "request_key": uuid.uuid4().hex,
    }


def _turn(place: PlaceInLine | None, row: Lookup | Verification) -> dict[str, Any]:
    return {
        "place": place,
        "held_up": HELD_UP.guest if place and place.is_held_up else "",
        "slow": services.slow_text(row, place),
    }


def address_of(request: HttpRequest, store: Store) -> str:
    """Returns the caller's network as a keyed hash that differs for each merchant.

    So guesses at one shop do not lock another shop's page for the same mobile carrier.
    """
    return keyed_hash(f"{store.merchant_id}:{client_network(request)}")
