"""A service provider's tickets: when they have stopped, WeChat is asked to push them again
(docs/platforms/wechat_delivery.md §1.2).
"""

import logging
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta

from django.db import transaction
from django.utils import timezone

from delivery.services.wechat import Provider, providers
from stores.fields import readable
from stores.models import Connection
from stores.platforms import tokens
from stores.platforms.errors import PlatformError

log = logging.getLogger(__name__)
# WeChat pushes one every ten minutes: three in a row are missing.
SILENT_AFTER = timedelta(minutes=35)
ASK_EVERY = timedelta(minutes=30)


@dataclass(frozen=True)
class Silence:
    """`asked_at` is when WeChat was asked for tickets since; `problem` is what it answered then, ""
    when it agreed.
    """

    asked_at: datetime | None
    problem: str


def silence_of(provider: Connection) -> Silence | None:
    """Returns None while tickets come, and for a provider that is too new to know."""
    known = readable(provider, "credentials", {}) or {}
    last = max(_moment(known.get("ticket_at")), provider.created_at)
    if last > timezone.now() - SILENT_AFTER:
        return None
    asked_at = _moment(known.get("tickets_asked_at"))
    if asked_at < last:
        return Silence(None, "")
    return Silence(asked_at, str(known.get("tickets_problem", "")))


def ask_for_tickets() -> int:
    """Asks for the tickets of each provider who gets none, at a pace; returns how many were asked
    for.
    """
    return sum(_ask(each) for each in providers() if silence_of(each))


def _ask(provider: Connection) -> bool:
    if not _is_due(provider):
        return False
    try:
        Provider(provider).start_tickets()
    except PlatformError as error:
        log.warning("no tickets for connection %s: %s", provider.pk, error.detail)
        tokens.remember(provider, tickets_problem=error.detail[:300])
    return True


@transaction.atomic
def _is_due(provider: Connection) -> bool:
    """Whether this process asks; notes it before, so that no other does."""
    row = Connection.objects.select_for_update(no_key=True).get(pk=provider.pk)
    now = timezone.now()
    is_ready = bool(row.credentials.get("secret")) and silence_of(row) is not None
    if not is_ready or _moment(row.credentials.get("tickets_asked_at")) > now - ASK_EVERY:
        return False
    row.credentials |= {"tickets_asked_at": int(now.timestamp()), "tickets_problem": ""}
    row.save(update_fields=["credentials"])
    return True


def _moment(seconds: object) -> datetime:
    return datetime.fromtimestamp(seconds if isinstance(seconds, int) else 0, UTC)
