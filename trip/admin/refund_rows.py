"""The rows of the refunds that wait: the facts for deciding, and the decision in the row."""

from dataclasses import replace
from datetime import datetime
from typing import Any

from django.contrib.admin import display
from django.db.models import QuerySet
from django.http import HttpRequest, QueryDict
from django.template.loader import render_to_string
from django.urls import reverse
from django.utils.html import format_html, format_html_join
from django.utils.http import urlencode
from django.utils.safestring import SafeString
from django.utils.translation import gettext, ngettext
from django.utils.translation import gettext_lazy as _
from django_stubs_ext import StrOrPromise

from stores.backoffice.buttons import Button, ButtonsAdmin
from stores.backoffice.filters import EVERYTHING
from stores.backoffice.labels import labelled, moment
from stores.backoffice.needs_person import REASON
from trip.admin.buyers import buyer_of, with_buyers
from trip.admin.orders import order_link
from trip.models import Refund, tally

LIST = "admin:trip_refund_changelist"
DECIDED = (Refund.Status.AGREED, Refund.Status.REFUSED, EVERYTHING)
WAITING_COLUMNS = ("time_left", "bought", "how_many", "visit", "sum", "decision")
# What a decision in the list sends along: the list's own address, and the row after it.
FROM, NEXT = "list", "next"


def is_waiting_list(request: HttpRequest) -> bool:
    return request.GET.get("status__exact") not in DECIDED


def lines(*texts: Any) -> SafeString:
    """Returns the texts below each other in one block, without the empty ones."""
    each = format_html_join("", "<div>{}</div>", ((text,) for text in texts if text))
    return format_html('<div class="zg-lines">{}</div>', each)


def labelled_moment(label: str, at: datetime) -> SafeString:
    return format_html('{} <span class="zg-moment">{}</span>', label, moment(at))


class DecidedInRows(ButtonsAdmin):
    """The list of refunds that wait, each with its buttons; after a decision the next is in view.

    It works without JavaScript: the buttons open in place, and the forms stand below the list
    because a form may not stand in the list's own.
    """

    list_after_template = "trip/admin/refund_forms.html"

    def get_queryset(self, request: HttpRequest) -> QuerySet[Refund]:
        return with_buyers(
            super().get_queryset(request).prefetch_related("order__vouchers"), "order__"
        )

    def get_list_display(self, request: HttpRequest) -> Any:
        return WAITING_COLUMNS if is_waiting_list(request) else super().get_list_display(request)

    def get_changelist_instance(self, request: HttpRequest) -> Any:
        """Gives each row its buttons, whose addresses know the list and the row after this one."""
        shown = super().get_changelist_instance(request)
        rows = shown.result_list if is_waiting_list(request) else []
        for row, following in zip(rows, [*rows[1:], None], strict=False):
            query = {FROM: request.GET.urlencode()} | ({NEXT: following.pk} if following else {})
            row.asked = {
                each.name: replace(each, url=f"{each.url}?{urlencode(query)}")
                for each in self._buttons_for(request, row)
            }
        return shown

    def done_text(self, request: HttpRequest, row: Refund, wanted: Button) -> StrOrPromise:
        if FROM not in request.GET:
            return super().done_text(request, row, wanted)
        text = _("Agreed to the refund of order %(order)s.")
        if wanted.name == "refuse":
            text = _("Refused the refund of order %(order)s.")
        return text % {"order": row.order.order_id}

    def after(self, request: HttpRequest, row: Refund) -> str:
        """Leads from the list back to the list, with the next refund in view."""
        following = request.GET.get(NEXT, "")
        if FROM not in request.GET:
            return super().after(request, row)
        if following.isdecimal():
            return f"{self._list(request)}#refund-{following}"
        # The last one of a page: what is left begins on the first.
        return self._list(request, whole=True)

    def before(self, request: HttpRequest, row: Refund) -> str:
        if FROM not in request.GET:
            return super().before(request, row)
        return f"{self._list(request)}#refund-{row.pk}"

    def _list(self, request: HttpRequest, *, whole: bool = False) -> str:
        query = QueryDict(request.GET[FROM], mutable=True)
        if whole:
            query.pop("p", None)
        return reverse(LIST) + (f"?{query.urlencode()}" if query else "")

    @display(description=_("bought"))
    def bought(self, refund: Refund) -> SafeString:
        order = refund.order
        return lines(
            format_html("<strong>{}</strong>", order.product.title),
            buyer_of(order, ""),
            refund.store,
            order_link(order),
            labelled_moment(gettext("ordered"), order.created_at),
        )

    @display(description=_("tickets"))
    def how_many(self, refund: Refund) -> SafeString:
        """Shows how many go back, how many there are, and how many are used or refunded."""
        counts = tally(refund.order.vouchers.all())
        asked = ngettext(
            "refund %(asked)d of %(total)d ticket",
            "refund %(asked)d of %(total)d tickets",
            refund.order.quantity,
        ) % {"asked": refund.quantity, "total": refund.order.quantity}
        return lines(
            format_html("<strong>{}</strong>", asked),
            gettext("used %(count)d") % {"count": counts.used},
            gettext("refunded %(count)d") % {"count": counts.refunded} if counts.refunded else "",
        )

    @display(description=_("day of visit"))
    def visit(self, refund: Refund) -> SafeString | str:
        order = refund.order
        until = order.usable_until
        day = order.travel_date.isoformat() if order.travel_date else ""
        if not day and until:
            day = gettext("until %(day)s") % {"day": until.isoformat()}
        return lines(
            day or gettext("any day"),
            labelled_moment(gettext("applied for"), refund.applied_at),
        )

    @display(description=_("sum"))
    def sum(self, refund: Refund) -> SafeString:
        price = "–" if refund.price is None else f"¥{refund.price}"
        return lines(
            format_html("<strong>{}</strong>", price),
            labelled(gettext("kept as a fee"), self.kept(refund)),
        )

    def kept(self, refund: Refund) -> str:
        raise NotImplementedError

    @display(description=_("decide"))
    def decision(self, refund: Refund) -> SafeString:
        return render_to_string("trip/admin/_decision.html", {"refund": refund, "longest": REASON})
