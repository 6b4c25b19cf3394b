"""What goes on without a person: the next rider after one who is surely gone, and the steps of a
store's ladder while nobody accepts.

The rows say what is due, so that a task that runs twice, late or not at all changes nothing.
"""

import logging
from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from datetime import datetime, timedelta

from django.db import transaction
from django.db.models import Q, QuerySet
from django.utils import timezone

from delivery.choices import Basis, ForPerson
from delivery.models import Attempt, Delivery, DeliveryStore
from delivery.services import calls, life, polling, quoting
from delivery.services.about import put_before_person
from delivery.services.cancelling import rider_cancel
from delivery.services.dispatching import OURSELVES, delivery_dispatch, delivery_tip
from delivery.services.escalating import Do, Step, due, is_at_end, next_total
from delivery.services.refusals import FeeTooHigh, NobodyToCall
from delivery.wire.couriers import courier_of
from stores.conflicts import Conflict
from stores.models import OutboundCall
from stores.platforms import outbox
from stores.platforms.errors import PlatformError

Then = Delivery.Then
# So often a call is tried again that nobody answers; for how long, the store says.
RETRY_EVERY = timedelta(seconds=20)
# A delivery that a person left alone is not called for by itself after so long.
LATE = timedelta(hours=12)
ENCRYPTED = (
    "rider",
    "pickup_code",
    "finish_code",
    "delivery__receiver",
    "delivery__note",
    "courier__secret",
)
log = logging.getLogger(__name__)


def go_on(delivery: Delivery) -> None:
    """Calls whom the rows want to be called now, if anybody."""
    place = DeliveryStore.objects.filter(store=delivery.store_id).first()
    if delivery.state != Delivery.State.WAITING or place is None:
        return
    if delivery.attempts.revived().exists():
        # He is being cancelled; the schedule asks once more.
        return
    at_time = delivery.then == Then.AT_TIME or (
        place.is_automatic and delivery.then == Then.NOTHING
    )
    if at_time and not _is_time(delivery):
        _ask_ahead(delivery)
        return
    is_ready = delivery.ready_at is not None and not delivery.needs_person
    is_due = delivery.then == Then.NEXT or (at_time and is_ready)
    last = _last_called(delivery)
    try:
        if delivery.then == Then.OURSELVES:
            delivery_dispatch(delivery=delivery, courier=OURSELVES, actor=None)
        elif is_due and not _waits_for_retry(delivery):
            delivery_dispatch(delivery=delivery, courier=None, actor=None)
    except NobodyToCall as nobody:
        _nobody_called(delivery.pk, nobody.why, place, last)
    except Conflict:
        # Somebody was faster; otherwise a person sees it.
        _nobody_called(delivery.pk, ForPerson.OTHER, place, last)


def _last_called(delivery: Delivery) -> int | None:
    return delivery.attempts.order_by("-pk").values_list("pk", flat=True).first()


def _is_time(delivery: Delivery) -> bool:
    return delivery.call_at is None or delivery.call_at <= timezone.now()


def _ask_ahead(delivery: Delivery) -> None:
    """Asks the couriers once how long they take, where own orders do not tell it."""
    source = delivery.call_plan.get("source")
    if source != Basis.USUAL or delivery.quotes.exists():
        return
    try:
        quoting.quotes_ask(delivery=delivery)
    except Conflict:
        # What is usual counts.
        return


def _waits_for_retry(delivery: Delivery) -> bool:
    return delivery.retry_at is not None and delivery.retry_at > timezone.now()


def waiting() -> Iterable[int]:
    """Returns the deliveries that may have to go on (services' tasks ask once more)."""
    now = timezone.now()
    rows = Delivery.objects.open().filter(state=Delivery.State.WAITING)
    is_time = Q(call_at=None) | Q(call_at__lte=now)
    is_recent = Q(created_at__gte=now - LATE) | Q(call_at__gte=now - LATE)
    by_itself = Q(store__delivery_store__is_automatic=True) | Q(then=Then.AT_TIME)
    by_itself &= Q(ready_at__lte=now, needs_person=False) & is_time & is_recent
    wanted = Q(then__in=[Then.NEXT, Then.OURSELVES])
    not_yet = Q(retry_at__gt=now)
    rows = rows.filter(by_itself | wanted).exclude(not_yet)
    return rows.order_by("pk").values_list("pk", flat=True)


def ladder_of(place: DeliveryStore) -> list[Step]:
    return [Step.from_json(row) for row in place.ladder]


