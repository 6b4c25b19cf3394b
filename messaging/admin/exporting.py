"""The columns of exported takeaway orders, without customers."""

from django.utils.translation import gettext_lazy as _
from django.utils.translation import pgettext_lazy

from messaging.reasons import reason_text
from messaging.services.customers import yuan_of
from stores.backoffice.spreadsheets import Column


def _yuan(fen: int | None) -> object:
    return None if fen is None else yuan_of(fen)


COLUMNS = (
    Column(_("Ordered"), "ordered_at"),
    Column(_("Number of the day"), "day_number"),
    Column(_("Order number"), "order_id"),
    Column(_("Store"), "store__name"),
    Column(_("Status"), "state"),
    Column(_("Dishes"), lambda order: sum(dish["quantity"] for dish in order.dishes)),
    Column(_("Customer paid (yuan)"), "paid", _yuan, is_summed=True),
    Column(_("Shop receives (yuan)"), "received", _yuan, is_summed=True),
    Column(_("Service fee (yuan)"), "service_fee", _yuan, is_summed=True),
    Column(pgettext_lazy("takeaway order", "Accepted"), "accepted_at"),
    Column(pgettext_lazy("takeaway order", "Finished"), "finished_at"),
    Column(pgettext_lazy("takeaway order", "Cancelled"), "cancelled_at"),
    Column(
        pgettext_lazy("takeaway order", "Why"), lambda order: str(reason_text(order.cancel_code))
    ),
)
