from trip.models.calendar import CalendarChange
from trip.models.catalogue import Offer, Place, Product, RefundStep
from trip.models.changes import PlannedChange, RegisteredAddress
from trip.models.drills import DrillRun
from trip.models.notices import MeituanNotice
from trip.models.orders import Consumption, Order, Tally, Visitor, Voucher, tally
from trip.models.refunds import Refund

__all__ = [
    "CalendarChange",
    "Consumption",
    "DrillRun",
    "MeituanNotice",
    "Offer",
    "Order",
    "Place",
    "PlannedChange",
    "Product",
    "Refund",
    "RefundStep",
    "RegisteredAddress",
    "Tally",
    "Visitor",
    "Voucher",
    "tally",
]
