"""Ticket orders in the back office: search, history, and actions by hand."""

from typing import Any

from django.contrib import admin
from django.contrib.admin import display
from django.db.models import Q, QuerySet
from django.http import HttpRequest
from django.urls import reverse
from django.utils.safestring import SafeString
from django.utils.translation import gettext
from django.utils.translation import gettext_lazy as _
from django_stubs_ext import StrOrPromise

from stores.backoffice.buttons import DONE, Button, ButtonsAdmin, button
from stores.backoffice.daily import Worth
from stores.backoffice.exporting import ExportsAdmin
from stores.backoffice.filters import DayFilter, DrillFilter, ScopedRelatedFilter
from stores.backoffice.labels import badge, badge_column, link, moment_column, sum_of
from stores.backoffice.needs_person import NeedsPersonFilter, settle_button
from stores.backoffice.newest import LongListAdmin
from stores.backoffice.pages import staff_user
from stores.backoffice.timeline import Moment, TimelineAdmin
from stores.models import OutboundCall
from stores.platforms.outbox.operations import title_of
from stores.roles import Permission
from trip import services
from trip.admin.buyers import buyer_of, with_buyers
from trip.admin.exporting import ORDERS
from trip.admin.finding import found
from trip.admin.order_forms import FailForm, IssueForm, UseForm
from trip.admin.timeline import timeline
from trip.choices import SELL, CredentialType, Method
from trip.models import Order, Voucher, tally
from trip.services.notices import notices_of
from trip.services.visitors import note_looked_at, readable

STATUS_COLOURS = {
    "created": "info",
    "issuing": "warning",
    "issued": "success",
    "over": "info",
    "failed": "danger",
    "closed": "danger",
    "expired": "info",
}
# The key of the session under which the order stands whose visitors are shown whole, once.
SHOWN_ONCE = "visitors_shown"
REFUND_COLOURS = {"review": "warning", "agreed": "success", "refused": "danger"}


def _waits_for_codes(order: Order) -> bool:
    return order.status == Order.Status.ISSUING


def _has_visitors(order: Order) -> bool:
    return order.visitors.filter(removed_at=None).exists()


def _over(order: Order) -> tuple[StrOrPromise, str] | None:
    """Returns the badge of an order without unused tickets; None while some are unused."""
    counts = tally(order.vouchers.all())
    if order.status != Order.Status.ISSUED or counts.unused:
        return None
    if counts.used:
        return _("used up"), "over"
    return (_("all refunded") if counts.refunded else _("all void")), "over"


def _has_tickets_left(order: Order) -> bool:
    return order.status == Order.Status.ISSUED and tally(order.vouchers.all()).unused > 0


