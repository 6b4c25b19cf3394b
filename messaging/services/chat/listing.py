"""What pages and programs read of the chat: the list, a thread, and what is new.

A cursor of what was seen names the revision of each merchant ("12:345"); that nothing is new is
found by one indexed query.
"""

from collections.abc import Collection, Mapping
from dataclasses import dataclass
from datetime import datetime

from django.db.models import Q

from messaging.models import ChatRevision, Conversation, Message
from messaging.models.chat import ConversationQuerySet
from stores.text import is_id

PAGE = 50
MOST_NEWS = 500


@dataclass(frozen=True)
class News:
    """What has changed since a cursor. `is_whole` False: more than a page can take; read anew."""

    cursor: str
    conversations: list[Conversation]
    messages: list[Message]
    is_whole: bool = True


@dataclass(frozen=True)
class Place:
    """Where a message stands in its conversation."""

    at: datetime
    tie: int
    pk: int

    @classmethod
    def of(cls, message: Message) -> "Place":
        return cls(message.at, message.tie, message.pk)


def unanswered(store_ids: Collection[int]) -> ConversationQuerySet:
    """Returns the conversations in which a customer waits, the most urgent first."""
    return _of(store_ids).unanswered()


def answered(
    store_ids: Collection[int], *, before: Conversation | None = None
) -> ConversationQuerySet:
    """Returns the other conversations, the latest first, from after `before` on."""
    rows = _of(store_ids).answered()
    if before is None:
        return rows
    same = Q(last_at=before.last_at, pk__lt=before.pk)
    return rows.filter(Q(last_at__lte=before.last_at), Q(last_at__lt=before.last_at) | same)


def thread(
    conversation: Conversation, *, before: Place | None = None, size: int = PAGE
) -> list[Message]:
    """Returns the last `size` messages before a place, in their order."""
    rows = conversation.messages.all()
    if before:
        same = Q(at=before.at, tie=before.tie, pk__lt=before.pk)
        earlier = Q(at__lt=before.at) | Q(at=before.at, tie__lt=before.tie) | same
        rows = rows.filter(Q(at__lte=before.at), earlier)
    return list(rows.order_by("-at", "-tie", "-pk")[:size])[::-1]


def around(
    conversation: Conversation, place: Place, *, size: int = PAGE
) -> tuple[list[Message], bool, bool]:
    """Returns messages from before and after a place, with the one that stands there, in their
    order, and whether there are earlier and later ones.
    """
    half = size // 2
    same = Q(at=place.at, tie=place.tie, pk__gte=place.pk)
    later = Q(at__gt=place.at) | Q(at=place.at, tie__gt=place.tie) | same
    rows = conversation.messages.filter(Q(at__gte=place.at), later)
    after = list(rows.in_order()[: half + 1])
    before = thread(conversation, before=place, size=half)
    return before + after[:half], len(before) == half, len(after) > half


def arrived_after(conversation: Conversation, after: int = 0) -> list[Message]:
    """Returns up to a page of messages as they arrived here, for programs: none is passed over,
    also of those that Meituan brings late. `after` is the last message's key.
    """
    rows = Message.objects.filter(conversation=conversation, pk__gt=after)
    return list(rows.order_by("pk")[:PAGE])


def cursor_now(merchant_ids: Collection[int]) -> str:
    return _written(_revisions(merchant_ids))


def news(
    *,
    merchant_ids: Collection[int],
    store_ids: Collection[int],
    cursor: str,
    conversation_id: int | None = None,
) -> News | None:
    """Returns what has changed in these stores, and in the open conversation; None when nothing
    has. An unreadable cursor counts as one of the beginning.
    """
    now = _revisions(merchant_ids)
    read = _read(cursor)
    # A cursor of the future comes from a database that was restored since.
    seen = {pk: read.get(pk, 0) if read.get(pk, 0) <= number else 0 for pk, number in now.items()}
    if seen == now:
        return None
    since = Q()
    for pk, number in now.items():
        if seen[pk] != number:
            since |= Q(store__merchant=pk, revision__gt=seen[pk])
    rows = _of(store_ids).filter(since).order_by("revision")[: MOST_NEWS + 1]
    conversations = list(rows)
    messages: list[Message] = []
    for row in conversations:
        if row.pk == conversation_id:
            changed = row.messages.filter(revision__gt=seen[row.store.merchant_id])
            messages = list(changed.in_order()[: MOST_NEWS + 1])
    is_whole = len(conversations) <= MOST_NEWS and len(messages) <= MOST_NEWS
    return News(_written(now), conversations[:MOST_NEWS], messages[:MOST_NEWS], is_whole)


def number_waiting(store_ids: Collection[int]) -> int:
    """Returns in how many conversations a customer waits."""
    return unanswered(store_ids).order_by().count()


def _of(store_ids: Collection[int]) -> ConversationQuerySet:
    rows: ConversationQuerySet = Conversation.objects.filter(store__in=store_ids)
    # What is encrypted of the orders would be opened for each row.
    return rows.select_related("order", "store").defer("order__customer", "order__content")


def _revisions(merchant_ids: Collection[int]) -> dict[int, int]:
    rows = ChatRevision.objects.filter(pk__in=merchant_ids)
    return dict(rows.order_by("pk").values_list("pk", "number"))


def _written(revisions: Mapping[int, int]) -> str:
    return "-".join(f"{pk}:{number}" for pk, number in sorted(revisions.items()))


def _read(cursor: str) -> dict[int, int]:
    found: dict[int, int] = {}
    for part in cursor.split("-")[:1000]:
        pk, _colon, number = part.partition(":")
        if is_id(pk) and is_id(number):
            found[int(pk)] = int(number)
    return found
