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
from stores.platforms.reading import any_text
from stores.text import clean_text
from stores.web.addresses import client_network
from stores.web.limits import Limit, take

# Only pushes without a valid signature are counted.
STRANGERS = Limit("takeaway-strangers", 60, 60)
CHAT_MESSAGE = "210069"
# The field of the newer form, and how that is acknowledged.
ENVELOPE, ENVELOPE_SUCCESS = "message", {"code": 0, "message": "success"}
SECRET_FIELDS = ("sign_key", "previous_secret")


class Push(PlatformEndpoint):
    """A push in the classic form: `field` holds JSON, and is "" where nothing is said. One in the
    newer form, an envelope whose `message` holds it, is taken at each address as well.

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

    @property
    def is_envelope(self) -> bool:
        return ENVELOPE in self.fields and self.field not in self.fields

    def authenticate(self, request: HttpRequest, connection: Connection) -> None:
        known = connection.credentials or {}
        keys = [str(known.get(name) or "") for name in SECRET_FIELDS]
        if connection.parent_id or not signatures.is_signed(self.fields, keys=keys):
            raise Rejected("wrong sign", 403)
        self.is_signed = True
        if self.fields.get("developerId", connection.account) != connection.account:
            raise Rejected("another developerId", 403)

    def content(self, connection: Connection) -> dict[str, Any]:
        field = ENVELOPE if self.is_envelope else self.field
        text = self.fields.get(field, "") if field else ""
        store = self.fields.get("ePoiId", "")
        try:
            said = self._said(text) if text else {}
        except bodies.BodyError:
            # Not lost: the handler looks for the order's number in it.
            return {"store": store, "said": {}, "text": text}
        # An envelope need not name the store, and an order does.
        return {"store": store or any_text(said, "ePoiId"), "said": said}

    def _said(self, text: str) -> dict[str, Any]:
        """Reads JSON; in an envelope it may stand below the name of the classic form's field.

        Raises BodyError.
        """
        said = bodies.json_object(text)
        inner = said.get(self.field) if self.is_envelope else None
        if isinstance(inner, str):
            return bodies.json_object(inner)
        return inner if isinstance(inner, dict) else said

    def name(self, data: dict[str, Any]) -> tuple[str, str]:
        if self.is_envelope and (number := self._message_id()):
            return self.kind, number
        key = inbox.key_of(self.request.body) if self.is_told_once else inbox.new_key()
        return self.kind, key

    def _message_id(self) -> str:
        return clean_text(str(self.fields.get("msgId", "")), 200)

    def store_name(self, data: dict[str, Any]) -> str:
        return str(data["store"])

    def acknowledge(self, connection: Connection, data: dict[str, Any]) -> HttpResponse:
        return _json(ENVELOPE_SUCCESS if data and self.is_envelope else self.success)

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
    field = ENVELOPE
    success = ENVELOPE_SUCCESS

    def content(self, connection: Connection) -> dict[str, Any]:
        data = super().content(connection)
        if ENVELOPE not in self.fields and "push_content" in self.fields:
            # A message without an envelope around it.
            names = ("biz_type", "push_content")
            data["said"] = {name: self.fields.get(name) for name in names}
        return data

    def name(self, data: dict[str, Any]) -> tuple[str, str]:
        of_type = clean_text(str(self.fields.get("msgType", "")), 40)
        # The address says that it is a message, where nothing else does.
        kind = self.kind if of_type in (CHAT_MESSAGE, "") else f"message {of_type}"
        return kind, self._message_id() or inbox.key_of(self.request.body)


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
