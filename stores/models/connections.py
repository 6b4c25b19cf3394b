from django.db import models
from django.utils.translation import gettext_lazy as _

from stores.domains import platform_choices
from stores.fields import EncryptedJSONField, EncryptedTextField
from stores.models.people import Merchant
from stores.tenancy import TenantQuerySet


class Pace(models.Model):
    """The next free slot of one platform account, shared by all processes. Only platforms/pace.py writes it."""

    platform = models.CharField(_("platform"), max_length=20)
    account = models.CharField(_("account"), max_length=200)
    next_at = models.FloatField(
        _("next free slot"), default=0.0, help_text=_("Unix seconds on the database clock")
    )
    failures = models.PositiveIntegerField(_("failures in a row"), default=0)

    class Meta:
        verbose_name = _("pace")
        verbose_name_plural = _("paces")
        constraints = [
            models.UniqueConstraint(fields=["platform", "account"], name="one_pace_per_account")
        ]

    def __str__(self) -> str:
        return f"{self.platform}: {self.account}"


class Connection(models.Model):
    """A merchant's account at a platform. Credentials and token are encrypted and never shown again."""

    class State(models.TextChoices):
        NEW = "new", _("not tested yet")
        WORKING = "working", _("working")
        REFUSED = "refused", _("login refused")

    merchant = models.ForeignKey(
        Merchant, models.PROTECT, related_name="connections", verbose_name=_("merchant")
    )
    platform = models.CharField(_("platform"), max_length=20, choices=platform_choices)
    name = models.CharField(_("name"), max_length=60, blank=True)
    account = models.CharField(
        _("account"), max_length=200, help_text=_("How the platform knows you: e-mail, partner id")
    )
    base_url = models.URLField(
        _("address"), blank=True, help_text=_("Leave empty for the platform's usual address")
    )
    credentials = EncryptedJSONField(_("credentials"), blank=True, default=dict)
    token = EncryptedTextField(_("token"), blank=True, default="", editable=False)
    token_serial = models.PositiveIntegerField(default=0, editable=False)
    login_lease_until = models.DateTimeField(null=True, editable=False)
    pace = models.ForeignKey(
        Pace, models.PROTECT, related_name="connections", editable=False, verbose_name=_("pace")
    )
    state = models.CharField(
        _("state"), max_length=10, choices=State, default=State.NEW, editable=False
    )
    last_error = models.CharField(_("last error"), max_length=300, blank=True, editable=False)
    checked_at = models.DateTimeField(_("checked"), null=True, editable=False)
    is_active = models.BooleanField(_("active"), default=True)
    created_at = models.DateTimeField(_("created"), auto_now_add=True)

    objects = TenantQuerySet.as_manager()

    class Tenancy:
        store = None

    class Meta:
        verbose_name = _("connection")
        verbose_name_plural = _("connections")
        ordering = ["merchant_id", "platform", "account"]
        constraints = [
            models.UniqueConstraint(
                fields=["merchant", "platform", "account"], name="one_connection_per_account"
            ),
        ]

    def __str__(self) -> str:
        return self.name or f"{self.get_platform_display()} {self.account}"

    def save(self, *args: object, **kwargs: object) -> None:
        """Every connection paces with all others of the same account, so the row is found here and nowhere else."""
        if (
            not self.pace_id
            or self.pace.account != self.account
            or self.pace.platform != self.platform
        ):
            self.pace = Pace.objects.get_or_create(platform=self.platform, account=self.account)[0]
        super().save(*args, **kwargs)  # type: ignore[arg-type]
