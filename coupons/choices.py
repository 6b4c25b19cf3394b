"""Choices that tables and wire share."""

from django.db import models
from django.utils.translation import gettext_lazy as _

# The short name of the gateway in stored rows, and the scopes of API keys.
PLATFORM = "umember"
LOOKUP, VERIFY = "lookup", "verify"


class Authorisation(models.TextChoices):
    """The store's authorisation by Meituan to verify through the gateway (授权状态)."""

    NOT_AUTHORISED = "not_authorised", _("not authorised")
    AUTHORISED = "authorised", _("authorised")
    EXPIRED = "expired", _("authorisation expired")
    UNKNOWN = "unknown", _("not known")
