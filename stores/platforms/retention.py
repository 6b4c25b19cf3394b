"""Removes the content of old rows of both ledgers after the merchant's days; the rows stay.

`Merchant.personal_data_days` counts from the day on which a row was received or settled.
"""

import logging
import time
from collections.abc import Iterator
from datetime import datetime, timedelta

from django.db import transaction
from django.db.models import Q, QuerySet
from django.utils import timezone

from stores.models import Connection, InboundEvent, Merchant, OutboundAttempt, OutboundCall

log = logging.getLogger(__name__)
BATCH = 1000
# A notice that is not handled keeps its content for so long, even if the merchant's days are fewer.
OPEN_DAYS = 30
# A platform may repeat a question while its subject lives, and must get the same answer.
ANSWER_DAYS = 400
NEVER_HANDLED = "not handled before its content was removed"
State = InboundEvent.State


def remove_old_content(*, seconds: float = 30.0) -> int:
    """Empties bodies, answers, payloads and what each try sent and got, when they are too old.

    Returns the number of rows.

    Stops after `seconds`; the next run continues.
    """
    until = time.monotonic() + seconds
    removed = 0
    for connection_id, days in _connections():
        try:
            removed += _remove(connection_id, days, until)
        except OverflowError as error:
            log.warning("content of connection %s is not removed: %s", connection_id, error)
        if time.monotonic() > until:
            break
    return removed


def _remove(connection_id: int, days: int, until: float) -> int:
    removed = 0
    for rows, empty in (
        (_old_events(connection_id, days), _empty_events),
        (_old_calls(connection_id, days), _empty_calls),
    ):
        while pks := list(rows.values_list("pk", flat=True)[:BATCH]):
            removed += empty(pks)
            if time.monotonic() > until:
                return removed
    return removed


def _connections() -> Iterator[tuple[int, int]]:
    """Yields each connection with the days for which its content is kept."""
    usual = Merchant._meta.get_field("personal_data_days").get_default()
    rows = Connection.objects.order_by("pk").values_list("pk", "merchant__personal_data_days")
    for pk, days in list(rows):
        yield pk, usual if days is None else days


def _before(days: int) -> datetime:
    return timezone.now() - timedelta(days=days)


def _old_events(connection_id: int, days: int) -> QuerySet[InboundEvent]:
    is_notice = Q(answer="")
    return InboundEvent.objects.filter(
        Q(is_notice, state=State.HANDLED)
        | Q(is_notice, received_at__lt=_before(max(days, OPEN_DAYS)))
        | Q(~is_notice, handled_at__lt=_before(max(days, ANSWER_DAYS))),
        connection=connection_id,
        emptied_at=None,
        received_at__lt=_before(days),
    ).order_by()


def _empty_events(pks: list[int]) -> int:
    now = timezone.now()
    rows = InboundEvent.objects.filter(pk__in=pks, emptied_at=None)
    with transaction.atomic():
        rows.exclude(state=State.HANDLED).update(
            state=State.HANDLED, handled_at=now, lease_until=None, error=NEVER_HANDLED
        )
        return rows.update(body={}, answer="", earlier=[], emptied_at=now)


def _old_calls(connection_id: int, days: int) -> QuerySet[OutboundCall]:
    return OutboundCall.objects.filter(
        connection=connection_id, emptied_at=None, settled_at__lt=_before(days)
    ).order_by()


def _empty_calls(pks: list[int]) -> int:
    # A person may have put one of them back to work since they were found.
    settled = OutboundCall.objects.filter(pk__in=pks, settled_at__isnull=False)
    with transaction.atomic():
        emptied = settled.update(payload={}, emptied_at=timezone.now())
        attempts = OutboundAttempt.objects.filter(call__in=pks, call__emptied_at__isnull=False)
        attempts.update(sent="", detail="")
    return emptied
