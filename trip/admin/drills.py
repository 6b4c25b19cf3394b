"""Runs of the acceptance drill. Their own pages (trip/pages/drill.py) start and show them; they are
never changed.
"""

from typing import Any

from django.contrib import admin
from django.core.exceptions import PermissionDenied
from django.http import HttpRequest, HttpResponse, HttpResponseNotAllowed
from django.urls import URLPattern, path

from stores.backoffice.base import ReadOnlyAdmin
from stores.roles import Permission
from trip.models import DrillRun
from trip.pages import drill


@admin.register(DrillRun)
class DrillRunAdmin(ReadOnlyAdmin):
    view_permission = Permission.MANAGE_CONNECTIONS

    def get_urls(self) -> list[URLPattern]:
        view = self.admin_site.admin_view(self.start_view)
        return [path("start/", view, name="trip_drillrun_start"), *super().get_urls()]

    def start_view(self, request: HttpRequest) -> HttpResponse:
        if request.method != "POST":
            return HttpResponseNotAllowed(["POST"])
        return drill.start(request)

    def changelist_view(self, request: HttpRequest, extra_context: Any = None) -> HttpResponse:
        if not self.has_view_permission(request):
            raise PermissionDenied
        return drill.runs_page(request, self.get_queryset(request), context=self._context(request))

    def change_view(
        self, request: HttpRequest, object_id: str, form_url: str = "", extra_context: Any = None
    ) -> HttpResponse:
        run = self.get_object(request, object_id)
        if request.method == "POST":
            raise PermissionDenied
        return drill.run_page(request, run, context=self._context(request) | {"original": run})

    def _context(self, request: HttpRequest) -> dict[str, Any]:
        return {**self.admin_site.each_context(request), "opts": self.opts}
