"""Changes of many days in a product's calendar, kept for a day so that they can be taken back."""

from django.db import models
from django.utils.translation import gettext_lazy as _

from stores.tenancy import TenantQuerySet
from trip.models.catalogue import Product


class CalendarChange(models.Model):
    """What a change of the calendar found and left: day (ISO) → the values of its Offer, prices as
    text in yuan, or None where the day had no price. Days that it left as they were are missing.
    """

    product = models.ForeignKey(
        Product, models.CASCADE, related_name="calendar_changes", verbose_name=_("product")
    )
    actor = models.CharField(_("who"), max_length=150)
    before = models.JSONField()
    after = models.JSONField()
    at = models.DateTimeField(_("when"), auto_now_add=True)
    undone_at = models.DateTimeField(null=True)

    objects = TenantQuerySet.as_manager()

    class Tenancy:
        merchant = "product__connection__merchant"
        store = "product__store"

    class Meta:
        verbose_name = _("calendar change")
        verbose_name_plural = _("calendar changes")
        ordering = ["-id"]

    def __str__(self) -> str:
        return f"{self.product_id}: {len(self.after)}"
