"""An operator views one merchant as its owner sees it: read-only, for half an hour, audited.

The view is a key of the session. Only the middleware reads it: it gives the operator the owner's
access for the request, and refuses every method that may change something but the operator's own
browser.
"""

from collections.abc import Callable
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Any

from django.conf import settings
from django.contrib import messages
from django.contrib.auth.models import User
from django.http import HttpRequest, HttpResponse, HttpResponseRedirect
from django.middleware.csrf import rotate_token
from django.urls import reverse
from django.utils import timezone
from django.utils.translation import gettext as _

from stores import audit
from stores.conflicts import Conflict
from stores.models import Merchant
from stores.web.errors import is_htmx, only_viewing, wants_json

KEY = "viewing"
LASTS = timedelta(minutes=30)
SAFE = ("GET", "HEAD", "OPTIONS", "TRACE")
# What changes the operator's own browser alone: the end of the view, language, counter's store.
OWN = ("admin:viewing", "set_language", "counter-store")
# Verbs of the audit log: the operator left the view, or it ended without that.
STARTED, LEFT, ENDED = "view started", "view left", "view ended"


@dataclass(frozen=True)
class Viewing:
    """A view as the session keeps it; `until` is the moment at which it ends by itself."""

    merchant_id: int
    user_id: int
    until: datetime

    @classmethod
    def of(cls, request: HttpRequest) -> "Viewing | None":
        # Most callers, as platforms and API clients, have no session: none is read for them.
        kept = settings.SESSION_COOKIE_NAME in request.COOKIES and request.session.get(KEY)
        if not kept:
            return None
        return cls(kept["merchant"], kept["user"], datetime.fromtimestamp(kept["until"], UTC))


def start(request: HttpRequest, merchant: Merchant) -> None:
    """Begins to view a merchant. Raises Conflict when the merchant is switched off."""
    if not merchant.is_active:
        raise Conflict(_("This merchant is switched off: its owner sees nothing either."))
    until = timezone.now() + LASTS
    audit.record(
        STARTED,
        actor=_operator(request.user.pk),
        merchant=merchant,
        target=merchant,
        until=timezone.localtime(until).strftime("%H:%M"),
    )
    kept = {"merchant": merchant.pk, "user": request.user.pk, "until": until.timestamp()}
    request.session[KEY] = kept
    _part_from_before(request)


def leave(request: HttpRequest) -> None:
    """Ends the view of this session, if there is one."""
    if viewing := Viewing.of(request):
        _end(request, viewing, LEFT)


def _end(request: HttpRequest, viewing: Viewing, verb: str) -> None:
    request.session.pop(KEY, None)
    merchant = Merchant.objects.filter(pk=viewing.merchant_id).first()
    actor = _operator(viewing.user_id)
    audit.record(verb, actor=actor, merchant=merchant, target=merchant or "")
    _part_from_before(request)


def _part_from_before(request: HttpRequest) -> None:
    """Refuses forms that were open before, and keeps a request that is still at work with the old
    session from writing it back.
    """
    request.session.cycle_key()
    rotate_token(request)


def _operator(pk: Any) -> User | None:
    return User.objects.filter(pk=pk).first()


def read_only_while_viewing(
    get_response: Callable[[HttpRequest], HttpResponse],
) -> Callable[[HttpRequest], HttpResponse]:
    """Refuses all unsafe methods of an operator who views a merchant; ends what is over."""

    def middleware(request: HttpRequest) -> HttpResponse:
        viewing = Viewing.of(request)
        if viewing is None:
            return get_response(request)
        merchant = _viewed(request, viewing)
        if merchant is None:
            _end(request, viewing, ENDED)
            return _over(request) or get_response(request)
        request.viewed_merchant = merchant  # type: ignore[attr-defined]
        request.user.viewed_merchant_id = merchant.pk  # type: ignore[union-attr]
        if request.method in SAFE or request.path in map(reverse, OWN):
            return get_response(request)
        if request.path == reverse("admin:logout"):
            leave(request)
            return get_response(request)
        return only_viewing(request, _("You are only viewing: nothing can be changed here."))

    return middleware


def _viewed(request: HttpRequest, viewing: Viewing) -> Merchant | None:
    """Returns the viewed merchant; None when the view is over."""
    user = request.user
    is_operator = user.is_active and user.is_superuser and user.pk == viewing.user_id
    if not is_operator or timezone.now() >= viewing.until:
        return None
    return Merchant.objects.filter(pk=viewing.merchant_id, is_active=True).first()


def _over(request: HttpRequest) -> HttpResponse | None:
    """Answers the first request after the end, whose sender still believed to be viewing."""
    if request.method not in SAFE:
        return only_viewing(request, _("The view has ended; nothing was changed."))
    if wants_json(request):
        return None
    start_page = reverse("admin:index")
    messages.info(request, _("The view as the owner has ended."))
    if is_htmx(request):
        return HttpResponse(status=204, headers={"HX-Redirect": start_page})
    return HttpResponseRedirect(start_page)
