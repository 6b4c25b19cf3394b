"""Alerts of the start page about receipt printers."""

from collections.abc import Collection, Iterator

from django.urls import reverse
from django.utils.translation import gettext as _
from django.utils.translation import ngettext_lazy

from messaging.models import PrintJob
from messaging.services.printing import trouble
from stores.backoffice import actions
from stores.backoffice.needs_person import needs_person_alert
from stores.backoffice.widgets import Alert

MOST = 10


def printer_alerts(stores: Collection[int]) -> Iterator[Alert]:
    """What keeps receipts from being on paper, in these stores."""
    for printer in trouble.troubled(stores)[:MOST]:
        text = _("Printer %(printer)s of %(store)s: %(state)s.") % {
            "printer": printer.name,
            "store": printer.store,
            "state": printer.get_state_display(),
        }
        if waiting := trouble.number_waiting(printer):
            text += " " + _("Receipts that wait: %(count)d.") % {"count": waiting}
        url = reverse("admin:messaging_printer_change", args=[printer.pk])
        yield Alert("error", text, url, actions.LOOK_AT_PRINTER)
    unclear = ngettext_lazy(
        "%(count)d receipt of an order may not be on paper: look at the printer.",
        "%(count)d receipts of orders may not be on paper: look at the printer.",
        "count",
    )
    rows = PrintJob.objects.filter(printer__store__in=stores)
    yield from needs_person_alert(rows, unclear)
    old = ngettext_lazy(
        "%(count)d old receipt was not printed: choose whether it still is.",
        "%(count)d old receipts were not printed: choose which still are.",
        "count",
    )
    url = reverse("takeaway:old-receipts")
    yield from Alert.counted("warning", old, trouble.count_old(stores), url, actions.CHOOSE)
