"""The page on which an owner lets a service provider act for a mini-program, and the one to which
WeChat leads back.
"""

from dataclasses import dataclass
from typing import TypeVar

from django.contrib.auth.models import User
from django.core.exceptions import PermissionDenied
from django.db.models import Model, QuerySet
from django.http import Http404, HttpRequest, HttpResponse, HttpResponseRedirect
from django.shortcuts import get_object_or_404, render
from django.urls import reverse
from django.views.decorators.http import require_http_methods, require_safe
from django_stubs_ext import StrOrPromise

from delivery.choices import PLATFORM
from delivery.models import Authorisation
from delivery.services import asking, authorising, providing
from delivery.services.wechat import providers
from delivery.wire.couriers import COURIERS, TEST, courier_of
from stores.backoffice.pages import staff_page, staff_user
from stores.conflicts import Conflict
from stores.models import Merchant
from stores.platforms.errors import PlatformError
from stores.platforms.tools import trouble_text
from stores.roles import Permission
from stores.tenancy import access_of
from stores.text import is_id, listed

# WeChat asks from which address somebody comes, and refuses who does not say it.
FROM_WHERE = "strict-origin-when-cross-origin"
WECHAT = "https://mp.weixin.qq.com"
LONGEST_CODE = 512
Row = TypeVar("Row", bound=Model)


@staff_page
@require_http_methods(["GET", "HEAD", "POST"])
def authorise(request: HttpRequest) -> HttpResponse:
    """Leads to WeChat's page. An operator says here whose a mini-program is that nobody claims."""
    user = staff_user(request)
    problem = ""
    if request.method == "POST":
        try:
            if "appid" in request.POST:
                return _claimed(request, user)
            if "ask" in request.POST:
                return _asked(request, user)
            return _led_away(request, user)
        except Conflict as conflict:
            problem = str(conflict.reason)
        except PlatformError as error:
            problem = str(trouble_text(error))
    return _page(request, user, problem)


@staff_page
@require_safe
def authorised(request: HttpRequest) -> HttpResponse:
    """Where WeChat leads back to, with the code that its push may have brought already."""
    user = staff_user(request)
    code = request.GET.get("auth_code", "")
    problem = ""
    row = None
    try:
        provider, merchant = authorising.read_state(request.GET.get("state", ""), user_id=user.pk)
        _check(user, merchant)
        if not 0 < len(code) <= LONGEST_CODE:
            raise Http404
        row = authorising.came_back(provider=provider, merchant=merchant, code=code, actor=user)
    except Conflict as conflict:
        problem = str(conflict.reason)
    except PlatformError as error:
        problem = str(trouble_text(error))
    return render(request, "delivery/authorised.html", {"row": row, "problem": problem})


def _led_away(request: HttpRequest, user: User) -> HttpResponse:
    merchant = _one(Merchant.objects.filter(is_active=True), request.POST.get("merchant", ""))
    _check(user, merchant)
    provider = _one(providers(), request.POST.get("provider", ""))
    address = authorising.page_address(
        provider=provider,
        merchant=merchant,
        user_id=user.pk,
        back_path=reverse("delivery:authorised"),
    )
    return HttpResponseRedirect(address, headers={"Referrer-Policy": FROM_WHERE})


def _claimed(request: HttpRequest, user: User) -> HttpResponse:
    if not access_of(user).everything:
        raise PermissionDenied
    row = _one(Authorisation.objects.unclaimed(), request.POST["appid"])
    merchant = _one(Merchant.objects.all(), request.POST.get("merchant", ""))
    providing.claim(row, merchant, actor=user)
    return HttpResponseRedirect(reverse("delivery:authorise"))


def _asked(request: HttpRequest, user: User) -> HttpResponse:
    """Has WeChat ask the shop's administrator to open the function, or to bind a courier."""
    rows = _rows(_merchants(user)).exclude(connection=None)
    connection = _one(rows, request.POST["ask"]).connection
    assert connection is not None
    courier = request.POST.get("courier", "")
    if not courier:
        asking.shop_open(connection=connection, actor=user)
    elif courier in COURIERS:
        asking.courier_bind(connection=connection, delivery_id=courier, actor=user)
    else:
        raise Http404
    return HttpResponseRedirect(reverse("delivery:authorise"))


def _merchants(user: User) -> QuerySet[Merchant]:
    """Raises PermissionDenied for who may connect no accounts."""
    access = access_of(user)
    if not access.has_permission(Permission.MANAGE_CONNECTIONS):
        raise PermissionDenied
    merchants = Merchant.objects.filter(is_active=True)
    if access.everything:
        return merchants
    return merchants.filter(pk__in=access.merchants_with(Permission.MANAGE_CONNECTIONS))


def _rows(merchants: QuerySet[Merchant]) -> QuerySet[Authorisation]:
    rows = Authorisation.objects.filter(merchant__in=merchants).order_by("appid")
    rows = rows.select_related("merchant", "connection")
    return rows.prefetch_related("connection__courier_accounts")


@dataclass(frozen=True)
class Shop:
    """A mini-program with the couriers that its administrator was asked to bind, and has not, as
    words; and those that can be asked for.
    """

    row: Authorisation
    asked: str
    couriers: list[tuple[str, StrOrPromise]]


def _shop(row: Authorisation) -> Shop:
    accounts = row.connection.courier_accounts.all() if row.connection else []
    bound = {each.delivery_id for each in accounts if each.is_usable}
    known = [(each.delivery_id, each.name) for each in COURIERS.values()]
    asked = listed([courier_of(each).name for each in providing.waiting_couriers(row)])
    return Shop(row, asked, [each for each in known if each[0] not in bound | {TEST}])


def _page(request: HttpRequest, user: User, problem: str) -> HttpResponse:
    access, merchants = access_of(user), _merchants(user)
    unclaimed = Authorisation.objects.unclaimed()
    context = {
        "providers": list(providers()),
        "merchants": list(merchants.order_by("pk")),
        "shops": [_shop(row) for row in _rows(merchants)],
        "unclaimed": unclaimed if access.everything else None,
        "connect_url": f"{reverse('admin:stores_connection_add')}?platform={PLATFORM}",
        "problem": problem,
    }
    answer = render(request, "delivery/authorise.html", context)
    answer["Referrer-Policy"] = FROM_WHERE
    # Browsers hold the redirect after the form to it as well.
    answer._csp_update = {"form-action": [WECHAT]}  # type: ignore[attr-defined]
    return answer


def _check(user: User, merchant: Merchant) -> None:
    """Raises Http404 for another merchant, PermissionDenied for who may not connect accounts."""
    access = access_of(user)
    if not access.everything and merchant.pk not in access.merchants_in_part:
        raise Http404
    if not access.has_permission(Permission.MANAGE_CONNECTIONS, merchant.pk):
        raise PermissionDenied


def _one(rows: QuerySet[Row], pk: str) -> Row:
    """Raises Http404."""
    return get_object_or_404(rows, pk=pk if is_id(pk) else 0)
