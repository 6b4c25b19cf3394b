"""Searching the messages of a store.

Texts are encrypted, so that SQL cannot search them. The newest messages are opened in Python, so
many at a time that a search takes as long with a million messages as with a thousand; further back
a person asks again. An index of keyed pieces of the texts would be faster, but whoever has the
database could count how often each piece comes, and that gives short Chinese texts away.
"""

from dataclasses import dataclass

from messaging.choices import MessageKind
from messaging.models import Message
from messaging.services.chat.texts import text_of

# Messages opened per question, and hits that end it.
MOST_OPENED, MOST_FOUND = 1000, 50


@dataclass(frozen=True)
class Found:
    """Messages with the words, the newest first. `before` is the key from which to search on; None
    when there is nothing older.
    """

    messages: list[Message]
    before: int | None


def search(*, store_id: int, words: str, before: int | None = None, whole: bool = False) -> Found:
    """Searches a store's messages that arrived before the one with the key `before`: all of the
    words in one message, whatever their case.

    Unless `whole`, phones are searched as they are shown then, masked: nobody finds out their
    digits by searching for them.
    """
    wanted = [word.casefold() for word in words.split()]
    if not wanted:
        return Found([], None)
    rows = Message.objects.filter(store=store_id).only("kind", "text")
    if before is not None:
        rows = rows.filter(pk__lt=before)
    opened = list(rows.order_by("-pk")[:MOST_OPENED])
    until = opened[-1].pk if len(opened) == MOST_OPENED else None
    hits: list[int] = []
    for row in opened:
        text = text_of(row, whole=whole).casefold()
        if row.kind == MessageKind.TEXT and all(word in text for word in wanted):
            hits.append(row.pk)
        if len(hits) >= MOST_FOUND:
            until = row.pk
            break
    found = Message.objects.filter(pk__in=hits).select_related("conversation", "order")
    # What is encrypted of the orders would be opened for each row.
    found = found.defer("order__customer", "order__content")
    return Found(list(found.order_by("-pk")), until)
