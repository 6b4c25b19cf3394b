"""What is asked of couriers about a called rider, and what follows from the answers
(docs/platforms/wechat_delivery.md §2.3 to §2.6).

Never two riders: a number is sent once or adopted, and a rider is gone only when the courier has
confirmed the cancellation and then answers with an end.
"""

from datetime import timedelta
from decimal import Decimal
from typing import Any, ClassVar

from django.utils import timezone
from django.utils.translation import gettext_lazy as _

from delivery.choices import PLATFORM, CancelReason, ForPerson, WaybillState
from delivery.client.shop import CourierAccount, WechatClient
from delivery.models import Attempt, Delivery
from delivery.services import life, resting
from delivery.services.about import (
    CALLED_AGAIN,
    AboutRider,
    adopt_waybill,
    enqueue_about,
    move_then,
    owe_once,
    put_before_person,
    state_heard,
    waybill_of,
    words_of,
)
from delivery.services.orders import order_of
from delivery.services.polling import next_question, pause_of
from delivery.wire.answers import EXISTS, HAS_ENDED, NO_SUCH_ORDER, CourierRefused
from delivery.wire.orders import RemoteWaybill
from delivery.wire.waybill import DEAD, RETURNING
from stores.models import OutboundCall
from stores.platforms.errors import Refused, Undecided
from stores.platforms.outbox import SlotWaiter, Verdict, operation, wait_while_at_work
from stores.transitions import move

State = Attempt.State
# Our own words for a call that was not sent.
UNWANTED, TOO_DEAR, NOT_THERE = "unwanted", "over_limit", "not_there"
NOTHING_TO_CANCEL = frozenset({HAS_ENDED, NO_SUCH_ORDER})


@operation
class RiderCalling(AboutRider):
    """Calls a rider (§2.3). The same number may be sent again: WeChat takes it once."""

    name = "rider.call"
    title = _("Call a rider")
    patience = timedelta(minutes=10)
    backoff: ClassVar[tuple[float, ...]] = (1, 2, 5, 10, 20, 30)

    def send(self, call: OutboundCall, wait_for_slot: SlotWaiter) -> RemoteWaybill:
        try:
            answer = self.talk(call, wait_for_slot, self._add)
        except Refused as error:
            if error.code == EXISTS:
                # An earlier try got there; its answer was lost.
                raise Undecided("the order exists") from error
            raise
        if not answer.waybill_id and answer.price.fee is None:
            raise Undecided("the answer names neither a waybill nor a price")
        return answer

    def ask(self, call: OutboundCall, wait_for_slot: SlotWaiter) -> Verdict:
        asked_at = timezone.now()
        found = self.state_of(call, wait_for_slot)
        if found is None or (found.state in DEAD and self._was_called_before(call)):
            wait_while_at_work(call)
            return Verdict(executed=False)
        return Verdict(executed=True, answer=(asked_at, found))

    def on_done(self, call: OutboundCall, answer: Any, *, inferred: bool) -> None:
        attempt = life.locked(call.subject_id)
        if attempt.state == State.CALLING:
            # Couriers put states of their own into this answer: it waits for a rider.
            waits = WaybillState.WAITING
            ask_at = next_question(attempt)
            move(attempt, State.LIVE, waybill_state=waits, ask_at=ask_at, needs_person=False)
        if isinstance(answer, RemoteWaybill):
            adopt_waybill(attempt, answer)
        elif answer:
            asked_at, found = answer
            state_heard(attempt, found, asked_at)
        attempt.delivery.note_change()
        owe(attempt)

    def on_refused(self, call: OutboundCall, error: Refused) -> None:
        attempt = life.locked(call.subject_id)
        if attempt.state != State.CALLING:
            # A push said that it is there.
            owe(attempt)
            return
        life.finish(attempt, State.DEAD, why=ForPerson.COURIER_REFUSED, refusal=words_of(error))
        if attempt.courier and isinstance(error, CourierRefused):
            resting.note_refusal(attempt.courier, error.message)

    def on_unknown(self, call: OutboundCall) -> None:
        attempt = Attempt.objects.select_related("courier").get(pk=call.subject_id)
        if attempt.courier:
            resting.note_silence(attempt.courier)

    def on_inconclusive(self, call: OutboundCall) -> None:
        put_before_person(life.locked(call.subject_id), ForPerson.UNSURE)

    def on_dead(self, call: OutboundCall, *, maybe_executed: bool) -> None:
        attempt = life.locked(call.subject_id)
        if attempt.state != State.CALLING:
            return
        if maybe_executed:
            # It is asked about on, and holds the delivery's place until somebody knows.
            attempt.ask_at = next_question(attempt)
            attempt.save(update_fields=["ask_at"])
            put_before_person(attempt, ForPerson.UNSURE)
        else:
            words = call.last_error[:300]
            life.finish(attempt, State.DEAD, why=ForPerson.NO_ANSWER, refusal=words)

    def may_retry(self, call: OutboundCall, *, ask_first: bool) -> bool:
        return Attempt.objects.filter(pk=call.subject_id, state=State.CALLING).exists()

    @staticmethod
    def _was_called_before(call: OutboundCall) -> bool:
        """Whether an end that is read may be that of an earlier life under the same number."""
        return Attempt.objects.filter(pk=call.subject_id, life__gt=1).exists()

    @staticmethod
    def _add(
        client: WechatClient, token: str, account: CourierAccount, attempt: Attempt
    ) -> RemoteWaybill:
        if attempt.is_unwanted:
            raise Refused(UNWANTED, "")
        if attempt.courier is None:
            raise ValueError("the shop's own people are not called")
        order = order_of(attempt.delivery, attempt.courier, tip=attempt.tip)
        return client.add(
            token,
            account,
            attempt.shop_order_id,
            order,
            delivery_token=attempt.price_token,
            is_again=attempt.life > 1,
        )


