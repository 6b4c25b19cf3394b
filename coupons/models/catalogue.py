"""The gateway's lists: stores with their authorisation and quota, and products on sale."""

from typing import Self

from django.db import models
from django.utils import timezone
from django.utils.translation import gettext_lazy as _

from coupons.choices import Authorisation
from coupons.reasons import Reason
from stores.models import Connection, Store
from stores.money import YuanField
from stores.tenancy import TenantQuerySet
from stores.text import deal_name


class GatewayStoreQuerySet(TenantQuerySet["GatewayStore"]):
    def read_regularly(self) -> Self:
        """Filters the authorised stores of which nothing is switched off: neither the store, nor
        its merchant, nor the connection.
        """
        return self.filter(
            vanished_at=None,
            authorisation=Authorisation.AUTHORISED,
            store__is_active=True,
            store__merchant__is_active=True,
            connection__is_active=True,
        )


class GatewayStore(models.Model):
    """A store at the gateway (门店), with Meituan's authorisation and the calls that are left."""

    Authorisation = Authorisation

    connection = models.ForeignKey(
        Connection, models.PROTECT, related_name="gateway_stores", verbose_name=_("connection")
    )
    store = models.OneToOneField(
        Store, models.PROTECT, related_name="gateway", verbose_name=_("store")
    )
    remote_id = models.BigIntegerField(_("store number at the gateway"))
    remote_name = models.CharField(_("name at the gateway"), max_length=200)
    authorisation = models.CharField(
        _("authorisation"), max_length=20, choices=Authorisation, default=Authorisation.UNKNOWN
    )
    request_count = models.IntegerField(_("calls left"), null=True)
    synced_at = models.DateTimeField(_("synced"), null=True)
    vanished_at = models.DateTimeField(_("vanished"), null=True, blank=True)
    created_at = models.DateTimeField(_("first seen"), auto_now_add=True)

    objects = GatewayStoreQuerySet.as_manager()

    class Tenancy:
        merchant = "connection__merchant"

    class Meta:
        verbose_name = _("store at the gateway")
        verbose_name_plural = _("stores at the gateway")
        ordering = ["connection_id", "remote_id"]
        constraints = [
            models.UniqueConstraint(
                fields=["connection", "remote_id"], name="one_row_per_gateway_store"
            )
        ]

    def __str__(self) -> str:
        return f"{self.remote_name} ({self.remote_id})"

    @property
    def blocking_reason(self) -> Reason | None:
        """The reason why a call for this store would surely fail; None when it may be sent."""
        if self.connection.state == Connection.State.REFUSED or not self.connection.is_active:
            return Reason.STORE_UNAUTHORISED
        return self.closed_reason

    @property
    def closed_reason(self) -> Reason | None:
        """The reason that concerns the store alone: its authorisation or the calls left; None when
        it is open.

        A store that vanished from the list is still tried: a list may be incomplete, and the
        counter must go on working.
        """
        if self.authorisation == self.Authorisation.NOT_AUTHORISED:
            return Reason.STORE_UNAUTHORISED
        if self.authorisation == self.Authorisation.EXPIRED:
            return Reason.AUTHORISATION_EXPIRED
        if self.request_count is not None and self.request_count <= 0:
            return Reason.QUOTA_EXHAUSTED
        return None


class QuotaReading(models.Model):
    """The calls left at one moment, for the calls per day and the days left."""

    gateway_store = models.ForeignKey(GatewayStore, models.CASCADE, related_name="readings")
    request_count = models.IntegerField()
    at = models.DateTimeField()

    objects = TenantQuerySet.as_manager()

    class Tenancy:
        merchant = "gateway_store__connection__merchant"
        store = "gateway_store__store"

    class Meta:
        verbose_name = _("quota reading")
        verbose_name_plural = _("quota readings")
        indexes = [models.Index(fields=["gateway_store", "at"], name="quota_reading_at")]

    def __str__(self) -> str:
        return f"{self.gateway_store}: {self.request_count}"


class Product(models.Model):
    """A group deal on sale (团购商品). `price` and `list_price` are yuan."""

    store = models.ForeignKey(
        Store, models.PROTECT, related_name="products", verbose_name=_("store")
    )
    sku_id = models.CharField(_("SKU"), max_length=40)
    name = models.CharField(_("name"), max_length=200)
    sku_name = models.CharField(_("SKU name"), max_length=200, blank=True)
    price = YuanField(_("price"), null=True)
    list_price = YuanField(_("list price"), null=True)
    synced_at = models.DateTimeField(_("synced"), null=True)
    vanished_at = models.DateTimeField(_("vanished"), null=True, blank=True)
    created_at = models.DateTimeField(_("first seen"), auto_now_add=True)

    objects = TenantQuerySet.as_manager()

    class Tenancy:
        merchant = "store__merchant"

    class Meta:
        verbose_name = _("product")
        verbose_name_plural = _("products")
        ordering = ["store_id", "name"]
        constraints = [
            models.UniqueConstraint(fields=["store", "sku_id"], name="one_product_per_sku")
        ]

    def __str__(self) -> str:
        return deal_name(self.name)


class SyncRun(models.Model):
    """One reading of a list of the gateway, with the changes that it found."""

    class Kind(models.TextChoices):
        STORES = "stores", _("stores")
        PRODUCTS = "products", _("products")

    connection = models.ForeignKey(
        Connection, models.CASCADE, related_name="sync_runs", verbose_name=_("connection")
    )
    store = models.ForeignKey(
        Store, models.CASCADE, null=True, related_name="+", verbose_name=_("store")
    )
    kind = models.CharField(_("kind"), max_length=10, choices=Kind)
    added = models.JSONField(_("new"), default=list)
    changed = models.JSONField(_("changed"), default=list)
    vanished = models.JSONField(_("vanished"), default=list)
    error = models.CharField(_("error"), max_length=300, blank=True)
    started_at = models.DateTimeField(_("started"), auto_now_add=True)
    ended_at = models.DateTimeField(_("ended"), null=True)

    # `error` as a message for the user who waits for the run; not stored.
    message = ""
    # How many stores' products a sync of stores has asked workers to read; not stored.
    stores_without_products = 0

    objects = TenantQuerySet.as_manager()

    class Tenancy:
        merchant = "connection__merchant"

    class Meta:
        verbose_name = _("sync")
        verbose_name_plural = _("syncs")
        ordering = ["-id"]

    def __str__(self) -> str:
        return f"{self.get_kind_display()} {timezone.localtime(self.started_at):%Y-%m-%d %H:%M}"
