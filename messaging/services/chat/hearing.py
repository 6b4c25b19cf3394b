"""What the listener on the sockets (webhooks/listener.py) has done in the database and at Meituan:
which stores it hears, with which tokens, and what becomes of a frame.
"""

from dataclasses import dataclass
from urllib.parse import urlsplit

from django.conf import settings
from django.db.models import Q
from django.utils import timezone

from messaging.choices import PushKind
from messaging.client import SocketToken
from messaging.models import ChatStore, Order, TakeawayStore
from messaging.services.chat import secrets
from messaging.services.chat.bookkeeping import chat_of
from messaging.services.reading import client_of
from messaging.wire.messages import NoMessage, parse_message, read_frame
from stores.models import Connection
from stores.platforms import pace, tokens
from stores.platforms.errors import LoginRefused, Refused, Unknown
from stores.platforms.inbound import inbox

PATIENCE = 10.0
MEITUAN, SOCKETS = ".meituan.com", "wss://wpush.meituan.com"


@dataclass(frozen=True)
class Opening:
    """Addresses of sockets, each with a token of its own."""

    urls: tuple[str, ...]


def stores_to_hear() -> list[int]:
    """Returns the connections of the stores whose chat is not switched off."""
    rows = TakeawayStore.objects.filter(
        Q(chat=None) | ~Q(chat__is_on=False),
        state=TakeawayStore.State.BOUND,
        connection__is_active=True,
        connection__merchant__is_active=True,
    )
    bound = rows.exclude(connection__parent=None).order_by("connection")
    return list(bound.values_list("connection", flat=True))


def opening(connection_id: int, count: int) -> Opening:
    """Asks Meituan for fresh tokens of a store, and keeps what comes with them: the secret, and
    whether customers were missed. Raises PlatformError.
    """
    connection = Connection.objects.select_related("parent", "pace").get(pk=connection_id)
    try:
        found = _tokens(connection, count)
    except LoginRefused as error:
        tokens.note_refused(connection, error.detail)
        raise
    developer = connection.parent or connection
    secrets.learn(developer, found[0].secret)
    _note_missed(connection_id, max(token.missed for token in found))
    base = address_of(developer)
    return Opening(tuple(f"{base}/websocket/{row.connection_id}/{row.token}" for row in found))


def frame_heard(connection_id: int, frame: str) -> None:
    """Stores a frame that came on a store's socket, and handles it."""
    connection = Connection.objects.select_related("parent").get(pk=connection_id)
    developer = connection.parent or connection
    body: dict[str, object] = {"said": {}, "store": connection.account}
    key, store_name = inbox.key_of(frame.encode("utf-8", "replace")), connection.account
    try:
        body["said"] = said = read_frame(frame)
        remote = parse_message(said)
        key = f"socket {remote.message_id}"
        store_name = remote.store_name or _store_of(developer, remote.order_id)
        body["is_guessed"] = not store_name
        store_name = store_name or connection.account
    except NoMessage:
        if not body["said"]:
            body["text"] = frame[:10_000]
    event = inbox.receive(
        connection=developer,
        kind=PushKind.MESSAGE,
        dedup_key=key,
        body=body | {"store": store_name},
        store_name=store_name[:200],
        wake=False,
    )
    inbox.handle(event.pk)


def alive(connection_ids: list[int]) -> None:
    """Notes that sockets of these stores gave a sign of life."""
    rows = ChatStore.objects.filter(binding__connection__in=connection_ids)
    rows.update(socket_at=timezone.now())


def address_of(developer: Connection) -> str:
    """Returns where the sockets are: with the calls, where those go to no server of Meituan's."""
    if settings.TAKEAWAY_WS_URL:
        return str(settings.TAKEAWAY_WS_URL)
    calls = (developer.base_url or settings.TAKEAWAY_BASE_URL).rstrip("/")
    if f".{urlsplit(calls).hostname}".endswith(MEITUAN):
        return SOCKETS
    return f"ws{calls.removeprefix('http')}"


def _tokens(connection: Connection, count: int) -> list[SocketToken]:
    client = client_of(connection, lambda: pace.take(connection.pace, patience=PATIENCE))
    try:
        return client.socket_tokens(count)
    except (Refused, Unknown):
        # Older accounts have only the call that gives one token for all stores; the other one may
        # be refused, or not be there at all.
        return [client.socket_token()]


def _note_missed(connection_id: int, missed: int) -> None:
    chat = chat_of(connection_id)
    if missed:
        ChatStore.objects.filter(pk=chat.pk).update(missed=missed, missed_at=timezone.now())


def _store_of(developer: Connection, order_id: str) -> str:
    """Returns the account of the store whose order this is; "" when we do not know the order."""
    rows = Order.objects.filter(connection__parent=developer, order_id=order_id)
    found = rows.values_list("connection__account", flat=True).first() if order_id else None
    return found or ""
