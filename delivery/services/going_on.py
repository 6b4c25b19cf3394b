"""What goes on without a person: the next rider after one who is surely gone, and the steps of a
store's ladder while nobody accepts.

The rows say what is due, so that a task that runs twice, late or not at all changes nothing.
"""

import logging
from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from datetime import datetime, timedelta

from django.db import transaction
from django.db.models import Q
from django.utils import timezone

from delivery.models import Attempt, Delivery, DeliveryStore
from delivery.services import calls, life
from delivery.services.dispatching import (
    OURSELVES,
    delivery_cancel,
    delivery_dispatch,
    delivery_tip,
)
from delivery.services.escalating import Do, Step, due, next_total
from delivery.wire.couriers import courier_of
from stores.conflicts import Conflict
from stores.platforms.errors import PlatformError

Then = Delivery.Then
# A delivery that a person left alone is not called for by itself after so long.
LATE = timedelta(hours=12)
log = logging.getLogger(__name__)


def go_on(delivery: Delivery) -> None:
    """Calls whom the rows want to be called now, if anybody."""
    place = DeliveryStore.objects.filter(store=delivery.store_id).first()
    if delivery.state != Delivery.State.WAITING or place is None:
        return
    if delivery.attempts.revived().exists():
        # He is being cancelled; the schedule asks once more.
        return
    is_due = delivery.then == Then.NEXT or (
        place.is_automatic
        and delivery.ready_at is not None
        and not delivery.needs_person
        and delivery.then == Then.NOTHING
    )
    try:
        if delivery.then == Then.OURSELVES:
            delivery_dispatch(delivery=delivery, courier=OURSELVES, actor=None)
        elif is_due:
            delivery_dispatch(delivery=delivery, courier=None, actor=None)
    except Conflict:
        # Somebody was faster, or nobody can be called.
        _put_before_person(delivery.pk)


def waiting() -> Iterable[int]:
    """Returns the deliveries that may have to go on (services' tasks ask once more)."""
    now = timezone.now()
    rows = Delivery.objects.open().filter(state=Delivery.State.WAITING)
    by_itself = Q(
        store__delivery_store__is_automatic=True,
        ready_at__lte=now,
        created_at__gte=now - LATE,
        needs_person=False,
    )
    wanted = Q(then__in=[Then.NEXT, Then.OURSELVES])
    return rows.filter(by_itself | wanted).order_by("pk").values_list("pk", flat=True)


def ladder_of(place: DeliveryStore) -> list[Step]:
    return [Step.from_json(row) for row in place.ladder]


def attempts_without_rider() -> Iterable[Attempt]:
    """Returns the attempts whose store has a ladder, and that no rider has accepted."""
    rows = Attempt.objects.live().filter(
        state=Attempt.State.LIVE, accepted_at=None, delivery__is_drill=False
    )
    rows = rows.exclude(courier=None).exclude(courier__place__ladder=[])
    return rows.select_related("delivery", "courier__place", "courier__account").order_by("pk")


def step_take(attempt: Attempt) -> Step | None:
    """Takes the step of the ladder that is due for an attempt; None when none is.

    Each step is taken once: the row counts them before anything is sent.
    """
    if attempt.courier is None:
        return None
    ladder = ladder_of(attempt.courier.place)
    step = due(ladder, waited=timezone.now() - attempt.called_at, taken=attempt.steps)
    if step is None or not _count_step(attempt):
        return None
    try:
        _do(attempt, step)
    except (Conflict, PlatformError):
        # The courier does not take it; the next step comes.
        return step
    return step


def _count_step(attempt: Attempt) -> bool:
    rows = Attempt.objects.filter(pk=attempt.pk, steps=attempt.steps, accepted_at=None)
    return bool(rows.filter(state=Attempt.State.LIVE).update(steps=attempt.steps + 1))


def _do(attempt: Attempt, step: Step) -> None:
    if step.do == Do.TIP:
        known = courier_of(attempt.courier_code)
        value = attempt.delivery.value
        total = next_total(step, known, tip=attempt.tip, value=value)
        if total is not None:
            delivery_tip(delivery=attempt.delivery, total=total, actor=None)
        return
    delivery_cancel(
        delivery=attempt.delivery,
        actor=None,
        max_fee=step.cancel_fee,
        then=Then.NEXT if step.do == Do.NEXT else Then.OURSELVES,
    )


def ask_due() -> None:
    """Owes the questions that are due, and once more what rows demand that nobody has sent."""
    now = timezone.now()
    rows = Attempt.objects.filter(ask_at__lte=now, delivery__is_drill=False).order_by("ask_at")
    for pk in rows.values_list("pk", flat=True)[:500]:
        with apart(pk):
            _ask(pk, now)


@contextmanager
def apart(attempt_id: int) -> Iterator[None]:
    """Keeps what fails for one attempt from those of all other shops."""
    try:
        yield
    except Exception:
        log.exception("attempt %s cannot go on", attempt_id)


@transaction.atomic
def _ask(attempt_id: int, now: datetime) -> None:
    attempt = life.locked(attempt_id)
    if attempt.ask_at is None or attempt.ask_at > now:
        return
    is_left = attempt.needs_person and attempt.state != Attempt.State.LIVE
    pause = life.ASK_SELDOM if is_left else life.ASK_EVERY
    may_live_again = life.may_live_again(attempt)
    attempt.ask_at = now + pause
    if attempt.ended_at:
        since = now - attempt.ended_at
        is_watched = may_live_again and since < life.ASK_AFTER_END
        attempt.ask_at = now + since if is_watched else None
    attempt.save(update_fields=["ask_at"])
    is_calling = attempt.state == Attempt.State.CALLING
    is_open = attempt.state == Attempt.State.LIVE or (is_calling and calls.is_given_up(attempt))
    if attempt.courier and (is_open or may_live_again):
        calls.owe_reading(attempt)
    calls.owe(attempt)


@transaction.atomic
def _put_before_person(pk: int) -> None:
    row = Delivery.objects.locked(pk)
    if row.state != Delivery.State.WAITING:
        return
    row.needs_person, row.then = True, Then.NOTHING
    row.save(update_fields=["needs_person", "then", "changed_at"])
