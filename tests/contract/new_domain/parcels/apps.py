from datetime import timedelta

from django.utils.translation import gettext_lazy as _

from parcels.choices import HAND_OUT, PARCELS, PLATFORM
from stores.backoffice.menu import ORDERS, list_item
from stores.domains import Domain, ProblemCode, Schedule
from stores.roles import Role


class ParcelsConfig(Domain):
    name = "parcels"
    verbose_name = _("Parcels")
    platform = PLATFORM
    platform_title = _("Parcels of a courier")
    pace_seconds = 0.2
    tools = "parcels.tools.ParcelTools"
    connection_form = "parcels.tools.ParcelConnectionForm"
    scopes = {PARCELS: _("read parcels")}
    permissions = {HAND_OUT: frozenset({Role.MANAGER, Role.CLERK})}
    problem_codes = {
        "parcel_gone": ProblemCode(
            409, _("The parcel was handed out"), _("it is gone"), _("read the parcel")
        )
    }
    event_titles = {"parcel.arrived": _("A parcel arrived")}
    verb_labels = {"parcel handed out": _("Handed out a parcel")}
    counter_kind = "parcels.counter.ParcelKind"
    counter_priority = 20
    menu = (list_item(ORDERS, "parcels.Parcel", _("Parcels")),)
    cards = "parcels.dashboard.cards"
    searcher = "parcels.dashboard.SEARCHER"
    schedules = (Schedule("parcels.tasks.remind", timedelta(days=1)),)
    task_titles = {"parcels.tasks.remind": _("Remind receivers")}
    sandbox = "parcels.sandbox.ParcelSandbox"
    sandbox_addresses = {"PARCELS_BASE_URL": "/parcels"}
    demo = "parcels.demo.ParcelsDemo"
    demo_info = "parcels.demo.info"
