from delivery.models.accounts import CourierAccount, DeliveryStore, StoreCourier
from delivery.models.deliveries import Attempt, Delivery, DeliveryMoment, WaybillNews
from delivery.models.quotes import Decision, Quote

__all__ = [
    "Attempt",
    "CourierAccount",
    "Decision",
    "Delivery",
    "DeliveryMoment",
    "DeliveryStore",
    "Quote",
    "StoreCourier",
    "WaybillNews",
]
