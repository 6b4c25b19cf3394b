"""What was heard of called riders, and the moments that are told of it."""

from django.db import models
from django.utils import timezone
from django.utils.translation import gettext_lazy as _
from django.utils.translation import pgettext_lazy

from delivery.choices import Moment, Source
from delivery.models.deliveries import Attempt, Delivery
from stores.tenancy import TenantQuerySet


class WaybillNews(models.Model):
    """One thing that was heard of a called rider (services/story.py).

    `at` is the courier's moment of a push, and ours of a question. A code that is not known is kept
    and changes nothing.
    """

    attempt = models.ForeignKey(
        Attempt, models.CASCADE, related_name="news", verbose_name=_("called rider")
    )
    code = models.PositiveIntegerField(_("state at the courier"))
    at = models.DateTimeField(_("when"))
    source = models.CharField(_("how we know"), max_length=10, choices=Source)
    message = models.CharField(_("courier's words"), max_length=500, blank=True)
    heard_at = models.DateTimeField(_("heard"), default=timezone.now)

    objects = TenantQuerySet.as_manager()

    class Tenancy:
        merchant = "attempt__delivery__store__merchant"
        store = "attempt__delivery__store"

    class Meta:
        verbose_name = _("news of a rider")
        verbose_name_plural = _("news of riders")
        ordering = ["attempt_id", "at", "id"]
        constraints = [
            models.UniqueConstraint(
                fields=["attempt", "code", "at", "source"], name="delivery_news_once"
            ),
        ]

    def __str__(self) -> str:
        return f"{self.attempt} {self.code}"


class DeliveryMoment(models.Model):
    """A moment that the receiver and the shop's own system are told, once per delivery."""

    delivery = models.ForeignKey(
        Delivery,
        models.CASCADE,
        related_name="moments",
        verbose_name=pgettext_lazy("goods", "delivery"),
    )
    kind = models.CharField(_("moment"), max_length=10, choices=Moment)
    at = models.DateTimeField(_("when"))

    objects = TenantQuerySet.as_manager()

    class Tenancy:
        merchant = "delivery__store__merchant"
        store = "delivery__store"

    class Meta:
        verbose_name = _("moment of a delivery")
        verbose_name_plural = _("moments of deliveries")
        ordering = ["delivery_id", "at", "id"]
        constraints = [
            models.UniqueConstraint(fields=["delivery", "kind"], name="delivery_moment_once"),
        ]

    def __str__(self) -> str:
        return f"{self.delivery} {self.kind}"
