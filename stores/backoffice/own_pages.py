"""Pages of the back office that belong to no table: what to do, and the person's own page."""

from django.contrib import admin
from django.http import HttpRequest
from django.template.response import TemplateResponse
from django.utils.translation import gettext as _

from stores.backoffice.dashboard import everything_to_do
from stores.backoffice.pages import staff_user
from stores.models import Staff


def todo(request: HttpRequest) -> TemplateResponse:
    """Lists everything that needs this person, the most urgent first."""
    alerts = everything_to_do(staff_user(request))
    return _page(request, "todo", {"title": _("To do"), "alerts": alerts})


def me(request: HttpRequest) -> TemplateResponse:
    """Shows who is signed in and where they work, and leads to all other pages."""
    rows = Staff.objects.filter(user=staff_user(request), is_active=True)
    work = list(rows.select_related("merchant").prefetch_related("stores").order_by("pk"))
    for line in work:
        line.names = ", ".join(store.name for store in line.stores.all())  # type: ignore[attr-defined]
    return _page(request, "me", {"title": _("Me"), "work": work})


def _page(request: HttpRequest, name: str, context: dict[str, object]) -> TemplateResponse:
    shell = admin.site.each_context(request)
    return TemplateResponse(request, f"stores/backoffice/{name}.html", shell | context)
