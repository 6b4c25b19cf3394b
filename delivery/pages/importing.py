"""The page on which several deliveries are entered as a table: looked at first, then imported."""

from collections.abc import Mapping
from dataclasses import dataclass, replace
from typing import Any

from django.contrib.auth.models import User
from django.core.exceptions import PermissionDenied
from django.http import HttpRequest, HttpResponse, JsonResponse
from django.shortcuts import render
from django.utils.translation import gettext as _
from django.views.decorators.http import require_POST, require_safe

from delivery.choices import SEND
from delivery.models import Delivery
from delivery.pages.entry import for_a_store
from delivery.pages.entry_form import EntryForm
from delivery.pages.typed_orders import Typed, kind_text, read_typed, warning_of
from delivery.services import creating
from delivery.services.order_tables import (
    HEADINGS,
    MOST_BYTES,
    MOST_ROWS,
    MOST_TEXT,
    Table,
    TableRow,
    decoded,
    read_table,
)
from delivery.services.places import Place
from delivery.services.sending import last_entered
from stores.backoffice.labels import labelled
from stores.backoffice.pages import staff_page, staff_user
from stores.conflicts import Conflict
from stores.models import Store
from stores.tenancy import has_permission
from stores.text import listed
from stores.web.uploads import longer_form

# A Chinese character is nine bytes in a form.
LONGEST_FORM = 10 * MOST_TEXT
# Columns that are usually taken from the last order, and are not in the template.
FROM_LAST = ("page", "picture")


@dataclass(frozen=True)
class Line:
    """A row as the page shows it; `made` is its delivery once it was imported."""

    row: TableRow
    errors: list[str]
    earlier: Delivery | None = None
    given: Mapping[str, Any] | None = None
    made: Delivery | None = None
    far: str = ""
    meant: Place | None = None

    @property
    def summary(self) -> str:
        names = ("name", "phone", "city", "address", "detail")
        return " ".join(text for name in names if (text := self.row.typed.get(name, "")))


@longer_form(LONGEST_FORM)
@for_a_store
def orders(request: HttpRequest, stores: list[Store], store: Store) -> HttpResponse:
    """Shows what each row would become; `do` = import enters those that are right, and `do` = place
    puts the coordinates that are meant into the table.
    """
    text = request.POST.get("table", "")
    context: dict[str, Any] = {
        "stores": stores,
        "store": store,
        "most": MOST_ROWS,
        "most_bytes": MOST_BYTES,
        "columns": listed(_columns()),
    }
    if request.method != "POST":
        return render(request, "delivery/import.html", context)
    try:
        table = read_table(text)
        lines = _lines(store, table)
        if request.POST.get("do") == "place":
            text = table.with_places({each.row.number: each.meant for each in lines if each.meant})
            table = read_table(text)
            lines = _lines(store, table)
    except Conflict as conflict:
        context |= {"text": text, "problem": conflict.reason}
        return render(request, "delivery/import.html", context, status=422)
    if request.POST.get("do") == "import":
        lines = [_imported(line, store, staff_user(request)) for line in lines]
        text = table.only({line.row.number for line in lines if line.errors})
    context |= {"text": text, "unknown": listed(table.unknown), **_counted(lines)}
    return render(request, "delivery/import.html", context)


def _columns() -> list[str]:
    """Returns the columns of the template."""
    return [titles[0] for name, titles in HEADINGS.items() if name not in FROM_LAST]


def _counted(lines: list[Line]) -> dict[str, Any]:
    return {
        "lines": lines,
        "fitting": sum(line.given is not None and not line.made for line in lines),
        "made": sum(line.made is not None for line in lines),
        "wrong": sum(bool(line.errors) for line in lines),
        "meant": sum(line.meant is not None for line in lines),
    }


@longer_form(MOST_BYTES + 100_000)
@staff_page
@require_POST
def read_file(request: HttpRequest) -> HttpResponse:
    """Returns the text of a file, which is the body itself: no form of ours takes files."""
    if not has_permission(staff_user(request), SEND):
        raise PermissionDenied
    try:
        return JsonResponse({"text": decoded(request.read(MOST_BYTES + 1))})
    except Conflict as conflict:
        return JsonResponse({"trouble": str(conflict.reason)}, status=409)


@staff_page
@require_safe
def template(request: HttpRequest) -> HttpResponse:
    """The first line of a table, as Excel opens it."""
    content = "\ufeff" + ",".join(_columns()) + "\r\n"
    answer = HttpResponse(content, content_type="text/csv; charset=utf-8")
    answer["Content-Disposition"] = 'attachment; filename="deliveries.csv"'
    return answer


def _lines(store: Store, table: Table) -> list[Line]:
    last, found = last_entered(store), []
    first_rows: dict[str, int] = {}
    for row in table.rows:
        filled = _filled(row.typed, last)
        typed = read_typed(store, filled)
        number = row.typed["reference"]
        before = first_rows.setdefault(number, row.number)
        errors = _texts(typed)
        if before != row.number:
            errors = [_("Line %(number)d has the same order number.") % {"number": before}]
        given = None if errors or typed.earlier else typed.given
        far = warning_of(store, filled)
        found.append(Line(row, errors, typed.earlier, given, far=far, meant=typed.meant))
    return found


def _filled(typed: Mapping[str, str], last: Mapping[str, str]) -> dict[str, str]:
    """Fills what the table leaves open with what the store entered last."""
    usual = {"page": last.get("page", ""), "picture": last.get("picture", "")}
    usual["kind"] = kind_text(last) if last else ""
    return {**typed, **{name: text for name, text in usual.items() if not typed.get(name)}}


def _texts(typed: Typed) -> list[str]:
    return [
        labelled(_title(name), text) if name else text
        for name, texts in typed.errors.items()
        for text in texts
    ]


def _title(name: str) -> str:
    return str(EntryForm.base_fields[name].label)


def _imported(line: Line, store: Store, user: User) -> Line:
    """A row that fails now leaves its neighbours alone."""
    if line.given is None:
        return line
    try:
        made = creating.delivery_create(store=store, given=line.given, actor=user)
    except creating.WrongOrder:
        return Line(line.row, [_("This order is no longer right: look at it again.")])
    except Conflict as conflict:
        return Line(line.row, [str(conflict.reason)])
    return replace(line, made=made)
