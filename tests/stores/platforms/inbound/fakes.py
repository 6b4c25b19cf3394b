"""Two small platforms, in the manners of takeaway pushes and of WeChat, and how they send.

The platforms' side is written here with hashlib and the standard library alone.
"""

import hashlib
import http.client
import json
import socket
from base64 import b64decode, b64encode
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, ClassVar
from urllib.parse import urlencode, urlsplit

from django.http import HttpRequest, HttpResponse, JsonResponse
from django.urls import path

from stores.models import Connection
from stores.platforms import aes
from stores.platforms.inbound import bodies, inbox
from stores.platforms.inbound.endpoint import EchoEndpoint, PlatformEndpoint, Rejected

EVENTS = ("order", "orderCancel")


def form_sign(secret: str, fields: Mapping[str, str]) -> str:
    """The sign of a form: SHA-1 over the secret and all other fields in order."""
    named = sorted((name, value) for name, value in fields.items() if name != "sign" and value)
    text = secret + "".join(f"{name}{value}" for name, value in named)
    return hashlib.sha1(text.encode("utf-8", "surrogatepass")).hexdigest()


class Meals(PlatformEndpoint):
    """Form-encoded pushes signed over their fields, each with JSON in one field."""

    platform = "meals"
    max_bytes = 20_000
    reader = staticmethod(bodies.form)
    empty_is_check = True

    def authenticate(self, request: HttpRequest, connection: Connection) -> None:
        if self.fields.get("sign") != form_sign(connection.credentials["secret"], self.fields):
            raise Rejected("wrong sign", 403)

    def content(self, connection: Connection) -> dict[str, Any]:
        kinds = [name for name in EVENTS if name in self.fields]
        if len(kinds) != 1:
            # What we do not know is kept as it came.
            return {"kind": "unknown", **self.fields}
        return {
            "kind": kinds[0],
            "store": self.fields.get("store"),
            "what": bodies.json_object(self.fields[kinds[0]]),
        }

    def name(self, data: dict[str, Any]) -> tuple[str, str]:
        if data["kind"] == "orderCancel":
            # The same order may be cancelled, taken up again and cancelled once more.
            return data["kind"], inbox.new_key()
        return data["kind"], inbox.key_of(self.request.body)

    def kept(self, data: dict[str, Any]) -> dict[str, Any]:
        return {name: value for name, value in data.items() if name != "sign"}

    def acknowledge(self, connection: Connection, data: dict[str, Any]) -> HttpResponse:
        return JsonResponse({"data": "OK"})

    def reject(self, rejected: Rejected) -> HttpResponse:
        return JsonResponse({"error": rejected.reason}, status=rejected.status)


class SharedMeals(Meals):
    """The address of a developer account: each order names its store."""

    def store_name(self, data: dict[str, Any]) -> str:
        if data["kind"] == "unknown":
            return ""
        name = data["store"]
        if not isinstance(name, str) or not name:
            raise Rejected("no store named")
        return name


def plain_sign(*parts: str) -> str:
    return hashlib.sha1("".join(sorted(parts)).encode("utf-8", "surrogatepass")).hexdigest()


@dataclass(frozen=True)
class Seal:
    """Sealing of the other side's messages: 16 random bytes, length, message, name."""

    key: bytes
    app: str

    @classmethod
    def of(cls, connection: Connection) -> "Seal":
        return cls(b64decode(connection.credentials["aes_key"] + "="), connection.account)

    def close(self, message: bytes, app: str | None = None) -> str:
        plain = b"0123456789abcdef" + len(message).to_bytes(4, "big") + message
        plain += (self.app if app is None else app).encode()
        return b64encode(aes.encrypt(plain, key=self.key, iv=self.key[:16], block=32)).decode()

    def open(self, text: str) -> bytes:
        try:
            plain = aes.decrypt(b64decode(text), key=self.key, iv=self.key[:16], block=32)
        except ValueError as error:
            raise bodies.BodyError("not decrypted") from error
        end = 20 + int.from_bytes(plain[16:20], "big")
        if plain[end:] != self.app.encode():
            raise bodies.BodyError("sealed for another app")
        return plain[20:end]


