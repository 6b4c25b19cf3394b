"""Stores that Meituan's takeaway knows by a name of ours."""

from typing import ClassVar

from django.core.validators import MaxValueValidator, MinValueValidator
from django.db import models
from django.utils.translation import gettext_lazy as _
from django.utils.translation import pgettext_lazy

from messaging.choices import Opening, Provider
from stores.models import Connection, Store
from stores.tenancy import TenantQuerySet

# Of a receipt: as many columns as the wider paper has.
LONGEST_LINE = 48


class TakeawayStore(models.Model):
    """What binds a store of ours to one at Meituan (docs/platforms/takeaway.md §2).

    The connection below the developer account holds the rest: its account is `ePoiId`, its token is
    `appAuthToken`.
    """

    class State(models.TextChoices):
        WAITING = "waiting", _("to be bound at Meituan")
        BOUND = "bound", pgettext_lazy("takeaway store", "bound")
        UNBOUND = "unbound", _("bound no longer")

    STATE_FIELD: ClassVar[str] = "state"
    TRANSITIONS: ClassVar[dict[str, frozenset[str]]] = {
        State.WAITING: frozenset({State.BOUND}),
        State.BOUND: frozenset({State.UNBOUND}),
        State.UNBOUND: frozenset({State.BOUND}),
    }

    connection = models.OneToOneField(
        Connection,
        models.PROTECT,
        related_name="takeaway_store",
        editable=False,
        verbose_name=_("connection"),
    )
    store = models.ForeignKey(
        Store, models.PROTECT, related_name="takeaway_stores", verbose_name=_("store")
    )
    provider = models.SmallIntegerField(
        _("kind of service"), choices=Provider, default=Provider.TAKING
    )
    state = models.CharField(
        _("state"), max_length=10, choices=State, default=State.WAITING, editable=False
    )
    poi_id = models.CharField(_("store number at Meituan"), max_length=20, blank=True)
    poi_name = models.CharField(
        pgettext_lazy("takeaway store", "name at Meituan"), max_length=100, blank=True
    )
    bound_at = models.DateTimeField(_("bound at"), null=True, editable=False)
    unbound_at = models.DateTimeField(_("unbound at"), null=True, editable=False)
    # When Meituan wrote the last call-back about the binding.
    binding_told_at = models.DateTimeField(null=True, editable=False)
    opening = models.CharField(
        _("at Meituan"), max_length=10, choices=Opening, blank=True, editable=False
    )
    opening_at = models.DateTimeField(null=True, editable=False)
    accepts_itself = models.BooleanField(
        _("accept orders by itself"),
        default=False,
        help_text=_("New orders are accepted at once, booked ones when they are to be cooked."),
    )
    accepts_from = models.TimeField(pgettext_lazy("time of the day", "from"), null=True, blank=True)
    accepts_until = models.TimeField(
        pgettext_lazy("time of the day", "until"), null=True, blank=True
    )
    accepts_most = models.PositiveSmallIntegerField(
        _("at most so many open orders"),
        default=20,
        validators=[MinValueValidator(1), MaxValueValidator(500)],
        help_text=_("With more of them a person decides."),
    )
    accept_minutes = models.PositiveSmallIntegerField(
        _("minutes to accept an order"),
        default=5,
        validators=[MinValueValidator(1), MaxValueValidator(120)],
        help_text=_("Meituan cancels what nobody accepts; it does not publish after how long."),
    )
    refund_hours = models.PositiveSmallIntegerField(
        _("hours to decide a refund"),
        default=3,
        validators=[MinValueValidator(1), MaxValueValidator(72)],
        help_text=_("Without an answer Meituan counts a refund as agreed."),
    )
    booked_minutes = models.PositiveSmallIntegerField(
        _("minutes before a booked order is to be cooked"),
        default=60,
        validators=[MinValueValidator(5), MaxValueValidator(1440)],
        help_text=_("So long before the chosen time it comes to the front."),
    )
    head_line = models.CharField(
        _("line at the top"),
        max_length=LONGEST_LINE,
        blank=True,
        help_text=_("On the copies for customer and rider, such as a greeting or your phone."),
    )
    foot_line = models.CharField(_("line at the bottom"), max_length=LONGEST_LINE, blank=True)
    big_dishes = models.BooleanField(
        _("large dish names"), default=False, help_text=_("One size larger on each copy.")
    )
    kitchen_prices = models.BooleanField(_("prices on the kitchen's copy"), default=False)
    created_at = models.DateTimeField(_("created"), auto_now_add=True)

    objects = TenantQuerySet.as_manager()

    class Tenancy:
        merchant = "store__merchant"

    class Meta:
        verbose_name = _("takeaway store")
        verbose_name_plural = _("takeaway stores")
        ordering = ["store_id", "provider"]

    def __str__(self) -> str:
        return self.poi_name or str(self.store)

    @property
    def may_act(self) -> bool:
        """Whether something can be done through us now."""
        return self.takes_orders and self.state == self.State.BOUND

    @property
    def takes_orders(self) -> bool:
        """Whether orders can be accepted, cancelled and refunded through us."""
        return self.provider == Provider.TAKING
