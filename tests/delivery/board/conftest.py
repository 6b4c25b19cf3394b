"""A store that sends, its clerk, and deliveries at each stage."""

from typing import Any

import pytest
from django.test import Client

from delivery.models import Delivery, DeliveryStore
from stores.roles import Role
from tests.delivery.factories import DeliveryFactory, DeliveryStoreFactory
from tests.delivery.town import Town
from tests.pages import english
from tests.stores.factories import StoreFactory, member


@pytest.fixture
def place(db: None) -> DeliveryStore:
    made: DeliveryStore = DeliveryStoreFactory(store=StoreFactory(name="江南小厨"))
    return made


@pytest.fixture
def clerk(place: DeliveryStore) -> Client:
    return english(member(place.store.merchant, Role.CLERK, place.store, password=None))


@pytest.fixture
def waiting(place: DeliveryStore) -> Delivery:
    made: Delivery = DeliveryFactory(store=place.store, reference="A-12")
    return made


@pytest.fixture
def sender(town: Town) -> Any:
    """The clerk of the town's store."""
    store = town.place.store
    return english(member(store.merchant, Role.CLERK, store, password=None))