def cancel_fee(
    client: WechatClient, token: str, account: CourierAccount, attempt: Attempt
) -> Decimal | None:
    """Asks what cancelling costs now; None when the courier does not say it: not all answer this.

    Raises PlatformError.
    """
    try:
        waybill_id = waybill_of(client, token, account, attempt)
        return client.cancel_fee(token, account, attempt.shop_order_id, waybill_id=waybill_id)
    except CourierRefused:
        return None
    except Refused as error:
        if error.code in NOTHING_TO_CANCEL:
            return Decimal(0)
        raise


@operation
class RiderCancelling(AboutRider):
    """Cancels a rider (§2.5). The payload is {"limit": yuan as text or None}: above it nothing is
    cancelled; "fee" is what the courier has said before.
    """

    name = "rider.cancel"
    title = _("Cancel a rider")
    patience = timedelta(hours=1)
    backoff: ClassVar[tuple[float, ...]] = (1, 2, 3, 5, 10, 30, 60)

    def send(self, call: OutboundCall, wait_for_slot: SlotWaiter) -> Decimal | None:
        limit = call.payload.get("limit")

        def cancel(
            client: WechatClient, token: str, account: CourierAccount, attempt: Attempt
        ) -> Decimal | None:
            if limit is not None:
                fee = cancel_fee(client, token, account, attempt)
                if fee is None or fee > Decimal(limit):
                    raise Refused(TOO_DEAR, "" if fee is None else str(fee))
                _keep_fee(call, fee)
            answer = client.cancel(
                token,
                account,
                attempt.shop_order_id,
                waybill_id=waybill_of(client, token, account, attempt),
                reason=CancelReason(attempt.cancel_reason or CancelReason.OTHER),
            )
            return _kept_fee(call) if answer is None else answer

        try:
            return self.talk(call, wait_for_slot, cancel)
        except Refused as error:
            if error.code in NOTHING_TO_CANCEL:
                # An earlier try got there, and its answer was lost; else it ended by itself.
                return _kept_fee(call) if call.was_unknown else None
            raise

    def ask(self, call: OutboundCall, wait_for_slot: SlotWaiter) -> Verdict:
        """An end shows that it was cancelled; only the courier's own confirmation makes it sure, so
        that it is sent again, which does no harm.
        """
        wait_while_at_work(call)
        return Verdict(executed=False)

    def on_done(self, call: OutboundCall, answer: Decimal | None, *, inferred: bool) -> None:
        attempt = life.locked(call.subject_id)
        attempt.cancelled_at = timezone.now()
        if answer is not None:
            # Of an order that lived again each cancellation costs.
            before = attempt.deduction if attempt.revived_at else None
            attempt.deduction = answer + (before or Decimal(0))
        attempt.save(update_fields=["cancelled_at", "deduction"])
        attempt.delivery.note_change()
        owe(attempt)

    def on_refused(self, call: OutboundCall, error: Refused) -> None:
        if error.code == CALLED_AGAIN:
            return
        attempt = life.locked(call.subject_id)
        attempt.refusal = words_of(error)
        is_dear = error.code == TOO_DEAR
        attempt.for_person = ForPerson.OVER_LIMIT if is_dear else ForPerson.CANCEL_REFUSED
        attempt.needs_person = True
        # What a person wanted and agreed to was this cancellation only.
        attempt.is_unwanted, attempt.cancel_limit, attempt.cancel_reason = False, None, None
        if attempt.state == State.REVIVED:
            # Perhaps he brings the goods back already, and nobody has told it.
            attempt.ask_at = next_question(attempt)
        attempt.save(
            update_fields=[
                "ask_at",
                "refusal",
                "needs_person",
                "for_person",
                "is_unwanted",
                "cancel_limit",
                "cancel_reason",
            ]
        )
        if attempt.state == State.ENDING and attempt.waybill_state not in DEAD:
            # He rides on.
            move(attempt, State.LIVE, ask_at=timezone.now())
            move_then(attempt.delivery, Delivery.Then.NOTHING)
        attempt.delivery.note_change()

    def on_dead(self, call: OutboundCall, *, maybe_executed: bool) -> None:
        put_before_person(life.locked(call.subject_id), ForPerson.UNSURE)


