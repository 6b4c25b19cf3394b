"""Tables of the takeaway platform: bound stores, orders and their refunds."""

from messaging.models.orders import MissedPush, Order
from messaging.models.refunds import Refund
from messaging.models.stores import TakeawayStore

__all__ = ["MissedPush", "Order", "Refund", "TakeawayStore"]
