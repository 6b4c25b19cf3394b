"""A shop that calls couriers with our client, and takes WeChat's pushes in."""

import threading
import time
from collections.abc import Mapping
from dataclasses import dataclass, replace
from datetime import UTC, datetime
from decimal import Decimal
from typing import Any
from urllib.parse import parse_qsl

from delivery.client.shop import CourierAccount, WechatClient
from delivery.signatures import is_pushed, unseal
from delivery.wire.events import WaybillEvent, parse_body, parse_event, sealed_in
from delivery.wire.orders import Cargo, Notice, Order, Party, RemoteWaybill, Wishes
from stores.sandbox import SandboxServer
from tests.controls import Control
from tests.posts import PostServer

APPID, PUSH_TOKEN, AES_KEY = "wxdemo0000000001", "demo-push-token", "A" * 43
_CONTROL = Control("wechat")
post, get = _CONTROL.post, _CONTROL.get

SENDER = Party(
    "江南小厨", "杭州市", "文三路88号", "1楼", "13800000001",
    Decimal("120.131441"), Decimal("30.279383"),
)  # fmt: skip
RECEIVER = replace(SENDER, name="陈女士", lng=Decimal("120.12531"), lat=Decimal("30.28712"))
ORDER = Order(
    openid="oTESTopenid0001",
    sender=SENDER,
    receiver=RECEIVER,
    cargo=Cargo(Decimal("46.50"), Decimal("1.2"), "美食夜宵", "零食小吃"),
    wishes=Wishes(datetime(2026, 1, 1, tzinfo=UTC), needs_pickup_code=True, needs_finish_code=True),
    notice=Notice("/pages/order/detail?id=1", "https://shop.example/1.png", "片儿川等", 2),
)


def account(delivery_id: str) -> CourierAccount:
    if delivery_id == "TEST":
        return CourierAccount("TEST", "test_shop_id", "test_app_secrect")
    return CourierAccount(
        delivery_id, f"{delivery_id.lower()}-demo-shop", f"{delivery_id}-secret", "S01"
    )


@dataclass
class Shop:
    server: SandboxServer
    client: WechatClient
    token: str

    def add(self, delivery_id: str, number: str, **changes: Any) -> RemoteWaybill:
        return self.client.add(self.token, account(delivery_id), number, ORDER, **changes)

    def report(self, delivery_id: str, number: str, status: int, **more: Any) -> Any:
        path = f"orders/{account(delivery_id).shopid}/{number}"
        return post(self.server, path, {"status": status, **more})


@dataclass(frozen=True)
class Received:
    """One push: its query, and the body as it came."""

    query: Mapping[str, str]
    body: bytes

    def event(self) -> WaybillEvent:
        """Returns what our own side reads, sealed or not."""
        data, _is_xml = parse_body(self.body)
        if sealed := sealed_in(data):
            data, _is_xml = parse_body(unseal(sealed, key=AES_KEY, appid=APPID))
        return parse_event(data)

    def is_signed(self) -> bool:
        sealed = sealed_in(parse_body(self.body)[0])
        return is_pushed(
            self.query["msg_signature" if sealed else "signature"],
            token=PUSH_TOKEN,
            timestamp=self.query["timestamp"],
            nonce=self.query["nonce"],
            sealed=sealed,
        )


class Receiver(PostServer):
    """A merchant's address for pushes."""

    def __init__(self) -> None:
        self.received: list[Received] = []
        self.answers = [b"success"]
        self.slow_seconds = 0.0
        self._arrived = threading.Condition()
        super().__init__(self._take)

    def register(self, server: SandboxServer, **how: Any) -> None:
        given = {"push_token": PUSH_TOKEN, "aes_key": AES_KEY, "callback": f"{self.url}/push"}
        post(server, "apps", {"appid": APPID, **given, **how})

    def wait(self, count: int = 1) -> list[Received]:
        with self._arrived:
            assert self._arrived.wait_for(lambda: len(self.received) >= count, 30), self.received
            return list(self.received)

    def _take(self, name: str, headers: dict[str, str], body: bytes) -> bytes:
        time.sleep(self.slow_seconds)
        query = dict(parse_qsl(name.partition("?")[2]))
        with self._arrived:
            self.received.append(Received(query, body))
            self._arrived.notify_all()
            return self.answers.pop(0) if len(self.answers) > 1 else self.answers[0]
