"""A shop that sends by five couriers of the sandbox's WeChat, and WeChat as a load."""

import time
from collections.abc import Sequence
from dataclasses import dataclass
from urllib.parse import urlencode

from delivery.models import DeliveryStore, StoreCourier
from stores.models import Connection, Store
from tests.bench import load
from tests.bench.gateway import Sandbox
from tests.delivery.factories import (
    CourierAccountFactory,
    DeliveryStoreFactory,
    MiniProgramFactory,
    StoreCourierFactory,
)
from tests.delivery.town import COURIERS
from tests.delivery.webhooks.pushing import SECRETS, Pusher, waybill
from tests.stores.factories import StoreFactory

SECRET = "demo-app-secret"
JSON = "application/json; charset=utf-8"


@dataclass
class Shop:
    """`couriers` are those of the first place."""

    connection: Connection
    places: Sequence[DeliveryStore]
    couriers: Sequence[StoreCourier]

    @property
    def place(self) -> DeliveryStore:
        return self.places[0]

    @property
    def store(self) -> Store:
        return self.place.store

    def push(self, number: int, *, mode: str, form: str = "json") -> bytes:
        """A push about an order that nobody has told of before."""
        event = waybill(
            shopid=self.couriers[0].account.shopid,
            shop_order_id=f"ZG{number}-bench",
            action_time=int(time.time()),
        )
        pusher = Pusher(self.connection)
        query, body = pusher.parts(event, mode=mode, form=form)
        path = f"{pusher.path}?{urlencode(query)}"
        return load.http("POST", path, headers={"Content-Type": JSON}, body=body)


def open_shop(sandbox: Sandbox, *, stores: int = 1) -> Shop:
    """A mini-program that the sandbox knows, with stores that send by the same five accounts."""
    program = MiniProgramFactory(
        credentials={"secret": SECRET, **SECRETS}, base_url=f"{sandbox.url}/wechat"
    )
    app = {"appid": program.account, "secret": SECRET}
    sandbox.control("wechat/seed", {"app": app})
    accounts = []
    for code in COURIERS:
        shopid, secret = f"{code.lower()}-{program.account}", f"{code}-secret"
        row = {"appid": program.account, "delivery_id": code, "shopid": shopid, "secret": secret}
        sandbox.control("wechat/accounts", row)
        accounts.append(
            CourierAccountFactory(connection=program, delivery_id=code, name=code, shopid=shopid)
        )
    places = [
        DeliveryStoreFactory(connection=program, store=StoreFactory(merchant=program.merchant))
        for _ in range(stores)
    ]
    couriers = [
        StoreCourierFactory(place=place, account=account, secret=f"{account.delivery_id}-secret")
        for place in places
        for account in accounts
    ]
    return Shop(program, places, couriers[: len(COURIERS)])
