"""Whether anything is new in stores: what every open page asks every 1.5 seconds."""

from collections.abc import Collection, Iterator, Sequence
from datetime import datetime
from typing import NamedTuple

from django.utils import timezone

from messaging.models.prepared import LAST_CHANGES, PLACES


class Changes(NamedTuple):
    """What changed last in a store, and whether time changes something: an order that runs, or a
    refund to be decided. `chat` counts the changes of all chats of its merchant.
    """

    order_at: datetime | None
    printer_at: datetime | None
    has_orders: bool
    has_refunds: bool
    chat: int | None


def digest_of(store_ids: Collection[int]) -> str:
    """Returns what is different once anything on the desk or in the chat is."""
    return _written([*_changes(store_ids)])


def _changes(store_ids: Collection[int]) -> Iterator[Changes]:
    """One statement by indexes for up to eight stores."""
    ids = sorted(store_ids)
    for first in range(0, len(ids), len(PLACES)):
        given = ids[first : first + len(PLACES)]
        given += [0] * (len(PLACES) - len(given))
        for row in LAST_CHANGES.rows(**dict(zip(PLACES, given, strict=True))):
            yield Changes(*row)


def _written(rows: Sequence[Changes]) -> str:
    """Begins with the minute where time moves orders, else with five of them: a change that was
    committed after a later one is then read, too.
    """
    moves = any(row.has_orders or row.has_refunds for row in rows)
    now = timezone.localtime()
    minute = now.minute if moves else now.minute - now.minute % 5
    parts = [_word(part) for row in rows for part in (row.order_at, row.printer_at, row.chat)]
    return "-".join([f"{now:%m%d%H}{minute:02}{'m' * moves}", *parts])


def _word(part: datetime | int | None) -> str:
    if isinstance(part, datetime):
        return str(part.timestamp())
    return "" if part is None else str(part)
