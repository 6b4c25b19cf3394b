"""One store with its owner, and the sandbox shop's API key."""

from datetime import timedelta

import pytest
from django.contrib.auth.models import User
from django.test import Client
from pytest_django.fixtures import Settings

from coupons.services.operations import SpendCoupon
from stores.models import Store
from stores.platforms import errors
from stores.platforms.outbox import delivering
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


@pytest.fixture
def quick(settings: Settings, monkeypatch: pytest.MonkeyPatch, shop: Shop) -> Shop:
    """The shop without the real pace and waiting times."""
    settings.PACE_SECONDS = {"umember": 0.01}
    settings.UMEMBER_TIMEOUT = (1.0, 1.0)
    shop.sandbox.platform("umember").configure(rate_limit=None)
    monkeypatch.setattr(delivering, "BACKOFF", (0.05,))
    monkeypatch.setattr(delivering, "ACCOUNT_BACKOFF", (0.05,))
    monkeypatch.setattr(SpendCoupon, "ask_after", timedelta(seconds=0.05))
    monkeypatch.setattr(SpendCoupon, "at_work", timedelta(0))
    real = errors.Throttled.__init__
    monkeypatch.setattr(
        errors.Throttled, "__init__", lambda self, detail="", after=0.05: real(self, detail, after)
    )
    return shop
