"""A mini-program's accounts at couriers, and with which of them a store sends."""

from datetime import timedelta
from typing import Self

from django.core.validators import MaxValueValidator, MinValueValidator
from django.db import models
from django.db.models import Q
from django.utils import timezone
from django.utils.translation import gettext_lazy as _

from delivery.choices import Audit
from delivery.wire.couriers import courier_of
from stores.fields import EncryptedTextField, readable
from stores.models import Connection, Store
from stores.tenancy import MerchantQuerySet, TenantQuerySet


class CourierAccountQuerySet(MerchantQuerySet["CourierAccount"]):
    def usable(self) -> Self:
        """Filters those that are bound and that WeChat has let through."""
        return self.filter(vanished_at=None, audit=Audit.PASSED)


class CourierAccount(models.Model):
    """An account of a mini-program at a courier, as WeChat lists it; nobody types one in.

    `audit` is None for a result that WeChat has added since.
    """

    connection = models.ForeignKey(
        Connection, models.PROTECT, related_name="courier_accounts", verbose_name=_("connection")
    )
    delivery_id = models.CharField(_("courier's id"), max_length=64)
    name = models.CharField(_("courier"), max_length=50, blank=True)
    shopid = models.CharField(_("account at the courier"), max_length=64)
    audit = models.SmallIntegerField(_("audit"), choices=Audit, null=True)
    first_seen_at = models.DateTimeField(_("first seen"), default=timezone.now)
    vanished_at = models.DateTimeField(_("vanished"), null=True)

    objects = CourierAccountQuerySet.as_manager()

    class Tenancy:
        merchant = "connection__merchant"
        store = None

    class Meta:
        verbose_name = _("courier account")
        verbose_name_plural = _("courier accounts")
        ordering = ["connection_id", "delivery_id", "shopid"]
        constraints = [
            models.UniqueConstraint(
                fields=["connection", "delivery_id", "shopid"], name="delivery_one_account"
            ),
        ]

    def __str__(self) -> str:
        return f"{self.courier} {self.shopid}"

    @property
    def is_usable(self) -> bool:
        return self.vanished_at is None and self.audit == Audit.PASSED

    @property
    def courier(self) -> str:
        """What the courier is called: WeChat does not always say it."""
        return self.name or str(courier_of(self.delivery_id).name)


class DeliveryStore(models.Model):
    """From where a store sends, and by which mini-program. Coordinates are GCJ-02."""

    store = models.OneToOneField(
        Store, models.PROTECT, related_name="delivery_store", verbose_name=_("store")
    )
    connection = models.ForeignKey(
        Connection, models.PROTECT, related_name="delivery_stores", verbose_name=_("connection")
    )
    contact = models.CharField(_("contact at the store"), max_length=50)
    phone = models.CharField(_("phone"), max_length=64)
    city = models.CharField(_("city"), max_length=30, help_text=_("As 杭州市."))
    address = models.CharField(_("address"), max_length=200)
    detail = models.CharField(_("house, floor, door"), max_length=100, blank=True)
    lng = models.DecimalField(
        _("longitude"),
        max_digits=9,
        decimal_places=6,
        validators=[MinValueValidator(-180), MaxValueValidator(180)],
    )
    lat = models.DecimalField(
        _("latitude"),
        max_digits=8,
        decimal_places=6,
        validators=[MinValueValidator(-90), MaxValueValidator(90)],
    )
    # As services/choosing.py and services/escalating.py read them; {} and [] are the usual ones.
    rule = models.JSONField(_("which courier is called"), default=dict, blank=True)
    ladder = models.JSONField(_("what is done while nobody accepts"), default=list, blank=True)
    is_automatic = models.BooleanField(
        _("call by itself"),
        default=False,
        help_text=_("A rider is called as soon as the goods are ready, by the rule."),
    )
    # How long a store that calls by itself tries on while nobody answers, before a person is asked.
    retry_minutes = models.PositiveSmallIntegerField(
        _("minutes without an answer"),
        default=3,
        db_default=3,
        validators=[MaxValueValidator(60)],
        help_text=_(
            "If WeChat does not answer, it is asked again every 20 seconds for so long; then you"
            " are told. 0: you are told at once."
        ),
    )
    # What is called for a wished arrival is called so much earlier than learned times say.
    margin_minutes = models.PositiveSmallIntegerField(
        _("minutes to spare"),
        default=5,
        db_default=5,
        validators=[MaxValueValidator(120)],
        help_text=_(
            "Orders that are to arrive at a wished time are called so much earlier than your"
            " couriers' usual times say."
        ),
    )
    created_at = models.DateTimeField(_("created"), auto_now_add=True)

    objects = TenantQuerySet.as_manager()

    class Tenancy:
        merchant = "store__merchant"

    class Meta:
        verbose_name = _("store that delivers")
        verbose_name_plural = _("stores that deliver")
        ordering = ["store_id"]

    def __str__(self) -> str:
        return str(self.store)

    @property
    def margin(self) -> timedelta:
        return timedelta(minutes=self.margin_minutes)

    @property
    def retry_for(self) -> timedelta:
        return timedelta(minutes=self.retry_minutes)


class StoreCourier(models.Model):
    """With which account a store calls a courier. `secret` is the shop's AppSecret there; the
    courier's own number of the store may be empty where it knows one store only.
    """

    place = models.ForeignKey(
        DeliveryStore, models.CASCADE, related_name="couriers", verbose_name=_("store")
    )
    account = models.ForeignKey(
        CourierAccount, models.PROTECT, related_name="stores", verbose_name=_("courier account")
    )
    secret = EncryptedTextField(_("AppSecret at the courier"), blank=True, default="")
    shop_no = models.CharField(_("number of the store at the courier"), max_length=64, blank=True)
    service_code = models.CharField(_("service code"), max_length=20, blank=True)
    is_active = models.BooleanField(_("active"), default=True)
    # Set by ourselves when the courier is sick or the account empty; a person may end it.
    paused_until = models.DateTimeField(_("paused until"), null=True, editable=False)
    pause_reason = models.CharField(_("reason"), max_length=200, blank=True, editable=False)

    objects = TenantQuerySet.as_manager()

    class Tenancy:
        merchant = "place__store__merchant"
        store = "place__store"

    class Meta:
        verbose_name = _("courier of a store")
        verbose_name_plural = _("couriers of stores")
        ordering = ["place_id", "account_id"]
        constraints = [
            models.UniqueConstraint(
                fields=["place", "account"], name="delivery_one_courier_per_store"
            ),
            models.CheckConstraint(
                condition=Q(paused_until=None) | ~Q(pause_reason=""), name="delivery_pause_reason"
            ),
        ]

    def __str__(self) -> str:
        return f"{self.place}: {self.account}"

    @property
    def is_paused(self) -> bool:
        return self.paused_until is not None and self.paused_until > timezone.now()

    @property
    def has_secret(self) -> bool:
        """Whether there is a secret that a key opens."""
        return bool(readable(self, "secret", ""))
