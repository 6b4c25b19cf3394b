from functools import cache

from django.apps import apps
from django.contrib.auth.models import User
from django.db import models
from django.utils.text import capfirst
from django.utils.translation import get_language
from django.utils.translation import gettext_lazy as _

from stores.models.people import Merchant, Store
from stores.tenancy import TenantQuerySet

# Verbs are stored in English; these are how people read them, beside what the domains add (registry.verb_labels). What is in
# neither is said by ROW_VERB_LABELS.
VERB_LABELS = {"connection tested": _("Tested a connection")}
ROW_VERB_LABELS = {
    "added": _("%(kind)s: added"),
    "changed": _("%(kind)s: changed"),
    "deleted": _("%(kind)s: deleted"),
    "replayed": _("%(kind)s: handled again"),
    "resent": _("%(kind)s: sent again"),
    "revoked": _("%(kind)s: revoked"),
}


@cache
def verb_labels(language: str) -> dict[str, str]:
    """Every verb in the language that is active, which is `language`. For once all apps are ready."""
    # The registry knows the tables, so it cannot be imported above.
    from stores.registry import registry

    of_rows = {
        f"{model._meta.model_name} {done}": said % {"kind": capfirst(str(model._meta.verbose_name))}
        for model in apps.get_models()
        for done, said in ROW_VERB_LABELS.items()
    }
    return of_rows | {
        verb: str(said) for verb, said in (VERB_LABELS | registry.verb_labels).items()
    }


class AuditQuerySet(TenantQuerySet["AuditEntry"]):
    pass


class AuditEntry(models.Model):
    """Who did what to which row, and from where. Written by stores/audit.py, never changed."""

    merchant = models.ForeignKey(
        Merchant, models.PROTECT, null=True, related_name="+", verbose_name=_("merchant")
    )
    store = models.ForeignKey(
        Store, models.PROTECT, null=True, related_name="+", verbose_name=_("store")
    )
    user = models.ForeignKey(
        User, models.SET_NULL, null=True, related_name="+", verbose_name=_("user")
    )
    actor = models.CharField(_("who"), max_length=150)
    verb = models.CharField(_("did"), max_length=60)
    target = models.CharField(_("to"), max_length=200, blank=True)
    data = models.JSONField(_("details"), default=dict)
    ip = models.GenericIPAddressField(_("from address"), null=True)
    at = models.DateTimeField(_("when"), auto_now_add=True, db_index=True)

    objects = AuditQuerySet.as_manager()

    class Meta:
        verbose_name = _("audit entry")
        verbose_name_plural = _("audit log")
        ordering = ["-id"]

    def __str__(self) -> str:
        return f"{self.verb_label} {self.target}"

    @property
    def verb_label(self) -> str:
        return verb_labels(get_language() or "").get(self.verb, self.verb)
