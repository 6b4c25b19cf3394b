"""The places of waiting calls among those of their account, in one query; a second one counts the
accounts where they take turns.
"""

from collections.abc import Collection

from django.db import connection

from stores.models import OutboundCall
from stores.platforms import pace
from stores.platforms.outbox.operations import operations
from stores.platforms.outbox.place import PlaceInLine

# A longer line is not counted to its end.
COUNTED_AHEAD = 1000
# The condition of the index outbound_live.
LIVE_SQL = "state IN ({})".format(", ".join(f"'{state}'" for state in OutboundCall.LIVE))


def places_in_line(call_ids: Collection[int]) -> dict[int, PlaceInLine]:
    """Returns the place of each of these live calls in its account's line.

    Makes as many queries however many calls there are; settled calls are left out.
    """
    if not call_ids:
        return {}
    calls = OutboundCall._meta.db_table
    sql = f"""
        SELECT mine.id, mine.platform, mine.operation,
            (pace.failures > 0 OR login.state = 'refused'
                OR (mine.attempts_made > 0 AND mine.last_error <> '')),
            {pace.seconds_until_free_sql("pace.next_at")}, (
            SELECT count(*) FROM (
                SELECT 1 FROM {calls} ahead
                WHERE ahead.pace_id = mine.pace_id
                AND ahead.{LIVE_SQL} AND ahead.state <> 'unknown'
                AND (ahead.lane, ahead.queued_at) < (mine.lane, mine.queued_at)
                LIMIT {COUNTED_AHEAD}
            ) AS counted
        )
        FROM {calls} mine JOIN stores_pace pace ON pace.id = mine.pace_id
        JOIN stores_connection login ON login.id = mine.connection_id
        WHERE mine.id IN ({", ".join(["%s"] * len(call_ids))}) AND mine.{LIVE_SQL}
    """  # noqa: S608
    with connection.cursor() as cursor:
        cursor.execute(sql, list(call_ids))
        found = cursor.fetchall()
    turns = {platform: _turns(platform) for platform in {row[1] for row in found}}
    return {pk: _place(platform, turns[platform], *columns) for pk, platform, *columns in found}


def _place(
    platform: str, turns: int, operation: str, held_up: bool, free_in: float, ahead: int
) -> PlaceInLine:
    """Assumes that every call ahead needs the same number of requests as this one."""
    if held_up:
        return PlaceInLine(position=ahead + 1, seconds=None)
    requests = (ahead + 1) * operations[platform, operation].requests_left - 1
    wait = max(0.0, float(free_in)) + requests * pace.interval(platform) * turns
    return PlaceInLine(position=ahead + 1, seconds=max(1, round(wait)))


def _turns(platform: str) -> int:
    """Returns how many accounts take turns; 1 where each has slots of its own."""
    if not pace.is_shared(platform):
        return 1
    waiting = OutboundCall.objects.live().filter(platform=platform)
    return max(1, waiting.order_by().values("pace_id").distinct().count())


def place_in_line(call: OutboundCall) -> PlaceInLine:
    """Returns the place of one call; a call that was just settled counts as next."""
    return places_in_line([call.pk]).get(call.pk, PlaceInLine(position=1, seconds=1))
