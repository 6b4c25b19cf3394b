import secrets

from django.db import models
from django.utils.translation import gettext_lazy as _
from django_stubs_ext import StrOrPromise

from stores.domains import merged
from stores.fields import keyed_hash
from stores.models.people import Merchant, Store
from stores.tenancy import Access, TenantQuerySet


class ApiKey(models.Model):
    """A key of the merchant's own systems: hashed at rest, shown once, for all or some stores."""

    class Scope(models.TextChoices):
        """The scopes that every domain shares; a domain adds its own (`Domain.scopes`)."""

        READ = "read", _("read stores, products and verifications")
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

    objects = TenantQuerySet.as_manager()

    class Tenancy:
        store = None

    class Meta:
        verbose_name = _("API key")
        verbose_name_plural = _("API keys")
        ordering = ["merchant_id", "name"]

    def __str__(self) -> str:
        return f"{self.name} ({self.prefix}…)"

    @staticmethod
    def scope_choices() -> list[tuple[str, StrOrPromise]]:
        """Returns (scope, what a key with it may do), the domains' included, personal data last."""
        read, personal = ApiKey.Scope.choices
        return [read, *merged("scopes").items(), personal]

    @staticmethod
    def all_scopes() -> list[str]:
        return [scope for scope, _title in ApiKey.scope_choices()]

    @property
    def sees_personal(self) -> bool:
        """Whether the key sees personal data whole that is masked for others."""
        return self.Scope.PERSONAL in self.scopes

    def access(self) -> Access:
        """Returns the whole merchant, or the stores that the key is limited to."""
        if not self.limited_to_stores:
            return Access(merchants=frozenset({self.merchant_id}))
        own = self.stores.filter(merchant_id=self.merchant_id).values_list("pk", flat=True)
        return Access(stores=frozenset(own))

    def renew_secret(self) -> str:
        """A new secret for this key; the caller shows it once and saves the row."""
        secret = f"zg_{secrets.token_urlsafe(30)}"
        self.prefix, self.digest = secret[:10], keyed_hash(secret)
        return secret
