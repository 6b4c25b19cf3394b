"""One merchant that sells one ticket product, Meituan's calls to it, and browsers of its users."""

from collections.abc import Iterator

import pytest
from django.contrib.auth.models import User
from django.test import Client

from stores.models import Connection, Merchant, Store
from stores.roles import Role
from stores.sandbox import SandboxServer
from tests.api import Api, api_of
from tests.meituan import Meituan
from tests.pages import english
from tests.stores.factories import MerchantFactory, StoreFactory, member
from tests.trip.back_office import at_work
from tests.trip.factories import TicketConnectionFactory, TicketProductFactory
from tests.trip.suppliers import Supplier
from trip.models import Product
from trip.sandbox import MeituanTripSandbox


@pytest.fixture
def merchant(db: None) -> Merchant:
    made: Merchant = MerchantFactory()
    return made


@pytest.fixture
def store(merchant: Merchant) -> Store:
    made: Store = StoreFactory(merchant=merchant)
    return made


@pytest.fixture
def connection(merchant: Merchant) -> Connection:
    made: Connection = TicketConnectionFactory(merchant=merchant)
    return made


@pytest.fixture
def product(connection: Connection, store: Store) -> Product:
    """The product of `sold`; a file whose tests need another product overrides this fixture."""
    made: Product = TicketProductFactory(connection=connection, store=store)
    return made


@pytest.fixture
def meituan(product: Product) -> Meituan:
    return Meituan(product.connection)


@pytest.fixture
def sold(meituan: Meituan, product: Product) -> tuple[Meituan, Product]:
    return meituan, product


@pytest.fixture
def owner(merchant: Merchant) -> User:
    return member(merchant, Role.OWNER, password=None)


@pytest.fixture
def owner_client(owner: User) -> Client:
    """A browser in which the owner is signed in."""
    return english(owner)


@pytest.fixture
def manager_client(store: Store) -> Client:
    """A browser in which a manager of the store is signed in."""
    return at_work(store)


@pytest.fixture
def api(merchant: Merchant) -> Api:
    return api_of(merchant)


@pytest.fixture
def server() -> Iterator[SandboxServer]:
    """The sandbox that simulates Meituan, on a real socket."""
    with SandboxServer([MeituanTripSandbox()]) as server:
        yield server


@pytest.fixture
def supplier() -> Iterator[Supplier]:
    """A server on a real socket that gives the answers of the test."""
    with Supplier() as supplier:
        yield supplier
