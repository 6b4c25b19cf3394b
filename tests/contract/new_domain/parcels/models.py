from django.db import models

from stores.models import Store
from stores.tenancy import TenantQuerySet


class Parcel(models.Model):
    """A parcel that waits at a store."""

    store = models.ForeignKey(Store, models.PROTECT, related_name="parcels")
    number = models.CharField(max_length=20, unique=True)
    arrived_at = models.DateTimeField(auto_now_add=True)
    is_handed_out = models.BooleanField(default=False)

    objects = TenantQuerySet.as_manager()

    class Tenancy:
        merchant = "store__merchant"

    def __str__(self) -> str:
        return self.number