def _keep_fee(call: OutboundCall, fee: Decimal) -> None:
    """Keeps with a cancellation what the courier says that it costs, before it is sent. Once it is
    over he says 0.
    """
    call.payload["fee"] = str(max(fee, _kept_fee(call) or Decimal(0)))
    OutboundCall.objects.filter(pk=call.pk).update(payload=call.payload)


def _kept_fee(call: OutboundCall) -> Decimal | None:
    fee = call.payload.get("fee")
    return None if fee is None else Decimal(fee)


@operation
class StateReading(AboutRider):
    """Asks how an order stands (§2.6): after a cancellation, and where nothing is heard."""

    name = "rider.read"
    title = _("Ask how a rider stands")
    acts = False
    repeatable = True
    patience = timedelta(minutes=10)
    # What was lost in an outage is right within a minute of its end.
    backoff: ClassVar[tuple[float, ...]] = (2, 5, 10, 20, 30)

    def send(self, call: OutboundCall, wait_for_slot: SlotWaiter) -> Any:
        asked_at = timezone.now()
        return asked_at, self.state_of(call, wait_for_slot)

    def on_done(self, call: OutboundCall, answer: Any, *, inferred: bool) -> None:
        asked_at, found = answer
        attempt = life.locked(call.subject_id)
        attempt.asked_at = asked_at
        if attempt.ended_at is None:
            attempt.ask_at = next_question(attempt)
        attempt.save(update_fields=["asked_at", "ask_at"])
        if found is not None and (attempt.state != State.DEAD or life.may_live_again(attempt)):
            state_heard(attempt, found, asked_at)
        code = found.code if found else None
        if attempt.state == State.CALLING and found is None and is_given_up(attempt):
            life.finish(
                attempt,
                State.DEAD,
                why=ForPerson.NO_ANSWER,
                refusal=NOT_THERE,
                needs_person=False,
            )
        if attempt.state not in (State.ENDING, State.REVIVED):
            owe(attempt)
            return
        if life.is_proof(attempt, code, asked_at):
            life.prove_dead(attempt)
            return
        if attempt.cancelled_at and asked_at > attempt.cancelled_at + life.PROOF_PATIENCE:
            attempt.cancelled_at = None
            attempt.save(update_fields=["cancelled_at"])
        owe(attempt, after=life.PROVE_EVERY)

    def on_dead(self, call: OutboundCall, *, maybe_executed: bool) -> None:
        attempt = life.locked(call.subject_id)
        if attempt.state in (State.ENDING, State.REVIVED):
            put_before_person(attempt, ForPerson.UNSURE)


def owe(attempt: Attempt, *, after: timedelta = timedelta(0)) -> None:
    """Owes what the state of a locked attempt demands: the cancellation of one that ends or lives
    again, and then the question whether it has ended. Called again it changes nothing.
    """
    if attempt.is_unwanted and attempt.state == State.LIVE:
        move(attempt, State.ENDING)
    if attempt.courier is None or attempt.state not in (State.ENDING, State.REVIVED):
        return
    if attempt.waybill_state in RETURNING:
        # One who lived again brings the goods back: nothing is left to be cancelled.
        owe_reading(attempt, after=max(after, pause_of(attempt)))
    elif attempt.cancelled_at is None:
        owe_once(RiderCancelling, attempt, {"limit": _text(attempt.cancel_limit)})
    else:
        owe_reading(attempt, after=after)


def is_given_up(attempt: Attempt) -> bool:
    """Whether nobody tries any more to call this rider."""
    call = call_of(attempt)
    return call is None or call.state == OutboundCall.State.DEAD


def owe_reading(
    attempt: Attempt,
    *,
    after: timedelta = timedelta(0),
    lane: OutboundCall.Lane = OutboundCall.Lane.INTERACTIVE,
) -> None:
    owe_once(StateReading, attempt, {}, after=after, lane=lane)


def owe_call(attempt: Attempt) -> OutboundCall:
    return enqueue_about(RiderCalling, attempt, {}, key=str(attempt.pk))


def call_of(attempt: Attempt) -> OutboundCall | None:
    """Returns the call for the rider."""
    key = {"platform": PLATFORM, "operation": RiderCalling.name, "key": str(attempt.pk)}
    return OutboundCall.objects.filter(**key).first()


def _text(value: Decimal | None) -> str | None:
    return None if value is None else str(value)
