"""Runs of the acceptance drill."""

from typing import Any

from django.contrib import admin
from django.utils.translation import gettext_lazy as _

from stores.drills.pages import DrillAdmin
from stores.models import Connection
from trip.choices import PLATFORM
from trip.drill import Drill
from trip.models import DrillRun, Product


@admin.register(DrillRun)
class DrillRunAdmin(DrillAdmin):
    platform = PLATFORM
    drill = Drill
    task = "trip.tasks.run_drill"
    title = _("Acceptance drill")
    sent_title = _("What Meituan sent")
    answered_title = _("What we answered")
    runs_template = "trip/admin/drills.html"

    def runs_context(self, connections: list[Connection]) -> dict[str, Any]:
        on_sale = Product.objects.filter(connection__in=connections, state=Product.State.ON_SALE)
        return {"sells": on_sale.exists()}
