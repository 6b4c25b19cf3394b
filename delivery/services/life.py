"""The life of a called rider: what is heard becomes rows, in one place for pushes, answers and
people.

Nothing here calls the platform; what is owed follows from the rows (calls.py).
"""

from datetime import datetime, timedelta

from django.db import transaction
from django.db.models import QuerySet
from django.utils import timezone

from delivery.choices import ForPerson, Moment, Source, WaybillState
from delivery.models import Attempt, Decision, Delivery, DeliveryMoment, WaybillNews
from delivery.services.escalating import Do
from delivery.services.polling import next_question
from delivery.services.story import News, Story, told
from delivery.wire.waybill import DEAD, RETURNING, stage_of
from stores.platforms.workers import queue
from stores.transitions import move, set_state

State = Attempt.State
GO_ON = "delivery.tasks.go_on"
# After a confirmed cancellation the end is asked for so often; where none comes within this time,
# the confirmation was none, and it is cancelled again.
PROVE_EVERY = timedelta(seconds=2)
PROOF_PATIENCE = timedelta(seconds=15)
_RIDDEN = (State.DELIVERED, State.RETURNED)
_WITH_GOODS = stage_of(WaybillState.PICKED_UP)


def locked(attempt_id: int) -> Attempt:
    """Returns the attempt with its delivery, both locked: the delivery first, always."""
    of = Attempt.objects.values_list("delivery", flat=True).get(pk=attempt_id)
    delivery = Delivery.objects.locked(of)
    rows = Attempt.objects.select_related("courier__account__connection", "courier__place")
    attempt = rows.select_for_update(of=("self",), no_key=True).get(pk=attempt_id)
    attempt.delivery = delivery
    return attempt


def hear(attempt: Attempt, *, code: int, at: datetime, source: Source, message: str = "") -> None:
    """Takes in one news of a locked attempt and changes rows as the whole story then says.

    What was heard before, and a code that is not known, changes nothing.
    """
    _news, is_new = WaybillNews.objects.get_or_create(
        attempt=attempt,
        code=code,
        at=at,
        source=source,
        defaults={"message": message[:500]},
    )
    if is_new and code in WaybillState.values:
        _retell(attempt)


def finish(
    attempt: Attempt,
    to: Attempt.State,
    *,
    why: ForPerson = ForPerson.COURIER_ENDED,
    **changes: object,
) -> None:
    """Gives a locked attempt its last state; its delivery ends, or waits for the next rider. `why`
    is what a person is told where that is one's to decide.
    """
    now = timezone.now()
    was_there = attempt.courier_id is not None and attempt.waybill_state is not None
    ask_at = next_question(attempt) if to == State.DEAD and was_there else None
    move(attempt, to, ended_at=now, ask_at=ask_at, is_unwanted=False, **changes)
    delivery = attempt.delivery
    was_cancelled = delivery.state == Delivery.State.CANCELLED
    if delivery.attempts.live().exists():
        # A rider who was taken for gone has ended his ride, beside the one who was called since.
        delivery.note_change()
    elif to == State.DELIVERED or delivery.attempts.filter(state=State.DELIVERED).exists():
        # Also once the second rider is gone and the one who was taken for gone has delivered.
        _end(delivery, Delivery.State.DELIVERED)
    elif to == State.RETURNED:
        _end(delivery, Delivery.State.RETURNED, for_person=ForPerson.RETURNED)
    elif delivery.then == Delivery.Then.CANCEL:
        _end(delivery, Delivery.State.CANCELLED)
    elif delivery.state == Delivery.State.RUNNING:
        _go_back(attempt, delivery, why)
    else:
        delivery.note_change()
    if to in _RIDDEN and (was_cancelled or _two_rode(delivery)):
        delivery.needs_person, delivery.for_person = True, ForPerson.REVIVED
        delivery.save(update_fields=["needs_person", "for_person", "changed_at"])


def _two_rode(delivery: Delivery) -> bool:
    """Whether somebody who took the order after its end has ended his ride beside another rider:
    both are paid.
    """
    riding = delivery.attempts.filter(state__in=(*Attempt.LIVE_STATES, *_RIDDEN))
    late = delivery.attempts.filter(state__in=_RIDDEN, revived_at__isnull=False)
    return any(
        riding.filter(called_at__lt=ended_at).exclude(pk=pk).exists()
        for pk, ended_at in late.values_list("pk", "ended_at")
    )


def _go_back(attempt: Attempt, delivery: Delivery, why: ForPerson) -> None:
    """Has the delivery wait for the next rider: of the rule that chose the last one, else of a
    person, who is told unless the end was wanted.
    """
    then = delivery.then
    was_wanted = attempt.cancel_reason is not None
    if then == Delivery.Then.NOTHING and not was_wanted and _goes_on(attempt):
        then = Delivery.Then.NEXT
    needs_person = then == Delivery.Then.NOTHING and not was_wanted
    now = timezone.now()
    move(
        delivery,
        Delivery.State.WAITING,
        then=then,
        needs_person=needs_person,
        for_person=why if needs_person else "",
        changed_at=now,
    )
    wake(delivery)


def _goes_on(attempt: Attempt) -> bool:
    """Whether a rule chose the courier, of a store whose rules go on by themselves."""
    if attempt.courier is None:
        return False
    place = attempt.courier.place
    chooses = place.is_automatic or any(step["do"] == Do.NEXT for step in place.ladder)
    return chooses and Decision.objects.filter(attempt=attempt).exclude(rule={}).exists()


