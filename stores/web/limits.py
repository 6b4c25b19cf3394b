"""Rate limits for everything public: fixed windows counted in the database, for all processes
together.

Django's cache cannot count atomically without another server; one upsert can.
"""

import hashlib
import logging
import threading
import time
from collections.abc import Iterable, Iterator, Mapping, Sequence
from contextlib import contextmanager, nullcontext
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta

from django.db import OperationalError, connection
from django.db.models import F
from django.utils import timezone

from stores.models import RateWindow

# The most tries that one process reserves ahead (take_prepaid).
PACKET = 20
_ROW = "(%s, %s, %s)"
_ADD = (
    "INSERT INTO stores_ratewindow (bucket, count, ends_at) VALUES (%s, %s, %s) "
    "ON CONFLICT (bucket) DO UPDATE SET count = stores_ratewindow.count + excluded.count "
    "RETURNING bucket, count"
)
# Unix seconds from which windows are counted.
WINDOWS_FROM = 0
# Seconds that a reading waits to be counted.
BRIEFLY = 0.1
log = logging.getLogger(__name__)
_prepaid: dict[str, int] = {}
_prepaid_lock = threading.Lock()


@dataclass(frozen=True)
class Limit:
    """At most `count` tries in `seconds`."""

    name: str
    count: int
    seconds: int


@dataclass(frozen=True)
class Taken:
    """Whether a try is allowed, and the seconds until the window ends.

    `is_first_over`: the first try of the window that is not.
    """

    allowed: bool
    retry_after: int
    bucket: str = ""
    is_first_over: bool = False


# A limit, and who is counted.
Counted = tuple[Limit, str]


def take(limit: Limit, who: str) -> Taken:
    """Counts one try of `who` (an address, a store …) and returns whether it is within the
    limit.
    """
    return take_all([(limit, who)])[0]


def take_all(tries: Sequence[Counted]) -> list[Taken]:
    """Counts one try for each of several limits, with one write."""
    windows = [_Window.now(limit, who) for limit, who in tries]
    counts = _count({window.bucket: window.ends_at for window in windows})
    return [
        Taken(
            allowed=counts[window.bucket] <= window.limit.count,
            retry_after=window.seconds_left(),
            bucket=window.bucket,
            is_first_over=counts[window.bucket] == window.limit.count + 1,
        )
        for window in windows
    ]


def give_back(*taken: Taken) -> None:
    """Takes back counted tries: they were not what their limits are for.

    Who counts first and gives back after a success is not outrun by tries at the same moment.
    """
    _uncount(each.bucket for each in taken)


def give_back_all(tries: Sequence[Counted], at: datetime) -> None:
    """Takes back one try that was counted at this moment, for each of several limits."""
    _uncount(_Window.at(at.timestamp(), limit, who).bucket for limit, who in tries)


def peek(limit: Limit, who: str) -> Taken:
    """Returns whether a further try would be allowed, without counting it."""
    window = _Window.now(limit, who)
    row = RateWindow.objects.filter(pk=window.bucket).first()
    return Taken(row is None or row.count < limit.count, window.seconds_left())


@dataclass(frozen=True)
class _Window:
    """The time for which the tries of `who` are counted together; `ends` is Unix seconds."""

    limit: Limit
    bucket: str
    ends: int

    @classmethod
    def at(cls, moment: float, limit: Limit, who: str) -> "_Window":
        number = int(moment - WINDOWS_FROM) // limit.seconds
        ends = WINDOWS_FROM + (number + 1) * limit.seconds
        digest = hashlib.sha256(who.encode()).hexdigest()[:32]
        return cls(limit, f"{limit.name}:{digest}:{number}", ends)

    @classmethod
    def now(cls, limit: Limit, who: str) -> "_Window":
        return cls.at(time.time(), limit, who)

    @property
    def ends_at(self) -> datetime:
        return datetime.fromtimestamp(self.ends, UTC)

    def seconds_left(self) -> int:
        return max(1, round(self.ends - time.time()))


def take_prepaid(limit: Limit, who: str, *, is_reading: bool = False) -> Taken:
    """Counts one try like `take`, for what happens hundreds of times a second.

    This process reserves a packet of tries with one write and hands them out itself. All processes
    together stay within the limit; each may lose the rest of one packet. A reading that cannot be
    counted, because the database is held for writing, is allowed.
    """
    window = _Window.now(limit, who)
    if _spend_one(window.bucket):
        return Taken(allowed=True, retry_after=0)
    packet = max(1, min(PACKET, limit.count // 50))
    count = 0
    with if_not_busy() if is_reading else nullcontext():
        count = _count({window.bucket: window.ends_at}, packet)[window.bucket]
    if not count:
        return Taken(allowed=True, retry_after=0)
    bought = packet - max(0, count - limit.count)
    if bought > 0:
        _keep(window.bucket, bought - 1)
    return Taken(allowed=bought > 0, retry_after=window.seconds_left())


@contextmanager
def if_not_busy() -> Iterator[None]:
    """Leaves out what is counted or noted beside a reading while the database is held for writing.

    SQLite has one lock for all tables: a reading that waited for it would fail with it.
    """
    is_sqlite = connection.vendor == "sqlite"
    if is_sqlite:
        _wait_for_locks(BRIEFLY)
    try:
        yield
    except OperationalError as error:
        log.info("left out beside a reading: %s", error)
        if connection.in_atomic_block:
            raise
    finally:
        if is_sqlite:
            _wait_for_locks(float(connection.settings_dict["OPTIONS"].get("timeout", 5)))


def _wait_for_locks(seconds: float) -> None:
    with connection.cursor() as cursor:
        cursor.execute(f"PRAGMA busy_timeout = {round(seconds * 1000)}")


def _spend_one(bucket: str) -> bool:
    with _prepaid_lock:
        left = _prepaid.get(bucket, 0)
        if left:
            _prepaid[bucket] = left - 1
        return left > 0


def _keep(bucket: str, tries: int) -> None:
    with _prepaid_lock:
        if len(_prepaid) > 10_000:
            _prepaid.clear()
        _prepaid[bucket] = _prepaid.get(bucket, 0) + tries


def _count(buckets: Mapping[str, datetime], tries: int = 1) -> dict[str, int]:
    """Adds tries to buckets, each with the end of its window; returns what is counted by now."""
    # In one order for all, so that no two of these statements wait for each other.
    rows = [
        (bucket, tries, connection.ops.adapt_datetimefield_value(ends_at))
        for bucket, ends_at in sorted(buckets.items())
    ]
    places = ", ".join([_ROW] * len(rows))
    with connection.cursor() as cursor:
        cursor.execute(_ADD.replace(_ROW, places), [value for row in rows for value in row])
        return dict(cursor.fetchall())


def _uncount(buckets: Iterable[str]) -> None:
    # One after the other in the order of _count, so that neither waits for the other.
    for bucket in sorted(buckets):
        RateWindow.objects.filter(pk=bucket, count__gt=0).update(count=F("count") - 1)


def forget_past_windows() -> int:
    return RateWindow.objects.filter(ends_at__lt=timezone.now() - timedelta(hours=1)).delete()[0]
