"""The refunds inbox: refunds that wait for a decision, with the time that is left."""

from typing import Any

from django.contrib import admin
from django.contrib.admin import display
from django.db.models import Q
from django.http import HttpRequest
from django.utils.safestring import SafeString
from django.utils.translation import gettext, pgettext_lazy
from django.utils.translation import gettext_lazy as _

from stores.audit import shown
from stores.backoffice.buttons import DONE, Button, button
from stores.backoffice.daily import Worth
from stores.backoffice.exporting import ExportsAdmin
from stores.backoffice.filters import (
    EVERYTHING,
    DayFilter,
    DrillFilter,
    ScopedRelatedFilter,
    StateFilter,
)
from stores.backoffice.labels import badge, badge_column, moment_column, sum_of
from stores.backoffice.pages import staff_user
from stores.backoffice.read_only import LedgerAdmin
from stores.clock import format_moment
from stores.money import yuan_text
from stores.text import listed
from trip import services
from trip.admin.buyers import buyer_of
from trip.admin.exporting import REFUNDS
from trip.admin.order_forms import AgreeForm, RefuseForm
from trip.admin.orders import REFUND_COLOURS, order_link
from trip.admin.refund_rows import DecidedInRows, is_waiting_list
from trip.choices import SELL, Method
from trip.models import Refund
from trip.services.deadlines import countdown
from trip.services.refunding import other_fee

Status = Refund.Status
LEFT_COLOURS = {"urgent": "danger", "soon": "warning", "calm": "info"}


class DecisionFilter(StateFilter):
    """Shows the refunds that wait for a decision, unless a status is chosen."""

    title = _("decision")
    parameter_name = "status__exact"
    options = (*Status.choices, (EVERYTHING, _("All")))
    default = Status.REVIEW

    def condition(self, value: str) -> Q:
        return Q() if value == EVERYTHING else Q(status=value)


def _may_agree(refund: Refund) -> bool:
    return refund.status in (Status.REVIEW, Status.REFUSED)


class OrderDrillFilter(DrillFilter):
    path = "order__is_drill"


@admin.register(Refund)
class RefundAdmin(DecidedInRows, ExportsAdmin, LedgerAdmin):
    exported_as = "trip.refunds.exported"
    file_name, file_title, columns = "refunds", _("Refunds"), REFUNDS
    dated = "received_at"
    buttons = ("agree", "refuse")
    asked_about = ("order_number", "product", "quantity", "given_back", "kept", "reason")
    list_display = (
        "received",
        "product",
        "buyer",
        "status_label",
        "given_back",
        "kept",
        "quantity",
        "order_number",
        "store",
    )
    list_display_links = ("time_left", "received", "status_label")
    list_select_related = ("order__product", "store__merchant")
    list_filter = (
        DecisionFilter,
        OrderDrillFilter,
        ("store", ScopedRelatedFilter),
        ("received_at", DayFilter),
    )
    search_fields = ("refund_id", "order__order_id")
    search_help_text = _("The refund's or the order's number")
    fields = (
        ("time_left", "status_label"),
        ("order_number", "product"),
        ("store", "refund_id"),
        ("quantity", "named"),
        ("given_back", "kept"),
        ("applied_at", "received_at"),
        ("deadline", "message_type"),
        ("reason", "decided"),
    )

    worth = Worth("price", ~Q(status=Status.REFUSED), _("to buyers"))
    status_label = badge_column("status", REFUND_COLOURS, _("status"))
    received = moment_column("received_at", pgettext_lazy("refund", "received"))
    given_back = sum_of("price", _("to the buyer"))

    def get_ordering(self, request: HttpRequest) -> tuple[str, ...]:
        """Sorts waiting refunds by the time that is left, decided ones by the newest."""
        return ("deadline", "id") if is_waiting_list(request) else ("-received_at", "-id")

    @button(
        Button(
            title=_("Agree"),
            icon="check",
            permission=SELL,
            form=AgreeForm,
            text=_(
                "The buyer gets the money back and the tickets open no door any more."
                " This is final."
            ),
            done=DONE,
            shown=_may_agree,
        )
    )
    def agree(self, request: HttpRequest, row: Refund, cleaned_data: dict[str, Any]) -> None:
        services.refund_decide(
            refund_pk=row.pk, agree=True, reason="", actor=staff_user(request), method=Method.ADMIN
        )

    @button(
        Button(
            title=_("Refuse"),
            icon="close",
            permission=SELL,
            form=RefuseForm,
            text=_("The tickets stay valid. You may still agree later."),
            done=DONE,
            shown=lambda refund: refund.status == Status.REVIEW,
        )
    )
    def refuse(self, request: HttpRequest, row: Refund, cleaned_data: dict[str, Any]) -> None:
        services.refund_decide(
            refund_pk=row.pk,
            agree=False,
            reason=cleaned_data["reason"],
            actor=staff_user(request),
            method=Method.ADMIN,
        )

    @display(description=_("time left"))
    def time_left(self, refund: Refund) -> SafeString | str:
        text, urgency = countdown(refund)
        return badge(text, LEFT_COLOURS, urgency) if text else "–"

    @display(description=_("kept as a fee"))
    def kept(self, refund: Refund) -> str:
        """Shows the fee by the rules as well if Meituan keeps another one."""
        text = "–" if refund.fee is None else yuan_text(refund.fee)
        ours = other_fee(refund)
        if ours is None:
            return text
        rules = gettext("by the rules of this order: %(fee)s") % {"fee": yuan_text(ours)}
        return f"{text} ({rules})"

    @display(description=_("order"))
    def order_number(self, refund: Refund) -> SafeString:
        return order_link(refund.order)

    @display(description=_("product"))
    def product(self, refund: Refund) -> str:
        return refund.order.product.title

    @display(description=_("buyer"))
    def buyer(self, refund: Refund) -> str:
        return buyer_of(refund.order)

    @display(description=_("tickets named"))
    def named(self, refund: Refund) -> str:
        return listed(f"…{code[-4:]}" for code in refund.codes) or "–"

    @display(description=_("decided"))
    def decided(self, refund: Refund) -> str:
        if not refund.decided_at:
            return "–"
        who = shown(refund.decided_by)
        return f"{format_moment(refund.decided_at)} · {refund.get_method_display()} · {who}"
