"""Orders with their tickets and visitors. All quantities are sums over the vouchers, so that they
agree.
"""

from collections.abc import Iterable
from dataclasses import dataclass
from typing import ClassVar, Self

from django.db import models
from django.db.models import F, Q
from django.utils import timezone
from django.utils.translation import gettext_lazy as _
from django.utils.translation import pgettext_lazy

from stores.fields import EncryptedJSONField
from stores.models import Connection, Store
from stores.money import YuanField
from stores.tenancy import TenantQuerySet
from trip.choices import CloseType, Issuing, Method, Trouble, VoucherType
from trip.models.catalogue import Offer, Product


class OrderQuerySet(TenantQuerySet["Order"]):
    def needing_person(self) -> Self:
        """Filters rows that a person must settle."""
        return self.exclude(needs_person="")


class Order(models.Model):
    """One order of Meituan (门票订单); prices are yuan per ticket, `total_price` is for all."""

    class Status(models.TextChoices):
        CREATED = "created", _("not paid yet")
        ISSUING = "issuing", _("being issued")
        ISSUED = "issued", _("issued")
        FAILED = "failed", _("issue failed")
        CLOSED = "closed", _("closed")
        EXPIRED = "expired", _("not paid in time")

    STATE_FIELD: ClassVar[str] = "status"
    TRANSITIONS: ClassVar[dict[str, frozenset[str]]] = {
        Status.CREATED: frozenset({Status.ISSUING, Status.ISSUED, Status.CLOSED, Status.EXPIRED}),
        # A payment after the tickets were given back: issued if enough are still left.
        Status.EXPIRED: frozenset({Status.ISSUING, Status.ISSUED, Status.CLOSED}),
        Status.ISSUING: frozenset({Status.ISSUED, Status.FAILED, Status.CLOSED}),
        Status.ISSUED: frozenset(),
        Status.FAILED: frozenset(),
        Status.CLOSED: frozenset(),
    }
    # Orders in these states have given their tickets back, and count in no limit.
    GONE = (Status.CLOSED, Status.EXPIRED, Status.FAILED)

    # The order number and the time below have indexes that begin with the connection.
    connection = models.ForeignKey(
        Connection,
        models.PROTECT,
        related_name="trip_orders",
        db_index=False,
        verbose_name=_("connection"),
    )
    store = models.ForeignKey(
        Store, models.PROTECT, related_name="trip_orders", db_index=False, verbose_name=_("store")
    )
    product = models.ForeignKey(
        Product, models.PROTECT, related_name="orders", verbose_name=_("product")
    )
    offer = models.ForeignKey(
        Offer, models.PROTECT, related_name="+", db_index=False, verbose_name=_("price and stock")
    )
    order_id = models.BigIntegerField(_("Meituan's order number"))
    # A random number that is only compared, never searched, so it has no index.
    partner_order_id = models.CharField(_("our order number"), max_length=32, editable=False)
    status = models.CharField(_("status"), max_length=10, choices=Status, default=Status.CREATED)
    quantity = models.PositiveIntegerField(_("tickets"))
    unit_price = YuanField(_("price"))
    buy_price = YuanField(_("settlement price"))
    total_price = YuanField(_("total"), max_digits=12)
    travel_date = models.DateField(_("day of visit"), null=True)
    voucher_type = models.SmallIntegerField(_("voucher"), choices=VoucherType)
    issuing = models.CharField(
        _("codes come from"), max_length=10, choices=Issuing, default=Issuing.OWN
    )
    # The days of use and the refund policy at the time of the order (services/terms.py).
    terms = models.JSONField(default=dict, editable=False)
    # The last day of use by those terms; empty when there is none.
    usable_until = models.DateField(null=True, editable=False)
    failure = models.CharField(_("why it failed"), max_length=300, blank=True)
    close_type = models.SmallIntegerField(_("closed because"), choices=CloseType, null=True)
    is_drill = models.BooleanField(_("acceptance drill"), default=False)
    needs_person = models.CharField(_("needs a person"), max_length=20, choices=Trouble, blank=True)
    created_at = models.DateTimeField(pgettext_lazy("order", "ordered"), default=timezone.now)
    pay_until = models.DateTimeField(_("to be paid until"))
    paid_at = models.DateTimeField(_("paid"), null=True)
    issued_at = models.DateTimeField(_("issued at"), null=True)
    closed_at = models.DateTimeField(_("closed at"), null=True)

    objects = OrderQuerySet.as_manager()

    class Tenancy:
        merchant = "store__merchant"

    class Meta:
        verbose_name = _("ticket order")
        verbose_name_plural = _("ticket orders")
        ordering = ["-created_at", "-id"]
        constraints = [
            models.UniqueConstraint(
                fields=["connection", "order_id"], name="trip_one_order_per_number"
            ),
            models.CheckConstraint(condition=Q(quantity__gte=1), name="trip_order_has_tickets"),
        ]
        indexes = [
            models.Index(fields=["store", "-created_at", "-id"], name="trip_order_by_store"),
            models.Index(fields=["-created_at", "-id"], name="trip_order_newest"),
            models.Index(fields=["order_id"], name="trip_order_number"),
            models.Index(fields=["partner_order_id"], name="trip_order_our_number"),
            models.Index(
                fields=["pay_until"], name="trip_order_unpaid", condition=Q(status="created")
            ),
            models.Index(
                fields=["paid_at"], name="trip_order_issuing", condition=Q(status="issuing")
            ),
            models.Index(fields=["store"], name="trip_order_person", condition=~Q(needs_person="")),
        ]

    def __str__(self) -> str:
        return str(self.order_id)


