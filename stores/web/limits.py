"""Rate limits for everything public: fixed windows counted in the database, for all processes
together.

Django's cache cannot count atomically without another server; one upsert can.
"""

import hashlib
import logging
import threading
import time
from collections.abc import Iterator, Mapping, Sequence
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
    window = int(time.time() // limit.seconds)
    ends = (window + 1) * limit.seconds
    bucket = _bucket(limit, who, window)
    count = _count(bucket, datetime.fromtimestamp(ends, UTC))
    return Taken(count <= limit.count, max(1, round(ends - time.time())), bucket)


def give_back(taken: Taken) -> None:
    """Takes back one counted try: it was not what the limit is for.

    Who counts first and gives back after a success is not outrun by tries at the same moment.
    """
    RateWindow.objects.filter(pk=taken.bucket, count__gt=0).update(count=F("count") - 1)


def take_all(tries: Sequence[Counted]) -> list[Taken]:
    """Counts one try for each of several limits, with one write."""
    now = time.time()
    windows = [_Window(limit, who, now) for limit, who in tries]
    counts = _count_all({window.bucket: window.ends_at for window in windows}, 1)
    return [
        Taken(
            allowed=counts[window.bucket] <= window.limit.count,
            retry_after=max(1, round(window.ends - now)),
            bucket=window.bucket,
            is_first_over=counts[window.bucket] == window.limit.count + 1,
        )
        for window in windows
    ]


def give_back_all(tries: Sequence[Counted], at: datetime) -> None:
    """Takes back one try that was counted at this moment, for each of several limits."""
    windows = [_Window(limit, who, at.timestamp()) for limit, who in tries]
    # One after the other in the order of _count_all, so that neither waits for the other.
    for bucket in sorted(window.bucket for window in windows):
        RateWindow.objects.filter(pk=bucket, count__gt=0).update(count=F("count") - 1)


@dataclass(frozen=True)
class _Window:
    limit: Limit
    who: str
    at: float

    @property
    def number(self) -> int:
        return int(self.at // self.limit.seconds)

    @property
    def ends(self) -> int:
        return (self.number + 1) * self.limit.seconds

    @property
    def ends_at(self) -> datetime:
        return datetime.fromtimestamp(self.ends, UTC)

    @property
    def bucket(self) -> str:
        return _bucket(self.limit, self.who, self.number)


def take_prepaid(limit: Limit, who: str, *, is_reading: bool = False) -> Taken:
    """Counts one try like `take`, for what happens hundreds of times a second.

    This process reserves a packet of tries with one write and hands them out itself. All processes
    together stay within the limit; each may lose the rest of one packet. A reading that cannot be
    counted, because the database is held for writing, is allowed.
    """
    window = int(time.time() // limit.seconds)
    ends = (window + 1) * limit.seconds
    bucket = _bucket(limit, who, window)
    if _spend_one(bucket):
        return Taken(allowed=True, retry_after=0)
    packet = max(1, min(PACKET, limit.count // 50))
    count = 0
    with if_not_busy() if is_reading else nullcontext():
        count = _count(bucket, datetime.fromtimestamp(ends, UTC), packet)
    if not count:
        return Taken(allowed=True, retry_after=0)
    bought = packet - max(0, count - limit.count)
    if bought > 0:
        _keep(bucket, bought - 1)
    return Taken(allowed=bought > 0, retry_after=max(1, round(ends - time.time())))


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


def peek(limit: Limit, who: str) -> Taken:
    """Returns whether a further try would be allowed, without counting it."""
    window = int(time.time() // limit.seconds)
    count = (
        RateWindow.objects.filter(pk=_bucket(limit, who, window))
        .values_list("count", flat=True)
        .first()
        or 0
    )
    return Taken(
        allowed=count < limit.count,
        retry_after=max(1, round((window + 1) * limit.seconds - time.time())),
    )


def _bucket(limit: Limit, who: str, window: int) -> str:
    digest = hashlib.sha256(who.encode()).hexdigest()[:32]
    return f"{limit.name}:{digest}:{window}"


def _count(bucket: str, ends_at: datetime, tries: int = 1) -> int:
    return _count_all({bucket: ends_at}, tries)[bucket]


def _count_all(buckets: Mapping[str, datetime], tries: int) -> dict[str, int]:
    # In one order for all, so that no two of these statements wait for each other.
    rows = [
        (bucket, tries, connection.ops.adapt_datetimefield_value(ends_at))
        for bucket, ends_at in sorted(buckets.items())
    ]
    places = ", ".join([_ROW] * len(rows))
    with connection.cursor() as cursor:
        cursor.execute(_ADD.replace(_ROW, places), [value for row in rows for value in row])
        return dict(cursor.fetchall())


def forget_past_windows() -> int:
    return RateWindow.objects.filter(ends_at__lt=timezone.now() - timedelta(hours=1)).delete()[0]
