"""What WeChat pushes about called riders. An answer to our own question ends in the same place
(about.state_heard).
"""

from datetime import datetime, timedelta

from delivery.choices import Source
from delivery.models import Attempt
from delivery.services import calls, life
from delivery.services.polling import next_question
from delivery.wire.events import WaybillEvent
from delivery.wire.waybill import DEAD, ENDED
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
    else:
        _ask_later_life(attempt)
    calls.owe(attempt)
    return attempt.pk


def _ask_later_life(attempt: Attempt) -> None:
    """What was told of an earlier life may be about him whom its number means now."""
    later = life.of_number(attempt).filter(life__gt=attempt.life).order_by("-life").first()
    if later and (later.state == Attempt.State.LIVE or life.may_live_again(later)):
        calls.owe_reading(later)


def _attempt_of(connection: Connection, event: WaybillEvent) -> int | None:
    """Returns the attempt that a push is about: of several lives under one number the last one that
    had begun by then.

    A rider rides for no life that had ended: the courier's clock is behind ours, or counts whole
    seconds, and the next life is meant. An end that was told before a life began is another's.
    """
    rows = Attempt.objects.filter(
        shop_order_id=event.shop_order_id,
        shopid=event.shopid,
        courier__account__connection=connection,
    ).order_by("life")
    found, end = None, None
    for pk, called_at, ended_at in rows.values_list("pk", "called_at", "ended_at"):
        is_meant = end is not None and event.state not in DEAD and event.action_at >= end
        if found is None or called_at <= event.action_at or is_meant:
            found = pk
        end = ended_at and ended_at.replace(microsecond=0)
    return found


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
