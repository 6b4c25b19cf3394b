"""Meituan's side of the pushes, in process: signs its forms and reads the acknowledgement."""

import hashlib
import json
from dataclasses import dataclass, field
from typing import Any
from urllib.parse import urlencode

from django.test import Client

from messaging.models import TakeawayStore
from stores.models import Connection, InboundEvent
from stores.platforms.inbound import inbox
from tests.messaging.factories import SIGN_KEY
from tests.messaging.samples import order as sample

FIELDS = {
    "order-new": "order",
    "order-confirmed": "order",
    "order-finished": "order",
    "order-cancelled": "orderCancel",
    "refund": "orderRefund",
    "part-refund": "partOrderRefund",
    "shipping": "shippingStatus",
    "remind": "pushOrderRemind",
    "poi-status": "poiStatus",
    "settlement": "tradeDetail",
    "message": "message",
}
FORM = "application/x-www-form-urlencoded"


def signed(fields: dict[str, str], key: str = SIGN_KEY) -> dict[str, str]:
    source = key + "".join(f"{name}{fields[name]}" for name in sorted(fields) if fields[name])
    digest = hashlib.sha1(source.encode("utf-8", "surrogatepass")).hexdigest()
    return fields | {"sign": digest}


@dataclass
class Pusher:
    """Pushes to one developer account about one store."""

    binding: TakeawayStore
    client: Client = field(default_factory=lambda: Client(raise_request_exception=False))

    @property
    def developer(self) -> Connection:
        developer = self.binding.connection.parent
        assert developer is not None
        return developer

    def path(self, address: str) -> str:
        return f"/takeaway/{self.developer.pk}/{address}"

    def raw(self, address: str, content: bytes) -> Any:
        return self.client.post(self.path(address), content, content_type=FORM)

    def form(self, address: str, key: str = SIGN_KEY, **fields: str) -> Any:
        """Pushes signed fields beside those that every push has."""
        whole = {
            "developerId": self.developer.account,
            "ePoiId": self.binding.connection.account,
        } | fields
        whole = {name: value for name, value in whole.items() if value is not None}
        return self.raw(address, urlencode(signed(whole, key), errors="surrogatepass").encode())

    def push(self, address: str, said: Any = None, **fields: str) -> Any:
        """Pushes an event, and has it handled as a worker does."""
        if said is not None:
            text = said if isinstance(said, str) else json.dumps(said, ensure_ascii=False)
            fields[FIELDS[address]] = text
        answer = self.form(address, **fields)
        handle_all()
        return answer

    def order(self, address: str = "order-new", **changed: Any) -> Any:
        """Pushes the sample order, changed."""
        return self.push(address, sample(ePoiId=self.binding.connection.account, **changed))


def handle_all() -> None:
    """Handles every event that waits."""
    for pk in InboundEvent.objects.live().order_by("pk").values_list("pk", flat=True):
        inbox.handle(pk)
