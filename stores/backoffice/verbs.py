"""The labels of the audit log's verbs, which rows store in English."""

from functools import cache

from django.apps import apps
from django.utils.text import capfirst
from django.utils.translation import get_language
from django.utils.translation import gettext_lazy as _

from stores.domains import merged
from stores.models import AuditEntry

# Verbs of the back office itself: "store changed". The domains add theirs (`Domain.verb_labels`).
ROW_VERB_LABELS = {
    "added": _("%(kind)s: added"),
    "changed": _("%(kind)s: changed"),
    "deleted": _("%(kind)s: deleted"),
    "replayed": _("%(kind)s: handled again"),
    "resent": _("%(kind)s: sent again"),
    "revoked": _("%(kind)s: revoked"),
}

SHARED_VERB_LABELS = {
    "signed in": _("Signed in"),
    "sign-in failed": _("Wrong name or password at the sign-in"),
    "password changed": _("Changed the own password"),
    "old password wrong": _("Wrong old password when changing it"),
    "view started": _("Began to view the back office as the owner"),
    "view left": _("Left the view as the owner"),
    "view ended": _("The view as the owner ended by itself"),
    "searched all merchants": _("Searched over all merchants"),
}


@cache
def verb_labels(language: str) -> dict[str, str]:
    """Returns the label of every verb in `language`, which must be the active one."""
    of_rows = {
        f"{model._meta.model_name} {verb}": label
        % {"kind": capfirst(str(model._meta.verbose_name))}
        for model in apps.get_models()
        for verb, label in ROW_VERB_LABELS.items()
    }
    others = SHARED_VERB_LABELS | merged("verb_labels")
    return of_rows | {verb: str(label) for verb, label in others.items()}


def verb_label(entry: AuditEntry) -> str:
    return verb_labels(get_language() or "").get(entry.verb, entry.verb)
