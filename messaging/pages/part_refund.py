"""The page on which some dishes of an order are chosen to be refunded."""

from typing import Any

from django.contrib import messages
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy
from django.views.decorators.http import require_http_methods

from messaging.choices import REFUND
from messaging.models import Order
from messaging.pages.orders import order_of
from messaging.services import allowed, deciding, part_refunds
from messaging.services.deciding import REASON_LENGTH
from messaging.services.part_refunds import Part
from messaging.services.under_way import under_way
from messaging.wire.refundable import RefundableLine
from stores.backoffice.pages import staff_page, staff_user
from stores.conflicts import Conflict
from stores.money import yuan_of, yuan_text
from stores.platforms.tools import as_conflicts
from stores.text import clean_text

BEING_SENT = gettext_lazy("The refund is on its way to Meituan.")
_FIELD = "count-"
_MOST_DIGITS = 5


@staff_page
@require_http_methods(["GET", "HEAD", "POST"])
def part_refund(request: HttpRequest, pk: int) -> HttpResponse:
    order = order_of(request, pk, REFUND)
    given: dict[str, Any] = {"counts": {}, "reason": ""}
    trouble, asked = "", None
    if request.method == "POST":
        given = {
            "counts": _counts(request),
            "reason": clean_text(request.POST.get("reason", ""), REASON_LENGTH),
        }
        try:
            with as_conflicts():
                asked = part_refunds.part_chosen(order=order, **given)
            if request.POST.get("sure") == asked.name:
                part_refunds.part_refund(
                    order=order, actor=staff_user(request), reason=given["reason"], part=asked
                )
                messages.success(request, BEING_SENT)
                return redirect("admin:messaging_order_change", order.pk)
        except Conflict as conflict:
            trouble = str(conflict.reason)
    return _page(request, order, given, trouble, None if trouble else asked)


def _page(
    request: HttpRequest, order: Order, given: Any, trouble: str, asked: Part | None
) -> HttpResponse:
    lines: list[RefundableLine] = []
    why_not = str(allowed.why_not_refund_part(order))
    is_being_sent = deciding.is_part_being_refunded(order)
    if is_being_sent:
        why_not = why_not or str(BEING_SENT)
    if not why_not:
        try:
            with as_conflicts():
                lines = part_refunds.refundable_lines(order)
        except Conflict as conflict:
            trouble = trouble or str(conflict.reason)
        else:
            why_not = "" if lines else _("Meituan lists nothing that could be refunded.")
    context = {
        "order": order,
        "lines": [
            {
                "line": line,
                "field": f"{_FIELD}{line.key}",
                "count": given["counts"].get(line.key, 0),
                "price": "" if line.price is None else yuan_text(yuan_of(line.price)),
            }
            for line in lines
        ],
        "reason": given["reason"],
        "reason_length": REASON_LENGTH,
        "trouble": trouble,
        "asked": asked,
        "worth": "" if asked is None or asked.worth is None else yuan_text(yuan_of(asked.worth)),
        "why_not": why_not,
        "under_way": under_way(order) if is_being_sent else "",
    }
    return render(request, "messaging/part_refund.html", context, status=409 if trouble else 200)


def _counts(request: HttpRequest) -> dict[str, int]:
    """Returns the chosen numbers by the lines' keys; what is no number counts as none."""
    return {
        name.removeprefix(_FIELD): int(text)
        for name in request.POST
        if name.startswith(_FIELD)
        and (text := request.POST[name]).isascii()
        and text.isdecimal()
        and len(text) <= _MOST_DIGITS
    }
