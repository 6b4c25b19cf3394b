"""A simulated WeChat on real sockets with five couriers, our client, and a receiver of pushes."""

from collections.abc import Iterator

import pytest

from delivery.client.shop import WechatClient
from delivery.sandbox import WechatSandbox
from stores.sandbox import SandboxServer
from tests.delivery.wechat_sandbox.calling import APPID, Receiver, Shop, post


@pytest.fixture
def server() -> Iterator[SandboxServer]:
    with SandboxServer([WechatSandbox()]) as server:
        post(server, "seed", {})
        post(server, "settings", {"push_retry_seconds": [0.05, 0.05, 0.05]})
        yield server


@pytest.fixture
def shop(server: SandboxServer) -> Shop:
    client = WechatClient(f"{server.url}/wechat", timeout=(5, 10))
    return Shop(server, client, client.login(APPID, "demo-app-secret").text)


@pytest.fixture
def receiver(server: SandboxServer) -> Iterator[Receiver]:
    """A receiver whose address is registered in WeChat's console."""
    with Receiver() as receiver:
        receiver.register(server, mode="plain", form="json")
        yield receiver
