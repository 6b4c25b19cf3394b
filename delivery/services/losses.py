"""Notices that somebody else takes a connection's tokens: they end before their time."""

from collections.abc import Callable
from datetime import timedelta
from typing import TypeVar

from django.db.models import F
from django.utils import timezone

from delivery.models import LostTokens
from stores.models import Connection
from stores.platforms.errors import AuthExpired
from stores.platforms.tokens import AHEAD
from stores.tenancy import TenantQuerySet

T = TypeVar("T")
# One may be an accident. So many within this time are another server.
MANY, WITHIN = 3, timedelta(hours=1)


def noticed(connection: Connection, request: Callable[[str], T]) -> Callable[[str], T]:
    """Returns a request that notes when its token has ended before its time."""

    def ask(token: str) -> T:
        try:
            return request(token)
        except AuthExpired:
            note_lost(connection.pk, token)
            raise

    return ask


def note_lost(connection_id: int, token: str) -> None:
    """Counts a token that was refused although it is ours and should live on, each once."""
    row = Connection.objects.only("token", "token_serial", "token_ends_at").get(pk=connection_id)
    now = timezone.now()
    if row.token != token or row.token_ends_at is None or row.token_ends_at < now + AHEAD:
        return
    known = LostTokens.objects.filter(connection=row)
    first = {"serial": row.token_serial, "first_at": now, "last_at": now}
    is_new = LostTokens.objects.get_or_create(connection=row, defaults=first)[1]
    if is_new:
        return
    others = known.exclude(serial=row.token_serial)
    again = others.filter(last_at__gte=now - WITHIN)
    counted = again.update(count=F("count") + 1, serial=row.token_serial, last_at=now)
    if not counted:
        others.update(count=1, **first)


def taken_by_others() -> TenantQuerySet[LostTokens]:
    """Returns the connections whose tokens another server takes."""
    since = timezone.now() - WITHIN
    return LostTokens.objects.filter(count__gte=MANY, last_at__gte=since)
