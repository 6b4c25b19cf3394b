"""The audit log, read-only: who did what."""

import json
from typing import Any

from django.apps import apps
from django.contrib import admin
from django.contrib.admin import display
from django.http import HttpRequest
from django.utils.safestring import SafeString
from django.utils.translation import get_language, gettext
from django.utils.translation import gettext_lazy as _

from stores.admin.ledgers import preformatted, without_secrets
from stores.backoffice.filters import DayFilter, ScopedRelatedFilter
from stores.backoffice.history import field_title
from stores.backoffice.labels import actor_column, labelled, moment_column
from stores.backoffice.read_only import LedgerAdmin
from stores.backoffice.verbs import verb_label, verb_labels
from stores.domains import merged
from stores.models import AuditEntry
from stores.roles import Permission
from stores.text import listed, mask_codes

# The further details of audit entries, as people call them; the domains add theirs.
DETAILS = {
    "active": _("active"),
    "error": _("error"),
    "fields": _("fields"),
    "filters": _("filters"),
    "note": _("note"),
    "reason": _("reason"),
    "role": _("role"),
    "rows": _("rows"),
    "until": _("until"),
}


def _plain(value: Any, name: str = "") -> str:
    """Returns a stored value as a shop owner reads it; `name` is what the entry calls it."""
    match value:
        case str() if title := _choices(name).get(value):
            return str(title)
        case list() if name == "fields":
            return listed(map(field_title, value))
        case None | "":
            return "–"
        case bool():
            return gettext("yes") if value else gettext("no")
        case list():
            return listed(map(_plain, value)) or "–"
        case dict():
            return json.dumps(value, ensure_ascii=False)
    return str(value)


def _choices(name: str) -> dict[Any, Any]:
    """Returns value → title of the choices that tables have under this name."""
    field_name = {"trouble": "needs_person"}.get(name, name)
    return {
        value: title
        for model in apps.get_models()
        for field in model._meta.fields
        if field.name == field_name
        for value, title in field.flatchoices
    }


@admin.register(AuditEntry)
class AuditEntryAdmin(LedgerAdmin):
    view_permission = Permission.VIEW_AUDIT
    list_display = ("time", "who", "verb_label", "target", "store", "merchant", "ip")
    list_select_related = ("store", "merchant")
    list_filter = (
        ("merchant", ScopedRelatedFilter),
        ("store", ScopedRelatedFilter),
        ("at", DayFilter),
    )
    search_fields = ("actor", "target")
    fields = (("at", "who"), ("verb_label", "target"), ("store", "ip"), "details")
    time = moment_column("at", _("when"))
    who = actor_column("actor", _("who"))

    def heading(self, row: AuditEntry) -> str:
        return f"{verb_label(row)} {row.target}"

    def get_search_results(
        self, request: HttpRequest, queryset: Any, search_term: str
    ) -> tuple[Any, bool]:
        """Finds entries by the labels that the page shows, not by the stored verbs."""
        found, twice = super().get_search_results(request, queryset, search_term)
        term = search_term.strip().casefold()
        verbs = [
            verb
            for verb, said in verb_labels(get_language() or "").items()
            if term and term in said.casefold()
        ]
        return found | queryset.filter(verb__in=verbs) if verbs else found, twice

    @display(description=_("did"))
    def verb_label(self, entry: AuditEntry) -> str:
        return verb_label(entry)

    @display(description=_("details"))
    def details(self, entry: AuditEntry) -> SafeString | str:
        titles = DETAILS | merged("audit_details")
        lines = [
            labelled(titles.get(name, name), _plain(value, name))
            for name, value in without_secrets(entry.data).items()
        ]
        return preformatted(mask_codes("\n".join(lines))) if lines else "–"
