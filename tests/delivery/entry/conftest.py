"""A shop that sends, and a clerk of it."""

import pytest
from django.test import Client

from delivery.models import DeliveryStore
from stores.roles import Role
from tests.back_office import at_work
from tests.delivery.factories import DeliveryStoreFactory


@pytest.fixture
def place(db: None) -> DeliveryStore:
    made: DeliveryStore = DeliveryStoreFactory()
    return made


@pytest.fixture
def clerk(place: DeliveryStore) -> Client:
    return at_work(place.store, Role.CLERK)
