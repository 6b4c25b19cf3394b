"""Answers in WeChat's two layers: platform errors with a rid, and what couriers say."""

from __future__ import annotations

import secrets
from typing import Any

OK = {"resultcode": 0, "resultmsg": "ok"}
# What a courier's refusal carries besides its code.
ZEROS: dict[str, Any] = {
    "fee": 0,
    "deliverfee": 0,
    "couponfee": 0,
    "tips": 0,
    "distance": 0,
    "waybill_id": "",
    "order_status": 0,
    "finish_code": 0,
    "pickup_code": 0,
    "dispatch_duration": 0,
    "sender_lng": 0,
    "sender_lat": 0,
}
TEXTS = {
    -1: "system error",
    40001: "invalid credential, access_token is invalid or not latest",
    40013: "invalid appid",
    40014: "invalid access_token",
    40125: "invalid appsecret",
    40164: "invalid ip 203.0.113.7 ipv6 ::ffff:203.0.113.7, not in whitelist",
    41001: "access_token missing",
    42001: "access_token expired",
    44002: "empty post data",
    45009: "reach max api daily quota limit",
    47001: "data format error",
    48001: "api unauthorized",
    50002: "user limited",
    61003: "component is not authorized by this account",
    61004: "access clientip is not registered requestIP: 203.0.113.7",
    61005: "component ticket is expired",
    61006: "component ticket is invalid",
    61007: "api is unauthorized to component",
    61010: "code is expired",
    61023: "refresh_token is invalid",
    86000: "should be called only from third party",
    930556: "delivery timeout",
    930557: "delivery system error",
    930560: "shopid need bind first",
    930561: "args error",
    930562: "order already exists",
    930563: "order not exists",
    930564: "no quota",
    930565: "order finished",
    930566: "mini program not open",
    930567: "shop arg error",
    930570: "cargo_first_class or cargo_second_class invalid",
    9300535: "shop arg error",
}


class PlatformRefused(Exception):
    """WeChat itself refuses."""

    def __init__(self, code: int) -> None:
        super().__init__(code)
        self.code = code

    def as_json(self) -> dict[str, Any]:
        rid = "-".join(secrets.token_hex(4) for _ in range(3))
        return {"errcode": self.code, "errmsg": f"{TEXTS.get(self.code, 'refused')} rid: {rid}"}


class CourierRefuses(Exception):
    """The courier refuses; `more` is what its answer carries all the same."""

    def __init__(self, code: int, message: str, **more: Any) -> None:
        super().__init__(code, message)
        self.code, self.message, self.more = code, message, more

    def as_json(self) -> dict[str, Any]:
        return {"resultcode": self.code, "resultmsg": self.message, **ZEROS, **self.more}
