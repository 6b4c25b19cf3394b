"""Takeaway refunds: what waits for a decision, and until when."""

from typing import Any

from django import forms
from django.contrib import admin
from django.contrib.admin import display
from django.http import HttpRequest
from django.utils import timezone
from django.utils.html import format_html, format_html_join
from django.utils.safestring import SafeString
from django.utils.translation import gettext_lazy as _
from django.utils.translation import pgettext_lazy
from django_stubs_ext import StrOrPromise

from messaging.admin.forms import RefuseForm
from messaging.admin.labels import (
    REFUND_COLOURS,
    dishes_text,
    fen_column,
    fen_text,
    order_column,
    order_store_column,
    part_text,
)
from messaging.choices import REFUND
from messaging.models import Refund
from messaging.services import allowed, customers, deciding
from messaging.services.deadlines import left_text, urgency_of
from messaging.services.under_way import under_way
from stores.backoffice.buttons import Button, ButtonsAdmin, button
from stores.backoffice.filters import DayFilter, ScopedRelatedFilter
from stores.backoffice.labels import badge, badge_column, moment_column
from stores.backoffice.pages import staff_user
from stores.backoffice.plain_errors import explained
from stores.backoffice.read_only import LedgerAdmin
from stores.models import OutboundCall

BEING_SENT = _("Your decision is being sent to Meituan.")
LEFT_COLOURS = {"urgent": "danger", "soon": "warning"}
PICTURE = '<a class="text-primary-600" href="{}" target="_blank" rel="noopener noreferrer">{}</a>'
FAILED = _("Your last decision did not get through. Decide again.")


def _may_decide(refund: Refund) -> bool:
    return not allowed.why_not_decide(refund) and not deciding.is_being_decided(refund)


@admin.register(Refund)
class TakeawayRefundAdmin(ButtonsAdmin, LedgerAdmin):
    buttons = ("agree", "refuse")
    asked_about = ("number", "amount", "part", "dishes", "paid_label", "words", "evidence")
    list_display = (
        "asked_at",
        "number",
        "state_label",
        "time_left",
        "amount",
        "words",
        "order_store",
    )
    list_select_related = ("order__store__merchant", "order__connection__takeaway_store")
    list_filter = ("state", ("order__store", ScopedRelatedFilter), ("applied_at", DayFilter))
    search_fields = ("refund_id", "order__order_id")
    ordering = ("-applied_at", "-id")
    fields = (
        ("number", "state_label"),
        ("time_left",),
        ("progress",),
        ("who_may",),
        ("handled",),
        ("amount", "kind"),
        ("part",),
        ("dishes", "paid_label"),
        ("words", "decider"),
        ("evidence",),
        ("applied_at", "decide_until"),
        ("decided_at", "refund_id"),
    )
    change_form_outer_after_template = "messaging/_sending.html"
    state_label = badge_column("state", REFUND_COLOURS, _("state"))
    asked_at = moment_column("applied_at", pgettext_lazy("takeaway refund", "asked for"))
    number, order_store = order_column, order_store_column
    amount = fen_column("amount", pgettext_lazy("takeaway refund", "amount"), ordering="money")

    def render_change_form(
        self, request: HttpRequest, context: dict[str, Any], *args: Any, **kwargs: Any
    ) -> Any:
        if refund := kwargs.get("obj"):
            context["under_way"] = under_way(refund.order)
        return super().render_change_form(request, context, *args, **kwargs)

    def get_fields(self, request: HttpRequest, obj: Any = None) -> Any:
        is_open = obj and not allowed.why_not_decide(obj)
        call = deciding.last_decision(obj) if is_open else None
        is_shown = {
            "progress": call and call.state != OutboundCall.State.DONE,
            "who_may": is_open and not self.permits(request, REFUND, obj),
            "handled": obj and not obj.order.connection.takeaway_store.takes_orders,
            "time_left": obj and obj.decide_until,
            "part": obj and obj.part_dishes,
            "evidence": obj and obj.pictures,
        }
        return [row for row in self.fields if is_shown.get(row[0], True)]

    @display(description=_("time left"), ordering="decide_until")
    def time_left(self, refund: Refund) -> SafeString | str:
        if not refund.decide_until:
            return "–"
        left = refund.decide_until - timezone.now()
        return badge(left_text(left), LEFT_COLOURS, urgency_of(left))

    @display(description=_("progress"))
    def progress(self, refund: Refund) -> StrOrPromise:
        call = deciding.last_decision(refund)
        if call and call.state in OutboundCall.FAILED:
            return format_html("{} {}", FAILED, explained(call.last_error))
        return BEING_SENT

    @display(description=_("who may decide"))
    def who_may(self, refund: Refund) -> StrOrPromise:
        return _("A manager decides refunds.")

    @display(description=_("where it is handled"))
    def handled(self, refund: Refund) -> StrOrPromise:
        return allowed.IN_THE_APP

    @display(description=_("dishes to be refunded"))
    def part(self, refund: Refund) -> str:
        return part_text(refund)

    @display(description=_("customer's pictures"))
    def evidence(self, refund: Refund) -> SafeString | str:
        """They are elsewhere: a page that showed them would tell that place who looks."""
        links = enumerate(refund.pictures, start=1)
        words = _("picture %(number)d")
        return (
            format_html_join(
                " ", PICTURE, ((url, words % {"number": number}) for number, url in links)
            )
            or "–"
        )

    @display(description=_("dishes"))
    def dishes(self, refund: Refund) -> str:
        return dishes_text(refund.order)

    @display(description=_("customer paid"))
    def paid_label(self, refund: Refund) -> SafeString | str:
        return fen_text(refund.order.paid)

    @display(description=_("kind"))
    def kind(self, refund: Refund) -> StrOrPromise:
        return _("a part") if refund.is_part else _("the whole order")

    @display(description=_("who decides"))
    def decider(self, refund: Refund) -> StrOrPromise:
        return _("Meituan's customer service") if refund.is_appeal else _("the shop")

    @display(description=_("reason"))
    def words(self, refund: Refund) -> str:
        return customers.reason_of(refund) or "–"

    @button(
        Button(
            title=_("Agree"),
            icon="check",
            permission=REFUND,
            form=forms.Form,
            text=_("The customer gets the money back. This cannot be taken back."),
            done=BEING_SENT,
            shown=_may_decide,
        )
    )
    def agree(self, request: HttpRequest, row: Refund, cleaned_data: dict[str, Any]) -> None:
        deciding.refund_decide(refund=row, actor=staff_user(request), agree=True, reason="")

    @button(
        Button(
            title=_("Refuse"),
            icon="close",
            permission=REFUND,
            form=RefuseForm,
            text=_("The customer may appeal; then Meituan's customer service decides."),
            done=BEING_SENT,
            shown=_may_decide,
        )
    )
    def refuse(self, request: HttpRequest, row: Refund, cleaned_data: dict[str, Any]) -> None:
        deciding.refund_decide(
            refund=row, actor=staff_user(request), agree=False, reason=cleaned_data["reason"]
        )
