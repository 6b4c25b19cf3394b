"""The first steps of a merchant that begins to sell tickets."""

from django.contrib.auth.models import User
from django.urls import reverse
from django.utils.translation import gettext as _

from stores.backoffice.first_steps import steps_towards
from stores.backoffice.widgets import Step
from stores.models import Connection
from trip.choices import PLATFORM
from trip.models import DrillRun, Order, Product
from trip.services.connecting import missing


def steps(user: User) -> list[Step]:
    """The steps of a merchant with a ticket connection up to the first ticket sold, then none.

    A merchant without any connection gets one step that says that tickets can be sold too.
    """

    def further(connection: Connection) -> list[Step]:
        sold = Order.objects.for_staff(user).filter(is_drill=False, paid_at__isnull=False)
        return [] if sold.order_by().exists() else _steps_of(connection)

    return steps_towards(user, PLATFORM, start=_start(), further=further)


def _steps_of(connection: Connection) -> list[Step]:
    page = reverse("admin:stores_connection_change", args=[connection.pk])
    return [
        Step(
            _("Enter what Meituan gave you"),
            _("PartnerId, client id and client secret of the ticket supplier account."),
            not missing(connection),
            page,
        ),
        *selling_steps(connection),
    ]


def selling_steps(connection: Connection) -> list[Step]:
    """The steps from a connection with credentials to the first ticket sold."""
    drill = DrillRun.objects.filter(connection=connection, finished_at__isnull=False).first()
    orders = Order.objects.filter(connection=connection, is_drill=False).order_by()
    return [
        Step(
            _("Add your tickets"),
            _("Products with prices and stock, for a chosen day or for a period."),
            Product.objects.filter(connection=connection).exists(),
            reverse("admin:trip_product_changelist"),
        ),
        Step(
            _("Run the acceptance drill"),
            _("It plays Meituan against this system and shows what Meituan will check."),
            drill is not None and drill.has_passed,
            reverse("admin:trip_drillrun_changelist"),
        ),
        Step(
            _("Sell the first ticket"),
            _(
                "Give Meituan the addresses of the interfaces;"
                " its staff test them and put your tickets online."
            ),
            orders.filter(paid_at__isnull=False).exists(),
            reverse("admin:stores_connection_change", args=[connection.pk]),
        ),
    ]


def _start() -> Step:
    return Step(
        _("Or sell tickets on Meituan"),
        _("Connect your ticket supplier account; the next steps then stand here."),
        False,
        f"{reverse('admin:stores_connection_add')}?platform={PLATFORM}",
    )
