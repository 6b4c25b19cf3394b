"""Every call of the client that a recorded answer may belong to, by the name that fixtures use."""

from collections.abc import Callable
from decimal import Decimal
from typing import Any

from delivery.choices import CancelReason
from delivery.client.shop import CourierAccount, WechatClient
from tests.delivery.wechat_sandbox.calling import ORDER

ACCOUNT = CourierAccount("SS", "ss-demo-shop", "SS-secret", "S01")
NUMBER, WAYBILL = "ZG1-0123456789", {"waybill_id": "SS880012345"}
Call = Callable[[WechatClient], Any]


def client(url: str) -> WechatClient:
    return WechatClient(url, timeout=(5.0, 5.0))


CALLS: dict[str, Call] = {
    "login": lambda client: client.login("wxdemo0000000001", "demo-app-secret"),
    "couriers": lambda client: client.couriers("tok"),
    "accounts": lambda client: client.accounts("tok"),
    "quote": lambda client: client.quote("tok", ACCOUNT, NUMBER, ORDER),
    "add": lambda client: client.add("tok", ACCOUNT, NUMBER, ORDER),
    "state": lambda client: client.state("tok", ACCOUNT, NUMBER),
    "tip": lambda client: client.tip(
        "tok", ACCOUNT, NUMBER, **WAYBILL, openid="oTESTopenid0001", total=Decimal(5)
    ),
    "cancel_fee": lambda client: client.cancel_fee("tok", ACCOUNT, NUMBER, **WAYBILL),
    "cancel": lambda client: client.cancel(
        "tok", ACCOUNT, NUMBER, **WAYBILL, reason=CancelReason.NOT_NEEDED
    ),
    "confirm_return": lambda client: client.confirm_return("tok", ACCOUNT, NUMBER, **WAYBILL),
    "quota": lambda client: client.quota("tok", "order/add"),
}


def call(name: str, url: str) -> Any:
    return CALLS[name](client(url))
