"""The products that Meituan sells, their prices by day, their refund steps, and the stores'
places.
"""

from datetime import date, time
from decimal import Decimal

from django.core.validators import MaxValueValidator, MinValueValidator
from django.db import models
from django.db.models import Q
from django.utils.translation import gettext
from django.utils.translation import gettext_lazy as _

from stores.models import Connection, Store
from stores.money import YuanField
from stores.tenancy import TenantQuerySet
from trip.choices import (
    BookAhead,
    FeeMode,
    Issuing,
    Listing,
    ListingCheck,
    RefundType,
    VisitorInfo,
    VoucherType,
)

# No date or number of days beyond these makes sense, and the calendar ends in the year 9999.
LAST_DAY = date(2099, 12, 31)
MOST_DAYS, MOST_MINUTES = 36_500, 525_600


def _within(degrees: int) -> list[MinValueValidator | MaxValueValidator]:
    message = _("There is no such place on earth: longitude and latitude may be swapped.")
    return [MinValueValidator(-degrees, message), MaxValueValidator(degrees, message)]


class Place(models.Model):
    """A store on Meituan's map (POI); partnerPoiId is the store's primary key."""

    class System(models.IntegerChoices):
        """locType: the coordinate system."""

        GCJ02 = 0, _("GCJ-02 (Gaode, Tencent)")
        WGS84 = 1, _("WGS-84 (GPS)")
        BAIDU = 2, _("Baidu")

    store = models.OneToOneField(
        Store, models.CASCADE, related_name="place", verbose_name=_("store")
    )
    city = models.CharField(_("city"), max_length=30)
    longitude: "models.DecimalField[Decimal, Decimal]" = models.DecimalField(
        _("longitude"), max_digits=9, decimal_places=6, validators=_within(180)
    )
    latitude: "models.DecimalField[Decimal, Decimal]" = models.DecimalField(
        _("latitude"), max_digits=9, decimal_places=6, validators=_within(90)
    )
    system = models.SmallIntegerField(_("coordinates"), choices=System, default=System.GCJ02)

    objects = TenantQuerySet.as_manager()

    class Tenancy:
        merchant = "store__merchant"

    class Meta:
        verbose_name = _("place on the map")
        verbose_name_plural = _("places on the map")
        ordering = ["store_id"]

    def __str__(self) -> str:
        return f"{self.store} ({self.city})"


class Product(models.Model):
    """A ticket (门票产品) that Meituan sells for one store."""

    class State(models.TextChoices):
        ON_SALE = "on_sale", _("on sale")
        PAUSED = "paused", _("paused")

    connection = models.ForeignKey(
        Connection, models.PROTECT, related_name="trip_products", verbose_name=_("connection")
    )
    store = models.ForeignKey(
        Store, models.PROTECT, related_name="trip_products", verbose_name=_("store")
    )
    deal_id = models.CharField(
        _("product number"), max_length=60, help_text=_("partnerDealId: how we name it to Meituan")
    )
    title = models.CharField(_("title"), max_length=100)
    subtitle = models.CharField(_("subtitle"), max_length=160, blank=True)
    includes = models.TextField(_("what is included"), blank=True)
    note = models.TextField(_("notes for the buyer"), blank=True)
    state = models.CharField(_("state"), max_length=10, choices=State, default=State.ON_SALE)
    voucher_type = models.SmallIntegerField(
        _("voucher"), choices=VoucherType, default=VoucherType.PER_TICKET
    )
    issuing = models.CharField(
        _("codes come from"), max_length=10, choices=Issuing, default=Issuing.OWN
    )

    by_calendar = models.BooleanField(_("for a chosen day"), default=False)
    valid_days = models.PositiveSmallIntegerField(
        _("days of use from the chosen day"), default=1, validators=[MinValueValidator(1)]
    )
    valid_from = models.DateField(
        _("valid from"), null=True, blank=True, validators=[MaxValueValidator(LAST_DAY)]
    )
    valid_until = models.DateField(
        _("valid until"), null=True, blank=True, validators=[MaxValueValidator(LAST_DAY)]
    )
    last_entry = models.TimeField(_("last entry"), default=time(23, 59))
    book_ahead = models.SmallIntegerField(_("book ahead"), choices=BookAhead, default=BookAhead.ANY)
    ahead_minutes = models.PositiveIntegerField(
        _("minutes ahead"), default=0, validators=[MaxValueValidator(MOST_MINUTES)]
    )
    ahead_days = models.PositiveSmallIntegerField(_("days ahead"), default=0)
    ahead_time = models.TimeField(_("until this time"), null=True, blank=True)

    visitor_info = models.SmallIntegerField(
        _("visitors to name"), choices=VisitorInfo, default=VisitorInfo.NONE
    )
    group_size = models.PositiveSmallIntegerField(
        _("group size"), default=1, validators=[MinValueValidator(1)]
    )
    needs_name = models.BooleanField(_("name needed"), default=True)
    needs_mobile = models.BooleanField(_("mobile needed"), default=True)
    credential_types = models.JSONField(_("certificates accepted"), default=list, blank=True)

    min_per_order = models.PositiveIntegerField(
        _("fewest per order"), default=1, validators=[MinValueValidator(1)]
    )
    max_per_order = models.PositiveIntegerField(
        _("most per order"), default=0, help_text=_("0: no limit")
    )
    phone_limit = models.PositiveIntegerField(
        _("tickets per mobile"), default=0, help_text=_("0: no limit")
    )
    phone_limit_days = models.PositiveIntegerField(
        _("days counted per mobile"), default=0, validators=[MaxValueValidator(MOST_DAYS)]
    )
    credential_limit = models.PositiveIntegerField(
        _("tickets per certificate"), default=0, help_text=_("0: no limit")
    )
    credential_limit_days = models.PositiveIntegerField(
        _("days counted per certificate"), default=0, validators=[MaxValueValidator(MOST_DAYS)]
    )
    pay_minutes = models.PositiveIntegerField(
        _("minutes to pay"), default=60, validators=[MinValueValidator(31), MaxValueValidator(120)]
    )

    refund_type = models.SmallIntegerField(
        _("refunds"), choices=RefundType, default=RefundType.ANY_TIME
    )
    partial_refund = models.BooleanField(_("part of an order may be refunded"), default=True)
    refund_review = models.BooleanField(_("a person decides each refund"), default=False)

    listing = models.SmallIntegerField(
        _("listing at Meituan"), choices=Listing, null=True, editable=False
    )
    listing_check = models.SmallIntegerField(
        _("audit at Meituan"), choices=ListingCheck, null=True, editable=False
    )
    listing_at = models.DateTimeField(_("listing changed"), null=True, editable=False)
    created_at = models.DateTimeField(_("created"), auto_now_add=True)

    objects = TenantQuerySet.as_manager()

    class Tenancy:
        merchant = "connection__merchant"

    class Meta:
        verbose_name = _("ticket product")
        verbose_name_plural = _("ticket products")
        ordering = ["connection_id", "deal_id"]
        constraints = [
            models.UniqueConstraint(
                fields=["connection", "deal_id"], name="trip_one_product_per_deal_id"
            )
        ]

    def __str__(self) -> str:
        return self.title


