"""The columns of exported verifications; codes are masked."""

from django.utils.translation import gettext_lazy as _

from stores import audit
from stores.backoffice.spreadsheets import Column
from stores.text import deal_name, mask_codes

COLUMNS = (
    Column(_("Requested"), "created_at"),
    Column(_("Settled"), "settled_at"),
    Column(_("Store"), "store__name"),
    Column(_("Code ends with"), "code_tail", lambda tail: f"…{tail}"),
    Column(_("Status"), "status"),
    Column(_("Reason"), "reason"),
    Column(_("Gateway's words"), "gateway_message", mask_codes),
    Column(_("Deal"), "product__name", deal_name),
    Column(_("Name at Meituan"), "sku_name", deal_name),
    Column(_("SKU"), "sku_id"),
    Column(_("Value (yuan)"), "value", is_summed=True),
    Column(_("Order"), "order_id"),
    Column(_("Channel"), "channel"),
    Column(_("Requested by"), "requested_by", audit.shown),
    Column(_("Inferred"), "inferred"),
    Column(_("Note"), "settled_note"),
)
