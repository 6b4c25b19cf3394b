"""WeChat's side of the pushes, in process: the sandbox signs and seals them, and we read what our
addresses answer.
"""

import json
import time
from dataclasses import dataclass, field, replace
from typing import Any
from urllib.parse import parse_qsl, urlsplit

from django.test import Client
from django.urls import reverse

from delivery.sandbox.book import App, Push
from delivery.sandbox.events import parcel
from delivery.sandbox.settings import Settings
from delivery.signatures import is_pushed, unseal
from delivery.wire.events import parse_body
from stores.models import Connection, InboundEvent
from stores.platforms.inbound import inbox

TOKEN, KEY, OTHER_KEY = "demo-push-token", "A" * 43, "B" * 43
SECRETS = {"push_token": TOKEN, "aes_key": KEY}
SHOPID, NUMBER, TIME = "ss-demo-shop", "A1", 1764500000


def waybill(**changed: Any) -> dict[str, Any]:
    """The fields of a push about an order."""
    fields = {
        "ToUserName": "gh_97417a04a28d",
        "FromUserName": "o9AgO5Kd5ggOC-bXrbNODIiE3bGY",
        "CreateTime": int(time.time()),
        "MsgType": "event",
        "Event": "update_waybill_status",
        "shopid": SHOPID,
        "shop_order_id": NUMBER,
        "shop_no": "S01",
        "waybill_id": "push_A1",
        "action_time": TIME,
        "order_status": 102,
        "action_msg": "骑手已接单",
        "agent": {"name": "王师傅", "phone": "13900000009", "reach_time": TIME + 900},
    }
    return {name: value for name, value in (fields | changed).items() if value is not None}


@dataclass
class Pusher:
    """Pushes to the address of one connection, as its console says."""

    connection: Connection
    route: str = "push"
    args: tuple[str, ...] = ()
    app: App = field(init=False)
    client: Client = field(default_factory=lambda: Client(raise_request_exception=False))

    def __post_init__(self) -> None:
        self.app = App(self.connection.account, "", push_token=TOKEN, aes_key=KEY)

    @property
    def path(self) -> str:
        return reverse(f"delivery:{self.route}", args=[self.connection.pk, *self.args])

    def parts(self, event: dict[str, Any], **how: Any) -> tuple[dict[str, str], bytes]:
        """The query and the body of a push in the mode and form that `how` says."""
        app = replace(self.app, callback="http://shop", **how)
        made = parcel(Push(number=1, subject="", created_at=0, due=0, appid=app.appid,
                           event=event), app, Settings())  # fmt: skip
        return dict(parse_qsl(urlsplit(made.url).query)), made.body

    def send(self, query: dict[str, str], body: bytes) -> Any:
        return self.client.post(self.path, body, content_type="text/xml", query_params=query)

    def push(self, event: dict[str, Any] | None = None, **how: Any) -> Any:
        return self.send(*self.parts(waybill() if event is None else event, **how))

    def handled(self, event: dict[str, Any] | None = None, **how: Any) -> Any:
        """Pushes, and has it handled as a worker does."""
        answer = self.push(event, **how)
        handle_all()
        return answer


def handle_all() -> None:
    """Handles every event that waits."""
    for pk in InboundEvent.objects.live().order_by("pk").values_list("pk", flat=True):
        inbox.handle(pk)


def unsealed(content: bytes, *, appid: str) -> dict[str, Any]:
    """What WeChat reads in a sealed answer."""
    outer, _is_xml = parse_body(content)
    signed = {"timestamp": str(outer["TimeStamp"]), "nonce": outer["Nonce"]}
    assert is_pushed(outer["MsgSignature"], token=TOKEN, sealed=outer["Encrypt"], **signed)
    return parse_body(unseal(outer["Encrypt"], key=KEY, appid=appid))[0]


def as_json(content: bytes) -> dict[str, Any]:
    found: dict[str, Any] = json.loads(content)
    return found
