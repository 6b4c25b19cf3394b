"""The receiver's page: no login, no scripts, nothing of anybody else's server. Only where tiles are
set, a script draws a map of them.

While it runs it reloads itself; what is typed into stands on views of its own, which do not.
"""

import re
from typing import Any

from django.conf import settings
from django.http import HttpRequest, HttpResponse, HttpResponseRedirect
from django.shortcuts import render
from django.utils import timezone
from django.utils.translation import gettext as _
from django.views.decorators.cache import never_cache
from django.views.decorators.csrf import csrf_exempt
from django.views.decorators.http import require_http_methods
from django.views.i18n import set_language
from django_stubs_ext import StrOrPromise

from delivery.models import Delivery
from delivery.services import cases, digits, tiles, tracking
from stores.clock import short_moment
from stores.conflicts import Conflict
from stores.web.addresses import client_network
from stores.web.limits import Limit, take

COOKIE, COOKIE_SECONDS = "track", 2 * 3600
REFRESH_SECONDS = 20
# Addresses have 128 bits and more, so that nobody finds one; who tries is told to stop. Only misses
# count, and a page that is there is shown to everybody: a mobile carrier's customers share an
# address.
MISSES = Limit("track-misses", 30, 600)
FORMS = ("digits", "case")
_SLUG = re.compile(r"[-_A-Za-z0-9]{1,32}")


# Without a referrer browsers say that a form comes from nowhere, which the token of forms does not
# take. It would guard nothing here: nobody is signed in, and who knows the address may do it all.
@csrf_exempt
@never_cache
@require_http_methods(["GET", "HEAD", "POST"])
def track(request: HttpRequest, slug: str) -> HttpResponse:
    answer = _answer(request, slug)
    answer["Referrer-Policy"] = "no-referrer"
    answer["X-Robots-Tag"] = "noindex, nofollow"
    return answer


def _answer(request: HttpRequest, slug: str) -> HttpResponse:
    if request.method == "POST" and "language" in request.POST:
        return set_language(request)
    delivery = tracking.delivery_of(slug) if _SLUG.fullmatch(slug) else None
    if delivery is None:
        return _missed(request)
    if tracking.is_gone(delivery):
        return _gone(request, delivery)
    if request.method != "POST":
        return _page(request, delivery)
    if request.POST.get("do") == "digits":
        return _try_digits(request, delivery)
    if request.POST.get("do") == "case":
        return _tell_shop(request, delivery)
    return _back(request)


def _page(
    request: HttpRequest, delivery: Delivery, *, form: str = "", status: int = 200, **context: Any
) -> HttpResponse:
    proof = request.get_signed_cookie(COOKIE, default="", max_age=COOKIE_SECONDS) or ""
    seen = tracking.tracking_seen(delivery=delivery, is_receiver=digits.is_proof(delivery, proof))
    wanted = form or request.GET.get("form", "")
    form = wanted if wanted in FORMS and _has_form(seen, wanted) else ""
    is_drawn = tiles.has_tiles() and not form and not seen.is_over
    context |= {
        "seen": seen,
        "title": seen.shop,
        "shop": seen.shop,
        "moments": [(words, short_moment(at)) for words, at in seen.moments],
        "expected_at": seen.expected_at and short_moment(seen.expected_at),
        "wanted_at": seen.wanted_at and short_moment(seen.wanted_at),
        "placed_at": seen.placed_at and short_moment(seen.placed_at),
        "form": form,
        "is_drawn": is_drawn,
        "tiles_credit": settings.TRACKING_TILES_CREDIT,
        "now": timezone.now(),
        "refresh_seconds": 0 if seen.is_over else REFRESH_SECONDS,
        "longest_text": cases.LONGEST_TEXT,
    }
    answer = render(request, "delivery/track.html", context, status=status)
    if is_drawn:
        answer._csp_update = {"img-src": [tiles.tiles_origin()]}  # type: ignore[attr-defined]
    return answer


def _has_form(seen: tracking.Seen, form: str) -> bool:
    return seen.asks_digits if form == "digits" else seen.may_complain


def _try_digits(request: HttpRequest, delivery: Delivery) -> HttpResponse:
    tried = digits.digits_try(
        delivery=delivery,
        typed=request.POST.get("digits", ""),
        network=client_network(request),
    )
    if tried.is_right:
        answer = _back(request)
        answer.set_signed_cookie(
            COOKIE,
            digits.proof_of(delivery),
            max_age=COOKIE_SECONDS,
            path=request.path,
            secure=settings.HTTPS,
            httponly=True,
            samesite="Lax",
        )
        return answer
    if tried.wait:
        minutes = -(-tried.wait // 60)
        answer = _page(request, delivery, form="digits", status=429, wait_minutes=minutes)
        answer["Retry-After"] = str(tried.wait)
        return answer
    problem = _("These are not the last four digits.")
    if not tried.is_a_try:
        problem = _("Please enter four digits.")
    return _page(request, delivery, form="digits", status=422, problem=problem)


def _tell_shop(request: HttpRequest, delivery: Delivery) -> HttpResponse:
    if not tracking.tracking_seen(delivery=delivery, is_receiver=False).may_complain:
        return _back(request)
    try:
        cases.case_open(delivery=delivery, text=request.POST.get("text", ""))
    except Conflict as conflict:
        return _page(request, delivery, status=409, problem=str(conflict.reason))
    return _back(request)


def _back(request: HttpRequest) -> HttpResponse:
    """Leads to the page itself, so that a reload posts nothing again."""
    return HttpResponseRedirect(request.path, status=303)


def _gone(request: HttpRequest, delivery: Delivery) -> HttpResponse:
    shop, phone, tel = tracking.shop_of(delivery)
    text = _("It was there until a day after the end of the delivery.")
    title = _("This page is closed")
    context = {"shop": shop, "shop_phone": phone, "shop_tel": tel}
    return _closed(request, title, text, status=410, **context)


def _missed(request: HttpRequest) -> HttpResponse:
    taken = take(MISSES, client_network(request))
    if taken.allowed:
        text = _("The address may be incomplete. Please open the whole link once more.")
        return _closed(request, _("There is no such delivery"), text, status=404)
    text = _("Too many addresses were tried. Please try again later.")
    answer = _closed(request, _("Please wait a moment"), text, status=429)
    answer["Retry-After"] = str(taken.retry_after)
    return answer


def _closed(
    request: HttpRequest, title: StrOrPromise, text: StrOrPromise, *, status: int, **context: Any
) -> HttpResponse:
    context |= {"title": title, "text": text}
    return render(request, "delivery/track_closed.html", context, status=status)
