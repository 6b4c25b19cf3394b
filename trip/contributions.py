"""What trip adds to the shared registry: dashboard, sandbox, demo, schedules."""

from datetime import timedelta

from django.utils.translation import gettext_lazy as _

from stores.backoffice.menu import list_item
from stores.registry import Schedule, registry

TICKETS = _("Tickets")


registry.sandbox_classes.append("trip.sandbox.MeituanTripSandbox")
# Asked before coupons: it knows its own codes, and theirs are any digits.
registry.counter_kinds.insert(0, "trip.counter.VoucherKind")
registry.demo_parts.append("trip.demo.TripDemo")
registry.demo_infos.append("trip.demo.info")
registry.schedules += [
    Schedule("trip.tasks.expire_unpaid", timedelta(minutes=1)),
    Schedule("trip.tasks.forget_visitors", timedelta(days=1)),
]
registry.cards.append("trip.dashboard.cards")
registry.alerts.append("trip.dashboard.alerts")
registry.charts.append("trip.dashboard.charts")
registry.tables.append("trip.dashboard.tables")
registry.steps.append("trip.dashboard.steps")
registry.store_links.append("trip.dashboard.store_links")
registry.connection_forms["trip"] = "trip.admin.connection.TripConnectionForm"
registry.platform_tools["trip"] = "trip.admin.connection.TripTools"
registry.event_titles |= {
    ("trip", "order.create"): _("Meituan ordered"),
    ("trip", "order.pay"): _("Meituan reported the payment"),
    ("trip", "order.query"): _("Meituan asked how the order stands"),
    ("trip", "order.refund"): _("Meituan asked for a refund"),
    ("trip", "order.refunded"): _("Meituan said: it has refunded"),
    ("trip", "order.close"): _("Meituan closed the order"),
}
registry.verb_labels |= {
    "trip.order.consumed": _("Used tickets"),
    "trip.order.issued": _("Issued tickets by hand or through an own system"),
    "trip.order.failed": _("Said that tickets cannot be issued"),
    "trip.order.settled": _("Marked an order as settled"),
    "trip.orders.exported": _("Exported ticket orders"),
    "trip.refund.agreed": _("Agreed to a refund"),
    "trip.refund.refused": _("Refused a refund"),
    "trip.product.paused": _("Paused a product"),
    "trip.product.resumed": _("Put a product on sale"),
    "trip.prices.set": _("Set prices and stock by day"),
    "trip.days.opened": _("Opened days for sale"),
    "trip.days.closed": _("Closed days"),
    "trip.drill.started": _("Started an acceptance drill"),
}
registry.menu += [
    list_item(TICKETS, "trip.Order", _("Ticket orders"), "confirmation_number"),
    list_item(TICKETS, "trip.Refund", _("Refunds"), "currency_exchange"),
    list_item(TICKETS, "trip.Product", _("Ticket products"), "sell"),
    list_item(TICKETS, "trip.MeituanNotice", _("Notices to Meituan"), "outgoing_mail"),
    list_item(TICKETS, "trip.Place", _("Places on the map"), "location_on"),
    list_item(TICKETS, "trip.DrillRun", _("Acceptance drill"), "fact_check"),
]
