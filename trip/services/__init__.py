"""The services of trip: orders are created, paid, issued, used, refunded, closed; products are
shown to Meituan.

booking.py and limits.py check · stock.py and tickets.py move quantities · payloads.py builds the
bodies of answers and notices from the rows · notices.py enqueues the notices.
"""

from trip.services.catalogue import (
    listing_take,
    places_pull,
    prices_pull,
    products_pull,
)
from trip.services.changes import change_announced, change_send, watch_addresses
from trip.services.closing import order_close, order_refunded
from trip.services.connecting import connection_check
from trip.services.consuming import order_consume
from trip.services.creating import is_of_drill, order_create
from trip.services.days import (
    Overwrites,
    change_to_undo,
    days_undo,
    offers_open,
    offers_set,
)
from trip.services.issuing import order_fail, order_issue
from trip.services.paying import expire_unpaid, order_pay
from trip.services.products import product_pause, product_resume, product_saved
from trip.services.querying import order_query
from trip.services.refunding import refund_decide, refund_request
from trip.services.settling import order_settle
from trip.services.visitors import forget_visitors

__all__ = [
    "Overwrites",
    "change_announced",
    "change_send",
    "change_to_undo",
    "connection_check",
    "days_undo",
    "expire_unpaid",
    "forget_visitors",
    "is_of_drill",
    "listing_take",
    "offers_open",
    "offers_set",
    "order_close",
    "order_consume",
    "order_create",
    "order_fail",
    "order_issue",
    "order_pay",
    "order_query",
    "order_refunded",
    "order_settle",
    "places_pull",
    "prices_pull",
    "product_pause",
    "product_resume",
    "product_saved",
    "products_pull",
    "refund_decide",
    "refund_request",
    "watch_addresses",
]
