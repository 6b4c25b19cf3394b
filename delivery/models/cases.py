"""What receivers tell the shop on the tracking page."""

from django.db import models
from django.db.models import Q
from django.utils import timezone
from django.utils.translation import gettext_lazy as _
from django.utils.translation import pgettext_lazy

from delivery.models.deliveries import Delivery
from stores.fields import EncryptedTextField
from stores.tenancy import TenantQuerySet


class ReceiverCase(models.Model):
    """A receiver says that the goods did not come. At most one of a delivery is open."""

    delivery = models.ForeignKey(
        Delivery,
        models.CASCADE,
        related_name="cases",
        verbose_name=pgettext_lazy("goods", "delivery"),
    )
    at = models.DateTimeField(_("when"), default=timezone.now)
    # The receiver's own words may name a person or a door.
    text = EncryptedTextField(_("receiver's words"), blank=True, default="")
    closed_at = models.DateTimeField(_("closed"), null=True)
    closed_by = models.CharField(_("closed by"), max_length=150, blank=True)

    objects = TenantQuerySet.as_manager()

    class Tenancy:
        merchant = "delivery__store__merchant"
        store = "delivery__store"

    class Meta:
        verbose_name = _("receiver's case")
        verbose_name_plural = _("receivers' cases")
        ordering = ["-at", "-id"]
        constraints = [
            models.UniqueConstraint(
                fields=["delivery"], condition=Q(closed_at=None), name="delivery_one_open_case"
            ),
        ]

    def __str__(self) -> str:
        return str(self.delivery)
