"""Takeaway refunds: what waits for a decision, and until when."""

from typing import Any

from django import forms
from django.contrib import admin
from django.contrib.admin import display
from django.http import HttpRequest
from django.utils.translation import gettext_lazy as _
from django.utils.translation import pgettext_lazy
from django_stubs_ext import StrOrPromise

from messaging.admin.forms import RefuseForm
from messaging.admin.labels import REFUND_COLOURS, fen_column, order_column, order_store_column
from messaging.choices import REFUND
from messaging.models import Refund
from messaging.services import allowed, customers, deciding
from stores.backoffice.base import LedgerAdmin
from stores.backoffice.buttons import DONE, Button, ButtonsAdmin, button
from stores.backoffice.filters import DayFilter, ScopedRelatedFilter
from stores.backoffice.labels import badge_column, moment_column
from stores.backoffice.pages import staff_user


@admin.register(Refund)
class TakeawayRefundAdmin(ButtonsAdmin, LedgerAdmin):
    buttons = ("agree", "refuse")
    asked_about = ("number", "amount", "words")
    list_display = ("asked_at", "number", "state_label", "amount", "words", "until", "order_store")
    list_select_related = ("order__store__merchant", "order__connection__takeaway_store")
    list_filter = ("state", ("order__store", ScopedRelatedFilter), ("applied_at", DayFilter))
    search_fields = ("refund_id", "order__order_id")
    ordering = ("-applied_at", "-id")
    fields = (
        ("number", "state_label"),
        ("amount", "kind"),
        ("words", "decider"),
        ("applied_at", "decide_until"),
        ("decided_at", "refund_id"),
    )
    state_label = badge_column("state", REFUND_COLOURS, _("state"))
    asked_at = moment_column("applied_at", pgettext_lazy("takeaway refund", "asked for"))
    until = moment_column("decide_until", _("to be decided until"))
    number, order_store = order_column, order_store_column
    amount = fen_column("money", pgettext_lazy("takeaway refund", "amount"))

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
            done=DONE,
            shown=lambda refund: not allowed.why_not_decide(refund),
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
            done=DONE,
            shown=lambda refund: not allowed.why_not_decide(refund),
        )
    )
    def refuse(self, request: HttpRequest, row: Refund, cleaned_data: dict[str, Any]) -> None:
        deciding.refund_decide(
            refund=row, actor=staff_user(request), agree=False, reason=cleaned_data["reason"]
        )
