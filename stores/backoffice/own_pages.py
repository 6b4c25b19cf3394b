"""Pages of the back office that belong to no table: what to do, and the person's own page."""

from django.contrib import admin
from django.core.exceptions import PermissionDenied
from django.http import HttpRequest, HttpResponse, HttpResponseRedirect
from django.template.response import TemplateResponse
from django.urls import reverse
from django.utils.translation import gettext as _

from stores.backoffice.dashboard import by_urgency, everything_to_do, operator_alerts
from stores.backoffice.operators import merchants_to_do
from stores.backoffice.pages import staff_user
from stores.backoffice.search import search
from stores.models import Staff
from stores.tenancy import access_of
from stores.text import listed
from stores.web.viewing import leave


def todo(request: HttpRequest) -> TemplateResponse:
    """Lists everything that needs this person, the most urgent first; to operators, the merchants
    that have something to settle.
    """
    user = staff_user(request)
    if access_of(user).everything:
        alerts = by_urgency([*operator_alerts(), *merchants_to_do()])
    else:
        alerts = everything_to_do(user)
    return _page(request, "todo", {"title": _("To do"), "alerts": alerts})


def me(request: HttpRequest) -> TemplateResponse:
    """Shows who is signed in and where they work, and leads to all other pages."""
    rows = Staff.objects.filter(user=staff_user(request), is_active=True)
    work = list(rows.select_related("merchant").prefetch_related("stores").order_by("pk"))
    for line in work:
        line.names = listed(store.name for store in line.stores.all())  # type: ignore[attr-defined]
    return _page(request, "me", {"title": _("Me"), "work": work})


def find(request: HttpRequest) -> HttpResponse:
    """Searches over all merchants, for operators only; a phone stands in no address."""
    user = staff_user(request)
    if not access_of(user).everything:
        raise PermissionDenied
    context: dict[str, object] = {"title": _("Find")}
    if request.method != "POST":
        return _page(request, "find", context)
    text = request.POST.get("text", "")
    answer = search(text, user=user)
    return _page(request, "find", context | {"text": text, "answer": answer}, answer.status)


def viewing(request: HttpRequest) -> HttpResponse:
    """Says what a view as the owner is; a POST leaves it."""
    merchant = getattr(request, "viewed_merchant", None)
    if merchant is None:
        return HttpResponseRedirect(reverse("admin:index"))
    if request.method == "POST":
        leave(request)
        page = reverse("admin:stores_merchant_change", args=[merchant.pk])
        return HttpResponseRedirect(page)
    return _page(request, "viewing", {"title": _("View as the owner")})


def _page(
    request: HttpRequest, name: str, context: dict[str, object], status: int = 200
) -> TemplateResponse:
    shell = admin.site.each_context(request)
    page = f"stores/backoffice/{name}.html"
    return TemplateResponse(request, page, shell | context, status=status)
