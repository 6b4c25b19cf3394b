"""The shared part of all pages for staff: the signed-in person, their stores, and the chosen
store.
"""

import re
import uuid
from collections.abc import Callable
from functools import wraps
from typing import cast

from django.contrib.auth.models import User
from django.contrib.auth.views import redirect_to_login
from django.core.exceptions import PermissionDenied
from django.http import Http404, HttpRequest, HttpResponse, HttpResponseRedirect
from django.http.response import HttpResponseBase
from django.shortcuts import render
from django.urls import reverse
from django.views.decorators.cache import never_cache

from stores.models import Store
from stores.roles import Permission
from stores.tenancy import access_of, has_permission
from stores.web.errors import is_htmx

STORE_IN_SESSION = "counter_store"
_KEY = re.compile(r"[\w\-]{8,64}", re.ASCII)

View = Callable[..., HttpResponseBase]


def staff_user(request: HttpRequest) -> User:
    """Returns the signed-in person; the site lets nobody else get here."""
    return cast(User, request.user)


def staff_page(view: View) -> View:
    """Restricts a view to signed-in people of a merchant; a stranger gets 404."""

    @wraps(view)
    def guarded(request: HttpRequest, *args: object, **kwargs: object) -> HttpResponseBase:
        if not request.user.is_authenticated:
            return _to_login(request)
        access = access_of(request.user)
        if not access.everything and not access.merchants_in_part:
            raise Http404
        if access.owes_password:
            return _to(request, reverse("admin:password_change"))
        return view(request, *args, **kwargs)

    return never_cache(guarded)


def _to_login(request: HttpRequest) -> HttpResponse:
    comes_back = request.method == "GET" and not is_htmx(request)
    after = request.get_full_path() if comes_back else reverse("counter")
    return _to(request, redirect_to_login(after).url)


def _to(request: HttpRequest, url: str) -> HttpResponse:
    """Leads the whole page there; a fragment cannot be a form of its own."""
    if is_htmx(request):
        return HttpResponse(status=204, headers={"HX-Redirect": url})
    return HttpResponseRedirect(url)


def stores_at_work(user: User) -> list[Store]:
    """Returns the open stores at which this person may redeem codes.

    Raises PermissionDenied when no role of theirs allows it.
    """
    if not has_permission(user, Permission.VERIFY):
        raise PermissionDenied
    found = (
        Store.objects.for_staff(user)
        .filter(is_active=True, merchant__is_active=True)
        .select_related("merchant")
    )
    return [store for store in found if has_permission(user, Permission.VERIFY, store.merchant_id)]


def current_store(request: HttpRequest, stores: list[Store]) -> Store | None:
    """Returns the store named in the form, else the one chosen last, else the oldest.

    Raises Http404 for a store of others.
    """
    by_id = {str(store.pk): store for store in stores}
    named = request.POST.get("store")
    if named is not None:
        if named not in by_id:
            raise Http404
        return by_id[named]
    oldest = min(stores, key=lambda store: store.pk, default=None)
    return by_id.get(str(request.session.get(STORE_IN_SESSION)), oldest)


def no_store(request: HttpRequest) -> HttpResponse:
    """Shows what a person without a store does first: an owner can add one."""
    may_connect = has_permission(staff_user(request), Permission.MANAGE_CONNECTIONS)
    return render(request, "stores/no_store.html", {"may_connect": may_connect})


def request_key(request: HttpRequest) -> str:
    """Returns the form's key, made by the page for one scan; a new one when it is missing or
    odd.
    """
    given = request.POST.get("request_key", "")
    return given if _KEY.fullmatch(given) else uuid.uuid4().hex
