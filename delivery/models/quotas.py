"""How many calls of a mini-program WeChat still takes today."""

from django.db import models
from django.utils.translation import gettext_lazy as _

from stores.models import Connection
from stores.tenancy import TenantQuerySet


class CallQuota(models.Model):
    """The quota for questions how an order stands, as WeChat said it; None: it does not say."""

    connection = models.OneToOneField(
        Connection, models.CASCADE, related_name="call_quota", verbose_name=_("connection")
    )
    daily = models.PositiveIntegerField(_("calls a day"), null=True)
    left = models.PositiveIntegerField(_("calls left today"), null=True)
    # None: WeChat has not answered yet.
    read_at = models.DateTimeField(_("read"), null=True)
    # When it was asked last, also in vain.
    tried_at = models.DateTimeField(null=True, editable=False)

    objects = TenantQuerySet.as_manager()

    class Tenancy:
        merchant = "connection__merchant"
        store = None

    class Meta:
        verbose_name = _("quota of calls")
        verbose_name_plural = _("quotas of calls")

    def __str__(self) -> str:
        return str(self.connection)
