"""Changes of which Meituan must hear three working days ahead (docs/platforms/trip.md §2)."""

from django.db import models
from django.db.models import F, Q
from django.utils.translation import gettext_lazy as _

from stores.models import Connection
from stores.tenancy import TenantQuerySet


class PlannedChange(models.Model):
    """A new address of our interfaces, or an upgrade (变更通知), and whether Meituan was told."""

    class Kind(models.TextChoices):
        ADDRESS = "address", _("New address of the interfaces")
        UPGRADE = "upgrade", _("System upgrade")

    connection = models.ForeignKey(
        Connection, models.PROTECT, related_name="planned_changes", verbose_name=_("connection")
    )
    kind = models.CharField(_("what"), max_length=10, choices=Kind)
    base_url = models.URLField(
        _("new address"),
        blank=True,
        help_text=_(
            "Only for a new address: what stands before /trip/, as https://shop.example.com"
        ),
    )
    starts_at = models.DateTimeField(_("begins"))
    ends_at = models.DateTimeField(_("service is back"))
    affected = models.CharField(
        _("what is affected"),
        max_length=200,
        blank=True,
        help_text=_("Empty: all interfaces. Meituan's staff read it, so write Chinese."),
    )
    bd_email = models.EmailField(
        _("your contact's mail"), blank=True, help_text=_("The BD at Meituan who serves you")
    )
    announced_at = models.DateTimeField(_("announced"), null=True, editable=False)
    announced_by = models.CharField(_("announced by"), max_length=150, blank=True, editable=False)
    created_at = models.DateTimeField(_("created"), auto_now_add=True)

    objects = TenantQuerySet.as_manager()

    class Tenancy:
        merchant = "connection__merchant"
        store = None

    class Meta:
        verbose_name = _("planned change")
        verbose_name_plural = _("planned changes")
        ordering = ["-starts_at", "-id"]
        constraints = [
            models.CheckConstraint(
                condition=Q(ends_at__gt=F("starts_at")), name="change_ends_later"
            )
        ]

    def __str__(self) -> str:
        return str(self.get_kind_display())


class RegisteredAddress(models.Model):
    """The address of ours that Meituan has for a connection, as far as we know."""

    connection = models.OneToOneField(
        Connection, models.CASCADE, related_name="registered_address", editable=False
    )
    base_url = models.URLField()
    noted_at = models.DateTimeField(auto_now=True)

    objects = TenantQuerySet.as_manager()

    class Tenancy:
        merchant = "connection__merchant"
        store = None

    class Meta:
        verbose_name = _("registered address")
        verbose_name_plural = _("registered addresses")

    def __str__(self) -> str:
        return self.base_url
