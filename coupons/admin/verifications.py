"""The ledger of verifications in the back office: search, export, and decisions about lost
answers.
"""

from typing import Any

from django import forms
from django.contrib import admin, messages
from django.contrib.admin import display
from django.db.models import Q, QuerySet
from django.http import HttpRequest
from django.utils.translation import gettext_lazy as _
from django_stubs_ext import StrOrPromise
from unfold.contrib.filters.admin import FieldTextFilter
from unfold.widgets import UnfoldAdminRadioSelectWidget

from coupons import codes
from coupons.admin.exporting import COLUMNS
from coupons.admin.searching import StatusFilter
from coupons.admin.timeline import timeline
from coupons.models import Verification
from coupons.services import (
    verification_ask,
    verification_process,
    verification_settle,
    verification_withdraw,
)
from stores.backoffice.buttons import Button, ButtonsAdmin, button
from stores.backoffice.daily import Worth
from stores.backoffice.exporting import ExportsAdmin
from stores.backoffice.filters import DayFilter, ScopedRelatedFilter
from stores.backoffice.labels import actor_column, badge_column, moment_column, sum_of
from stores.backoffice.needs_person import NeedsPersonFilter, NoteForm, reason_field, settle_button
from stores.backoffice.newest import LongListAdmin
from stores.backoffice.pages import staff_user
from stores.backoffice.timeline import Moment, TimelineAdmin
from stores.fields import keyed_hash
from stores.roles import Permission
from stores.text import listed, mask_codes

VERIFIED = Verification.Status.VERIFIED
STATUS_COLOURS = {
    "queued": "info",
    "sending": "info",
    "verified": "success",
    "refused": "danger",
    "unknown": "warning",
}


class SettleForm(NoteForm):
    """Asks for the true result of a verification whose answer was lost."""

    field_order = ("verdict", "note")
    verdict = forms.ChoiceField(
        label=_("What happened to the coupon?"),
        choices=[
            ("verified", _("It was verified (Meituan shows it as used)")),
            ("refused", _("It was not verified")),
        ],
        widget=UnfoldAdminRadioSelectWidget(),
    )
    note = reason_field(_("How do you know?"), _("This reason is kept in the audit log."))


def _came_of_asking(row: Verification) -> tuple[int, StrOrPromise]:
    """Returns the level and the text of the message after asking."""
    if row.status not in Verification.FINAL:
        return messages.INFO, _(
            "Meituan is being asked. Reload this page in a moment to see the result."
        )
    is_verified = row.status == VERIFIED
    level = messages.SUCCESS if is_verified else messages.WARNING
    return level, _("Meituan has answered: %(result)s") % {"result": row.outcome}


def _waits(row: Verification) -> bool:
    return row.status == Verification.Status.QUEUED


def _is_unclear(row: Verification) -> bool:
    return row.status == Verification.Status.UNKNOWN


@admin.register(Verification)
class VerificationAdmin(ButtonsAdmin, ExportsAdmin, TimelineAdmin, LongListAdmin):
    exported_as = "verifications exported"
    file_name, file_title, columns = "verifications", _("Verifications"), COLUMNS
    buttons = ("ask", "settle", "withdraw")
    asked_about = ("store", "tail", "deal", "price", "time", "words")
    list_display = (
        "time",
        "deal",
        "tail",
        "status_label",
        "price",
        "store",
        "channel",
        "who",
    )
    list_select_related = ("store__merchant", "product")
    list_filter = (
        ("store", ScopedRelatedFilter),
        StatusFilter,
        "reason",
        ("product", ScopedRelatedFilter),
        ("created_at", DayFilter),
        ("requested_by", FieldTextFilter),
        "channel",
        NeedsPersonFilter,
        "unmapped",
    )
    search_fields = ("code_tail",)
    search_help_text = _("The last four digits, or the whole code")
    fields = (
        ("store", "tail"),
        ("status_label", "reason"),
        ("words", "marks"),
        ("deal", "original"),
        ("price", "order_id"),
        ("channel", "who"),
        ("created_at", "settled_at"),
        ("duplicate_of", "settled_note"),
    )
    worth = Worth("value", Q(status=VERIFIED), VERIFIED.label)
    time = moment_column("created_at", _("time"))
    price = sum_of("value", _("value"))
    who = actor_column("requested_by", _("requested by"))
    status_label = badge_column(
        "status",
        STATUS_COLOURS,
        _("status"),
        needs_person=True,
        special=lambda row: (row.outcome, row.status),
    )

    def get_search_results(
        self, request: HttpRequest, queryset: QuerySet[Verification], search_term: str
    ) -> tuple[QuerySet[Verification], bool]:
        """Finds the rows of a whole code exactly; a shorter text is taken as the code's end."""
        term = "".join(search_term.split())
        if not term:
            return queryset, False
        queryset = queryset.filter(code_tail=term[-4:])
        if code := codes.read(search_term).only:
            return queryset.filter(code_hash=keyed_hash(code)), False
        return queryset, False

    def timeline(self, request: HttpRequest, row: Verification) -> list[Moment]:
        return timeline(row)

    @button(
        Button(
            title=_("Ask the platform"),
            icon="contact_support",
            permission=Permission.SETTLE,
            shown=_is_unclear,
        )
    )
    def ask(self, request: HttpRequest, row: Verification, cleaned_data: dict[str, Any]) -> None:
        verification_ask(verification=row, actor=staff_user(request))
        asked = verification_process(row, wake=False, in_background=True)
        messages.add_message(request, *_came_of_asking(asked))

    @button(
        settle_button(
            _("Settle by hand"),
            _(
                "Look the coupon up in Meituan's own app first."
                " What you decide here is final; Meituan is not told."
            ),
            shown=_is_unclear,
            form=SettleForm,
        )
    )
    def settle(self, request: HttpRequest, row: Verification, cleaned_data: dict[str, Any]) -> None:
        verification_settle(
            verification=row,
            verified=cleaned_data["verdict"] == "verified",
            note=cleaned_data["note"],
            actor=staff_user(request),
        )

    @button(
        Button(
            title=_("Do not verify it any more"),
            icon="undo",
            permission=Permission.VERIFY,
            text=_("It waits for Meituan and has not been sent. The coupon stays unused."),
            shown=_waits,
        )
    )
    def withdraw(
        self, request: HttpRequest, row: Verification, cleaned_data: dict[str, Any]
    ) -> None:
        verification_withdraw(verification=row, actor=staff_user(request))

    @display(description=_("code"))
    def tail(self, row: Verification) -> str:
        return f"…{row.code_tail}"

    @display(description=_("remarks"))
    def marks(self, row: Verification) -> str:
        remarks = {
            _("inferred from a later question"): row.inferred,
            _("product not in the list"): row.unmapped,
        }
        return listed(text for text, is_so in remarks.items() if is_so)

    @display(description=_("deal"))
    def deal(self, row: Verification) -> str:
        return row.deal or "–"

    @display(description=_("name at Meituan"))
    def original(self, row: Verification) -> str:
        return row.sku_name or "–"

    @display(description=_("gateway's words"))
    def words(self, row: Verification) -> str:
        return mask_codes(row.gateway_message)
