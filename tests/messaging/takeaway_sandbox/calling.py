"""A provider's calls to a simulated Meituan, signed by the test itself, and its control port."""

import hashlib
import json
import time
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

import requests

from stores.sandbox import SandboxServer
from tests.controls import Control

DEVELOPER, SIGN_KEY, SECRET = 100000, "demoSignKey00001", "0123456789abcdef"
SHOP, TOKEN, READER, READER_TOKEN = "shop-001", "tok-demo-0001", "shop-016", "tok-demo-0016"


def sha1_sign(key: str, fields: Mapping[str, str]) -> str:
    rest = sorted((name, value) for name, value in fields.items() if name != "sign" and value)
    source = key + "".join(f"{name}{value}" for name, value in rest)
    return hashlib.sha1(source.encode()).hexdigest()


@dataclass(frozen=True)
class Answer:
    """An answer of the gateway."""

    code: str
    message: str
    data: Any


@dataclass(frozen=True)
class Provider:
    """Calls as a provider of one kind, with one store's token."""

    server: SandboxServer
    token: str = TOKEN
    business_id: int = 2
    changes: Mapping[str, str] = field(default_factory=dict)

    def fields(self, biz: Any = None) -> dict[str, str]:
        made = {
            "timestamp": str(int(time.time())),
            "businessId": str(self.business_id),
            "developerId": str(DEVELOPER),
            "charset": "UTF-8",
            "version": "2",
        }
        if self.token:
            made["appAuthToken"] = self.token
        if biz is not None:
            made["biz"] = json.dumps(biz, ensure_ascii=False)
        made |= self.changes
        return {**made, "sign": sha1_sign(SIGN_KEY, made), **self.changes}

    def raw(self, path: str, fields: Mapping[str, str]) -> Any:
        url = f"{self.server.url}/takeaway{path}"
        answer = requests.post(url, data=dict(fields), timeout=30)
        assert answer.status_code == 200
        return answer.json()

    def call(self, path: str, biz: Any = None) -> Answer:
        data = self.raw(path, self.fields(biz))
        return Answer(data["code"], data["msg"], data["data"])

    def ok(self, path: str, biz: Any = None) -> Any:
        answer = self.call(path, biz)
        assert answer.code == "OP_SUCCESS", answer
        return answer.data

    def refusal(self, path: str, biz: Any = None) -> str:
        """Returns the text of a business error."""
        answer = self.call(path, biz)
        assert answer.code == "OP_BIZ_ERROR", answer
        return answer.message


_CONTROL = Control("takeaway")
post, get = _CONTROL.post, _CONTROL.get


def place(server: SandboxServer, **changes: Any) -> str:
    """Places an order of the store that takes orders, and returns its number."""
    number: str = post(server, "orders", {"epoi_id": SHOP, **changes})["order_id"]
    return number


def act(server: SandboxServer, order_id: str, action: str, **body: Any) -> Any:
    return post(server, f"orders/{order_id}/{action}", body)


def status_of(server: SandboxServer, order_id: str) -> int:
    status: int = get(server, f"orders/{order_id}")["status"]
    return status
