from django.contrib.auth.models import User
from django.db import models
from django.utils.translation import gettext_lazy as _

from stores.models.people import Merchant, Store
from stores.tenancy import TenantQuerySet


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

    objects = TenantQuerySet.as_manager()

    class Meta:
        verbose_name = _("audit entry")
        verbose_name_plural = _("audit log")
        ordering = ["-id"]

    def __str__(self) -> str:
        return f"{self.verb} {self.target}"
