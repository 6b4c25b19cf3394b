"""Pacing of calls: one row per (platform, account), one UPDATE … RETURNING per slot, on the
database's clock.

Where the platform's limit counts all calls from our address (PACE_SCOPE), the slots of one more row
are shared by all accounts; the account that was served longest ago is served next.

Slots are evenly spaced without bursts, so a platform that allows n calls a second never sees n + 1.
A caller that serves a person reserves ahead (`patience`); background work takes only slots that are
nearly free, so it makes no queue.
"""

import time
from dataclasses import dataclass
from datetime import timedelta
from itertools import pairwise

from django.conf import settings
from django.db import connection
from django.utils import timezone

from stores.domains import domain_of
from stores.models import Pace
from stores.platforms.errors import NoSlot

# Slots this near (seconds) count as free: reserving slightly ahead loses no time between two calls.
NEAR = 0.25
# The furthest (seconds) that a slot is reserved ahead.
FAR = 5.0
# A slot missed by this much (seconds) is not used: the next slots are taken, and the platform would
# see three calls at once.
LATE = 0.02
# A reading of the database's clock that took no longer than this (seconds) is good enough.
SURE = 0.01
HOUR, TOGETHER = timedelta(hours=1), timedelta(minutes=1)
# The account under which the slots of our whole address stand.
ADDRESS = "*"
_CLOCK = {
    "sqlite": "((julianday('now') - 2440587.5) * 86400.0)",
    "postgresql": "extract(epoch from clock_timestamp())::double precision",
}
_LATER = {"sqlite": "max", "postgresql": "greatest"}


@dataclass(frozen=True)
class Slot:
    """The right to send one request at `at` (time.monotonic() seconds)."""

    pace_id: int
    at: float
    next_at: float

    def wait(self) -> float:
        """Blocks until the slot has come; returns how late it is then (seconds).

        It is late when the database, a login or a busy machine took long.
        """
        delay = self.at - time.monotonic()
        if delay > 0:
            time.sleep(delay)
        return time.monotonic() - self.at


def interval(platform: str) -> float:
    """Returns the seconds between two calls of one account at this platform; 0 means unpaced."""
    set_here: float | None = settings.PACE_SECONDS.get(platform)
    if set_here is not None:
        return set_here
    domain = domain_of(platform)
    return domain.pace_seconds if domain else 0.0


def reserve(pace: Pace, *, patience: float, ahead: float = 0.0) -> Slot | None:
    """Reserves the account's next slot if it comes within `patience` seconds, else returns None.

    The slot is at least `ahead` seconds away, for callers that need time before they send.
    """
    clock, later = _CLOCK[connection.vendor], _LATER[connection.vendor]
    gap, row = interval(pace.platform), pace.pk
    if is_shared(pace.platform):
        # What postponed the account itself counts too.
        if _seconds_until([pace.pk]) > patience:
            return None
        row = _address(pace.platform)
    slot = _moved(
        row,
        gap,
        f"UPDATE stores_pace SET next_at = {later}(next_at, {clock} + %s) + %s "
        f"WHERE id = %s AND next_at - {clock} <= %s RETURNING next_at, next_at - %s - {clock}",
        [ahead, gap, row, patience, gap],
    )
    if slot and row != pace.pk:
        Pace.objects.filter(pk=pace.pk, next_at__lt=slot.next_at).update(next_at=slot.next_at)
    return slot


def is_shared(platform: str) -> bool:
    """Whether all accounts of this platform share the slots of our address."""
    return settings.PACE_SCOPE.get(platform) == "address"


def _address(platform: str) -> int:
    """Returns the key of the row with the slots of our address."""
    return Pace.objects.get_or_create(platform=platform, account=ADDRESS)[0].pk


def _put_off(pace: Pace, slot: Slot, ahead: float) -> Slot | None:
    """Moves the slot to now, or `ahead` seconds later.

    None when a later slot is already reserved.
    """
    clock = _CLOCK[connection.vendor]
    gap = interval(pace.platform)
    return _moved(
        slot.pace_id,
        gap,
        f"UPDATE stores_pace SET next_at = {clock} + %s + %s "
        f"WHERE id = %s AND next_at = %s RETURNING next_at, next_at - %s - {clock}",
        [ahead, gap, slot.pace_id, slot.next_at, gap],
    )


def _moved(row_id: int, gap: float, sql: str, values: list[float]) -> Slot | None:
    before = time.monotonic()
    with connection.cursor() as cursor:
        cursor.execute(sql, values)
        row = cursor.fetchone()
    after = time.monotonic()
    if row is None:
        return None
    next_at, left = row
    if after - before > SURE:
        # The lock before it or the commit behind it took long: the clock is read again, without
        # either.
        after, left = _left_until(next_at - gap)
    return Slot(row_id, after + max(0.0, left), next_at)


