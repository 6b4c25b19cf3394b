"""For whom instant delivery is there at all: pages of all others ask nothing more of it."""

from typing import Any

from django.db.models import Q

from delivery.choices import PLATFORM
from delivery.models.providers import Authorisation
from stores.models import Connection
from stores.tenancy import access_of


def uses_delivery(user: Any) -> bool:
    """Whether a person belongs to a merchant with a mini-program, or with one that was to be
    authorised; read once per request.
    """
    known: bool | None = vars(user).get("_uses_delivery")
    if known is None:
        access = access_of(user)
        mine = Q() if access.everything else Q(merchant__in=access.merchants_in_part)
        apps = Connection.objects.filter(mine, platform=PLATFORM, merchant__isnull=False)
        asked = Authorisation.objects.filter(mine, merchant__isnull=False)
        found = apps.order_by().values("pk").union(asked.order_by().values("pk"), all=True)
        known = vars(user)["_uses_delivery"] = bool(found[:1])
    return known
