from django.db import models
from django.db.models import Q
from django.utils.translation import gettext_lazy as _

from stores.domains import platform_choices
from stores.fields import EncryptedJSONField, EncryptedTextField, readable
from stores.models.people import Merchant
from stores.tenancy import TenantQuerySet


class Pace(models.Model):
    """The next free slot of one platform account, shared by all processes.

    Only platforms/pace.py writes it.
    """

    platform = models.CharField(_("platform"), max_length=20)
    account = models.CharField(_("account"), max_length=200)
    next_at = models.FloatField(
        _("next free slot"), default=0.0, help_text=_("Unix seconds on the database clock")
    )
    failures = models.PositiveIntegerField(_("failures in a row"), default=0)
    throttled_at = models.DateTimeField(_("throttled"), null=True)

    class Meta:
        verbose_name = _("pace")
        verbose_name_plural = _("paces")
        constraints = [
            models.UniqueConstraint(fields=["platform", "account"], name="one_pace_per_account")
        ]

    def __str__(self) -> str:
        return f"{self.platform}: {self.account}"


class Connection(models.Model):
    """An account at a platform. Credentials and token are encrypted and never shown again.

    A developer account has connections of stores below it (`parent`). It belongs to one merchant,
    whose stores they are, or to the operator (no merchant), for stores of many merchants. Operators
    alone see the operator's account and what is stored at it.
    """

    class State(models.TextChoices):
        NEW = "new", _("not tested yet")
        WORKING = "working", _("working")
        REFUSED = "refused", _("login refused")

    merchant = models.ForeignKey(
        Merchant,
        models.PROTECT,
        null=True,
        related_name="connections",
        verbose_name=_("merchant"),
    )
    parent = models.ForeignKey(
        "self",
        models.PROTECT,
        null=True,
        blank=True,
        editable=False,
        related_name="children",
        verbose_name=_("developer account"),
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
    # When the token should be renewed and when it ends; None when the platform does not say.
    token_renew_at = models.DateTimeField(null=True, editable=False)
    token_ends_at = models.DateTimeField(null=True, editable=False)
    login_lease_until = models.DateTimeField(null=True, editable=False)
    # The account as which the platform accepted it last: a name that has not signed in shares no
    # pace with others who use it.
    proved_account = models.CharField(max_length=200, blank=True, editable=False)
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
            models.UniqueConstraint(
                fields=["platform", "account"],
                condition=Q(merchant=None),
                name="one_operator_account",
            ),
            # The platform names a store by its account: one store per name and developer account.
            models.UniqueConstraint(
                fields=["parent", "account"],
                condition=Q(parent__isnull=False),
                name="one_connection_per_store_name",
            ),
            models.CheckConstraint(
                condition=Q(merchant__isnull=False) | Q(parent=None),
                name="store_connection_has_merchant",
            ),
        ]

    def __str__(self) -> str:
        return self.name or f"{self.get_platform_display()} {self.account}"

    @property
    def tenant(self) -> Merchant:
        """The merchant whose account this is. Raises ValueError for an account of the operator."""
        if self.merchant is None:
            raise ValueError(f"{self} belongs to no merchant")
        return self.merchant

    def opens(self) -> bool:
        """Whether a key opens what is stored of the account's secrets."""
        return all(readable(self, name, None) is not None for name in ("credentials", "token"))

    def save(self, *args: object, **kwargs: object) -> None:
        """Finds the pace of the account; raises ValueError for a parent of another merchant."""
        if self.parent and not self.parent._may_have(self):
            raise ValueError(f"{self.parent} is no developer account for {self}")
        account = self._paced_as()
        if not self.pace_id or self.pace.account != account or self.pace.platform != self.platform:
            self.pace = Pace.objects.get_or_create(platform=self.platform, account=account)[0]
        super().save(*args, **kwargs)  # type: ignore[arg-type]

    @property
    def is_proved(self) -> bool:
        """Whether the platform has accepted it as this account."""
        return self.proved_account == self.account

    def _paced_as(self) -> str:
        """The name of its pace; not that of the account until it has signed in once."""
        # Two developer accounts may call their stores alike.
        if self.parent_id:
            return f"{self.parent_id}/{self.account}"[:200]
        if self.merchant_id and not self.is_proved:
            return f"?{self.merchant_id}/{self.account}"[:200]
        return self.account

    def _may_have(self, child: "Connection") -> bool:
        if self.parent_id or self.platform != child.platform:
            return False
        return self.merchant_id in (None, child.merchant_id)
