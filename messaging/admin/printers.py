"""Receipt printers of the stores, and the receipts that they print."""

from typing import Any

from django import forms
from django.conf import settings
from django.contrib import admin
from django.contrib.admin import display
from django.db.models import Count, Q, QuerySet
from django.http import HttpRequest
from django.urls import reverse
from django.utils.safestring import SafeString
from django.utils.translation import gettext_lazy as _
from django.utils.translation import pgettext_lazy
from django_stubs_ext import StrOrPromise

from messaging.admin.labels import PAPER_COLOURS, PRINT_AGAIN, RECEIPT_ICON, order_link
from messaging.admin.store_choice import takeaway_stores
from messaging.choices import TAKE, PaperState, PrinterReach, ReceiptCopy
from messaging.models import Printer, PrintJob
from messaging.pages.talks import message_url
from messaging.services.papers import wake_printers
from messaging.services.printing import asking
from messaging.services.printing.addresses import PrinterConflict, find_place, split_address
from messaging.services.printing.working import forget_state
from stores.backoffice.base import ScopedAdmin
from stores.backoffice.buttons import Button, ButtonsAdmin, button
from stores.backoffice.filters import DayFilter, ScopedRelatedFilter
from stores.backoffice.labels import badge_column, link, moment_column
from stores.backoffice.needs_person import NeedsPersonFilter
from stores.backoffice.pages import staff_user
from stores.backoffice.read_only import LedgerAdmin
from stores.conflicts import Conflict
from stores.roles import Permission

FETCHED = _("The machine in the shop fetches the test page within seconds; see the receipts.")
LEFT = _(
    "No machine in the shop has asked for this printer yet, so the test page only waits. Set one "
    "up as described below, and press again."
)
PRINTER_COLOURS = {
    "untried": "info",
    "ready": "success",
    "mute": "warning",
    "paper": "danger",
    "halted": "danger",
    "away": "danger",
    "forbidden": "danger",
    "silent": "danger",
}


class PrinterForm(forms.ModelForm[Printer]):
    """Takes an address of a printer that this server reaches only if it may connect to it; for an
    agent any address will do.
    """

    def clean(self) -> dict[str, Any]:
        data = super().clean() or {}
        if address := data.get("address", "").strip():
            data["address"] = address
            has_agent = data.get("reach") == PrinterReach.AGENT
            try:
                (split_address if has_agent else find_place)(address)
            except PrinterConflict as conflict:
                self.add_error("address", str(conflict.reason))
        return data


