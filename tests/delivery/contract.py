"""What the contract tests know of instant delivery (tests/contract/collected.py)."""

from delivery.models import (
    Attempt,
    CourierAccount,
    Decision,
    Delivery,
    DeliveryMoment,
    DeliveryStore,
    Quote,
    StoreCourier,
    WaybillNews,
)
from stores.models import Store
from tests.delivery.factories import (
    AttemptFactory,
    CourierAccountFactory,
    DecisionFactory,
    DeliveryFactory,
    DeliveryMomentFactory,
    DeliveryStoreFactory,
    QuoteFactory,
    StoreCourierFactory,
    WaybillNewsFactory,
)
from tests.delivery.operations import OPERATIONS

__all__ = ["OPERATIONS", "ROWS"]


def _courier(store: Store) -> StoreCourier:
    """Returns the courier of a store, which has one address."""
    found = StoreCourier.objects.filter(place__store=store).first()
    made: StoreCourier = found or StoreCourierFactory(place__store=store)
    return made


def _attempt(store: Store) -> Attempt:
    made: Attempt = AttemptFactory(delivery__store=store, courier=_courier(store))
    return made


ROWS = {
    Attempt: _attempt,
    CourierAccount: lambda store: CourierAccountFactory(connection__merchant=store.merchant),
    Decision: lambda store: DecisionFactory(delivery__store=store),
    Delivery: lambda store: DeliveryFactory(store=store),
    DeliveryMoment: lambda store: DeliveryMomentFactory(delivery__store=store),
    DeliveryStore: lambda store: DeliveryStoreFactory(store=store),
    Quote: lambda store: QuoteFactory(delivery__store=store, courier=_courier(store)),
    StoreCourier: lambda store: StoreCourierFactory(place__store=store),
    WaybillNews: lambda store: WaybillNewsFactory(attempt=_attempt(store)),
}
