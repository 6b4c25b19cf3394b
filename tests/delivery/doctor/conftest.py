"""A shop that is set up as it should be: five couriers, keys on both sides, and our own server on a
socket.
"""

import pytest
from django.urls import reverse
from pytest_django.fixtures import Settings
from pytest_django.live_server_helper import LiveServer

import delivery.webhooks.handlers  # noqa: F401
from stores.models import Connection
from tests.delivery.town import APPID, Town
from tests.delivery.webhooks.pushing import KEY, SECRETS, TOKEN


@pytest.fixture
def shop(town: Town, live_server: LiveServer, settings: Settings) -> Town:
    settings.PUBLIC_BASE_URL = live_server.url
    connection = town.place.connection
    change(connection, **SECRETS)
    callback = live_server.url + reverse("delivery:push", args=[connection.pk])
    known = {"push_token": TOKEN, "aes_key": KEY, "callback": callback, "mode": "secure"}
    town.post("apps", {"appid": APPID, **known})
    town.switch(push_retry_seconds=[0.05, 0.05, 0.05])
    return town


def change(connection: Connection, **credentials: str) -> None:
    connection.credentials = connection.credentials | credentials
    connection.save(update_fields=["credentials"])