@admin.register(Printer)
class PrinterAdmin(ButtonsAdmin, ScopedAdmin):
    add_permission = change_permission = Permission.MANAGE_STORES
    form = PrinterForm
    buttons = ("test",)
    list_display = ("name", "store", "state_label", "waiting", "address", "checked", "is_active")
    list_select_related = ("store__merchant",)
    list_filter = (("store", ScopedRelatedFilter), "state", "is_active")
    search_fields = ("name", "address")
    ordering = ("store_id", "name", "id")
    readonly_fields = ("state_label", "checked", "seen")
    change_form_outer_after_template = "messaging/admin/print_agent.html"
    empty_text = _("No printer yet: receipts are not printed.")
    state_label = badge_column("state", PRINTER_COLOURS, _("state"))
    checked = moment_column("checked_at", _("asked last"))
    seen = moment_column("agent_seen_at", _("machine in the shop heard of"))

    def get_queryset(self, request: HttpRequest) -> QuerySet[Printer]:
        waits = Q(jobs__state=PaperState.QUEUED)
        rows: QuerySet[Printer] = super().get_queryset(request)
        return rows.annotate(waiting=Count("jobs", filter=waits))

    @display(description=_("receipts that wait"))
    def waiting(self, printer: Any) -> int:
        return int(printer.waiting)

    def get_fieldsets(self, request: HttpRequest, obj: Any = None) -> Any:
        state = (("state_label", "checked"),) if obj else ()
        agent = ("seen",) if obj and obj.has_agent else ()
        return [
            (None, {"fields": ("store", "name", "reach", "address", *state, *agent)}),
            (_("What it prints"), {"fields": ("width", ("kitchen", "customer", "rider"), "beeps")}),
            (None, {"fields": ("old_minutes", "is_active")}),
        ]

    def get_readonly_fields(self, request: HttpRequest, obj: Any = None) -> Any:
        return (*self.readonly_fields, "store") if obj else self.readonly_fields

    def formfield_for_foreignkey(self, db_field: Any, request: HttpRequest, **kwargs: Any) -> Any:
        kwargs["queryset"] = takeaway_stores(request, self.add_permission)
        return super().formfield_for_foreignkey(db_field, request, **kwargs)

    def save_model(self, request: HttpRequest, obj: Printer, form: Any, change: bool) -> None:
        """What waits for a printer that was mended here is printed at once."""
        if {"reach", "address"} & set(form.changed_data):
            forget_state(obj)
        super().save_model(request, obj, form, change)
        wake_printers(obj.store_id)

    @button(
        Button(
            title=_("Print a test page"),
            icon=RECEIPT_ICON,
            permission=TAKE,
            busy=_("Being printed …"),
            done=_("The test page is printed."),
            shown=lambda printer: printer.is_active,
        )
    )
    def test(self, request: HttpRequest, row: Printer, cleaned_data: dict[str, Any]) -> None:
        asking.page_test(printer=row, actor=staff_user(request))

    def done_text(self, request: HttpRequest, row: Any, wanted: Button) -> StrOrPromise:
        if not row.has_agent:
            return super().done_text(request, row, wanted)
        return FETCHED if row.agent_seen_at else LEFT

    def render_change_form(
        self, request: HttpRequest, context: dict[str, Any], *args: Any, **kwargs: Any
    ) -> Any:
        """Says how to set up the machine in the shop."""
        printer = kwargs.get("obj")
        if printer and printer.has_agent:
            context["agent_server"] = settings.PUBLIC_BASE_URL
            if self.permits(request, Permission.MANAGE_CONNECTIONS, printer):
                context["keys"] = reverse("admin:stores_apikey_changelist")
        return super().render_change_form(request, context, *args, **kwargs)


@admin.register(PrintJob)
class ReceiptAdmin(ButtonsAdmin, LedgerAdmin):
    buttons = ("again",)
    list_display = ("order_label", "copy", "made", "state_label", "printer", "store")
    list_select_related = ("order", "message__order", "printer__store__merchant", "printed_by")
    list_filter = (
        NeedsPersonFilter,
        "state",
        ("printer__store", ScopedRelatedFilter),
        ("created_at", DayFilter),
    )
    search_fields = ("order__order_id",)
    fields = (
        ("order_label", "copy"),
        ("state_label", "store"),
        ("printer", "printed_by"),
        ("created_at", "sent_at", "settled_at"),
    )
    empty_text = _("No receipts yet.")
    state_label = badge_column("state", PAPER_COLOURS, _("state"))
    made = moment_column("created_at", pgettext_lazy("receipt", "made"))

    @display(description=_("order"))
    def order_label(self, job: PrintJob) -> SafeString | str:
        """The order; of an urgent message the conversation."""
        if job.message:
            return link(message_url(job.message), job.about or _("Before an order"))
        return order_link(job.order) if job.order else "–"

    @display(description=_("store"))
    def store(self, job: PrintJob) -> str:
        return str(job.printer.store)

    @button(
        Button(
            title=PRINT_AGAIN,
            icon=RECEIPT_ICON,
            permission=TAKE,
            done=_("It is printed again, and says so."),
            shown=lambda job: job.order and job.state in PrintJob.SETTLED,
        )
    )
    def again(self, request: HttpRequest, row: PrintJob, cleaned_data: dict[str, Any]) -> None:
        if row.order is None:
            raise Conflict(_("A slip is printed once; open the conversation."))
        asking.receipt_reprint(
            order=row.order, copy=ReceiptCopy(row.copy), actor=staff_user(request)
        )