@admin.register(Order)
class OrderAdmin(ButtonsAdmin, ExportsAdmin, TimelineAdmin, LongListAdmin):
    exported_as = "trip.orders.exported"
    file_name, file_title, columns = "ticket-orders", _("Ticket orders"), ORDERS
    buttons = ("issue", "fail", "use", "settle", "show_visitors")
    asked_about = ("product", "visit", "tickets", "gone", "total", "trouble")
    list_display = (
        "time",
        "bought",
        "buyer",
        "status_label",
        "total",
        "gone",
        "visit",
        "number",
        "store",
    )
    list_select_related = ("store__merchant", "product")
    list_filter = (
        "status",
        ("store", ScopedRelatedFilter),
        ("product", ScopedRelatedFilter),
        ("created_at", DayFilter),
        ("travel_date", DayFilter),
        NeedsPersonFilter,
        DrillFilter,
    )
    search_fields = ("order_id",)
    search_help_text = _("Meituan's order number, our order number, or a whole voucher code")
    fields = (
        ("number", "our_number"),
        ("product", "store"),
        ("status_label", "trouble"),
        ("tickets", "gone"),
        ("visit", "voucher_type"),
        ("per_ticket", "settled_each", "total"),
        ("created_at", "pay_until"),
        ("paid_at", "issued_at"),
        ("closed_at", "close_type"),
        ("failure", "remark"),
    )
    change_form_outer_after_template = "trip/admin/order.html"
    worth = Worth("total_price", Q(status=Order.Status.ISSUED), Order.Status.ISSUED.label)
    status_label = badge_column(
        "status", STATUS_COLOURS, _("status"), needs_person=True, special=_over
    )
    time = moment_column("created_at", _("ordered"))
    per_ticket = sum_of("unit_price", _("price"))
    settled_each = sum_of("buy_price", _("settlement price"))
    total = sum_of("total_price", _("total"))

    def get_queryset(self, request: HttpRequest) -> QuerySet[Order]:
        return with_buyers(super().get_queryset(request).prefetch_related("vouchers"))

    def get_search_results(
        self, request: HttpRequest, queryset: QuerySet[Order], search_term: str
    ) -> tuple[QuerySet[Order], bool]:
        return found(request, queryset, search_term), False

    def render_change_form(
        self, request: HttpRequest, context: dict[str, Any], *args: Any, **kwargs: Any
    ) -> Any:
        if order := kwargs.get("obj"):
            context |= self._extra_context(request, order)
        return super().render_change_form(request, context, *args, **kwargs)

    def _extra_context(self, request: HttpRequest, order: Order) -> dict[str, Any]:
        """Returns the parts below the fields: tickets, visitors, refunds, uses and the timeline."""
        named = self.permits(request, Permission.VIEW_PERSONAL, order)
        # The button's answer leads here; who loads the page again asks again.
        whole = named and request.session.pop(SHOWN_ONCE, None) == order.pk
        codes_shown = self.permits(request, Permission.SETTLE, order)
        return {
            "vouchers": [_voucher(voucher, codes_shown) for voucher in order.vouchers.all()],
            "visitors": [
                _visitor(visitor, named=named, whole=whole) for visitor in order.visitors.all()
            ],
            "refunds": [
                {
                    "row": row,
                    "label": badge(row.get_status_display(), REFUND_COLOURS, row.status),
                    "url": reverse("admin:trip_refund_change", args=[row.pk]),
                }
                for row in order.refunds.all()
            ],
            "consumptions": list(order.consumptions.all()),
            "owed": _owed(order) if codes_shown else [],
        }

    def timeline(self, request: HttpRequest, row: Order) -> list[Moment]:
        return timeline(row, codes_shown=self.permits(request, Permission.SETTLE, row))

    @button(
        Button(
            title=_("Issue by hand"),
            icon="confirmation_number",
            permission=SELL,
            form=IssueForm,
            text=_(
                "The tickets count as issued from then on,"
                " and Meituan sends the codes to the buyer."
            ),
            done=DONE,
            shown=_waits_for_codes,
        )
    )
    def issue(self, request: HttpRequest, row: Order, cleaned_data: dict[str, Any]) -> None:
        services.order_issue(
            order_pk=row.pk,
            codes=cleaned_data["codes"],
            actor=staff_user(request),
            method=Method.ADMIN,
        )

    @button(
        Button(
            title=_("Cannot be issued"),
            icon="block",
            permission=SELL,
            form=FailForm,
            text=_(
                "Meituan tells the buyer why and gives the money back. This cannot be taken back."
            ),
            done=DONE,
            shown=_waits_for_codes,
        )
    )
    def fail(self, request: HttpRequest, row: Order, cleaned_data: dict[str, Any]) -> None:
        services.order_fail(
            order_pk=row.pk,
            reason=cleaned_data["reason"],
            actor=staff_user(request),
            method=Method.ADMIN,
        )

    @button(
        Button(
            title=_("Use tickets"),
            icon="how_to_reg",
            permission=Permission.SETTLE,
            form=UseForm,
            text=_(
                "Only for guests who are really there:"
                " Meituan is told, and used tickets are not refunded."
            ),
            done=DONE,
            shown=_has_tickets_left,
        )
    )
    def use(self, request: HttpRequest, row: Order, cleaned_data: dict[str, Any]) -> None:
        services.order_consume(
            order_pk=row.pk,
            codes=cleaned_data["codes"],
            quantity=cleaned_data["quantity"],
            request_key=cleaned_data["request_key"],
            any_day=cleaned_data["any_day"],
            actor=staff_user(request),
            method=Method.ADMIN,
        )

    @button(
        settle_button(
            _("Mark as settled"),
            _("Settle it with Meituan first; this only takes the order off the list."),
            shown=lambda order: bool(order.needs_person),
        )
    )
    def settle(self, request: HttpRequest, row: Order, cleaned_data: dict[str, Any]) -> None:
        services.order_settle(order_pk=row.pk, note=cleaned_data["note"], actor=staff_user(request))

    @button(
        Button(
            title=_("Show phones and certificates"),
            icon="visibility",
            permission=Permission.VIEW_PERSONAL,
            shown=_has_visitors,
        )
    )
    def show_visitors(self, request: HttpRequest, row: Order, cleaned_data: dict[str, Any]) -> None:
        note_looked_at(row, actor=staff_user(request))
        request.session[SHOWN_ONCE] = row.pk

    @display(description=_("order number"))
    def number(self, order: Order) -> str:
        return " · ".join([str(order.order_id), *([gettext("drill")] if order.is_drill else [])])

    @display(description=_("product"))
    def bought(self, order: Order) -> str:
        return times(order, order.quantity)

    @display(description=_("buyer"))
    def buyer(self, order: Order) -> str:
        return buyer_of(order)

    @display(description=_("our order number"))
    def our_number(self, order: Order) -> str:
        return order.partner_order_id

    @display(description=_("tickets"))
    def tickets(self, order: Order) -> int:
        return order.quantity

    @display(description=_("used / refunded"))
    def gone(self, order: Order) -> str:
        counts = tally(order.vouchers.all())
        if not counts.total:
            return "–"
        text = f"{counts.used} / {counts.refunded}"
        if counts.voided:
            text += gettext(", void: %(count)d") % {"count": counts.voided}
        return text

    @display(description=_("day of visit"))
    def visit(self, order: Order) -> str:
        return order.travel_date.isoformat() if order.travel_date else "–"

    @display(description=_("remarks"))
    def remark(self, order: Order) -> str:
        return str(_("acceptance drill")) if order.is_drill else "–"

    @display(description=_("needs a person"))
    def trouble(self, order: Order) -> str:
        return str(order.get_needs_person_display()) if order.needs_person else "–"


