"""A merchant with an owner at work, and a simulated WeChat."""

from collections.abc import Iterator

import pytest
from django.contrib.auth.models import User
from django.test import Client
from pytest_django.fixtures import Settings

from delivery.sandbox import WechatSandbox
from stores.models import Connection, Merchant, Store
from stores.roles import Role
from stores.sandbox import SandboxServer
from tests.delivery.factories import MiniProgramFactory
from tests.delivery.wechat_sandbox.calling import APPID, post
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
    return member(merchant, Role.OWNER, password=None)


@pytest.fixture
def owner_client(owner: User) -> Client:
    return english(owner)


@pytest.fixture
def server(settings: Settings) -> Iterator[SandboxServer]:
    with SandboxServer([WechatSandbox()]) as server:
        settings.WECHAT_BASE_URL = f"{server.url}/wechat"
        post(server, "seed", {})
        yield server


@pytest.fixture
def mini_program(transactional_db: None, server: SandboxServer, merchant: Merchant) -> Connection:
    """A connection whose AppSecret the simulated WeChat accepts."""
    made: Connection = MiniProgramFactory(merchant=merchant, account=APPID)
    return made
