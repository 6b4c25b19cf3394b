"""The key of a person's next message in a conversation: the same on all pages, until it is sent.

So a draft that stands in two tabs goes once, and the same text again, once it was sent, a second
time. Nothing is stored for it: the key follows from the person's last text.
"""

import hashlib

from django.contrib.auth.models import User

from messaging.choices import Direction, MessageKind, Origin
from messaging.models import Conversation
from messaging.models.chat import MessageQuerySet
from stores.audit import Actor
from stores.idempotency import digest_of
from stores.models import IdempotencyKey
from stores.text import clean_text


def next_key(conversation: Conversation, user: User) -> str:
    """Returns the key under which the person's next text is sent."""
    last = texts_of(conversation, user).values_list("pk", flat=True).first()
    return hashlib.sha256(f"{conversation.pk}:{user.pk}:{last}".encode()).hexdigest()[:32]


def texts_of(conversation: Conversation, user: User) -> MessageQuerySet:
    """Returns what a person has written, the latest first; pictures have keys of their own."""
    rows: MessageQuerySet = conversation.messages.filter(direction=Direction.SHOP, user=user)
    return rows.filter(kind=MessageKind.TEXT, origin=Origin.PERSON).order_by("-pk")


def is_sent(*, conversation: Conversation, actor: Actor, text: str, key: str) -> bool:
    """Whether this text was taken under this key: then it is no draft any more."""
    entry = IdempotencyKey.objects.filter(pk=digest_of(actor, key))
    content = fingerprint(conversation, MessageKind.TEXT, words_of(text))
    return entry.filter(fingerprint=content).exists()


def words_of(text: str) -> str:
    """Returns what is sent of a text."""
    return clean_text(text, len(text)).strip()


def fingerprint(conversation: Conversation, kind: MessageKind, content: str) -> str:
    return hashlib.sha256(f"{conversation.pk}:{kind}:{content}".encode()).hexdigest()
