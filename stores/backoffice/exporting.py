"""Lists as CSV and XLSX: what is filtered, in local time, and never a formula."""

import csv
import tempfile
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from datetime import datetime
from decimal import Decimal
from typing import Any, ClassVar

from django.contrib.admin.options import IncorrectLookupParameters
from django.contrib.admin.views.main import SEARCH_VAR
from django.core.exceptions import PermissionDenied, SuspiciousOperation
from django.db.models import QuerySet
from django.http import FileResponse, HttpRequest, HttpResponseBase, StreamingHttpResponse
from django.template.response import TemplateResponse
from django.urls import URLPattern, path, reverse
from django.utils import timezone
from django.utils.translation import gettext as _
from openpyxl import Workbook
from openpyxl.utils import get_column_letter

from stores import audit
from stores.backoffice.base import ScopedAdmin, access_for
from stores.backoffice.pages import staff_user
from stores.models import Merchant
from stores.roles import Permission

# A sheet is written to disk before the first byte is sent; whoever needs more takes CSV, which streams.
SHEET_ROWS = 100_000
# In digits; holds an order number or a moment.
COLUMN_WIDTH = 20
KINDS = ("csv", "xlsx")
_FORMULA = ("=", "+", "-", "@", "\t", "\r")
Cell = str | int | Decimal | datetime | None


@dataclass(frozen=True)
class Table:
    """What is exported: `name` is the file's, without its ending."""

    name: str
    title: str
    headers: list[str]
    lines: Iterable[list[Cell]]


def escape_formula(text: str) -> str:
    """A spreadsheet must not take what a guest or platform wrote for a formula."""
    return f"'{text}" if text.startswith(_FORMULA) else text


def local(moment: datetime | None) -> datetime | None:
    """Local and naive, as spreadsheets want it."""
    return timezone.localtime(moment).replace(tzinfo=None, microsecond=0) if moment else None


class _Echo:
    """A file for csv.writer that hands each line back."""

    def write(self, line: str) -> str:
        return line


def as_csv(table: Table) -> StreamingHttpResponse:
    """UTF-8 with a byte order mark, without which Excel takes Chinese for Latin."""
    writer = csv.writer(_Echo())

    def stream() -> Iterator[str]:
        yield "\ufeff"
        yield writer.writerow(table.headers)
        for line in table.lines:
            yield writer.writerow(line)

    response = StreamingHttpResponse(stream(), content_type="text/csv; charset=utf-8")
    response["Content-Disposition"] = f'attachment; filename="{_file(table, "csv")}"'
    return response


def as_xlsx(table: Table) -> FileResponse:
    """The first SHEET_ROWS rows; a last line says so when there are more."""
    book = Workbook(write_only=True)
    sheet = book.create_sheet(table.title)
    # In a sheet that is written row by row, what concerns all rows goes first.
    sheet.freeze_panes = "A2"
    for number, header in enumerate(table.headers, start=1):
        sheet.column_dimensions[get_column_letter(number)].width = max(
            COLUMN_WIDTH, 2 * len(header) + 2
        )
    sheet.append(table.headers)
    for number, line in enumerate(table.lines):
        if number == SHEET_ROWS:
            sheet.append([_("There are more rows than fit here: narrow the filter or export CSV.")])
            break
        sheet.append(line)
    file = tempfile.TemporaryFile()  # noqa: SIM115
    book.save(file)
    file.seek(0)
    return FileResponse(file, as_attachment=True, filename=_file(table, "xlsx"))


def _file(table: Table, kind: str) -> str:
    return f"{table.name}-{timezone.localtime():%Y%m%d-%H%M}.{kind}"


class ExportsAdmin(ScopedAdmin):
    """A list with buttons that export what is filtered, of merchants where the person may export. Each is audited."""

    list_before_template = "stores/backoffice/export_links.html"
    exported_as: ClassVar[str]

    def export_table(self, rows: QuerySet[Any]) -> Table:
        raise NotImplementedError

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
        """Exactly what the list shows with the same filters."""
        if not self.permits(request, Permission.EXPORT):
            raise PermissionDenied
        try:
            rows = self.get_changelist_instance(request).get_queryset(request)
        except IncorrectLookupParameters as error:
            raise SuspiciousOperation("filters that do not exist") from error
        rows = self.allowed(request, rows, Permission.EXPORT)
        self._audit_export(request, rows, kind)
        table = self.export_table(rows)
        return as_csv(table) if kind == "csv" else as_xlsx(table)

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
        """One entry for each merchant whose rows may be among the exported."""
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
    """What the list was narrowed to. What was searched for may be a whole code, which the log must not keep."""
    query = request.GET.copy()
    if query.get(SEARCH_VAR):
        query[SEARCH_VAR] = "*"
    return query.urlencode(safe="*")
