"""Addresses for WeChat's pushes: about orders of a mini-program, and what a service provider is
told (docs/platforms/wechat_delivery.md §1.2 and §4).
"""

import json
from typing import Any, ClassVar

from django.http import HttpRequest, HttpResponse
from django.utils import timezone

from delivery.choices import PLATFORM, Told
from delivery.services import providing, wechat
from delivery.webhooks.opening import Keys, Opened, answer_text, open_push, signer_of
from delivery.wire.events import UPDATE, is_update, parse_event
from delivery.wire.providers import parse_notice
from stores.fields import encrypt
from stores.models import Connection
from stores.platforms.inbound import inbox
from stores.platforms.inbound.endpoint import EchoEndpoint, Rejected
from stores.platforms.reading import Malformed, Problem, any_text
from stores.web.addresses import client_network
from stores.web.limits import Limit, take

# Only pushes without a valid signature are counted.
STRANGERS = Limit("wechat-strangers", 60, 60)
LONGEST_ECHO, LONGEST_APPID = 200, 60
SUCCESS = "success"
# Fields of a notice to a provider that nobody may read in the ledger.
SECRETS = ("ComponentVerifyTicket", "AuthorizationCode", "PreAuthCode")


class WechatEndpoint(EchoEndpoint):
    """A push in any mode, JSON or XML; its content is that of the sealed form where there is
    one.
    """

    platform = PLATFORM
    max_bytes = 65_536
    # Whether pushes about one's own shop come here, too; to providers they are always sealed.
    takes_shops: ClassVar[bool] = True
    opened: Opened | None = None
    is_signed = False

    def authenticate(self, request: HttpRequest, connection: Connection) -> None:
        is_provider = self._check_place(connection)
        self.opened = open_push(
            request.body,
            request.GET.dict(),
            Keys.of(connection),
            now=timezone.now(),
            is_sealed_only=is_provider,
        )
        self.is_signed = True

    def content(self, connection: Connection) -> dict[str, Any]:
        return self.push.data

    @property
    def push(self) -> Opened:
        """The push, once it is authentic. Raises Rejected."""
        if self.opened is None:
            raise Rejected("not authenticated", 403)
        return self.opened

    def echo(self, request: HttpRequest, connection: Connection) -> str:
        """Of any time: nothing is done about it, and the console's clock may be wrong."""
        self._check_place(connection)
        query = request.GET.dict()
        signer_of(query, Keys.of(connection))
        self.is_signed = True
        text = str(query.get("echostr", ""))
        if not 0 < len(text) <= LONGEST_ECHO:
            raise Rejected("no echostr, or a long one")
        return text

    def acknowledge(self, connection: Connection, data: dict[str, Any]) -> HttpResponse:
        return HttpResponse(SUCCESS, content_type="text/plain; charset=utf-8")

    def reject(self, rejected: Rejected) -> HttpResponse:
        if not self.is_signed:
            tries = take(STRANGERS, client_network(self.request))
            if not tries.allowed:
                rejected = Rejected(f"too many, wait {tries.retry_after} s", 429)
        return super().reject(rejected)

    def get(self, request: HttpRequest, connection_id: int, appid: str = "") -> HttpResponse:
        return super().get(request, connection_id)

    def post(self, request: HttpRequest, connection_id: int, appid: str = "") -> HttpResponse:
        return super().post(request, connection_id)

    @property
    def appid(self) -> str:
        """The mini-program that the address names where WeChat was given `$APPID$`; "" for none."""
        return str(self.kwargs.get("appid", ""))

    def _check_place(self, connection: Connection) -> bool:
        """Whether it is a provider's address. Raises Rejected where WeChat pushes nothing: a shop
        below a provider has no address of its own, and one's own shop no `$APPID$`.
        """
        is_provider = wechat.is_provider(connection)
        is_ours = is_provider or (self.takes_shops and not self.appid)
        if connection.parent_id or not is_ours or len(self.appid) > LONGEST_APPID:
            raise Rejected("unknown connection", 404)
        return is_provider


class ShopPush(WechatEndpoint):
    """Pushes about a mini-program: its own address, or that of its provider for all his shops.

    What the ledger keeps is {"said", "mode", "form"}, encrypted: a rider's name and phone are in
    it.
    """

    def name(self, data: dict[str, Any]) -> tuple[str, str]:
        if not is_update(data):
            told = any_text(data, "Event") or any_text(data, "MsgType") or "without a name"
            return f"event {told}"[:60], _digest(data)
        event = parse_event(data)
        # What is told again has the same time; two orders may be told of in one second.
        same = [
            event.shopid,
            event.shop_order_id,
            event.waybill_id,
            event.code,
            event.action_at.timestamp(),
        ]
        return UPDATE, _digest(same)

    def store_name(self, data: dict[str, Any]) -> str:
        if not self.is_for_provider:
            return ""
        if self.appid:
            return self.appid
        shopid = any_text(data, "shopid", most=LONGEST_APPID)
        return providing.appid_of_account(self.kwargs["connection_id"], shopid) or shopid

    def kept(self, data: dict[str, Any]) -> dict[str, Any]:
        form = "xml" if self.push.is_xml else "json"
        return {"said": data, "mode": self.push.mode, "form": form}

    def acknowledge(self, connection: Connection, data: dict[str, Any]) -> HttpResponse:
        if not is_update(data):
            return super().acknowledge(connection, data)
        event, now = parse_event(data), timezone.now()
        fields: dict[str, str | int] = {
            "ToUserName": event.sender,
            "FromUserName": event.to,
            "CreateTime": int(now.timestamp()),
            "MsgType": "event",
            "Event": UPDATE,
            "resultcode": 0,
            "resultmsg": "ok",
        }
        text = answer_text(fields, self.push, appid=connection.account, now=now)
        kind = "text/xml" if self.push.is_xml else "application/json"
        return HttpResponse(text, content_type=f"{kind}; charset=utf-8")

    def authenticate(self, request: HttpRequest, connection: Connection) -> None:
        super().authenticate(request, connection)
        self.is_for_provider = wechat.is_provider(connection)


class ProviderPush(WechatEndpoint):
    """What a service provider is told of himself: his ticket, and who has authorised him."""

    takes_shops = False

    def authenticate(self, request: HttpRequest, connection: Connection) -> None:
        super().authenticate(request, connection)
        if parse_notice(self.push.data).provider != connection.account:
            raise Rejected("a notice to another service provider", 403)

    def name(self, data: dict[str, Any]) -> tuple[str, str]:
        notice = parse_notice(data)
        if notice.told not in (None, Told.TICKET) and not notice.appid:
            raise Malformed("AuthorizerAppid", Problem.MISSING)
        kind = notice.told.value if notice.told else f"notice {notice.kind}"[:60]
        return kind, _digest(data)

    def kept(self, data: dict[str, Any]) -> dict[str, Any]:
        """People who read the ledger must not see what opens a shop."""
        said = {name: value for name, value in data.items() if name not in SECRETS}
        notice = parse_notice(data)
        return {"said": said, "ticket": _sealed(notice.ticket), "code": _sealed(notice.code)}


def _sealed(secret: str) -> str:
    return encrypt(secret) if secret else ""


def _digest(data: Any) -> str:
    return inbox.key_of(json.dumps(data, sort_keys=True).encode())
