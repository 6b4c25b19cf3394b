from datetime import timedelta

from django.utils.translation import gettext_lazy as _

from stores.domains import Domain, Schedule


class DeliveryConfig(Domain):
    name = "delivery"
    verbose_name = _("Delivery")
    registers = ("delivery.services.calls",)
    schedules = (
        Schedule("delivery.tasks.go_on_all", timedelta(seconds=10)),
        Schedule("delivery.tasks.ask_due", timedelta(seconds=10)),
    )
    task_titles = {
        "delivery.tasks.go_on": _("Call the next rider of a delivery"),
        "delivery.tasks.go_on_all": _("Call the riders that rules and ladders want"),
        "delivery.tasks.ask_due": _("Ask about riders of whom nothing was heard"),
    }
    verb_labels = {
        "delivery.cancel": _("Cancelled a rider or a delivery"),
        "delivery.dispatch": _("Called a rider"),
        "delivery.gone": _("Said that a rider is surely gone"),
        "delivery.own_step": _("Said how far their own people are"),
        "delivery.ready": _("Said that the goods are ready"),
        "delivery.returned": _("Confirmed that goods are back"),
        "delivery.tip": _("Raised a rider's tip"),
        "wechat.accounts.synced": _("Read the accounts at couriers"),
    }
