"""How often silent orders are asked about: less often when few of the day's calls are left, so that
those of people go on. What people ask for waits for nothing here.
"""

import logging
import time
from datetime import datetime, timedelta

from django.db.models import F, Q
from django.utils import timezone

from delivery.choices import PLATFORM
from delivery.models import Attempt, CallQuota
from delivery.services.wechat import Wechat
from stores.fields import SecretUnreadable
from stores.models import Connection
from stores.platforms.errors import PlatformError

log = logging.getLogger(__name__)
# A silent order is asked about so often, one that waits for a person so seldom.
ASK_EVERY, ASK_SELDOM = timedelta(seconds=40), timedelta(minutes=5)
# One that ended is asked about so long, each time twice as late: riders were seen to come after it,
# and the push that says so may be lost.
ASK_AFTER_END = timedelta(minutes=15)
# At least so many percent of the day's calls are left → so many times as long a pause, never longer
# than LONGEST.
WIDER = ((50, 1), (25, 2), (10, 4), (0, 8))
LONGEST = timedelta(minutes=5)
# WeChat is asked for the quota so often; what it said counts so long.
READ_EVERY, COUNTS = timedelta(minutes=2), timedelta(hours=1)
# In one task at most so many, and no more once so many seconds have passed: the next one goes on.
MOST, SECONDS = 100, 30.0
PATH = "order/get"


def pause_by(left: int | None, daily: int | None) -> timedelta:
    """Returns how long to wait between two questions about a silent order."""
    if left is None or not daily:
        return ASK_EVERY
    percent = 100 * left / daily
    times = next((times for least, times in WIDER if percent >= least), WIDER[-1][1])
    return min(ASK_EVERY * times, LONGEST)


def pause_of(attempt: Attempt) -> timedelta:
    if attempt.courier is None:
        return ASK_EVERY
    rows = CallQuota.objects.filter(connection=attempt.courier.account.connection_id)
    known = rows.filter(read_at__gte=timezone.now() - COUNTS).first()
    return pause_by(known.left, known.daily) if known else ASK_EVERY


def next_question(attempt: Attempt) -> datetime:
    return timezone.now() + pause_of(attempt)


def quotas_read() -> int:
    """Reads the quotas of mini-programs that have riders under way; returns of how many."""
    now = timezone.now()
    riding = Attempt.objects.live().exclude(courier=None).order_by()
    rows = Connection.objects.filter(
        platform=PLATFORM, pk__in=riding.values("courier__account__connection")
    )
    was_tried = Q(call_quota__tried_at__gt=now - READ_EVERY)
    longest_ago = F("call_quota__tried_at").asc(nulls_first=True)
    due = rows.exclude(was_tried).select_related("parent").order_by(longest_ago, "pk")
    count, until = 0, time.monotonic() + SECONDS
    for connection in due[:MOST]:
        if time.monotonic() >= until:
            break
        quota_read(connection)
        count += 1
    return count


def quota_read(connection: Connection) -> None:
    """Notes what WeChat says; where it does not answer, what it said before counts on."""
    tried = {"tried_at": timezone.now()}
    CallQuota.objects.update_or_create(connection=connection, defaults=tried)
    try:
        quota = Wechat(connection).call(lambda client, token: client.quota(token, PATH))
    except (PlatformError, SecretUnreadable) as error:
        log.info("the quota of connection %s was not read: %s", connection.pk, error)
        return
    found = {"daily": quota.daily, "left": quota.left, "read_at": timezone.now()}
    CallQuota.objects.filter(connection=connection).update(**found)
