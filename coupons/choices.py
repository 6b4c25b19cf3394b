"""Choices that both the tables and the wire know."""

from django.db import models
from django.utils.translation import gettext_lazy as _

# The short name of the gateway as rows store it, and the scopes of API keys.
PLATFORM = "umember"
LOOKUP, VERIFY = "lookup", "verify"


class Authorisation(models.TextChoices):
    """Whether Meituan lets the gateway verify for a store (授权状态)."""

    NOT_AUTHORISED = "not_authorised", _("not authorised")
    AUTHORISED = "authorised", _("authorised")
    EXPIRED = "expired", _("authorisation expired")
    UNKNOWN = "unknown", _("not known")
