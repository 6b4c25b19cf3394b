"""One merchant with a store that takes orders, bound below the operator's developer account."""

import pytest

import messaging.webhooks.handlers  # noqa: F401
from messaging.models import TakeawayStore
from stores.models import Merchant, Store
from tests.messaging.factories import TakeawayStoreFactory
from tests.messaging.pushing import Pusher
from tests.stores.factories import MerchantFactory, StoreFactory


@pytest.fixture
def merchant(db: None) -> Merchant:
    made: Merchant = MerchantFactory()
    return made


@pytest.fixture
def store(merchant: Merchant) -> Store:
    made: Store = StoreFactory(merchant=merchant)
    return made


@pytest.fixture
def binding(store: Store) -> TakeawayStore:
    made: TakeawayStore = TakeawayStoreFactory(store=store)
    return made


@pytest.fixture
def pusher(binding: TakeawayStore) -> Pusher:
    return Pusher(binding)
