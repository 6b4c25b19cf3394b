"""A shop with five couriers at a simulated WeChat on real sockets, and what it sends."""

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from typing import Any

from pytest_django.fixtures import Settings

from delivery.models import Attempt, Delivery, DeliveryStore
from delivery.sandbox import WechatSandbox
from delivery.services.dispatching import delivery_dispatch
from stores.models import OutboundCall
from stores.platforms import outbox
from stores.sandbox import SandboxServer
from tests.controls import Control
from tests.delivery.factories import (
    CourierAccountFactory,
    DeliveryFactory,
    DeliveryStoreFactory,
    StoreCourierFactory,
)
from tests.processes import wait_until

APPID = "wxdemo0000000001"
COURIERS = ("DADA", "MTPS", "SFTC", "SS", "UU")
_CONTROL = Control("wechat")
# Orders of WeChat that somebody may ride for.
LIVE = {101, 102, 201, 202, 301, 303, 304, 305}


@dataclass
class Town:
    """`post` and `get` are the sandbox's control routes."""

    server: SandboxServer
    place: DeliveryStore
    numbers: list[str] = field(default_factory=list)

    def post(self, path: str, body: dict[str, Any]) -> Any:
        return _CONTROL.post(self.server, path, body)

    def get(self, path: str) -> Any:
        return _CONTROL.get(self.server, path)

    def switch(self, **settings: Any) -> None:
        self.post("settings", settings)

    def delivery(self, **fields: Any) -> Delivery:
        made: Delivery = DeliveryFactory(store=self.place.store, **fields)
        return made

    def called(self, courier: str | None = "SS", **fields: Any) -> Attempt:
        """Returns a rider who was called and whose courier has answered."""
        attempt = delivery_dispatch(delivery=self.delivery(**fields), courier=courier, actor="小王")
        self.work()
        attempt.refresh_from_db()
        return attempt

    def work(self, seconds: float = 20.0) -> None:
        """Delivers calls until none is due soon."""
        wait_until(lambda: self._worked(), seconds=seconds)

    def _worked(self) -> bool:
        outbox.work(seconds=0.1)
        return not OutboundCall.objects.live().exists()

    def report(self, attempt: Attempt, status: int, **more: Any) -> Any:
        """The courier says how far an order is."""
        path = f"orders/{attempt.shopid}/{attempt.shop_order_id}"
        return self.post(path, {"status": status, **more})

    def orders(self, delivery: Delivery | None = None) -> list[dict[str, Any]]:
        """Returns the orders at WeChat, of one delivery or all."""
        found: list[dict[str, Any]] = self.get("orders")["orders"]
        begin = f"ZG{delivery.pk}-" if delivery else ""
        return [order for order in found if order["shop_order_id"].startswith(begin)]

    def live_orders(self, delivery: Delivery) -> list[dict[str, Any]]:
        return [order for order in self.orders(delivery) if order["status"] in LIVE]


@contextmanager
def town_of(settings: Settings, **rule: Any) -> Iterator[Town]:
    with SandboxServer([WechatSandbox()]) as server:
        _CONTROL.post(server, "seed", {})
        settings.WECHAT_BASE_URL = f"{server.url}/wechat"
        settings.WECHAT_TIMEOUT = (2, 2)
        place = DeliveryStoreFactory(connection__account=APPID, rule=rule)
        for courier in COURIERS:
            StoreCourierFactory(
                place=place,
                account=CourierAccountFactory(
                    connection=place.connection,
                    delivery_id=courier,
                    name=courier,
                    shopid=f"{courier.lower()}-demo-shop",
                ),
                secret=f"{courier}-secret",
            )
        yield Town(server, place)
