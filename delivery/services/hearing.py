"""What WeChat pushes about called riders. An answer to our own question ends in the same place
(about.state_heard).
"""

from datetime import datetime, timedelta

from delivery.choices import Source
from delivery.models import Attempt
from delivery.services import calls, life
from delivery.services.polling import next_question
from delivery.wire.events import WaybillEvent
from delivery.wire.waybill import ENDED
from stores.models import Connection

# A push may name a moment that lies so far ahead of our clock; a later one is a mistake.
AHEAD = timedelta(hours=1)


def waybill_told(*, connection: Connection, event: WaybillEvent, at: datetime) -> int | None:
    """Takes in a push: found by account and order number, never by waybill number.

    Returns the attempt's key; None for an order that is not ours. Raises ValueError for a moment
    that cannot be, so that a person sees it.
    """
    found = _attempt_of(connection, event)
    if found is None:
        return None
    if event.action_at > at + AHEAD:
        raise ValueError("the moment of the push lies in the future")
    attempt = life.locked(found)
    _note_rider(attempt, event)
    life.hear(
        attempt,
        code=event.code,
        at=event.action_at,
        source=Source.PUSH,
        message=event.message,
    )
    if attempt.ended_at is None:
        attempt.ask_at = next_question(attempt)
        attempt.save(update_fields=["ask_at"])
    elif event.state not in ENDED and life.may_live_again(attempt):
        # News from before the end, or a rider after it by a clock that is behind ours.
        calls.owe_reading(attempt)
    calls.owe(attempt)
    return attempt.pk


def _attempt_of(connection: Connection, event: WaybillEvent) -> int | None:
    """Returns the attempt that a push is about: of several lives under one number the last one that
    had begun by then.
    """
    rows = Attempt.objects.filter(
        shop_order_id=event.shop_order_id,
        shopid=event.shopid,
        courier__account__connection=connection,
    ).order_by("life")
    lives = list(rows.values_list("pk", "called_at"))
    begun = [pk for pk, called_at in lives[1:] if called_at <= event.action_at]
    first = [pk for pk, _called_at in lives[:1]]
    return next(iter([*reversed(begun), *first]), None)


def _note_rider(attempt: Attempt, event: WaybillEvent) -> None:
    if event.rider is None:
        return
    said = {"name": event.rider.name, "phone": event.rider.phone}
    known = dict(attempt.rider)
    rider = known | {name: text for name, text in said.items() if text and "*" not in text}
    arrives_at = event.rider.expected_at or attempt.arrives_at
    is_other = rider != known or arrives_at != attempt.arrives_at
    if not is_other or (known and _is_late(attempt, event)):
        return
    attempt.rider, attempt.arrives_at = rider, arrives_at
    attempt.save(update_fields=["rider", "arrives_at"])


def _is_late(attempt: Attempt, event: WaybillEvent) -> bool:
    """Whether a push tells of an earlier moment than one before it: another rider may have come."""
    return attempt.news.filter(source=Source.PUSH, at__gt=event.action_at).exists()
