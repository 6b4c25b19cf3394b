"""Refunds: applied for by refundId, decided by rule or by a person, or reported by Meituan as
done.
"""

from typing import ClassVar

from django.db import models
from django.db.models import Q
from django.utils import timezone
from django.utils.translation import gettext_lazy as _
from django.utils.translation import pgettext_lazy

from stores.models import Store
from stores.money import YuanField
from stores.tenancy import TenantQuerySet
from trip.choices import Method, RefundedBecause
from trip.models.orders import Order


class Refund(models.Model):
    """One application (退款申请), or one message that Meituan has refunded already. Money is yuan.

    `codes` are the vouchers named in it; `tickets` is [{"voucher": code, "quantity": n}] of the
    tickets taken back, and `quantity`, after the agreement, their number. `message_type` is the
    type of the message that made or confirmed the refund.
    """

    class Status(models.TextChoices):
        REVIEW = "review", _("waiting for a decision")
        AGREED = "agreed", _("agreed")
        REFUSED = "refused", pgettext_lazy("refund", "refused")

    STATE_FIELD: ClassVar[str] = "status"
    TRANSITIONS: ClassVar[dict[str, frozenset[str]]] = {
        Status.REVIEW: frozenset({Status.AGREED, Status.REFUSED}),
        # An agreement may follow a refusal and is final (docs/platforms/trip.md §0).
        Status.REFUSED: frozenset({Status.AGREED}),
        Status.AGREED: frozenset(),
    }

    order = models.ForeignKey(
        Order, models.CASCADE, related_name="refunds", verbose_name=_("order")
    )
    store = models.ForeignKey(
        Store, models.PROTECT, related_name="trip_refunds", db_index=False, verbose_name=_("store")
    )
    refund_id = models.CharField(_("refund number"), max_length=80)
    status = models.CharField(_("status"), max_length=10, choices=Status)
    quantity = models.PositiveIntegerField(_("tickets"))
    codes = models.JSONField(_("vouchers"), default=list)
    tickets = models.JSONField(_("tickets taken back"), default=list)
    price = YuanField(_("to the buyer"), max_digits=12, null=True)
    fee = YuanField(_("kept as a fee"), max_digits=12, null=True)
    applied_at = models.DateTimeField(_("applied for"), help_text=_("When the buyer first asked"))
    received_at = models.DateTimeField(pgettext_lazy("refund", "received"), default=timezone.now)
    deadline = models.DateTimeField(
        _("Meituan agrees by itself at"),
        null=True,
        help_text=_("Three working days after it was received"),
    )
    message_type = models.SmallIntegerField(
        _("refunded by Meituan because"), choices=RefundedBecause, null=True
    )
    reason = models.CharField(_("reason"), max_length=300, blank=True)
    method = models.CharField(_("decided where"), max_length=10, choices=Method, blank=True)
    decided_by = models.CharField(_("decided by"), max_length=150, blank=True)
    decided_at = models.DateTimeField(_("decided"), null=True)

    objects = TenantQuerySet.as_manager()

    class Tenancy:
        merchant = "store__merchant"

    class Meta:
        verbose_name = _("refund")
        verbose_name_plural = _("refunds")
        ordering = ["-received_at", "-id"]
        constraints = [
            models.UniqueConstraint(
                fields=["order", "refund_id"], name="trip_one_refund_per_number"
            )
        ]
        indexes = [
            models.Index(fields=["store", "-received_at"], name="trip_refund_by_store"),
            models.Index(
                fields=["deadline"], name="trip_refund_open", condition=Q(status="review")
            ),
        ]

    def __str__(self) -> str:
        return self.refund_id
