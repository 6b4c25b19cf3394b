"""The ledger of verifications for people: find, export, and decide what did not settle by itself."""

from typing import Any

from django import forms
from django.contrib import admin, messages
from django.contrib.admin import display
from django.db.models import QuerySet
from django.http import HttpRequest
from django.utils.safestring import SafeString
from django.utils.translation import gettext_lazy as _
from django_stubs_ext import StrOrPromise
from unfold.contrib.filters.admin import FieldTextFilter
from unfold.widgets import UnfoldAdminRadioSelectWidget, UnfoldAdminTextareaWidget

from coupons import codes
from coupons.admin import exporting
from coupons.admin.searching import PersonFilter, StatusFilter
from coupons.admin.timeline import timeline
from coupons.models import Verification
from coupons.services import verification_ask, verification_process, verification_settle
from stores.audit import shown
from stores.backoffice.base import LedgerAdmin
from stores.backoffice.buttons import DONE, Button, ButtonsAdmin, button
from stores.backoffice.exporting import ExportsAdmin, Table
from stores.backoffice.filters import DayFilter, ScopedRelatedFilter
from stores.backoffice.labels import badge, sum_of
from stores.backoffice.newest import newest_first
from stores.backoffice.pages import staff_user
from stores.clock import format_moment
from stores.fields import keyed_hash
from stores.roles import Permission
from stores.text import mask_codes

STATUS_COLOURS = {
    "queued": "info",
    "sending": "info",
    "verified": "success",
    "refused": "danger",
    "unknown": "warning",
}


class SettleForm(forms.Form):
    """What a person found out about a coupon whose answer was lost."""

    verdict = forms.ChoiceField(
        label=_("What happened to the coupon?"),
        choices=[
            ("verified", _("It was verified (Meituan shows it as used)")),
            ("refused", _("It was not verified")),
        ],
        widget=UnfoldAdminRadioSelectWidget(),
    )
    note = forms.CharField(
        label=_("How do you know?"),
        max_length=300,
        widget=UnfoldAdminTextareaWidget(attrs={"rows": 3}),
        help_text=_("This reason is kept in the audit log."),
    )


def _came_of_asking(row: Verification) -> tuple[int, StrOrPromise]:
    """The level and the words of a message."""
    if row.status not in Verification.FINAL:
        return messages.INFO, _(
            "Meituan is being asked. Reload this page in a moment to see the result."
        )
    level = messages.SUCCESS if row.status == Verification.Status.VERIFIED else messages.WARNING
    return level, _("Meituan has answered: %(result)s") % {"result": row.outcome}


def _is_unclear(row: Verification) -> bool:
    return row.status == Verification.Status.UNKNOWN


@admin.register(Verification)
class VerificationAdmin(ButtonsAdmin, ExportsAdmin, LedgerAdmin):
    exported_as = "verifications exported"
    ordering = ("-created_at", "-id")
    buttons = ("ask", "settle")
    asked_about = ("store", "tail", "deal", "worth", "time", "words")
    list_display = (
        "time",
        "store",
        "tail",
        "status_label",
        "deal",
        "worth",
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
        PersonFilter,
        "unmapped",
    )
    search_fields = ("code_tail",)
    search_help_text = _("The last four digits, or the whole code")
    fields = (
        ("store", "tail"),
        ("status_label", "reason"),
        ("words", "marks"),
        ("deal", "product"),
        ("worth", "order_id"),
        ("channel", "who"),
        ("created_at", "settled_at"),
        ("duplicate_of", "settled_note"),
    )
    change_form_outer_after_template = "coupons/admin/timeline.html"
    worth = sum_of("value", _("value"))

    def get_queryset(self, request: HttpRequest) -> QuerySet[Verification]:
        return newest_first(self, request, super().get_queryset(request))

    def get_search_results(
        self, request: HttpRequest, queryset: QuerySet[Verification], search_term: str
    ) -> tuple[QuerySet[Verification], bool]:
        """The whole code finds exactly its rows; anything shorter is taken as its end."""
        term = "".join(search_term.split())
        if not term:
            return queryset, False
        queryset = queryset.filter(code_tail=term[-4:])
        try:
            return queryset.filter(code_hash=keyed_hash(codes.normalise(term))), False
        except codes.MalformedCode:
            return queryset, False

    def export_table(self, rows: QuerySet[Verification]) -> Table:
        return exporting.table(rows)

    def render_change_form(
        self, request: HttpRequest, context: dict[str, Any], *args: Any, **kwargs: Any
    ) -> Any:
        context["timeline"] = timeline(kwargs["obj"]) if kwargs.get("obj") else []
        return super().render_change_form(request, context, *args, **kwargs)

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
        Button(
            title=_("Settle by hand"),
            icon="gavel",
            permission=Permission.SETTLE,
            form=SettleForm,
            text=_(
                "Look the coupon up in Meituan's own app first. What you decide here is final; Meituan is not told."
            ),
            done=DONE,
            shown=_is_unclear,
        )
    )
    def settle(self, request: HttpRequest, row: Verification, cleaned_data: dict[str, Any]) -> None:
        verification_settle(
            verification=row,
            verified=cleaned_data["verdict"] == "verified",
            note=cleaned_data["note"],
            actor=staff_user(request),
        )

    @display(description=_("time"))
    def time(self, row: Verification) -> str:
        return format_moment(row.created_at)

    @display(description=_("code"))
    def tail(self, row: Verification) -> str:
        return f"…{row.code_tail}"

    @display(description=_("status"))
    def status_label(self, row: Verification) -> SafeString:
        if row.needs_person:
            return badge(_("needs a person"), STATUS_COLOURS, "refused")
        return badge(row.outcome, STATUS_COLOURS, row.status)

    @display(description=_("remarks"))
    def marks(self, row: Verification) -> str:
        said = {
            _("inferred from a later question"): row.inferred,
            _("product not in the list"): row.unmapped,
        }
        return ", ".join(str(text) for text, is_so in said.items() if is_so)

    @display(description=_("deal"))
    def deal(self, row: Verification) -> str:
        return row.sku_name or (row.product.name if row.product else "–")

    @display(description=_("requested by"))
    def who(self, row: Verification) -> str:
        return shown(row.requested_by)

    @display(description=_("gateway's words"))
    def words(self, row: Verification) -> str:
        return mask_codes(row.gateway_message)
