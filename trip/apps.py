from datetime import timedelta

from django.utils.translation import gettext_lazy as _

from stores.backoffice.menu import (
    CONNECTIONS,
    ORDERS,
    PRODUCTS,
    RECORDS,
    STORES,
    list_item,
    opened_on_today,
)
from stores.domains import Domain, ProblemCode, Schedule
from stores.roles import Role
from trip.choices import PLATFORM, SELL, TRIP


class TripConfig(Domain):
    name = "trip"
    verbose_name = _("Tickets")
    platform = PLATFORM
    platform_title = _("Meituan tickets (trip)")
    tools = "trip.tools.TripTools"
    connection_form = "trip.admin.connection.TripConnectionForm"
    scopes = {TRIP: _("read and serve ticket orders")}
    permissions = {SELL: frozenset({Role.MANAGER})}
    problem_codes = {
        "order_conflict": ProblemCode(
            409,
            _("The order does not allow this as it stands"),
            _("the order does not allow this now; `detail` says why"),
            _("read the order, show `detail` to the staff"),
        )
    }
    code_tables = "trip.api.docs.code_tables"
    quick_start = "trip.api.docs.quick_start"
    registers = ("trip.services.notices",)
    sandbox = "trip.sandbox.MeituanTripSandbox"
    sandbox_addresses = {"TRIP_NOTICE_BASE_URL": "/trip/rhone/mtp/api"}
    demo = "trip.demo.TripDemo"
    demo_info = "trip.demo.info"
    counter_kind = "trip.counter.VoucherKind"
    # Runs before coupons: vouchers recognise their own codes, a coupon code is any digits.
    counter_priority = 10
    schedules = (
        Schedule("trip.tasks.expire_unpaid", timedelta(minutes=1)),
        Schedule("trip.tasks.forget_visitors", timedelta(days=1)),
        Schedule("trip.tasks.watch_addresses", timedelta(hours=1)),
    )
    task_titles = {
        "trip.tasks.expire_unpaid": _("Free tickets of orders that were not paid"),
        "trip.tasks.forget_visitors": _("Remove old visitors' data"),
        "trip.tasks.watch_addresses": _("Look whether our address changed"),
        "trip.tasks.run_drill": _("Run an acceptance drill"),
    }
    cards = "trip.dashboard.cards"
    alerts = "trip.dashboard.alerts"
    charts = "trip.dashboard.charts"
    tables = "trip.dashboard.tables"
    steps = "trip.dashboard.steps"
    store_links = "trip.dashboard.store_links"
    operator_alerts = "trip.dashboard.operator_alerts"
    health = "trip.dashboard.health"
    searcher = "trip.admin.finding.SEARCHER"
    event_titles = {
        "order.create": _("Meituan ordered"),
        "order.pay": _("Meituan reported the payment"),
        "order.query": _("Meituan asked how the order stands"),
        "order.refund": _("Meituan asked for a refund"),
        "order.refunded": _("Meituan said: it has refunded"),
        "order.close": _("Meituan closed the order"),
    }
    verb_labels = {
        "trip.order.consumed": _("Used tickets"),
        "trip.order.issued": _("Issued tickets by hand or through an own system"),
        "trip.order.failed": _("Said that tickets cannot be issued"),
        "trip.order.settled": _("Marked an order as settled"),
        "trip.visitors.shown": _("Looked at visitors' phones and certificates"),
        "trip.orders.exported": _("Exported ticket orders"),
        "trip.uses.exported": _("Exported tickets used"),
        "trip.refunds.exported": _("Exported refunds"),
        "trip.refund.agreed": _("Agreed to a refund"),
        "trip.refund.refused": _("Refused a refund"),
        "trip.product.paused": _("Paused a product"),
        "trip.product.resumed": _("Put a product on sale"),
        "trip.prices.set": _("Set prices and stock by day"),
        "trip.days.opened": _("Opened days for sale"),
        "trip.days.closed": _("Closed days"),
        "trip.days.restored": _("Took back a change of days"),
        "trip.drill.started": _("Started an acceptance drill"),
        "trip.change.announced": _("Announced a planned change to Meituan"),
    }
    audit_details = {
        "days": _("days"),
        "first": _("from"),
        "last": _("until"),
        "method": _("how"),
        "quantity": _("number of tickets"),
        "stock": _("stock"),
        "trouble": _("trouble"),
    }
    menu = (
        list_item(
            ORDERS, "trip.Order", _("Ticket orders"), opened_on_today("created_at"), order=10
        ),
        list_item(ORDERS, "trip.Consumption", _("Tickets used"), opened_on_today("at"), order=30),
        list_item(ORDERS, "trip.Refund", _("Refunds"), order=20),
        list_item(PRODUCTS, "trip.Product", _("Ticket products"), order=10),
        list_item(STORES, "trip.Place", _("Places on the map")),
        list_item(CONNECTIONS, "trip.DrillRun", _("Acceptance drill")),
        list_item(CONNECTIONS, "trip.PlannedChange", _("Planned changes")),
        list_item(RECORDS, "trip.MeituanNotice", _("Notices to Meituan")),
    )
