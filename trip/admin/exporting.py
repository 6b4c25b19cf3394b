"""The columns of exported ticket orders and refunds, without visitors and without whole codes."""

from django.utils.translation import gettext_lazy as _

from stores import audit
from stores.backoffice.spreadsheets import Column
from trip.models import tally

ORDERS = (
    Column(_("Ordered"), "created_at"),
    # A text, because a spreadsheet rounds whole numbers of more than 15 digits.
    Column(_("Order number"), lambda order: str(order.order_id)),
    Column(_("Our number"), "partner_order_id"),
    Column(_("Store"), "store__name"),
    Column(_("Product"), "product__title"),
    Column(_("Status"), "status"),
    Column(_("Day of visit"), "travel_date"),
    Column(_("Tickets"), "quantity", is_summed=True),
    Column(_("Used"), lambda order: tally(order.vouchers.all()).used, is_summed=True),
    Column(_("Refunded"), lambda order: tally(order.vouchers.all()).refunded, is_summed=True),
    Column(_("Void"), lambda order: tally(order.vouchers.all()).voided, is_summed=True),
    Column(_("Price (yuan)"), "unit_price"),
    Column(_("Settlement price (yuan)"), "buy_price"),
    Column(_("Total (yuan)"), "total_price", is_summed=True),
    Column(_("Paid"), "paid_at"),
    Column(_("Issued"), "issued_at"),
    Column(_("Closed"), "closed_at"),
    Column(_("Drill"), "is_drill"),
    Column(_("Needs a person"), "needs_person"),
)
REFUNDS = (
    Column(_("Applied for"), "applied_at"),
    Column(_("Received"), "received_at"),
    Column(_("Refund number"), "refund_id"),
    Column(_("Order number"), "order__order_id", str),
    Column(_("Store"), "store__name"),
    Column(_("Product"), "order__product__title"),
    Column(_("Day of visit"), "order__travel_date"),
    Column(_("Status"), "status"),
    Column(_("Tickets"), "quantity", is_summed=True),
    Column(_("To the buyer (yuan)"), "price", is_summed=True),
    Column(_("Kept as a fee (yuan)"), "fee", is_summed=True),
    Column(_("Reason"), "reason"),
    Column(_("Decided"), "decided_at"),
    Column(_("Decided where"), "method"),
    Column(_("By"), "decided_by", audit.shown),
    Column(_("Drill"), "order__is_drill"),
)