def _left_until(moment: float) -> tuple[float, float]:
    """Returns time.monotonic() at some moment, and the seconds from then until the database's clock
    shows `moment`.
    """
    readings = []
    with connection.cursor() as cursor:
        for _ in range(3):
            before = time.monotonic()
            cursor.execute(f"SELECT {_CLOCK[connection.vendor]}")
            [clock] = cursor.fetchone()
            after = time.monotonic()
            readings.append((after - before, after, moment - clock))
            if after - before <= SURE:
                break
    _, at, left = min(readings)
    return at, left


def release(slot: Slot, platform: str) -> None:
    """Gives an unused slot back, unless a later one is already reserved."""
    with connection.cursor() as cursor:
        cursor.execute(
            "UPDATE stores_pace SET next_at = next_at - %s WHERE id = %s AND next_at = %s",
            [interval(platform), slot.pace_id, slot.next_at],
        )


def throttled(pace: Pace, seconds: float) -> None:
    """Notes that the platform throttled the account, and moves its next slot; with shared slots,
    everybody's.
    """
    Pace.objects.filter(pk=pace.pk).update(throttled_at=timezone.now())
    rows = [pace.pk, _address(pace.platform)] if is_shared(pace.platform) else [pace.pk]
    for row in rows:
        postpone(row, seconds)


def accounts_throttled_together() -> set[str]:
    """Returns the platforms at which several accounts were throttled within a minute, in the last
    hour: their limit may count our address.
    """
    now = timezone.now()
    rows = Pace.objects.filter(throttled_at__gt=now - HOUR).order_by("platform", "throttled_at")
    times = rows.values_list("platform", "throttled_at")
    return {
        platform
        for (platform, first), (other, second) in pairwise(times)
        if platform == other
        and first
        and second
        and second - first < TOGETHER
        and not is_shared(platform)
    }


def merge(old: Pace, new: Pace) -> None:
    """Lets the calls of one row take the slots of another: what was reserved stays reserved, and
    whoever still holds the old row gets no slot there.
    """
    if old.pk == new.pk:
        return
    reserved = Pace.objects.filter(pk=old.pk).values_list("next_at", flat=True).get()
    Pace.objects.filter(pk=new.pk, next_at__lt=reserved).update(next_at=reserved)
    # No longer than a call can still be sent by it: the name may be entered again.
    postpone(old.pk, settings.LEASE.total_seconds())


def postpone(pace_id: int, seconds: float, *, failed: bool = False) -> None:
    """Moves the account's next slot for every process: after a throttle answer, or while the
    platform is down.
    """
    clock, later = _CLOCK[connection.vendor], _LATER[connection.vendor]
    sql = (
        f"UPDATE stores_pace SET next_at = {later}(next_at, {clock} + %s), failures = failures + "
        "%s WHERE id = %s"
    )
    with connection.cursor() as cursor:
        cursor.execute(sql, [seconds, int(failed), pace_id])


def wait_for_turn(pace: Pace, slot: Slot | None = None) -> None:
    """Blocks until a slot has come, at most FAR seconds ahead:

    `slot`, or another one if that was missed.

    Raises NoSlot.
    """
    ahead = 0.0
    for _ in range(5):
        slot = slot or reserve(pace, patience=FAR, ahead=ahead)
        if slot is None:
            raise NoSlot("no slot came free in time")
        if slot.wait() <= LATE or not interval(pace.platform):
            return
        slot = _put_off(pace, slot, ahead)
        # A slot missed twice means that this machine needs that long before it sends.
        ahead = 2 * ahead + 0.05
    raise NoSlot("this machine is too busy to keep its slots")


def seconds_until_free_sql(next_at: str) -> str:
    """Returns SQL for the seconds until the slot in the column `next_at`; negative when it is
    free.
    """
    return f"{next_at} - {_CLOCK[connection.vendor]}"


def seconds_until_free(pace_id: int, platform: str) -> float:
    """Returns the seconds until the account's next free slot; 0.0 when it is free now."""
    return _seconds_until([pace_id, _address(platform)] if is_shared(platform) else [pace_id])


def _seconds_until(rows: list[int]) -> float:
    """Returns the seconds until all these rows have a free slot."""
    places = ", ".join(["%s"] * len(rows))
    seconds = seconds_until_free_sql("max(next_at)")
    with connection.cursor() as cursor:
        cursor.execute(f"SELECT {seconds} FROM stores_pace WHERE id IN ({places})", rows)
        row = cursor.fetchone()
    return max(0.0, float(row[0] or 0.0))


def take(pace: Pace, *, patience: float) -> None:
    """Waits up to `patience` seconds for a free slot in the background lane, then for the slot.

    Raises NoSlot.
    """
    until = time.monotonic() + patience
    while True:
        slot = reserve(pace, patience=NEAR)
        if slot is not None:
            return wait_for_turn(pace, slot)
        if time.monotonic() > until:
            raise NoSlot("no slot came free in time")
        time.sleep(min(0.5, max(0.01, seconds_until_free(pace.pk, pace.platform) - NEAR)))
