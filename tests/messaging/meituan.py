"""A simulated Meituan on real sockets, at which the stores of a test are known."""

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Any

from django.db import transaction
from django.urls import reverse
from pytest_django.fixtures import Settings

from messaging.addresses import ADDRESSES
from messaging.choices import PushKind
from messaging.models import Order, TakeawayStore
from messaging.sandbox import TakeawaySandbox
from messaging.services.orders import order_told
from messaging.wire.orders import parse_order
from stores.models import Connection
from stores.platforms import outbox
from stores.sandbox import SandboxServer
from tests.controls import Control

_CONTROL = Control("takeaway")


@dataclass(frozen=True)
class Meituan:
    """The platform's side of one developer account."""

    server: SandboxServer
    binding: TakeawayStore

    def post(self, path: str, **body: Any) -> Any:
        return _CONTROL.post(self.server, path, body)

    def get(self, path: str) -> Any:
        return _CONTROL.get(self.server, path)

    def push_to(self, url: str) -> None:
        """Has all pushes sent to our server at `url`, chat messages as well."""
        developer = self.binding.connection.parent
        assert developer is not None
        self.post(f"developers/{developer.account}/push", **push_addresses(url, developer))
        self.post(f"stores/{self.binding.connection.account}", im_subscribed=True)

    def place(self, **changes: Any) -> str:
        """A customer orders and pays; returns the order's number."""
        body = {"epoi_id": self.binding.connection.account} | changes
        number: str = self.post("orders", **body)["order_id"]
        return number

    def act(self, order_id: str, action: str, **body: Any) -> Any:
        return self.post(f"orders/{order_id}/{action}", **body)

    def status(self, order_id: str) -> int:
        status: int = self.get(f"orders/{order_id}")["status"]
        return status

    def known(self, **changes: Any) -> Order:
        """Places an order that we have been told of."""
        order_id = self.place(**changes)
        said = self.get(f"orders/{order_id}")["shown"]
        with transaction.atomic():
            return order_told(
                connection=self.binding.connection,
                kind=PushKind.ORDER_NEW,
                remote=parse_order(said),
                at=self.binding.connection.created_at,
            )


def push_addresses(url: str, developer: Connection) -> dict[str, str]:
    """The addresses of our server at `url` for each kind of push, as Meituan's console has them."""
    return {
        each.kind.value: url + reverse(f"takeaway:{each.route}", args=[developer.pk])
        for each in ADDRESSES
    }


@contextmanager
def meituan_of(binding: TakeawayStore, settings: Settings) -> Iterator[Meituan]:
    """Runs Meituan with this store and its developer account; no push is sent anywhere."""
    developer = binding.connection.parent
    assert developer is not None
    with SandboxServer([TakeawaySandbox()]) as server:
        settings.TAKEAWAY_BASE_URL = f"{server.url}/takeaway"
        meituan = Meituan(server, binding)
        meituan.post(
            "seed",
            developer={"developer_id": int(developer.account), **(developer.credentials or {})},
            stores=[
                {
                    "epoi_id": binding.connection.account,
                    "app_auth_token": binding.connection.token,
                    "business_id": binding.provider,
                    "name": binding.poi_name,
                }
            ],
        )
        yield meituan


def deliver_all() -> None:
    """Delivers what is owed now, as a worker does."""
    outbox.work(seconds=10)