class Visitor(models.Model):
    """One visitor (游玩人). `details` is {"name", "mobile", "credentials": {type: number}}; the
    retention task empties it.

    The hashes count tickets per mobile and per certificate, and are removed together with the
    details.
    """

    order = models.ForeignKey(
        Order, models.CASCADE, related_name="visitors", verbose_name=_("order")
    )
    product = models.ForeignKey(Product, models.CASCADE, related_name="+", db_index=False)
    details = EncryptedJSONField(_("details"), default=dict, blank=True)
    mobile_hash = models.CharField(max_length=64, blank=True, editable=False)
    credential_hash = models.CharField(max_length=64, blank=True, editable=False)
    tickets = models.PositiveIntegerField(_("tickets"), default=1)
    created_at = models.DateTimeField(_("created"), auto_now_add=True)
    removed_at = models.DateTimeField(_("details removed"), null=True)

    objects = TenantQuerySet.as_manager()

    class Tenancy:
        merchant = "order__store__merchant"
        store = "order__store"

    class Meta:
        verbose_name = _("visitor")
        verbose_name_plural = _("visitors")
        ordering = ["order_id", "id"]
        indexes = [
            models.Index(
                fields=["mobile_hash", "product"],
                name="trip_visitor_phone",
                condition=~Q(mobile_hash=""),
            ),
            models.Index(
                fields=["product", "credential_hash"],
                name="trip_visitor_credential",
                condition=~Q(credential_hash=""),
            ),
            models.Index(
                fields=["created_at"], name="trip_visitor_kept", condition=Q(removed_at=None)
            ),
        ]

    def __str__(self) -> str:
        return f"{self.order_id}/{self.pk}"


class Voucher(models.Model):
    """A code for `quantity` tickets (券码); without a code (voucherType 0) the row counts the whole
    order.

    Each ticket is unused, or exactly one of used, refunded, voided.
    """

    connection = models.ForeignKey(Connection, models.PROTECT, related_name="+", db_index=False)
    order = models.ForeignKey(
        Order, models.CASCADE, related_name="vouchers", verbose_name=_("order")
    )
    code = models.CharField(_("code"), max_length=20, blank=True)
    quantity = models.PositiveIntegerField(_("tickets"))
    used = models.PositiveIntegerField(_("used"), default=0)
    refunded = models.PositiveIntegerField(_("refunded"), default=0)
    voided = models.PositiveIntegerField(_("voided"), default=0)
    valid_at = models.DateTimeField(_("valid since"), default=timezone.now)
    used_at = models.DateTimeField(_("used at"), null=True)
    refunded_at = models.DateTimeField(_("refunded at"), null=True)
    voided_at = models.DateTimeField(_("voided at"), null=True)

    objects = TenantQuerySet.as_manager()

    class Tenancy:
        merchant = "order__store__merchant"
        store = "order__store"

    class Meta:
        verbose_name = _("voucher")
        verbose_name_plural = _("vouchers")
        ordering = ["order_id", "id"]
        constraints = [
            models.UniqueConstraint(
                fields=["connection", "code"],
                condition=~Q(code=""),
                name="trip_one_voucher_per_code",
            ),
            models.CheckConstraint(
                condition=Q(quantity__gte=F("used") + F("refunded") + F("voided"))
                & Q(quantity__gte=1),
                name="trip_ticket_is_one_thing",
            ),
        ]

    def __str__(self) -> str:
        return f"…{self.code[-4:]}" if self.code else str(self.order_id)

    @property
    def unused(self) -> int:
        return self.quantity - self.used - self.refunded - self.voided


@dataclass(frozen=True)
class Tally:
    """The tickets of an order, counted by state."""

    total: int = 0
    used: int = 0
    refunded: int = 0
    voided: int = 0

    @property
    def unused(self) -> int:
        return self.total - self.used - self.refunded - self.voided


def tally(vouchers: Iterable[Voucher]) -> Tally:
    """Counts the tickets of an order; query, notices, lists and pages all use this function."""
    rows = list(vouchers)
    return Tally(
        total=sum(row.quantity for row in rows),
        used=sum(row.used for row in rows),
        refunded=sum(row.refunded for row in rows),
        voided=sum(row.voided for row in rows),
    )


class Consumption(models.Model):
    """One use of tickets (核销): `tickets` is [{"voucher": code, "quantity": n}]; each use is
    reported to Meituan.
    """

    order = models.ForeignKey(
        Order, models.CASCADE, related_name="consumptions", verbose_name=_("order")
    )
    store = models.ForeignKey(
        Store, models.PROTECT, related_name="+", db_index=False, verbose_name=_("store")
    )
    tickets = models.JSONField(_("tickets"), default=list)
    quantity = models.PositiveIntegerField(_("tickets used"))
    method = models.CharField(_("where"), max_length=10, choices=Method)
    by = models.CharField(_("by"), max_length=150)
    at = models.DateTimeField(_("at"), default=timezone.now)

    # True on the row that a repeated request returns; not stored.
    is_repeat = False

    objects = TenantQuerySet.as_manager()

    class Tenancy:
        merchant = "store__merchant"

    class Meta:
        verbose_name = _("consumption")
        verbose_name_plural = _("consumptions")
        ordering = ["-id"]
        indexes = [models.Index(fields=["store", "-at", "-id"], name="trip_use_by_store")]

    def __str__(self) -> str:
        return f"{self.order_id} × {self.quantity}"
