"""What the contract tests know of instant delivery (tests/contract/collected.py)."""

from delivery.models import CourierAccount, DeliveryStore, StoreCourier
from tests.delivery.factories import (
    CourierAccountFactory,
    DeliveryStoreFactory,
    StoreCourierFactory,
)

ROWS = {
    CourierAccount: lambda store: CourierAccountFactory(connection__merchant=store.merchant),
    DeliveryStore: lambda store: DeliveryStoreFactory(store=store),
    StoreCourier: lambda store: StoreCourierFactory(place__store=store),
}