def wake(delivery: Delivery) -> None:
    """Has a worker go on with a delivery once this transaction has committed."""
    transaction.on_commit(lambda: queue.wake_worker(GO_ON, delivery.pk), robust=True)


def prove_dead(attempt: Attempt) -> None:
    """Ends a locked attempt of which it is proved that nobody rides any more."""
    if attempt.state != State.DEAD:
        finish(attempt, State.DEAD, needs_person=attempt.revived_at is not None)


def _end(delivery: Delivery, to: Delivery.State, *, for_person: ForPerson | None = None) -> None:
    if to not in Delivery.TRANSITIONS[Delivery.State(delivery.state)]:
        delivery.note_change()
        return
    now = timezone.now()
    move(
        delivery,
        to,
        ended_at=now,
        then=Delivery.Then.NOTHING,
        needs_person=for_person is not None,
        for_person=for_person or "",
        changed_at=now,
    )


def _retell(attempt: Attempt) -> None:
    rows = attempt.news.filter(code__in=WaybillState.values)
    story = told(News(WaybillState(row.code), row.at, Source(row.source)) for row in rows)
    attempt.waybill_state, attempt.waybill_at = story.state, story.at
    attempt.accepted_at = story.moments.get(Moment.ACCEPTED) or attempt.accepted_at
    if attempt.has_accepted and attempt.for_person == ForPerson.LADDER_END:
        attempt.needs_person = False
    if Moment.PICKED_UP in _note_moments(attempt.delivery, story) and attempt.ask_at:
        # From now on the receiver sees where the rider is.
        attempt.ask_at = timezone.now()
    _follow(attempt, story)
    attempt.save()
    attempt.delivery.note_change()


def _note_moments(delivery: Delivery, story: Story) -> set[Moment]:
    """Returns those that were not known."""
    found = set()
    for kind, at in story.moments.items():
        moment, is_new = DeliveryMoment.objects.get_or_create(
            delivery=delivery, kind=kind, defaults={"at": at}
        )
        if is_new:
            found.add(kind)
        elif at < moment.at:
            # News that came late know better when it was.
            moment.at = at
            moment.save(update_fields=["at"])
    return found


def _follow(attempt: Attempt, story: Story) -> None:
    """Changes the attempt's own state as the courier's demands."""
    if attempt.state == State.DEAD:
        if not (may_live_again(attempt) and _lives_again(attempt, story)):
            return
        set_state(
            attempt,
            State.REVIVED,
            revived_at=timezone.now(),
            ended_at=None,
            cancelled_at=None,
            cancel_limit=None,
            needs_person=True,
            for_person=ForPerson.REVIVED,
        )
    if attempt.state == State.CALLING:
        # The push was faster than the answer: it is there.
        set_state(attempt, State.LIVE, needs_person=False)
    if attempt.state in (State.DELIVERED, State.RETURNED):
        return
    if story.state == WaybillState.DELIVERED:
        finish(attempt, State.DELIVERED)
    elif story.state == WaybillState.RETURNED:
        finish(attempt, State.RETURNED)
    elif story.state in RETURNING and attempt.state == State.ENDING:
        _comes_back(attempt)
    elif story.is_dead and attempt.state == State.LIVE:
        # Riders were seen to come after it: it counts once the cancellation is confirmed as well.
        set_state(attempt, State.ENDING)


def _comes_back(attempt: Attempt) -> None:
    """The goods were with the rider: he brings them back, and nothing is left to be cancelled."""
    set_state(attempt, State.LIVE, is_unwanted=False, cancel_limit=None)
    attempt.ask_at = next_question(attempt)
    attempt.delivery.then = Delivery.Then.NOTHING
    attempt.delivery.save(update_fields=["then", "changed_at"])


def _lives_again(attempt: Attempt, story: Story) -> bool:
    """Whether somebody rides, or has ridden, for an attempt that was proved dead."""
    if story.revived_at and story.state not in DEAD:
        return True
    after = [news for news in story.strange if story.at and news.at > story.at]
    if any(stage_of(news.state) >= _WITH_GOODS and news.state not in DEAD for news in after):
        return True
    # The courier had said that it has ended, and says otherwise now: both by our clock.
    asked = attempt.news.filter(source=Source.ASKED, code__in=WaybillState.values)
    return asked.filter(at__gt=attempt.ended_at).exclude(code__in=DEAD).exists()


def may_live_again(attempt: Attempt) -> bool:
    """Whether what the courier says now of a number is about this dead attempt: nobody was called
    again under it.
    """
    return attempt.state == State.DEAD and not was_called_again(attempt)


def was_called_again(attempt: Attempt) -> bool:
    """Whether the number of an attempt stands for a later life by now: whatever is sent to the
    courier under it is about that one.
    """
    return of_number(attempt).filter(life__gt=attempt.life).exists()


def of_number(attempt: Attempt) -> QuerySet[Attempt]:
    """Returns all lives under the number of an attempt."""
    return Attempt.objects.filter(shop_order_id=attempt.shop_order_id, shopid=attempt.shopid)


def is_proof(attempt: Attempt, code: int | None, asked_at: datetime) -> bool:
    """Whether a state that was asked for at that moment proves that nobody rides: it is an end, and
    the cancellation was confirmed before. None: the order is not there any more.
    """
    if attempt.cancelled_at is None or asked_at < attempt.cancelled_at:
        return False
    return code is None or code in DEAD
