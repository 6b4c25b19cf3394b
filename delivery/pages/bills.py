"""Couriers' bills: upload a file, say which column is which, read what is wrong, claim it."""

from urllib.parse import urlencode

from django.core.exceptions import PermissionDenied
from django.core.paginator import Paginator
from django.db.models import Count, QuerySet, Sum
from django.http import (
    Http404,
    HttpRequest,
    HttpResponse,
    HttpResponseBase,
    HttpResponseRedirect,
    JsonResponse,
)
from django.shortcuts import get_object_or_404, render
from django.urls import reverse
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy
from django.views.decorators.http import require_http_methods, require_POST, require_safe

from delivery.models import Bill, BillLine, StoreCourier
from delivery.pages.money import check_money, stores_with_money
from delivery.services.bills import importing
from delivery.services.bills.columns import Columns, Kind
from delivery.services.bills.rows import MOST_BYTES, Unreadable
from delivery.services.bills.xlsx import letters
from stores import audit
from stores.backoffice.dates import read_day
from stores.backoffice.pages import staff_page, staff_user
from stores.backoffice.spreadsheets import (
    Column,
    as_csv,
    as_xlsx,
    file_name,
    spreadsheet,
)
from stores.conflicts import Conflict
from stores.platforms.reading import MAX_INT64
from stores.roles import Permission
from stores.tenancy import has_permission
from stores.text import is_id
from stores.web.uploads import longer_form

Finding = BillLine.Finding
ON_A_PAGE, LATEST = 100, 50
# A little more than a file may have, so that a larger one gets a sentence.
LONGEST_UPLOAD = MOST_BYTES + 1_000_000
# The columns of the sheet of claims.
COLUMNS = (
    Column(gettext_lazy("Line of the file"), "row"),
    Column(gettext_lazy("Order number"), "number"),
    Column(gettext_lazy("Waybill number"), "attempt__waybill_id"),
    Column(gettext_lazy("Finding"), "finding"),
    Column(gettext_lazy("When"), "at"),
    Column(gettext_lazy("Fee charged"), "fee"),
    Column(gettext_lazy("Fee agreed"), "agreed_fee"),
    Column(gettext_lazy("Tip charged"), "tip"),
    Column(gettext_lazy("Tip agreed"), "agreed_tip"),
    Column(gettext_lazy("Deduction charged"), "deduction"),
    Column(gettext_lazy("Deduction agreed"), "agreed_deduction"),
    Column(gettext_lazy("Charged (yuan)"), "total", is_summed=True),
    Column(gettext_lazy("Agreed (yuan)"), "agreed", is_summed=True),
    Column(gettext_lazy("Difference (yuan)"), "difference", is_summed=True),
    Column(gettext_lazy("Reason"), "reason"),
)


@staff_page
@require_safe
def bills(request: HttpRequest) -> HttpResponse:
    """Lists the bills, and takes the next one."""
    stores = stores_with_money(staff_user(request))
    couriers = StoreCourier.objects.filter(place__store__in=stores)
    couriers = couriers.select_related("account", "place__store")
    rows = Bill.objects.filter(courier__place__store__in=stores).defer("content")
    context = {
        "stores": stores,
        "couriers": couriers.order_by("place__store__name", "account__delivery_id", "pk"),
        "bills": rows.select_related("courier__account", "courier__place__store")[:LATEST],
        "most_bytes": MOST_BYTES,
        "too_heavy": Unreadable.too_large().reason,
    }
    return render(request, "delivery/bills.html", context)


@longer_form(LONGEST_UPLOAD)
@staff_page
@require_POST
def upload(request: HttpRequest, courier: int) -> HttpResponse:
    """Takes a file as the body itself: no form of ours takes files."""
    rows = StoreCourier.objects.select_related("place__store__merchant", "account")
    found = get_object_or_404(rows, pk=min(courier, MAX_INT64))
    check_money(staff_user(request), found.place.store)
    try:
        bill = importing.bill_upload(
            courier=found,
            name=request.GET.get("name", ""),
            content=request.read(MOST_BYTES + 1),
            actor=staff_user(request),
        )
    except Conflict as conflict:
        return JsonResponse({"trouble": str(conflict.reason)}, status=409)
    return JsonResponse({"url": reverse("delivery:bill", args=[bill.pk])})


