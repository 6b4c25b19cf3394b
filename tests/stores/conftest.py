"""One merchant with a store, its owner, and the owner's browser and API key."""

import pytest
from django.contrib.auth.models import User
from django.test import Client

from stores.models import Merchant, Store
from stores.roles import Role
from tests.api import Api, api_of
from tests.pages import english
from tests.stores.factories import MerchantFactory, StoreFactory, member


@pytest.fixture
def merchant(db: None) -> Merchant:
    made: Merchant = MerchantFactory()
    return made


@pytest.fixture
def store(merchant: Merchant) -> Store:
    made: Store = StoreFactory(merchant=merchant)
    return made


@pytest.fixture
def owner(merchant: Merchant) -> User:
    return member(merchant, Role.OWNER, username="owner", password=None)


@pytest.fixture
def owner_client(owner: User) -> Client:
    """A browser in which the owner is signed in."""
    return english(owner)


@pytest.fixture
def api(merchant: Merchant) -> Api:
    return api_of(merchant)
