"""The endpoints for Meituan's calls: base.py the template · orders.py orders and refunds ·
products.py pulls and the rest.
"""

from trip.webhooks.base import TripEndpoint, unknown_interface
from trip.webhooks.orders import Close, Create, Pay, Query, Refund, Refunded
from trip.webhooks.products import Balance, Heartbeat, Listing, Places, Prices, Products

__all__ = [
    "Balance",
    "Close",
    "Create",
    "Heartbeat",
    "Listing",
    "Pay",
    "Places",
    "Prices",
    "Products",
    "Query",
    "Refund",
    "Refunded",
    "TripEndpoint",
    "unknown_interface",
]