@staff_page
@require_http_methods(["GET", "HEAD", "POST"])
def bill(request: HttpRequest, pk: int) -> HttpResponse:
    """Asks which column is which, and then shows what was found. A POST says the columns."""
    row = _bill(request, pk)
    problem = ""
    if request.method == "POST":
        try:
            importing.bill_import(
                bill=row,
                columns=_columns(request),
                first=read_day(request.POST.get("first")),
                last=read_day(request.POST.get("last")),
                actor=staff_user(request),
            )
            return HttpResponseRedirect(request.path)
        except Conflict as conflict:
            problem = str(conflict.reason)
            row.refresh_from_db()
    if row.imported_at is None:
        return _preview(request, row, problem)
    return _result(request, row, problem)


@staff_page
@require_POST
def remove(request: HttpRequest, pk: int) -> HttpResponse:
    importing.bill_remove(bill=_bill(request, pk), actor=staff_user(request))
    return HttpResponseRedirect(reverse("delivery:bills"))


@staff_page
@require_safe
def claim(request: HttpRequest, pk: int, kind: str) -> HttpResponseBase:
    """The sheet of claims: each finding, and the sums. Each export is audited."""
    row = _bill(request, pk)
    user, store = staff_user(request), row.courier.place.store
    if not has_permission(user, Permission.EXPORT, store.merchant_id):
        raise PermissionDenied
    if row.imported_at is None:
        raise Http404
    audit.record("delivery.bill.exported", actor=user, store=store, target=row)
    title = _("Claims against %(courier)s") % {"courier": row.courier.account.courier}
    plain = f"claim_{row.first_day}_{row.last_day}"
    period = _("%(first)s to %(last)s") % {"first": row.first_day, "last": row.last_day}
    name = file_name(plain, title, store.name, period)
    sheet = spreadsheet(name, title, COLUMNS, _claims(row))
    return as_csv(sheet) if kind == "csv" else as_xlsx(sheet)


def _bill(request: HttpRequest, pk: int) -> Bill:
    """Raises Http404 for another's, PermissionDenied for who may see none."""
    rows = Bill.objects.select_related("courier__account", "courier__place__store__merchant")
    row = get_object_or_404(rows, pk=min(pk, MAX_INT64))
    check_money(staff_user(request), row.courier.place.store)
    return row


def _claims(row: Bill) -> QuerySet[BillLine]:
    return BillLine.objects.filter(bill=row).exclude(finding__in=BillLine.NO_CLAIM)


def _columns(request: HttpRequest) -> Columns:
    """Returns the columns that a form names; numbers that are none are left out."""
    headings = request.POST.get("headings", "")
    given = {kind: request.POST.get(kind.value, "") for kind in Kind}
    of = {kind: int(text) for kind, text in given.items() if is_id(text)}
    return Columns(int(headings) if is_id(headings) else -1, of)


def _preview(request: HttpRequest, row: Bill, problem: str) -> HttpResponse:
    wanted = request.POST.get("headings") or request.GET.get("headings", "")
    preview = importing.bill_preview(row, int(wanted) if is_id(wanted) else None)
    chosen = _columns(request).of if request.method == "POST" else preview.columns
    titles = [
        f"{letter} {text}".strip() for letter, text in zip(letters(), preview.texts, strict=False)
    ]
    context = {
        "bill": row,
        "preview": preview,
        "titles": titles,
        "kinds": [
            {
                "name": kind.value,
                "label": kind.label,
                "column": chosen.get(kind),
                "is_needed": kind == Kind.NUMBER,
            }
            for kind in Kind
        ],
        "problem": problem,
        "first": request.POST.get("first", ""),
        "last": request.POST.get("last", ""),
    }
    status = 422 if problem else 200
    return render(request, "delivery/bill_columns.html", context, status=status)


def _result(request: HttpRequest, row: Bill, problem: str) -> HttpResponse:
    lines = BillLine.objects.filter(bill=row)
    counts = {
        each["finding"]: each
        for each in lines.order_by()
        .values("finding")
        .annotate(count=Count("pk"), difference=Sum("difference"))
    }
    wanted = request.GET.get("finding", "")
    chosen = wanted if wanted in counts else ""
    shown = lines.filter(finding=chosen) if chosen else _claims(row)
    page = Paginator(shown.select_related("attempt"), ON_A_PAGE).get_page(request.GET.get("page"))
    context = {
        "bill": row,
        "problem": problem,
        "findings": [
            {"name": kind.value, "label": kind.label, **counts[kind.value]}
            for kind in Finding
            if kind.value in counts and kind != Finding.NONE
        ],
        "as_agreed": counts[""]["count"] if "" in counts else 0,
        "chosen": chosen,
        "page": page,
        "address": urlencode({"finding": chosen}),
        "may_export": has_permission(
            staff_user(request), Permission.EXPORT, row.courier.place.store.merchant_id
        ),
    }
    return render(request, "delivery/bill.html", context, status=409 if problem else 200)
