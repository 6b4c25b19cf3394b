"""One store with its owner, and the sandbox shop's API key."""

import pytest
from django.contrib.auth.models import User
from django.test import Client

from stores.models import Store
from stores.roles import Role
from tests.api import Api, api_of
from tests.coupons.factories import Shop
from tests.pages import english
from tests.stores.factories import StoreFactory, member


@pytest.fixture
def store(db: None) -> Store:
    made: Store = StoreFactory(name="雀友棋牌室")
    return made


@pytest.fixture
def owner(store: Store) -> User:
    return member(store.merchant, Role.OWNER, username="owner", password=None)


@pytest.fixture
def owner_client(owner: User) -> Client:
    """A browser in which the owner is signed in."""
    return english(owner)


@pytest.fixture
def api(shop: Shop) -> Api:
    return api_of(shop.merchant)
