"""Verifications as a table: local times, masked codes and words."""

from collections.abc import Iterator
from datetime import datetime
from typing import Any

from django.db.models import QuerySet
from django.utils.translation import gettext as _

from coupons.models import Channel, Verification
from coupons.reasons import Reason
from stores import audit
from stores.backoffice.exporting import Cell, Table, escape_formula, local
from stores.text import mask_codes

BATCH = 2000
_COLUMNS = (
    "created_at",
    "settled_at",
    "store__name",
    "code_tail",
    "status",
    "reason",
    "gateway_message",
    "product__name",
    "sku_name",
    "sku_id",
    "value",
    "order_id",
    "channel",
    "requested_by",
    "inferred",
    "settled_note",
)


def headers() -> list[str]:
    return [
        _("Requested"),
        _("Settled"),
        _("Store"),
        _("Code ends with"),
        _("Status"),
        _("Reason"),
        _("Gateway's words"),
        _("Product"),
        _("Deal"),
        _("SKU"),
        _("Value (yuan)"),
        _("Order"),
        _("Channel"),
        _("Requested by"),
        _("Inferred"),
        _("Note"),
    ]


def lines(rows: QuerySet[Verification]) -> Iterator[list[Cell]]:
    """One line per verification; times are local and naive, as spreadsheets want them."""
    words: dict[str, dict[Any, Any]] = {
        "status": dict(Verification.Status.choices),
        "reason": dict(Reason.choices),
        "channel": dict(Channel.choices),
        "inferred": {True: _("yes"), False: _("no")},
    }
    for row in rows.values(*_COLUMNS).iterator(chunk_size=BATCH):
        yield [_cell(name, value, words) for name, value in row.items()]


def _cell(name: str, value: Any, words: dict[str, dict[Any, Any]]) -> Cell:
    if name in words:
        return str(words[name].get(value, value))
    if isinstance(value, datetime):
        return local(value)
    if name == "code_tail":
        return f"…{value}"
    if name == "requested_by":
        value = audit.shown(value)
    if name == "gateway_message":
        value = mask_codes(value)
    return escape_formula(value) if isinstance(value, str) else value


def table(rows: QuerySet[Verification]) -> Table:
    return Table("verifications", _("Verifications"), headers(), lines(rows))
