"""Bills of couriers, and what is wrong with them. Amounts are yuan."""

from decimal import Decimal
from typing import Any, ClassVar

from django.db import models
from django.db.models import Q
from django.utils import timezone
from django.utils.translation import gettext_lazy as _
from django.utils.translation import pgettext_lazy

from delivery.models.accounts import StoreCourier
from delivery.models.deliveries import Attempt, yuan
from stores.fields import EncryptedTextField
from stores.money import YuanField
from stores.tenancy import TenantQuerySet


class BillLayout(models.Model):
    """Which column of a courier's bills is which: kind → heading (services/bills/columns.py)."""

    courier = models.OneToOneField(
        StoreCourier, models.CASCADE, related_name="bill_layout", verbose_name=_("courier")
    )
    columns = models.JSONField(_("columns"), default=dict)
    changed_at = models.DateTimeField(_("changed"), auto_now=True)

    objects = TenantQuerySet.as_manager()

    class Tenancy:
        merchant = "courier__place__store__merchant"
        store = "courier__place__store"

    class Meta:
        verbose_name = _("columns of a courier's bills")
        verbose_name_plural = _("columns of couriers' bills")

    def __str__(self) -> str:
        return str(self.courier)


class Bill(models.Model):
    """A file in which a courier says what it has charged.

    Until somebody has said which column is which, the file is kept in `content` (base64); it holds
    people's addresses. The sums are those of the lines that are ours to judge.
    """

    courier = models.ForeignKey(
        StoreCourier, models.PROTECT, related_name="bills", verbose_name=_("courier")
    )
    file_name = models.CharField(_("file"), max_length=150)
    digest = models.CharField(max_length=64, editable=False)
    content = EncryptedTextField(default="", blank=True, editable=False)
    first_day = models.DateField(_("first day"), null=True)
    last_day = models.DateField(_("last day"), null=True)
    lines = models.PositiveIntegerField(_("lines"), default=0)
    findings = models.PositiveIntegerField(_("findings"), default=0)
    charged = YuanField(_("charged"), max_digits=12, default=Decimal(0))
    difference = YuanField(_("charged too much"), max_digits=12, default=Decimal(0))
    by = models.CharField(_("by"), max_length=150)
    at = models.DateTimeField(_("when"), default=timezone.now)
    imported_at = models.DateTimeField(_("compared"), null=True)

    objects = TenantQuerySet.as_manager()

    class Tenancy:
        merchant = "courier__place__store__merchant"
        store = "courier__place__store"

    class Meta:
        verbose_name = _("courier's bill")
        verbose_name_plural = _("couriers' bills")
        ordering = ["-at", "-id"]
        constraints = [
            models.UniqueConstraint(fields=["courier", "digest"], name="delivery_bill_once"),
            # What nobody needs any more is not kept.
            models.CheckConstraint(
                condition=Q(imported_at=None) | Q(content=""), name="delivery_bill_content"
            ),
        ]

    def __str__(self) -> str:
        return self.file_name


class BillLine(models.Model):
    """One line of a bill, or, without a `row`, a delivery that should stand in it and does not.

    `reason` says why a line could not be read. `agreed` and its parts are what the courier had
    answered; None where it named no price. `difference` is what was charged too much.
    """

    class Finding(models.TextChoices):
        NONE = "", pgettext_lazy("line of a bill", "as agreed")
        CANCELLED = "cancelled", _("charged though cancelled")
        TWICE = "twice", _("twice in the bill")
        NOT_OURS = "not_ours", _("not an order of ours")
        TIP_TWICE = "tip_twice", _("tip charged twice")
        FEE = "fee", _("another fee than was answered")
        TIP = "tip", _("another tip than ours")
        DEDUCTION = "deduction", _("another deduction than was answered")
        TOTAL = "total", _("the total is not the sum of its parts")
        CREDIT = "credit", _("money back")
        MISSING = "missing", _("delivered, but not in the bill")
        ELSEWHERE = "elsewhere", _("of another store of this account")
        UNREADABLE = "unreadable", _("could not be read")

    # What says nothing about the courier's reckoning with this store.
    NO_CLAIM: ClassVar[tuple[str, ...]] = (Finding.NONE, Finding.ELSEWHERE)

    bill = models.ForeignKey(
        Bill, models.CASCADE, related_name="entries", verbose_name=_("courier's bill")
    )
    row = models.PositiveIntegerField(_("line of the file"), null=True)
    number = models.CharField(_("order number"), max_length=128, blank=True)
    fee = yuan(pgettext_lazy("courier's bill", "fee"))
    tip = yuan(pgettext_lazy("courier's bill", "tip"))
    deduction = yuan(pgettext_lazy("courier's bill", "deduction"))
    total = yuan(_("charged"))
    at = models.DateTimeField(_("when"), null=True)
    finding = models.CharField(_("finding"), max_length=10, choices=Finding, blank=True)
    reason = models.CharField(_("reason"), max_length=200, blank=True)
    attempt = models.ForeignKey(
        Attempt,
        models.SET_NULL,
        null=True,
        related_name="bill_lines",
        verbose_name=_("called rider"),
    )
    agreed_fee = yuan(_("agreed fee"))
    agreed_tip = yuan(_("agreed tip"))
    agreed_deduction = yuan(_("agreed deduction"))
    agreed = yuan(pgettext_lazy("courier's bill", "agreed"))
    difference = yuan(_("difference"))

    objects = TenantQuerySet.as_manager()

    class Tenancy:
        merchant = "bill__courier__place__store__merchant"
        store = "bill__courier__place__store"

    class Meta:
        verbose_name = _("line of a bill")
        verbose_name_plural = _("lines of bills")
        ordering = ["bill_id", models.F("row").asc(nulls_last=True), "id"]

    def __str__(self) -> str:
        return self.number or str(self.row)

    @property
    def parts(self) -> list[tuple[Any, Decimal | None, Decimal | None]]:
        """Label, charged and agreed of each part that differs."""
        parts = [
            (pgettext_lazy("courier's bill", "fee"), self.fee, self.agreed_fee),
            (pgettext_lazy("courier's bill", "tip"), self.tip, self.agreed_tip),
            (pgettext_lazy("courier's bill", "deduction"), self.deduction, self.agreed_deduction),
        ]
        known = (part for part in parts if part[1] is not None and part[2] is not None)
        return [part for part in known if part[1] != part[2]]
