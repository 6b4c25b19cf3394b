"""An order laid out as a receipt for the printer of the browser."""

from django.core.exceptions import PermissionDenied
from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import render
from django.views.decorators.http import require_http_methods

from messaging.choices import ReceiptCopy
from messaging.pages.orders import order_of
from messaging.receipts.copies import Copy
from messaging.services import customers
from messaging.services.printing.rendering import PAPERS, NothingToPrint, order_rows, usual_paper
from stores.backoffice.pages import staff_page, staff_user
from stores.roles import Permission
from stores.tenancy import has_permission


@staff_page
@require_http_methods(["GET", "HEAD", "POST"])
def print_order(request: HttpRequest, pk: int) -> HttpResponse:
    """The address is cut as on the order's page. A POST shows it whole to whoever may see personal
    data, and is noted.
    """
    user = staff_user(request)
    order = order_of(request, pk, Permission.VIEW)
    may_see = has_permission(user, Permission.VIEW_PERSONAL, order.store.merchant_id)
    copy = request.GET.get("copy", Copy.CUSTOMER.value)
    paper = request.GET.get("paper") or usual_paper(order.store)
    if copy not in ReceiptCopy.values or paper not in PAPERS:
        raise Http404
    with_address = request.method == "POST"
    if with_address:
        if not may_see:
            raise PermissionDenied
        customers.note_looked_at(order, actor=user)
    try:
        shown = order_rows(order, Copy(copy), PAPERS[paper], with_address=with_address)
    except NothingToPrint:
        shown = []
    has_address = copy != Copy.KITCHEN and "address" in customers.shown(order, whole=False)
    context = {
        "order": order,
        "rows": shown,
        "copy": copy,
        "copies": ReceiptCopy.choices,
        "paper": paper,
        "papers": [(name, name.upper() if name == "a4" else f"{name} mm") for name in PAPERS],
        "may_show_address": may_see and has_address and not with_address,
    }
    return render(request, "messaging/print_order.html", context)