def _voucher(voucher: Voucher, whole: bool) -> dict[str, Any]:
    counts = (
        (_("unused"), voucher.unused),
        (_("used"), voucher.used),
        (_("refunded"), voucher.refunded),
        (_("void"), voucher.voided),
    )
    at = voucher.voided_at or voucher.refunded_at or voucher.used_at or voucher.valid_at
    code = voucher.code if whole else f"…{voucher.code[-4:]}"
    return {
        "code": code if voucher.code else _("no code"),
        "states": [{"text": text, "count": count} for text, count in counts if count],
        "at": at,
    }


def _visitor(visitor: Any, *, named: bool, whole: bool) -> dict[str, Any]:
    """Returns a visitor: `named` with the whole name, `whole` with whole numbers too."""
    kinds = {str(value): label for value, label in CredentialType.choices}
    data = readable(visitor, whole=whole)
    if named:
        data["name"] = readable(visitor, whole=True)["name"]
    numbers = [f"{kinds.get(kind, kind)} {number}" for kind, number in data["credentials"].items()]
    return {
        "removed": visitor.removed_at is not None,
        "parts": [part for part in (data["name"], data["mobile"], *numbers) if part],
        "tickets": visitor.tickets,
    }


def _owed(order: Order) -> list[dict[str, Any]]:
    """Returns the notices that did not arrive yet."""
    calls = OutboundCall.objects.filter(notices_of(order), connection=order.connection_id)
    late = calls.exclude(state=OutboundCall.State.DONE).order_by("id")[:20]
    return [
        {
            "row": call,
            "title": title_of(call),
            "url": reverse("admin:trip_meituannotice_change", args=[call.pk]),
        }
        for call in late
    ]


def times(order: Order, tickets: int) -> str:
    """Returns "成人票 × 2" on one line."""
    return f"{order.product}\u00a0×\u00a0{tickets}"


def order_link(order: Order) -> SafeString:
    url = reverse("admin:trip_order_change", args=[order.pk])
    return link(url, order.order_id)
