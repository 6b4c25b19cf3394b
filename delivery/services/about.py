"""What all calls about a called rider have in common, and how they are owed."""

from collections.abc import Callable
from datetime import datetime, timedelta
from typing import Any, TypeVar

from django.utils import timezone

from delivery.choices import PLATFORM, ForPerson, Source
from delivery.client.shop import CourierAccount, WechatClient
from delivery.models import Attempt, Delivery
from delivery.services import life
from delivery.services.orders import account_of_attempt
from delivery.services.wechat import Wechat
from delivery.wire.answers import NO_SUCH_ORDER
from delivery.wire.orders import Price, RemoteState, RemoteWaybill
from stores.models import Connection, OutboundAttempt, OutboundCall
from stores.platforms.errors import AuthExpired, Inconclusive, PlatformError, Refused
from stores.platforms.outbox import Operation, SlotWaiter, enqueue, notify

T = TypeVar("T")
# Our own word for a call that was not sent: its number means another rider now.
CALLED_AGAIN = "called_again"


def connection_of(attempt: Attempt) -> Connection:
    """Raises ValueError for one of the shop's own people."""
    if attempt.courier is None:
        raise ValueError("nobody is asked about the shop's own people")
    return attempt.courier.account.connection


class AboutRider(Operation):
    """Base of the calls; the subject is the attempt."""

    platform = PLATFORM
    # Whether it changes what the courier does.
    acts = True

    def first_question(self) -> timedelta:
        return timedelta(seconds=2)

    def talk(
        self,
        call: OutboundCall,
        wait_for_slot: SlotWaiter,
        request: Callable[[WechatClient, str, CourierAccount, Attempt], T],
    ) -> T:
        """Calls the courier of the call's attempt. Raises PlatformError."""
        rows = Attempt.objects.select_related("delivery", "courier__account", "courier__place")
        attempt = rows.get(pk=call.subject_id)
        if self.acts and life.was_called_again(attempt):
            raise Refused(CALLED_AGAIN, "")
        sent: list[str] = []

        def note(text: str) -> None:
            # A cancellation within a limit sends two requests; after a new login one is repeated.
            if text not in sent:
                sent.append(text)
                wait_for_slot.note("\n".join(sent))

        wechat = Wechat(call.connection, wait_for_slot, note=note)
        account = account_of_attempt(attempt)
        return wechat.call(lambda client, token: request(client, token, account, attempt))

    def state_of(self, call: OutboundCall, wait_for_slot: SlotWaiter) -> RemoteState | None:
        """Asks how the order stands; None when it is not there. Raises PlatformError, and
        Inconclusive when the answer does not say it.
        """
        try:
            found = self.talk(
                call,
                wait_for_slot,
                lambda client, token, account, attempt: client.state(
                    token, account, attempt.shop_order_id
                ),
            )
        except Refused as error:
            if error.code == NO_SUCH_ORDER:
                return None
            raise Inconclusive(f"the question was refused: {error.detail}") from error
        if found is None:
            raise Inconclusive("the answer says nothing of the order")
        return found


def waybill_of(client: WechatClient, token: str, account: CourierAccount, attempt: Attempt) -> str:
    """Returns the courier's number of the order, without which some cancel nothing. Where the
    answer to the call did not have it, the courier is asked; "" when that does not tell it either.

    Raises AuthExpired.
    """
    if attempt.waybill_id:
        return attempt.waybill_id
    try:
        found = client.state(token, account, attempt.shop_order_id)
    except AuthExpired:
        raise
    except PlatformError:
        found = None
    if found and found.waybill_id:
        attempt.waybill_id = found.waybill_id
        rows = Attempt.objects.filter(pk=attempt.pk, waybill_id="")
        rows.update(waybill_id=found.waybill_id)
    return attempt.waybill_id


def answer_was_lost(call: OutboundCall) -> bool:
    """Whether an earlier try of a call that is sent again may have been executed."""
    outcome = OutboundAttempt.Outcome
    lost = [outcome.UNKNOWN, outcome.TIMED_OUT, outcome.STARTED]
    return call.attempts.filter(kind=OutboundAttempt.Kind.SEND, outcome__in=lost).exists()


