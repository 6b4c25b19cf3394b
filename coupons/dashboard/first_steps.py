"""What a new merchant does until the first coupon is verified."""

from django.contrib.auth.models import User
from django.urls import reverse
from django.utils.translation import gettext as _

from coupons.choices import PLATFORM
from coupons.models import GatewayStore, Verification
from stores.backoffice.widgets import Step
from stores.models import Connection
from stores.roles import Permission
from stores.tenancy import has_permission


def steps(user: User) -> list[Step]:
    """The steps from a new merchant to the first verification, then none."""
    if (
        not has_permission(user, Permission.MANAGE_CONNECTIONS)
        or Verification.objects.for_staff(user).exists()
    ):
        return []
    everywhere = Connection.objects.for_staff(user)
    connections = everywhere.filter(platform=PLATFORM)
    first = connections.first()
    if first is None and everywhere.exists():
        # A merchant that sells only on other platforms is not asked to connect coupons.
        return []
    connected = connections.filter(state=Connection.State.WORKING).exists()
    page = ""
    if first:
        page = reverse("admin:stores_connection_change", args=[first.pk])
    return [
        Step(
            _("Connect your account"),
            _("Enter the e-mail and password of your gateway account and test the connection."),
            connected,
            page or reverse("admin:stores_connection_add"),
        ),
        *first_steps(first),
    ]


def first_steps(connection: Connection | None) -> list[Step]:
    """The steps from a connection to the first verification."""
    page, stores = "", GatewayStore.objects.filter(connection=connection)
    if connection:
        page = reverse("admin:stores_connection_change", args=[connection.pk])
    return [
        Step(
            _("Fetch your stores"),
            _(
                "Press “Sync stores” on the connection's page; each store appears with the calls"
                " it has left."
            ),
            stores.exists(),
            page,
        ),
        Step(
            _("Verify the first coupon"),
            _("At the counter, or let guests do it with the poster's QR code."),
            Verification.objects.filter(store__in=stores.values("store")).exists(),
            reverse("counter"),
        ),
    ]
