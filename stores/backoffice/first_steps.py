"""The steps by which a merchant begins to use a platform, on the start page."""

from collections.abc import Callable

from django.contrib.auth.models import User
from django.db.models import Case, When

from stores.backoffice.widgets import Step
from stores.models import Connection
from stores.roles import Permission
from stores.tenancy import has_permission


def steps_towards(
    user: User, platform: str, *, start: Step, further: Callable[[Connection], list[Step]]
) -> list[Step]:
    """Returns the `further` steps from a merchant's connection to this platform on, `start` alone
    for a merchant without any connection, and none for one who uses other platforms only.
    """
    if not has_permission(user, Permission.MANAGE_CONNECTIONS):
        return []
    # Accounts of the operator's that stores hang under are no merchant's.
    rows = Connection.objects.for_staff(user).exclude(merchant=None)
    this_first = Case(When(platform=platform, then=0), default=1)
    connection = rows.order_by(this_first, "pk").first()
    if connection is None:
        return [start]
    return further(connection) if connection.platform == platform else []
