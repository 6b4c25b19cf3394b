"""What the history of a row says, in the reader's language.

Django keeps the names of changed fields in English, as labels with a capital letter; its
translations have them as the tables call them.
"""

import json

from django.contrib.admin.models import LogEntry
from django.http import HttpRequest
from django.urls import reverse
from django.utils.http import urlencode
from django.utils.text import capfirst
from django.utils.translation import gettext

from stores.backoffice.menu import may_view
from stores.text import clean_text


def field_title(label: str) -> str:
    """Returns the name of a field that Django has kept, in the reader's language."""
    as_in_tables = f"{label[:1].lower()}{label[1:]}"
    translated = gettext(as_in_tables)
    return capfirst(translated) if translated != as_in_tables else gettext(label)


def translate(entry: LogEntry) -> LogEntry:
    """Makes the entry's message one in the reader's language; the row is not saved."""
    try:
        parts = json.loads(entry.change_message)
    except ValueError:
        return entry
    for part in parts:
        for deed in part.values():
            if "name" in deed:
                deed["name"] = field_title(deed["name"])
            if "fields" in deed:
                deed["fields"] = [field_title(label) for label in deed["fields"]]
    entry.change_message = json.dumps(parts)
    return entry


def audit_log_of(request: HttpRequest, name: str) -> str:
    """Returns the address of the audit log searched for a row's name; "" for those who may not see
    it.
    """
    if not may_view("stores.AuditEntry")(request):
        return ""
    page = reverse("admin:stores_auditentry_changelist")
    return f"{page}?{urlencode({'q': clean_text(name, 200)})}"
