"""What couriers asked for a delivery, and why one of them was called. Amounts are yuan."""

from django.db import models
from django.db.models import Q
from django.utils import timezone
from django.utils.translation import gettext_lazy as _
from django.utils.translation import pgettext_lazy

from delivery.models.accounts import StoreCourier
from delivery.models.deliveries import Attempt, Delivery, yuan
from stores.tenancy import TenantQuerySet


class Quote(models.Model):
    """What a courier answered to one question for the price; `refusal` when it does not take it.

    `shop_order_id` is the number under which it was asked: the price is kept for that number only.
    """

    delivery = models.ForeignKey(
        Delivery,
        models.CASCADE,
        related_name="quotes",
        verbose_name=pgettext_lazy("goods", "delivery"),
    )
    courier = models.ForeignKey(
        StoreCourier, models.PROTECT, related_name="quotes", verbose_name=_("courier")
    )
    # Quotes of one question to all couriers have the same number.
    round = models.PositiveSmallIntegerField(_("round"))
    shop_order_id = models.CharField(_("order number at the courier"), max_length=128)
    fee = yuan(pgettext_lazy("delivery", "fee"))
    delivery_fee = yuan(_("of which delivery"))
    coupon = yuan(_("courier's coupon"))
    insurance = yuan(_("insurance"))
    distance = models.PositiveIntegerField(_("distance in metres"), null=True)
    seconds = models.PositiveIntegerField(_("time in seconds"), null=True)
    price_token = models.CharField(max_length=200, blank=True, editable=False)
    refusal = models.CharField(_("courier's words"), max_length=300, blank=True)
    # The courier answered nothing, or not in time.
    is_silent = models.BooleanField(_("no answer"), default=False)
    asked_at = models.DateTimeField(_("asked"), default=timezone.now)
    expires_at = models.DateTimeField(pgettext_lazy("quote", "valid until"), null=True)

    objects = TenantQuerySet.as_manager()

    class Tenancy:
        merchant = "delivery__store__merchant"
        store = "delivery__store"

    class Meta:
        verbose_name = _("quote")
        verbose_name_plural = _("quotes")
        ordering = ["delivery_id", "-round", "fee", "id"]
        constraints = [
            models.UniqueConstraint(
                fields=["delivery", "round", "courier"], name="delivery_one_quote_per_round"
            ),
            models.UniqueConstraint(
                fields=["courier", "shop_order_id"], name="delivery_one_quote_per_number"
            ),
        ]

    def __str__(self) -> str:
        return f"{self.delivery}: {self.courier.account}"


class Decision(models.Model):
    """Why a courier was called: all that the choice was made of, so that it can be made again.

    `rule` and `facts` are as in services/choosing.py; `ranking` is [{"courier",
    "why_not", "note"}]. `by`
    is who chose against or without the rule; "" for the rule itself.
    """

    attempt = models.OneToOneField(
        Attempt,
        models.CASCADE,
        null=True,
        related_name="decision",
        verbose_name=_("called rider"),
    )
    delivery = models.ForeignKey(
        Delivery,
        models.CASCADE,
        related_name="decisions",
        verbose_name=pgettext_lazy("goods", "delivery"),
    )
    chosen = models.CharField(_("chosen courier"), max_length=64, blank=True)
    rule = models.JSONField(default=dict)
    facts = models.JSONField(default=dict)
    ranking = models.JSONField(default=list)
    by = models.CharField(_("chosen by"), max_length=150, blank=True)
    at = models.DateTimeField(_("when"), default=timezone.now)

    objects = TenantQuerySet.as_manager()

    class Tenancy:
        merchant = "delivery__store__merchant"
        store = "delivery__store"

    class Meta:
        verbose_name = _("choice of a courier")
        verbose_name_plural = _("choices of couriers")
        ordering = ["delivery_id", "id"]
        constraints = [
            models.CheckConstraint(
                condition=Q(attempt=None) | ~Q(chosen=""), name="delivery_choice_of_attempt"
            ),
        ]

    def __str__(self) -> str:
        return f"{self.delivery}: {self.chosen}"
