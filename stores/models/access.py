import secrets

from django.db import models
from django.utils.translation import gettext_lazy as _

from stores.fields import keyed_hash
from stores.models.people import Merchant, Store
from stores.tenancy import TenantQuerySet


class ApiKeyQuerySet(TenantQuerySet["ApiKey"]):
    store_path = None


class ApiKey(models.Model):
    """A key of the merchant's own systems: hashed at rest, shown once, for all stores or for some."""

    class Scope(models.TextChoices):
        READ = "read", _("read stores, products and verifications")
        LOOKUP = "lookup", _("look coupons up")
        VERIFY = "verify", _("verify coupons")
        TRIP = "trip", _("read and serve ticket orders")
        PERSONAL = "personal", _("see visitors' personal data")

    merchant = models.ForeignKey(
        Merchant, models.CASCADE, related_name="api_keys", verbose_name=_("merchant")
    )
    name = models.CharField(_("name"), max_length=60)
    prefix = models.CharField(_("begins with"), max_length=12, editable=False)
    digest = models.CharField(max_length=64, unique=True, editable=False)
    scopes = models.JSONField(_("scopes"), default=list)
    limited_to_stores = models.BooleanField(_("only for the stores below"), default=False)
    stores = models.ManyToManyField(Store, blank=True, related_name="+", verbose_name=_("stores"))
    is_active = models.BooleanField(_("active"), default=True)
    created_at = models.DateTimeField(_("created"), auto_now_add=True)
    last_used_at = models.DateTimeField(_("last used"), null=True, editable=False)

    objects = ApiKeyQuerySet.as_manager()

    class Meta:
        verbose_name = _("API key")
        verbose_name_plural = _("API keys")
        ordering = ["merchant_id", "name"]

    def __str__(self) -> str:
        return f"{self.name} ({self.prefix}…)"

    def renew_secret(self) -> str:
        """A new secret for this key; the caller shows it once and saves the row."""
        secret = f"zg_{secrets.token_urlsafe(30)}"
        self.prefix, self.digest = secret[:10], keyed_hash(secret)
        return secret
