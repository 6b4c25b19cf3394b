"""The secret that seals a developer account's messages. While it changes there are two.

It comes with every token of a socket, and is kept at the developer account's connection.
"""

from datetime import timedelta

from django.db import transaction
from django.utils import timezone

from messaging import signatures
from messaging.choices import MessageKind
from messaging.client import TakeawayClient
from messaging.models import Message
from messaging.services.chat import bookkeeping
from messaging.wire.messages import PICTURE, TEXT
from stores.models import Connection
from stores.platforms import tokens
from stores.text import clean_text

NOW, BEFORE = "im_secret", "im_secret_before"
# What could not be read is read again with a new secret for so long.
READ_AGAIN = timedelta(days=2)
LONGEST = 30_000


def known(developer: Connection) -> list[str]:
    """Returns the secrets that may open a message, the present one first."""
    given = developer.credentials or {}
    return [str(given[name]) for name in (NOW, BEFORE) if given.get(name)]


def opened(sealed: str, developer: Connection) -> str | None:
    """Returns the text of a message; None when no known secret opens it, or it is no text."""
    for secret in known(developer):
        try:
            return clean_text(signatures.unseal(sealed, secret=secret), LONGEST)
        except ValueError:
            continue
    return None


def present(developer: Connection, client: TakeawayClient) -> str:
    """Returns the secret to seal with; asks Meituan if it is not known. Raises PlatformError."""
    developer.refresh_from_db(fields=["credentials"])
    if secrets := known(developer):
        return secrets[0]
    secret = client.socket_token().secret
    learn(developer, secret)
    return secret


def learn(developer: Connection, secret: str) -> None:
    """Keeps the secret that Meituan gives; with a new one, what was unreadable is read again."""
    developer.refresh_from_db(fields=["credentials"])
    before = (developer.credentials or {}).get(NOW, "")
    if secret == before:
        return
    tokens.remember(developer, **{NOW: secret, BEFORE: str(before or "")})
    developer.refresh_from_db(fields=["credentials"])
    _read_again(developer)


def _read_again(developer: Connection) -> None:
    unreadable = Message.objects.filter(
        connection__parent=developer,
        kind=MessageKind.UNREADABLE,
        emptied_at=None,
        arrived_at__gt=timezone.now() - READ_AGAIN,
    )
    for row in unreadable.order_by("pk"):
        text = opened(row.text, developer)
        if text is None:
            continue
        with transaction.atomic():
            conversation = bookkeeping.locked(row.conversation_id)
            row.text, row.kind = text, kind_of(row.remote_kind)
            row.save(update_fields=["text", "kind"])
            bookkeeping.summarise(conversation)
            bookkeeping.changed(conversation, [row])


def kind_of(remote_kind: int | None) -> MessageKind:
    known_kinds = {TEXT: MessageKind.TEXT, PICTURE: MessageKind.PICTURE}
    return known_kinds.get(remote_kind or 0, MessageKind.OTHER)
