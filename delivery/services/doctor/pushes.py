"""Calls our own address for pushes as WeChat does: from outside, signed and sealed."""

import ipaddress
import secrets
from dataclasses import dataclass
from datetime import datetime
from urllib.parse import urlsplit

from django.conf import settings
from django.urls import reverse
from django.utils import timezone
from django.utils.translation import gettext_lazy as _
from django_stubs_ext import StrOrPromise

from delivery.client.ourselves import OurAddress, PushKeys
from delivery.services.doctor.findings import Finding, found, in_words, note, skipped
from delivery.services.doctor.heard import TIMEOUT
from stores.drills.results import Remark
from stores.fields import readable
from stores.models import Connection, InboundEvent
from stores.platforms.client import Answer
from stores.platforms.errors import PlatformError

# What WeChat's own console sends to try an address: it is stored, and nothing is done about it.
DEBUG = "debug_demo"
KIND = f"event {DEBUG}"
PORTS = (80, 443)
ENTER_KEYS = _(
    "Enter Token and EncodingAESKey in the form of the connection and, the same, in WeChat's"
    " console (开发管理 → 开发设置 → 消息推送)."
)
ENTER_PROVIDERS_KEYS = _(
    "Whoever runs this system enters Token and EncodingAESKey in the form of the service provider"
    " and, the same, at the open platform (第三方平台 → 开发资料)."
)
ASK_OPERATOR = _(
    "Ask whoever runs this system: the address must answer from the internet, on port 80 or 443."
)


@dataclass(frozen=True)
class Pushed:
    """Where WeChat pushes what concerns a mini-program, and what it signs and seals that with."""

    base_url: str
    path: str
    keys: PushKeys
    is_to_provider: bool = False

    @property
    def enter_keys(self) -> StrOrPromise:
        return ENTER_PROVIDERS_KEYS if self.is_to_provider else ENTER_KEYS

    @property
    def url(self) -> str:
        return self.base_url + self.path

    @classmethod
    def of(cls, connection: Connection) -> "Pushed":
        """Pushes about a mini-program below a service provider arrive at his address."""
        at = connection.parent or connection
        path = reverse("delivery:push", args=[at.pk])
        if connection.parent:
            path = reverse("delivery:push-of", args=[at.pk, connection.account])
        known = readable(at, "credentials", {}) or {}
        keys = PushKeys(at.account, known.get("push_token", ""), known.get("aes_key", ""))
        return cls(settings.PUBLIC_BASE_URL, path, keys, bool(connection.parent))

    @property
    def client(self) -> OurAddress:
        return OurAddress(self.base_url, timeout=TIMEOUT)


def of_reach(pushed: Pushed) -> Finding:
    """Asks our own address for an echo, as WeChat's console does."""
    if not pushed.keys.token:
        return skipped("reachable", _("No Token is stored, so nobody can sign a question."))
    text = secrets.token_hex(8)
    try:
        answer = pushed.client.echo(pushed.path, pushed.keys, text, timezone.now())
    except PlatformError as error:
        said = note(_("It does not answer: %(words)s"), words=in_words(error))
        return found("reachable", said, note(ASK_OPERATOR), copy=pushed.url)
    if answer.status != 200 or answer.content != text.encode():
        return found("reachable", _strange(answer), note(ASK_OPERATOR), copy=pushed.url)
    return _of_place(pushed)


def of_keys(pushed: Pushed) -> Finding:
    """Sends ourselves a message in the secure mode."""
    if not pushed.keys.token:
        return found("keys", note(_("No Token is stored.")), note(pushed.enter_keys))
    if not pushed.keys.aes_key:
        said = _("No EncodingAESKey is stored: only pushes in 明文模式 can be read.")
        if pushed.is_to_provider:
            said = _("No EncodingAESKey is stored, by which all pushes to a provider are sealed.")
        return found("keys", note(said), note(pushed.enter_keys))
    now = timezone.now()
    try:
        answer = pushed.client.push(pushed.path, pushed.keys, _message(pushed, now), now)
    except ValueError:
        said = _("The stored EncodingAESKey is none: it has 43 letters and digits.")
        return found("keys", note(said), note(pushed.enter_keys))
    except PlatformError as error:
        return skipped("keys", _("Our address did not answer: %(words)s"), words=in_words(error))
    if answer.status != 200 or answer.content != b"success":
        return found("keys", _strange(answer), note(ASK_OPERATOR), copy=pushed.url)
    said = _("A sealed message of our own was read. WeChat must have the same keys, in 安全模式.")
    return found("keys", note(said), is_right=True)


def hide_messages(connection: Connection, since: datetime) -> None:
    """Takes our own messages out of the list of pushes, in which they would be questions."""
    rows = InboundEvent.objects.filter(connection=connection, received_at__gte=since, kind=KIND)
    rows.update(is_drill=True)


def _message(pushed: Pushed, now: datetime) -> dict[str, object]:
    return {
        "ToUserName": pushed.keys.appid,
        "FromUserName": "zhanggui",
        "CreateTime": int(now.timestamp()),
        "MsgType": "event",
        "Event": DEBUG,
        "debug_str": secrets.token_hex(8),
    }


def _of_place(pushed: Pushed) -> Finding:
    """What WeChat would find at an address that answers us."""
    parts = urlsplit(pushed.base_url)
    port = parts.port or (443 if parts.scheme == "https" else 80)
    if _is_local(parts.hostname or ""):
        said = _("It answers, but stands in our own network, where WeChat cannot come: %(url)s")
        return skipped("reachable", said, url=pushed.base_url)
    if port not in PORTS:
        wrong = note(_("It answers at port %(port)d; WeChat calls 80 and 443 only."), port=port)
        return found("reachable", wrong, note(ASK_OPERATOR), copy=pushed.url)
    todo: StrOrPromise = _("It is called without https: let whoever runs this system change that.")
    safe = () if parts.scheme == "https" else note(todo)
    return found("reachable", note(_("It answers.")), safe, is_right=True)


def _strange(answer: Answer) -> tuple[Remark]:
    return note(
        _("It answers otherwise than it should: HTTP %(status)d %(words)s"),
        status=answer.status,
        words=answer.excerpt[:100],
    )


def _is_local(host: str) -> bool:
    try:
        return not ipaddress.ip_address(host).is_global
    except ValueError:
        return host == "localhost" or "." not in host
