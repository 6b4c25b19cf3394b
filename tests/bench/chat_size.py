"""(h) Whether a long past of chat messages makes anything slower."""

import time
from collections.abc import Callable
from dataclasses import dataclass, field
from functools import partial
from typing import Any

from django.db import connection, transaction
from django.test.utils import CaptureQueriesContext
from django.utils import timezone

from messaging.models import Conversation, Message
from messaging.services.chat import bookkeeping, listing, presence, rating, searching
from tests.bench import database, past
from tests.bench.context import Bench
from tests.bench.processes import Broken
from tests.bench.report import Figure, median, milliseconds
from tests.messaging.chat.writing import SECRET, write
from tests.messaging.factories import SIGN_KEY, DeveloperFactory, TakeawayStoreFactory
from tests.messaging.pushing import Pusher

FEW, MANY, MANY_QUICK = 1_000, 1_000_000, 50_000
# Messages of one conversation of the past, and of the one that is open.
A_TALK, OPEN = 20, 60
# Of the list on the page.
ROWS = 30
Act = Callable[[], Any]


@dataclass
class Side:
    """One of the two databases, and what was measured in it: seconds and queries."""

    name: str
    times: dict[str, list[float]] = field(default_factory=dict)
    queries: dict[str, int] = field(default_factory=dict)


def run(bench: Bench) -> None:
    many = bench.size(MANY, MANY_QUICK)
    talk, template = _talk()
    _copy(talk, template, 1, FEW)
    database.clone()
    database.tidy()
    started = time.monotonic()
    database.point_at(database.LARGE)
    _copy(talk, template, FEW + 1, many)
    database.tidy()
    print(f"  {many:,} messages written in {time.monotonic() - started:.0f} s", flush=True)
    small, large = Side(database.NAME), Side(database.LARGE)
    try:
        for number in range(bench.size(6, 2)):
            # A B, then B A: whoever comes second meets a warmer machine.
            for side in (small, large) if number % 2 == 0 else (large, small):
                _measure(side, talk, bench.size(30, 10))
    finally:
        database.point_at(database.NAME)
    for title, few in small.times.items():
        _report(bench, title, few, large.times[title], small, large, many)


def _talk() -> tuple[Conversation, Message]:
    """A customer's conversation with OPEN messages, and one of the messages."""
    developer = DeveloperFactory(credentials={"sign_key": SIGN_KEY, "im_secret": SECRET})
    binding = TakeawayStoreFactory(developer=developer)
    pusher = Pusher(binding)
    now = int(time.time())
    for number in range(OPEN):
        write(pusher, f"第 {number} 条消息，请问大概多久能送到？", cts=now - OPEN + number)
    talk = Conversation.objects.get(connection=binding.connection)
    return talk, talk.messages.in_order()[0]


def _copy(talk: Conversation, template: Message, first: int, last: int) -> None:
    """Copies number `first` to `last` of a message, A_TALK to each conversation of the past."""
    then = past.words()["then"]
    past.copy_rows(
        Conversation,
        talk.pk,
        first=1 + (first - 1) // A_TALK,
        last=last // A_TALK,
        open_user_id="'past' || n.i",
        last_at=then,
        waiting_since="NULL",
        reply_until="NULL",
        unread="0",
        revision="0",
    )
    past.copy_rows(
        Message,
        template.pk,
        first=first,
        last=last,
        conversation_id=f"{past.FIRST} + 1 + (n.i - 1) / {A_TALK}",
        msg_id="'P' || n.i",
        at=then,
        arrived_at=then,
        # The first of each conversation is a question, answered in time.
        reply_until=f"CASE WHEN n.i % {A_TALK} = 1 THEN {then} END",
        answered_at=f"CASE WHEN n.i % {A_TALK} = 1 THEN {then} END",
        revision="0",
    )


def _acts(talk: Conversation) -> dict[str, Act]:
    stores = [talk.store_id]
    last = talk.messages.in_order().last()
    cursor = listing.cursor_now([talk.store.merchant_id])
    poll = partial(
        listing.news,
        merchant_ids=[talk.store.merchant_id],
        store_ids=stores,
        cursor=cursor,
        conversation_id=talk.pk,
    )
    assert last is not None
    return {
        "poll without news": poll,
        "list": lambda: (
            list(listing.unanswered(stores)[:ROWS]),
            list(listing.answered(stores)[:ROWS]),
        ),
        "thread": lambda: listing.thread(talk),
        "search": lambda: searching.search(store_id=talk.store_id, words="多久 送到"),
        "reply rate of a day": lambda: rating.rate_of(talk.store_id, timezone.localdate()),
        "read mark": partial(_mark, talk, last),
    }


@transaction.atomic
def _mark(talk: Conversation, last: Message) -> None:
    bookkeeping.locked(talk.pk)
    Conversation.objects.filter(pk=talk.pk).update(unread=1)
    presence.messages_read(conversation=talk, until=last.pk)
    transaction.set_rollback(True)


def _measure(side: Side, talk: Conversation, times: int) -> None:
    database.point_at(side.name)
    for title, act in _acts(Conversation.objects.select_related("store").get(pk=talk.pk)).items():
        # The first finds cold caches.
        act()
        with CaptureQueriesContext(connection) as captured:
            act()
        side.queries[title] = len(captured)
        for _ in range(times):
            started = time.perf_counter()
            act()
            side.times.setdefault(title, []).append(time.perf_counter() - started)


def _report(
    bench: Bench,
    title: str,
    few: list[float],
    many: list[float],
    small: Side,
    large: Side,
    size: int,
) -> None:
    counts = small.queries[title], large.queries[title]
    if counts[0] != counts[1]:
        raise Broken(f"{title}: {counts[0]} queries at {FEW:,} messages, {counts[1]} at {size:,}")
    raw = (
        f"{milliseconds(median(many))} and {milliseconds(median(few))} with {size:,} and {FEW:,} "
        f"messages, {counts[0]} queries each"
    )
    ratio = median(many) / median(few)
    bench.report.add(Figure(f"chat: time of the {title}", ratio, raw, target=1.3, at_least=False))
