"""A gateway with known stores and codes, and calls to it."""

from __future__ import annotations

from typing import Any

import requests

from coupons.sandbox import UmemberSandbox
from stores.sandbox import SandboxServer

EMAIL, PASSWORD = "owner@example.com", "correct horse"

SHOP, OTHER_SHOP, FOREIGN_SHOP = 1001, 1002, 2001

STATES = ("unused", "used", "expired", "refunded", "not_yet_valid", "not_on_this_day")

PRODUCT = {
    "sku_id": "1206941234",
    "sku_name": "【开业特惠】通用通宵8小时",
    "product_name": "通用通宵8小时",
    "actual_amount": "49.0",
    "origin_amount": 78,
}

SEED = {
    "accounts": [
        {
            "email": EMAIL,
            "password": PASSWORD,
            "id": 7,
            "username": "老板",
            "phone": "13800000000",
            "stores": [
                {
                    "store_id": SHOP,
                    "store_name": "静安棋牌室",
                    "address": "上海市静安区",
                    "products": [PRODUCT],
                    "codes": [
                        {"code": f"code-{state}", "sku_id": "1206941234", "state": state}
                        for state in STATES
                    ],
                },
                {
                    "store_id": OTHER_SHOP,
                    "store_name": "徐汇台球厅",
                    "codes": [{"code": "code-other"}],
                },
            ],
        },
        {
            "email": "stranger@example.com",
            "password": "x",
            "stores": [{"store_id": FOREIGN_SHOP, "codes": [{"code": "code-foreign"}]}],
        },
    ]
}


class Caller:
    def __init__(self, server: SandboxServer, token: str = "") -> None:
        self.server = server
        self.token = token

    def login(self, email: Any = EMAIL, password: Any = PASSWORD) -> requests.Response:
        return self._call("POST", "login", json={"email": email, "password": password})

    def stores(self) -> requests.Response:
        return self._call("GET", "user/meituan/store/list")

    def products(self, store_id: Any = SHOP) -> requests.Response:
        return self._call("GET", "user/meituan/coupon/list", params={"store_id": store_id})

    def detail(self, code: str, store_id: Any = SHOP) -> requests.Response:
        params = {"store_id": store_id, "coupon_code": code}
        return self._call("GET", "user/meituan/coupon/detail", params=params)

    def verify(self, code: Any, store_id: Any = SHOP) -> requests.Response:
        return self._call(
            "POST", "user/meituan/coupon/verify", json={"store_id": store_id, "coupon_code": code}
        )

    def _call(self, method: str, path: str, **kwargs: Any) -> requests.Response:
        url = f"{self.server.url}/umember/open/{path}"
        return requests.request(
            method, url, headers={"Authorization": self.token}, timeout=30, **kwargs
        )


def code_of(gateway: UmemberSandbox, code: str) -> dict[str, Any]:
    shown = gateway.control(f"codes/{code}", None)
    return {name: shown[name] for name in ("state", "verifies", "applied")}
