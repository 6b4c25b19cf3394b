"""What the history of a row says, in the reader's language.

Django keeps the names of changed fields in English, as labels with a capital letter; its
translations have them as the tables call them.
"""

import json

from django.contrib.admin.models import LogEntry
from django.utils.text import capfirst
from django.utils.translation import gettext


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