def xml_or_json(content: bytes) -> dict[str, Any]:
    is_xml = content.lstrip().startswith(b"<")
    return bodies.xml(content) if is_xml else bodies.json_object(content)


class Letters(EchoEndpoint):
    """Sealed pushes in XML or JSON, answered sealed, at an address that is verified by a GET."""

    platform = "letters"
    max_bytes = 20_000
    reader = staticmethod(xml_or_json)

    def _check(self, connection: Connection, name: str, *more: str) -> None:
        given = self.request.GET
        parts = (
            connection.credentials["token"],
            given.get("timestamp", ""),
            given.get("nonce", ""),
        )
        if given.get(name) != plain_sign(*parts, *more):
            raise Rejected("wrong signature", 403)

    def echo(self, request: HttpRequest, connection: Connection) -> str:
        self._check(connection, "signature")
        return request.GET.get("echostr", "")

    def authenticate(self, request: HttpRequest, connection: Connection) -> None:
        sealed = self.fields.get("Encrypt")
        if not isinstance(sealed, str):
            raise Rejected("nothing sealed", 400)
        self._check(connection, "msg_signature", sealed)

    def content(self, connection: Connection) -> dict[str, Any]:
        return xml_or_json(Seal.of(connection).open(self.fields["Encrypt"]))

    def name(self, data: dict[str, Any]) -> tuple[str, str]:
        return str(data.get("Event", "")), f"{data.get('FromUserName')}:{data.get('CreateTime')}"

    def acknowledge(self, connection: Connection, data: dict[str, Any]) -> HttpResponse:
        if data.get("Event") != "parcel":
            return HttpResponse("success")
        reply = {"ToUserName": data["FromUserName"], "resultcode": 0, "resultmsg": "ok"}
        sealed = Seal.of(connection).close(json.dumps(reply).encode())
        nonce = self.request.GET.get("nonce", "")
        sign = plain_sign(connection.credentials["token"], "1", nonce, sealed)
        return JsonResponse(
            {"Encrypt": sealed, "MsgSignature": sign, "TimeStamp": 1, "Nonce": nonce}
        )


urlpatterns = [
    path("meals/<int:connection_id>/push", Meals.as_view()),
    path("meals/<int:connection_id>/shared", SharedMeals.as_view()),
    path("letters/<int:connection_id>/push", Letters.as_view()),
]


@dataclass
class Reply:
    status: int
    body: bytes
    kind: str


@dataclass
class Sender:
    """Sends to one address of a running server."""

    url: str
    form: ClassVar[str] = "application/x-www-form-urlencoded"

    def send(
        self,
        body: bytes,
        *,
        query: str = "",
        method: str = "POST",
        kind: str = form,
        cut: int = 0,
    ) -> Reply:
        """`cut`: so many bytes are promised, and never sent."""
        parts = urlsplit(self.url)
        line = http.client.HTTPConnection(parts.hostname or "", parts.port, timeout=30)
        try:
            where = f"{parts.path}?{query}" if query else parts.path
            head = {"Content-Type": kind, "Content-Length": str(len(body) + cut)}
            line.request(method, where, body, head)
            if cut:
                line.sock.shutdown(socket.SHUT_WR)
            answer = line.getresponse()
            return Reply(answer.status, answer.read(), answer.headers.get("Content-Type", ""))
        finally:
            line.close()

    def push(self, secret: str, **fields: str) -> Reply:
        """A signed form."""
        signed = fields | {"sign": form_sign(secret, fields)}
        return self.send(urlencode(signed, errors="surrogatepass").encode())

    def letter(
        self, connection: Connection, message: bytes, *, xml: bool = False, app: str | None = None
    ) -> Reply:
        """A sealed and signed letter."""
        sealed = Seal.of(connection).close(message, app)
        sign = plain_sign(connection.credentials["token"], "1", "2", sealed)
        query = urlencode({"timestamp": "1", "nonce": "2", "msg_signature": sign})
        if xml:
            body = f"<xml><Encrypt><![CDATA[{sealed}]]></Encrypt></xml>"
        else:
            body = json.dumps({"Encrypt": sealed})
        return self.send(body.encode(), query=query, kind="text/xml" if xml else "application/json")
