"""Runs of the delivery drill."""

from django.contrib import admin
from django.utils.translation import gettext_lazy as _

from delivery.choices import PLATFORM
from delivery.drill import Drill
from delivery.models import DrillRun
from stores.drills.pages import DrillAdmin


@admin.register(DrillRun)
class DeliveryDrillAdmin(DrillAdmin):
    platform = PLATFORM
    drill = Drill
    task = "delivery.tasks.run_drill"
    title = _("Delivery drill")
    sent_title = _("What we sent")
    answered_title = _("What WeChat answered")
    runs_template = "delivery/admin/drills.html"
    run_template = "delivery/admin/drill.html"
