"""Lists that can be exported as CSV and XLSX."""

from typing import Any, ClassVar

from django.contrib.admin.options import IncorrectLookupParameters
from django.contrib.admin.views.main import SEARCH_VAR
from django.core.exceptions import PermissionDenied, SuspiciousOperation
from django.db.models import QuerySet
from django.http import HttpRequest, HttpResponseBase
from django.template.response import TemplateResponse
from django.urls import URLPattern, path, reverse
from django_stubs_ext import StrOrPromise

from stores import audit
from stores.backoffice.base import ScopedAdmin, access_for
from stores.backoffice.pages import staff_user
from stores.backoffice.spreadsheets import Column, as_csv, as_xlsx, spreadsheet
from stores.models import Merchant
from stores.roles import Permission

KINDS = ("csv", "xlsx")


class ExportsAdmin(ScopedAdmin):
    """A list with buttons that export its filtered rows. Each export is audited."""

    list_before_template = "stores/backoffice/export_links.html"
    # The verb in the audit log.
    exported_as: ClassVar[str]
    # The file's name without its ending, and the title of its sheet.
    file_name: ClassVar[str]
    file_title: ClassVar[StrOrPromise]
    columns: ClassVar[tuple[Column, ...]]

    def _export_url_name(self, kind: str) -> str:
        return f"{self.opts.app_label}_{self.opts.model_name}_{kind}"

    def get_urls(self) -> list[URLPattern]:
        view = self.admin_site.admin_view(self.export_view)
        urls = [
            path(f"export.{kind}", view, {"kind": kind}, name=self._export_url_name(kind))
            for kind in KINDS
        ]
        return [*urls, *super().get_urls()]

    def export_view(self, request: HttpRequest, kind: str) -> HttpResponseBase:
        """Exports the rows that the list shows with the same filters.

        Rows of merchants where the person may not export are left out.
        """
        if not self.permits(request, Permission.EXPORT):
            raise PermissionDenied
        try:
            rows = self.get_changelist_instance(request).get_queryset(request)
        except IncorrectLookupParameters as error:
            raise SuspiciousOperation("filters that do not exist") from error
        rows = self.allowed(request, rows, Permission.EXPORT)
        self._audit_export(request, rows, kind)
        sheet = spreadsheet(self.file_name, self.file_title, self.columns, rows)
        return as_csv(sheet) if kind == "csv" else as_xlsx(sheet)

    def changelist_view(self, request: HttpRequest, extra_context: Any = None) -> Any:
        response = super().changelist_view(request, extra_context)
        if isinstance(response, TemplateResponse) and response.context_data:
            query = f"?{request.GET.urlencode()}" if request.GET else ""
            may = self.permits(request, Permission.EXPORT)
            response.context_data["exports"] = (
                {kind: self._export_url(kind) + query for kind in KINDS} if may else {}
            )
        return response

    def _export_url(self, kind: str) -> str:
        return reverse(f"{self.admin_site.name}:{self._export_url_name(kind)}")

    def _audit_export(self, request: HttpRequest, rows: QuerySet[Any], kind: str) -> None:
        """Writes one entry for each merchant whose rows may be among the exported."""
        access = access_for(request)
        merchants = Merchant.objects.for_staff(request.user)
        if access.everything:
            merchants = merchants.filter(pk__in=rows.order_by().values("store__merchant"))
        for merchant in merchants:
            if access.has_permission(Permission.EXPORT, merchant.pk):
                audit.record(
                    self.exported_as,
                    actor=staff_user(request),
                    merchant=merchant,
                    target=kind,
                    filters=_narrowed(request),
                )


def _narrowed(request: HttpRequest) -> str:
    """The list's filters; the search term is hidden, because it may be a whole code."""
    query = request.GET.copy()
    if query.get(SEARCH_VAR):
        query[SEARCH_VAR] = "*"
    return query.urlencode(safe="*")
