"""One merchant with a store that takes orders, bound below the operator's developer account."""

from collections.abc import Iterator

import pytest
from pytest_django.fixtures import Settings

import messaging.webhooks.handlers  # noqa: F401
from messaging.models import TakeawayStore
from stores.models import Merchant, Store
from tests.messaging.factories import TakeawayStoreFactory
from tests.messaging.meituan import Meituan, meituan_of
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


@pytest.fixture
def meituan(
    transactional_db: None, binding: TakeawayStore, settings: Settings
) -> Iterator[Meituan]:
    with meituan_of(binding, settings) as made:
        yield made
