"""Refunds that customers ask for, or the shop makes."""

from django.db import models
from django.db.models import Q
from django.utils import timezone
from django.utils.translation import gettext_lazy as _
from django.utils.translation import pgettext_lazy

from messaging.choices import RefundState
from messaging.models.orders import Order
from stores.fields import EncryptedTextField
from stores.tenancy import TenantQuerySet


class Refund(models.Model):
    """One refund of an order, in the state that Meituan told or answered last.

    Pushes name no refund: until the query has told its number, `refund_id` is "". `money` is fen,
    None for the whole order.
    """

    order = models.ForeignKey(
        Order, models.CASCADE, related_name="refunds", verbose_name=_("takeaway order")
    )
    refund_id = models.CharField(_("refund number"), max_length=20, blank=True)
    state = models.CharField(
        _("state"), max_length=10, choices=RefundState, default=RefundState.OPEN
    )
    is_part = models.BooleanField(_("of a part"), default=False)
    is_appeal = models.BooleanField(
        _("customer service decides"),
        default=False,
        help_text=_("The customer has appealed; the shop cannot decide any more."),
    )
    money = models.IntegerField(pgettext_lazy("takeaway refund", "amount"), null=True)
    reason = EncryptedTextField(_("reason"), blank=True)
    pictures = models.JSONField(default=list, editable=False)
    # Which dishes a part is of, as far as a push has said it: [{"name", "quantity"}].
    part_dishes = models.JSONField(default=list, editable=False)
    applied_at = models.DateTimeField(
        pgettext_lazy("takeaway refund", "asked for"), default=timezone.now
    )
    decide_until = models.DateTimeField(_("to be decided until"), null=True)
    decided_at = models.DateTimeField(_("decided at"), null=True)

    objects = TenantQuerySet.as_manager()

    class Tenancy:
        merchant = "order__store__merchant"
        store = "order__store"

    class Meta:
        verbose_name = _("takeaway refund")
        verbose_name_plural = _("takeaway refunds")
        ordering = ["-applied_at", "-id"]
        constraints = [
            models.UniqueConstraint(
                fields=["order", "refund_id"],
                condition=~Q(refund_id=""),
                name="takeaway_one_refund_per_number",
            ),
        ]
        indexes = [
            models.Index(
                fields=["decide_until"], name="takeaway_refund_open", condition=Q(state="open")
            ),
        ]

    def __str__(self) -> str:
        return self.refund_id or f"{self.order}/{self.pk}"

    @property
    def amount(self) -> int | None:
        """Returns the fen that the customer gets back; of a whole order what was paid."""
        return self.order.paid if self.money is None and not self.is_part else self.money