def attempts_without_rider() -> QuerySet[Attempt]:
    """Returns the attempts whose store has a ladder, and that no rider has accepted; what is
    encrypted stays.
    """
    rows = Attempt.objects.live().filter(
        state=Attempt.State.LIVE, accepted_at=None, delivery__is_drill=False
    )
    rows = rows.exclude(courier=None).exclude(courier__place__ladder=[])
    rows = rows.select_related("delivery", "courier__place", "courier__account")
    return rows.defer(*ENCRYPTED).order_by("pk")


def steps_due() -> list[int]:
    """Returns the attempts for which something of their store's ladder is to be done now."""
    found = []
    for attempt in attempts_without_rider():
        with apart(attempt.pk):
            step, is_over = _on_ladder(attempt)
            if step or (is_over and not attempt.needs_person):
                found.append(attempt.pk)
    return found


def _on_ladder(attempt: Attempt) -> tuple[Step | None, bool]:
    """Returns the step that is due for an attempt, and whether no step is left that may help."""
    if attempt.courier is None:
        return None, False
    ladder, waited = ladder_of(attempt.courier.place), timezone.now() - attempt.called_at
    step = due(ladder, waited=waited, taken=attempt.steps)
    return step, is_at_end(ladder, waited=waited, taken=attempt.steps)


def step_take(attempt: Attempt) -> Step | None:
    """Takes the step of the ladder that is due for an attempt; None when none is.

    Each step is taken once: the row counts them before anything is sent.
    """
    step, is_over = _on_ladder(attempt)
    if is_over:
        _tell_person(attempt, ForPerson.LADDER_END)
    if step is None or not _count_step(attempt):
        return None
    try:
        _do(attempt, step)
    except FeeTooHigh:
        # Only the last step cancels.
        _tell_person(attempt, ForPerson.OVER_LIMIT)
    except (Conflict, PlatformError):
        # The courier does not take it; the next step comes.
        pass
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
    rider_cancel(
        delivery=attempt.delivery,
        attempt=attempt,
        actor=None,
        max_fee=step.cancel_fee,
        then=Then.NEXT if step.do == Do.NEXT else Then.OURSELVES,
    )


def ask_due() -> None:
    """Owes the questions that are due, and once more what rows demand that nobody has sent."""
    now = timezone.now()
    rows = Attempt.objects.filter(ask_at__lte=now, delivery__is_drill=False).order_by("ask_at")
    asked = list(rows.values_list("pk", flat=True)[:500])
    for pk in asked:
        with apart(pk):
            _ask(pk, now)
    if asked:
        outbox.wake()


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
    pause = polling.ASK_SELDOM if is_left else polling.pause_of(attempt)
    may_live_again = life.may_live_again(attempt)
    attempt.ask_at = now + pause
    if attempt.ended_at:
        since = now - attempt.ended_at
        is_watched = may_live_again and since < polling.ASK_AFTER_END
        attempt.ask_at = now + since if is_watched else None
    attempt.save(update_fields=["ask_at"])
    is_calling = attempt.state == Attempt.State.CALLING
    rides = attempt.state in (Attempt.State.LIVE, Attempt.State.REVIVED)
    is_open = rides or (is_calling and calls.is_given_up(attempt))
    if attempt.courier and (is_open or may_live_again):
        calls.owe_reading(attempt, lane=OutboundCall.Lane.BACKGROUND)
    calls.owe(attempt)


@transaction.atomic
def _nobody_called(pk: int, why: ForPerson, place: DeliveryStore, last: int | None) -> None:
    """Has it tried again while that may help, and then puts the delivery before a person. Where
    somebody was called since `last`, what became of him has decided already.
    """
    row = Delivery.objects.locked(pk)
    if row.state != Delivery.State.WAITING or _last_called(row) != last:
        return
    now = timezone.now()
    since = row.retry_since or now
    if why == ForPerson.NO_ANSWER and now < since + place.retry_for:
        row.retry_since, row.retry_at = since, now + RETRY_EVERY
    else:
        row.retry_since, row.retry_at = None, None
        row.needs_person, row.for_person, row.then = True, why, Then.NOTHING
    row.save(
        update_fields=[
            "retry_since",
            "retry_at",
            "needs_person",
            "for_person",
            "then",
            "changed_at",
        ]
    )


@transaction.atomic
def _tell_person(attempt: Attempt, why: ForPerson) -> None:
    """Says of a rider whom nobody has accepted that no step is left for him."""
    row = life.locked(attempt.pk)
    if row.state == Attempt.State.LIVE and row.accepted_at is None and not row.needs_person:
        put_before_person(row, why)
