"""Ticket orders as a table: no visitors, no whole codes."""

from collections.abc import Iterator

from django.db.models import QuerySet
from django.utils.translation import gettext as _

from stores.backoffice.exporting import Cell, Table, escape_formula, local
from trip.models import Order, tally

BATCH = 2000


def headers() -> list[str]:
    return [
        _("Ordered"),
        _("Order number"),
        _("Our number"),
        _("Store"),
        _("Product"),
        _("Status"),
        _("Day of visit"),
        _("Tickets"),
        _("Used"),
        _("Refunded"),
        _("Void"),
        _("Price (yuan)"),
        _("Settlement price (yuan)"),
        _("Total (yuan)"),
        _("Paid"),
        _("Issued"),
        _("Closed"),
        _("Drill"),
        _("Needs a person"),
    ]


def lines(rows: QuerySet[Order]) -> Iterator[list[Cell]]:
    for order in (
        rows.select_related("store", "product")
        .prefetch_related("vouchers")
        .iterator(chunk_size=BATCH)
    ):
        counts = tally(order.vouchers.all())
        yield [
            local(order.created_at),
            # As text: a spreadsheet rounds whole numbers of more than 15 digits.
            str(order.order_id),
            order.partner_order_id,
            escape_formula(order.store.name),
            escape_formula(order.product.title),
            str(order.get_status_display()),
            order.travel_date.isoformat() if order.travel_date else None,
            order.quantity,
            counts.used,
            counts.refunded,
            counts.voided,
            order.unit_price,
            order.buy_price,
            order.total_price,
            local(order.paid_at),
            local(order.issued_at),
            local(order.closed_at),
            _("yes") if order.is_drill else _("no"),
            str(order.get_needs_person_display()) if order.needs_person else "",
        ]


def table(rows: QuerySet[Order]) -> Table:
    return Table("ticket-orders", _("Ticket orders"), headers(), lines(rows))