def state_heard(attempt: Attempt, found: RemoteState, asked_at: datetime) -> None:
    """Takes in an answer about a locked attempt: its state, its rider and where he is."""
    rider = {"name": found.rider_name, "phone": found.rider_phone}
    known = dict(attempt.rider)
    known |= {name: text for name, text in rider.items() if text and "*" not in text}
    if found.lng is not None and found.lat is not None:
        at = int(asked_at.timestamp())
        known |= {"lng": str(found.lng), "lat": str(found.lat), "at": at}
    attempt.rider = known
    if found.seconds_left is not None:
        attempt.arrives_at = asked_at + timedelta(seconds=found.seconds_left)
    attempt.waybill_id = attempt.waybill_id or found.waybill_id
    attempt.save(update_fields=["rider", "arrives_at", "waybill_id"])
    if found.code != attempt.waybill_state:
        life.hear(attempt, code=found.code, at=asked_at, source=Source.ASKED)


def adopt_waybill(attempt: Attempt, answer: RemoteWaybill) -> None:
    attempt.waybill_id = attempt.waybill_id or answer.waybill_id
    attempt.distance = answer.distance or attempt.distance
    attempt.seconds = answer.seconds or attempt.seconds
    attempt.pickup_code, attempt.finish_code = answer.pickup_code, answer.finish_code
    _adopt_price(attempt, answer.price)
    attempt.save()


def _adopt_price(attempt: Attempt, price: Price) -> None:
    """What the answer does not say stays as it was quoted."""
    said = {
        "fee": price.fee,
        "delivery_fee": price.delivery,
        "coupon": price.coupon,
        "insurance": price.insurance,
    }
    for name, value in said.items():
        if value is not None:
            setattr(attempt, name, value)


def owe_once(
    kind: type[AboutRider],
    attempt: Attempt,
    payload: dict[str, Any],
    *,
    after: timedelta = timedelta(0),
    lane: OutboundCall.Lane = OutboundCall.Lane.INTERACTIVE,
) -> None:
    """Owes a call unless one of its kind is owed already, which is then made no later."""
    due_at = timezone.now() + after
    live = OutboundCall.objects.live().filter(
        platform=PLATFORM, operation=kind.name, subject_id=attempt.pk
    )
    waiting = live.filter(state=OutboundCall.State.PENDING, due_at__gt=due_at)
    for pk in waiting.values_list("pk", flat=True):
        OutboundCall.objects.filter(pk=pk).update(due_at=due_at)
        notify(pk)
    if lane == OutboundCall.Lane.INTERACTIVE:
        live.filter(lane=OutboundCall.Lane.BACKGROUND).update(lane=lane)
    if live.exclude(state=OutboundCall.State.SENDING).exists():
        return
    key = f"{attempt.pk}:{due_at:%Y%m%d%H%M%S%f}"
    # Many questions come at once: who owes them wakes one worker for all.
    wake = not after and lane == OutboundCall.Lane.INTERACTIVE
    call = enqueue_about(kind, attempt, payload, key=key, wake=wake, lane=lane)
    if after:
        OutboundCall.objects.filter(pk=call.pk).update(due_at=due_at)


def enqueue_about(
    kind: type[AboutRider],
    attempt: Attempt,
    payload: dict[str, Any],
    *,
    key: str,
    wake: bool = True,
    lane: OutboundCall.Lane = OutboundCall.Lane.INTERACTIVE,
) -> OutboundCall:
    return enqueue(
        kind,
        connection=connection_of(attempt),
        key=key,
        subject_id=attempt.pk,
        store_id=attempt.delivery.store_id,
        lane=lane,
        payload=payload,
        wake=wake,
        is_drill=attempt.delivery.is_drill,
    )


def put_before_person(attempt: Attempt, why: ForPerson) -> None:
    attempt.needs_person, attempt.for_person = True, why
    attempt.save(update_fields=["needs_person", "for_person"])
    attempt.delivery.note_change()


def words_of(error: Refused) -> str:
    return f"{error.code}: {error.message}"[:300]


def move_then(delivery: Delivery, then: Delivery.Then) -> None:
    delivery.then = then
    delivery.save(update_fields=["then", "changed_at"])
