from delivery.models.accounts import CourierAccount, DeliveryStore, StoreCourier
from delivery.models.bills import Bill, BillLayout, BillLine
from delivery.models.cases import ReceiverCase
from delivery.models.deliveries import Attempt, Delivery
from delivery.models.doctor import DoctorRun
from delivery.models.drills import DrillRun
from delivery.models.news import DeliveryMoment, WaybillNews
from delivery.models.providers import Authorisation, LostTokens
from delivery.models.quotas import CallQuota
from delivery.models.quotes import Decision, Quote

__all__ = [
    "Attempt",
    "Authorisation",
    "Bill",
    "BillLayout",
    "BillLine",
    "CallQuota",
    "CourierAccount",
    "Decision",
    "Delivery",
    "DeliveryMoment",
    "DeliveryStore",
    "DoctorRun",
    "DrillRun",
    "LostTokens",
    "Quote",
    "ReceiverCase",
    "StoreCourier",
    "WaybillNews",
]
