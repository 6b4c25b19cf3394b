"""A mini-program with its own AppSecret, and a service provider with shops of two merchants."""

import pytest

import delivery.webhooks.handlers  # noqa: F401
from stores.models import Connection
from tests.delivery.factories import MiniProgramFactory
from tests.delivery.webhooks.pushing import SECRETS, Pusher

COMPONENT = "wxprovider000001"


@pytest.fixture
def shop(db: None) -> Connection:
    made: Connection = MiniProgramFactory(credentials={"secret": "demo-app-secret", **SECRETS})
    return made


@pytest.fixture
def pusher(shop: Connection) -> Pusher:
    return Pusher(shop)


@pytest.fixture
def provider(db: None) -> Connection:
    made: Connection = MiniProgramFactory(
        merchant=None, account=COMPONENT, credentials={"secret": "provider-secret", **SECRETS}
    )
    return made


@pytest.fixture
def tickets(provider: Connection) -> Pusher:
    made = Pusher(provider, "tickets")
    made.app.mode, made.app.form = "secure", "xml"
    return made