class Offer(models.Model):
    """The price and the number of tickets of a product: for one date, or for its whole validity
    when the date is empty.

    Prices are yuan. Of `stock`, `held` tickets belong to unpaid orders and `sold` to paid ones.
    """

    product = models.ForeignKey(
        Product, models.CASCADE, related_name="offers", db_index=False, verbose_name=_("product")
    )
    date = models.DateField(_("date"), null=True, blank=True)
    market_price = YuanField(_("market price"), validators=[MinValueValidator(0)])
    sale_price = YuanField(_("Meituan price"), validators=[MinValueValidator(0)])
    settlement_price = YuanField(_("settlement price"), validators=[MinValueValidator(0)])
    stock = models.PositiveIntegerField(
        _("stock"), null=True, blank=True, help_text=_("Empty: unlimited")
    )
    held = models.PositiveIntegerField(_("held"), default=0, editable=False)
    sold = models.PositiveIntegerField(_("sold"), default=0, editable=False)
    is_open = models.BooleanField(_("open"), default=True)

    objects = TenantQuerySet.as_manager()

    class Tenancy:
        merchant = "product__connection__merchant"
        store = "product__store"

    class Meta:
        verbose_name = _("price and stock")
        verbose_name_plural = _("prices and stock")
        ordering = ["product_id", "date"]
        constraints = [
            models.UniqueConstraint(fields=["product", "date"], name="trip_one_offer_per_day"),
            models.UniqueConstraint(
                fields=["product"], condition=Q(date=None), name="trip_one_offer_without_day"
            ),
            models.CheckConstraint(
                condition=Q(held__gte=0, sold__gte=0), name="trip_stock_never_negative"
            ),
        ]

    def __str__(self) -> str:
        return f"{self.product} {self.date or ''}".strip()

    @property
    def left(self) -> int | None:
        """Tickets that can still be sold; None when unlimited, 0 when the stock was set below the
        sold number.
        """
        if self.stock is None:
            return None
        return max(0, self.stock - self.held - self.sold)


class RefundStep(models.Model):
    """One step of a refund policy (阶梯退款): the cost of a refund until `minutes_before` the last
    entry.
    """

    product = models.ForeignKey(
        Product, models.CASCADE, related_name="refund_steps", verbose_name=_("product")
    )
    minutes_before = models.IntegerField(
        _("minutes before the last entry"),
        help_text=_("Until then this step holds; a negative number is after it"),
    )
    fee_mode = models.SmallIntegerField(_("fee"), choices=FeeMode, default=FeeMode.NONE)
    fee = YuanField(_("yuan or percent"), default=Decimal(0), validators=[MinValueValidator(0)])
    note = models.CharField(_("note"), max_length=100, blank=True)

    objects = TenantQuerySet.as_manager()

    class Tenancy:
        merchant = "product__connection__merchant"
        store = "product__store"

    class Meta:
        verbose_name = _("refund step")
        verbose_name_plural = _("refund steps")
        ordering = ["product_id", "-minutes_before"]
        constraints = [
            models.UniqueConstraint(
                fields=["product", "minutes_before"], name="trip_one_refund_step_per_time"
            )
        ]

    def __str__(self) -> str:
        said = f"{self.get_fee_mode_display()} {self.fee}"
        return gettext("%(label)s: %(text)s") % {"label": self.minutes_before, "text": said}
