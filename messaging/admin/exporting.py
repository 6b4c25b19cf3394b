"""The columns of exported takeaway orders, without customers."""

from django.utils.translation import gettext_lazy as _
from django.utils.translation import pgettext_lazy

from messaging.reasons import reason_text
from stores.backoffice.spreadsheets import Column
from stores.money import yuan_of

COLUMNS = (
    Column(_("Ordered"), "ordered_at"),
    Column(_("Number of the day"), "day_number"),
    Column(_("Order number"), "order_id"),
    Column(_("Store"), "store__name"),
    Column(_("Status"), "state"),
    Column(_("Dishes"), lambda order: sum(dish["quantity"] for dish in order.dishes)),
    Column(_("Customer paid (yuan)"), "paid", yuan_of, is_summed=True),
    Column(_("Shop receives (yuan)"), "received", yuan_of, is_summed=True),
    Column(_("Service fee (yuan)"), "service_fee", yuan_of, is_summed=True),
    Column(pgettext_lazy("takeaway order", "Accepted"), "accepted_at"),
    Column(pgettext_lazy("takeaway order", "Finished"), "finished_at"),
    Column(pgettext_lazy("takeaway order", "Cancelled"), "cancelled_at"),
    Column(
        pgettext_lazy("takeaway order", "Why"), lambda order: str(reason_text(order.cancel_code))
    ),
)
