"""What mini-programs let a service provider do for them, and tokens that somebody else ended."""

from typing import ClassVar, Self

from django.db import models
from django.utils.translation import gettext_lazy as _
from django.utils.translation import pgettext_lazy

from stores.fields import EncryptedTextField
from stores.models import Connection, Merchant
from stores.tenancy import TenantQuerySet


class AuthorisationQuerySet(TenantQuerySet["Authorisation"]):
    def owed(self) -> Self:
        """Filters those whose code is to be exchanged."""
        return self.filter(state=Authorisation.State.OWED)

    def unclaimed(self) -> Self:
        """Filters those of which nobody has said whose mini-program it is."""
        return self.filter(merchant=None).exclude(state=Authorisation.State.WITHDRAWN)


class Authorisation(models.Model):
    """What a mini-program lets a service provider do. `merchant` is None until somebody has claimed
    it; then `connection` stands below the provider's, and has the refresh token.
    """

    class State(models.TextChoices):
        OWED = "owed", _("being confirmed")
        GRANTED = "granted", _("granted")
        FAILED = "failed", _("not confirmed")
        WITHDRAWN = "withdrawn", pgettext_lazy("authorisation", "withdrawn")

    STATE_FIELD = "state"
    TRANSITIONS: ClassVar[dict[str, frozenset[str]]] = {
        State.OWED: frozenset({State.GRANTED, State.FAILED, State.WITHDRAWN}),
        State.GRANTED: frozenset({State.OWED, State.WITHDRAWN}),
        State.FAILED: frozenset({State.OWED, State.GRANTED, State.WITHDRAWN}),
        State.WITHDRAWN: frozenset({State.OWED, State.GRANTED}),
    }

    provider = models.ForeignKey(
        Connection,
        models.PROTECT,
        related_name="authorisations",
        verbose_name=_("service provider"),
    )
    appid = models.CharField(_("mini-program"), max_length=60)
    merchant = models.ForeignKey(
        Merchant,
        models.PROTECT,
        null=True,
        related_name="wechat_authorisations",
        verbose_name=_("merchant"),
    )
    connection = models.OneToOneField(
        Connection,
        models.PROTECT,
        null=True,
        related_name="authorisation",
        verbose_name=_("connection"),
    )
    state = models.CharField(_("state"), max_length=10, choices=State, default=State.OWED)
    # The code of the last authorisation, until it is exchanged, and its hash for ever: push and
    # redirect bring the same one.
    code = EncryptedTextField(pgettext_lazy("authorisation", "code"), blank=True, default="")
    code_digest = models.CharField(max_length=64, blank=True)
    # Only while nobody has claimed it.
    refresh_token = EncryptedTextField(_("refresh token"), blank=True, default="")
    told_at = models.DateTimeField(_("told"), help_text=_("When WeChat last spoke of it"))
    lease_until = models.DateTimeField(null=True)
    may_deliver = models.BooleanField(_("may deliver"), null=True)
    problem = models.CharField(_("problem"), max_length=200, blank=True)
    opening_asked_at = models.DateTimeField(_("asked to open instant delivery"), null=True)
    # Courier's id → when the shop was asked to bind an account there, in ISO 8601.
    couriers_asked = models.JSONField(_("asked to bind couriers"), default=dict)

    objects = AuthorisationQuerySet.as_manager()

    class Tenancy:
        store = None

    class Meta:
        verbose_name = _("authorisation of a mini-program")
        verbose_name_plural = _("authorisations of mini-programs")
        ordering = ["provider_id", "appid"]
        constraints = [
            models.UniqueConstraint(fields=["provider", "appid"], name="delivery_one_authorisation")
        ]
        indexes = [models.Index(fields=["provider", "code_digest"], name="delivery_code")]

    def __str__(self) -> str:
        return self.appid


class LostTokens(models.Model):
    """How often tokens of a connection have ended before their time lately: another server asks for
    them as well. `serial` is that of the last one, so that each counts once.
    """

    connection = models.OneToOneField(
        Connection, models.CASCADE, related_name="lost_tokens", verbose_name=_("connection")
    )
    count = models.PositiveIntegerField(_("count"), default=1)
    serial = models.PositiveIntegerField()
    first_at = models.DateTimeField(_("first"))
    last_at = models.DateTimeField(_("last"))

    objects = TenantQuerySet.as_manager()

    class Tenancy:
        merchant = "connection__merchant"
        store = None

    class Meta:
        verbose_name = _("lost tokens")
        verbose_name_plural = _("lost tokens")

    def __str__(self) -> str:
        return str(self.connection)
