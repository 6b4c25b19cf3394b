"""Addresses for Meituan's pushes, one per event, all below a developer account
(docs/platforms/takeaway.md §3).
"""

import json
from typing import Any, ClassVar

from django.http import HttpRequest, HttpResponse

from messaging import signatures
from messaging.choices import PLATFORM, PushKind
from stores.fields import encrypt
from stores.models import Connection
from stores.platforms.inbound import bodies, inbox
from stores.platforms.inbound.endpoint import PlatformEndpoint, Rejected
from stores.text import clean_text
from stores.web.addresses import client_network
from stores.web.limits import Limit, take

# Only pushes without a valid signature are counted.
STRANGERS = Limit("takeaway-strangers", 60, 60)
CHAT_MESSAGE = "210069"
SECRET_FIELDS = ("sign_key", "previous_secret")


class Push(PlatformEndpoint):
    """A push in the classic form: `field` holds JSON, and is "" where nothing is said.

    What the ledger keeps is {"store", "said", "text"}: `text` is what could not be read as JSON.
    """

    platform = PLATFORM
    reader = staticmethod(bodies.form)
    empty_is_check = True
    kind: ClassVar[PushKind]
    field: ClassVar[str] = ""
    # Whether the same bytes are always the same fact.
    is_told_once: ClassVar[bool] = False
    success: ClassVar[dict[str, Any]] = {"data": "OK"}
    is_signed = False

    def authenticate(self, request: HttpRequest, connection: Connection) -> None:
        known = connection.credentials or {}
        keys = [str(known.get(name) or "") for name in SECRET_FIELDS]
        if connection.parent_id or not signatures.is_signed(self.fields, keys=keys):
            raise Rejected("wrong sign", 403)
        self.is_signed = True
        if self.fields.get("developerId", connection.account) != connection.account:
            raise Rejected("another developerId", 403)

    def content(self, connection: Connection) -> dict[str, Any]:
        text = self.fields.get(self.field, "") if self.field else ""
        data: dict[str, Any] = {"store": self.fields.get("ePoiId", "")}
        try:
            return data | {"said": bodies.json_object(text) if text else {}}
        except bodies.BodyError:
            # Not lost: the handler looks for the order's number in it.
            return data | {"said": {}, "text": text}

    def name(self, data: dict[str, Any]) -> tuple[str, str]:
        key = inbox.key_of(self.request.body) if self.is_told_once else inbox.new_key()
        return self.kind, key

    def store_name(self, data: dict[str, Any]) -> str:
        return str(data["store"])

    def acknowledge(self, connection: Connection, data: dict[str, Any]) -> HttpResponse:
        return _json(self.success)

    def reject(self, rejected: Rejected) -> HttpResponse:
        if not self.is_signed:
            tries = take(STRANGERS, client_network(self.request))
            if not tries.allowed:
                return _json({"error": f"too many, wait {tries.retry_after} s"}, status=429)
        return _json({"error": rejected.reason}, status=rejected.status)


class OrderPush(Push):
    field = "order"
    is_told_once = True


class NewOrder(OrderPush):
    kind = PushKind.ORDER_NEW


class ConfirmedOrder(OrderPush):
    kind = PushKind.ORDER_CONFIRMED


class FinishedOrder(OrderPush):
    kind = PushKind.ORDER_FINISHED


class CancelledOrder(Push):
    kind = PushKind.ORDER_CANCELLED
    field = "orderCancel"
    is_told_once = True


class WholeRefund(Push):
    kind = PushKind.REFUND
    field = "orderRefund"


class PartRefund(Push):
    kind = PushKind.PART_REFUND
    field = "partOrderRefund"


class Shipping(Push):
    kind = PushKind.SHIPPING
    field = "shippingStatus"


class Urge(Push):
    kind = PushKind.REMIND
    field = "pushOrderRemind"


class StoreStatus(Push):
    kind = PushKind.POI_STATUS
    field = "poiStatus"


class Settlement(Push):
    kind = PushKind.SETTLEMENT
    field = "tradeDetail"
    is_told_once = True


class Privacy(Push):
    """Hidden numbers have ended; who they belong to is asked for."""

    kind = PushKind.PRIVACY


class Binding(Push):
    """A call-back about binding: plain fields, and another acknowledgement."""

    success = {"data": "success"}

    def content(self, connection: Connection) -> dict[str, Any]:
        said = {name: value for name, value in self.fields.items() if name != "sign"}
        if token := said.pop("appAuthToken", ""):
            # A secret of the store: people who read the ledger must not see it.
            said["sealed_token"] = encrypt(token)
        return {"store": self.fields.get("ePoiId", ""), "said": said}


class Bound(Binding):
    kind = PushKind.BIND


class Unbound(Binding):
    kind = PushKind.UNBIND


class Envelope(Push):
    """The newer form, of which we know chat messages; other kinds are kept and done."""

    kind = PushKind.MESSAGE
    field = "message"
    success = {"code": 0, "message": "success"}

    def name(self, data: dict[str, Any]) -> tuple[str, str]:
        of_type = clean_text(str(self.fields.get("msgType", "")), 40)
        key = clean_text(str(self.fields.get("msgId", "")), 200)
        kind = self.kind if of_type == CHAT_MESSAGE else f"message {of_type}"
        return kind, key or inbox.key_of(self.request.body)


ENDPOINTS: tuple[type[Push], ...] = (
    NewOrder,
    ConfirmedOrder,
    FinishedOrder,
    CancelledOrder,
    WholeRefund,
    PartRefund,
    Shipping,
    Urge,
    StoreStatus,
    Settlement,
    Privacy,
    Envelope,
    Bound,
    Unbound,
)


def _json(data: dict[str, Any], status: int = 200) -> HttpResponse:
    text = json.dumps(data, ensure_ascii=False, separators=(",", ":"))
    return HttpResponse(text, status=status, content_type="application/json; charset=utf-8")
