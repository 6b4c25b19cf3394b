"""A mini-program's accounts at couriers, as WeChat lists them: nobody edits them."""

from typing import Any

from django.contrib import admin
from django.contrib.admin import display
from django.http import HttpRequest
from django.utils.translation import gettext_lazy as _
from django_stubs_ext import StrOrPromise

from delivery.admin.facts import known_of
from delivery.choices import Audit
from delivery.models import CourierAccount
from stores.backoffice.labels import badge_column, connection_column, moment_column
from stores.backoffice.read_only import ReadOnlyAdmin

AUDIT_COLOURS = {"0": "success", "1": "warning", "2": "danger", "gone": "danger", "": "info"}
NEXT_STEP: dict[int | None, StrOrPromise] = {
    Audit.PASSED: _("Nothing: stores can use it."),
    Audit.WAITING: _(
        "Wait until WeChat and the courier have checked the account, then read the accounts again"
        " on the connection's page."
    ),
    Audit.FAILED: _(
        "WeChat's console says under instant delivery why it was not let through. Mend it there,"
        " then read the accounts again."
    ),
    None: _("WeChat names a result that we do not know. Look in its console."),
}


def _special(row: CourierAccount) -> tuple[StrOrPromise, str] | None:
    if row.vanished_at:
        return _("no longer listed"), "gone"
    return (_("unknown"), "") if row.audit is None else None


@admin.register(CourierAccount)
class CourierAccountAdmin(ReadOnlyAdmin):
    list_display = ("courier_name", "shopid", "account", "audit_label", "first_seen")
    list_select_related = ("connection__merchant",)
    list_filter = ("audit",)
    sortable_by = ()
    search_fields = ("name", "shopid", "connection__account")
    fields = (
        ("courier_name", "shopid"),
        "account",
        ("audit_label", "todo"),
        ("first_seen", "vanished"),
    )
    empty_text = _(
        "No account yet. Bind one in WeChat's console, then press “Read courier accounts” on the"
        " connection's page."
    )
    change_form_outer_after_template = "delivery/admin/couriers.html"
    account = connection_column
    audit_label = badge_column("audit", AUDIT_COLOURS, _("audit"), special=_special)
    first_seen = moment_column("first_seen_at", _("first seen"))
    vanished = moment_column("vanished_at", _("vanished"))

    @display(description=_("courier"))
    def courier_name(self, row: CourierAccount) -> str:
        return row.courier

    @display(description=_("what to do"))
    def todo(self, row: CourierAccount) -> StrOrPromise:
        if row.vanished_at:
            return _("WeChat no longer lists it: bind it again in its console.")
        return NEXT_STEP[row.audit]

    def render_change_form(
        self, request: HttpRequest, context: dict[str, Any], *args: Any, **kwargs: Any
    ) -> Any:
        if row := kwargs.get("obj"):
            context["known"] = known_of([(row.delivery_id, row.name)])
        return super().render_change_form(request, context, *args, **kwargs)
