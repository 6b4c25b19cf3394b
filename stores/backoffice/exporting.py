"""Lists that can be exported as CSV and XLSX."""

from datetime import date
from typing import Any, ClassVar

from django.contrib.admin.options import IncorrectLookupParameters
from django.contrib.admin.views.main import SEARCH_VAR
from django.core.exceptions import PermissionDenied, SuspiciousOperation
from django.db.models import Max, Min, QuerySet
from django.http import HttpRequest, HttpResponseBase
from django.template.response import TemplateResponse
from django.urls import URLPattern, path, reverse
from django.utils import timezone
from django.utils.translation import gettext as _
from django_stubs_ext import StrOrPromise

from stores import audit
from stores.backoffice.daily import DailyListAdmin
from stores.backoffice.dates import chosen_days
from stores.backoffice.pages import staff_user
from stores.backoffice.scoping import access_for
from stores.backoffice.spreadsheets import (
    Column,
    Counted,
    FileName,
    as_csv,
    as_xlsx,
    file_name,
    spreadsheet,
)
from stores.models import Merchant
from stores.roles import Permission

KINDS = ("csv", "xlsx")


class ExportsAdmin(DailyListAdmin):
    """A list with buttons that export its filtered rows. Each export is audited."""

    # The verb in the audit log.
    exported_as: ClassVar[str]
    # In English letters, for programs that know no others.
    file_name: ClassVar[str]
    # The title of the sheet, with which the file's name begins.
    file_title: ClassVar[StrOrPromise]
    columns: ClassVar[tuple[Column, ...]]
    # The field whose days are the period in the file's name; a DayFilter of the list narrows it.
    dated: ClassVar[str] = "created_at"

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
        name = self._name(request, rows)
        sheet = spreadsheet(name, self.file_title, self.columns, rows, self._counted())
        return as_csv(sheet) if kind == "csv" else as_xlsx(sheet)

    def _counted(self) -> Counted | None:
        """The sums of a file count the rows that the list's sum counts."""
        worth = self.worth
        return Counted(worth.condition, worth.of) if worth and worth.condition else None

    def _name(self, request: HttpRequest, rows: QuerySet[Any]) -> FileName:
        """Names the file by its store or merchant and by its first and last day."""
        first, last = self._period(request, rows)
        period = _("%(first)s to %(last)s") % {"first": first, "last": last}
        plain = f"{self.file_name}_{first}_{last}"
        return file_name(plain, self.file_title, _whose(rows), period)

    def _period(self, request: HttpRequest, rows: QuerySet[Any]) -> tuple[date, date]:
        """Returns the days of the filter, and for an end without one that of the rows."""
        chosen = chosen_days(request.GET, self.dated)
        first, last = chosen.first, chosen.last
        if first and last:
            return first, last
        ends = rows.order_by().aggregate(first=Min(self.dated), last=Max(self.dated))
        oldest, newest = (at and timezone.localtime(at).date() for at in ends.values())
        today = timezone.localdate()
        return first or oldest or last or today, last or newest or first or today

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


def _whose(rows: QuerySet[Any]) -> str:
    """Returns the name of the rows' store, of their merchant, or that there are several."""
    for field in ("store__name", "store__merchant__name"):
        names = list(rows.order_by().values_list(field, flat=True).distinct()[:2])
        if len(names) < 2:
            return names[0] if names else ""
    return _("several merchants")


def _narrowed(request: HttpRequest) -> str:
    """The list's filters; the search term is hidden, because it may be a whole code."""
    query = request.GET.copy()
    if query.get(SEARCH_VAR):
        query[SEARCH_VAR] = "*"
    return query.urlencode(safe="*")
