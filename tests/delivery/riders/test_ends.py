"""How a called rider ends, and what of the delivery then: each case by its rows alone."""

from datetime import timedelta
from decimal import Decimal

import pytest
from django.db import transaction
from django.utils import timezone

from delivery.choices import Audit, CancelReason, Source, WaybillState
from delivery.models import Attempt, Decision, Delivery, StoreCourier
from delivery.services import calls, cancelling, dispatching, life, quoting, saying
from delivery.services.choosing import Rule
from delivery.services.settling import delivery_settle
from delivery.wire.orders import Price, RemoteState, RemoteWaybill
from stores.conflicts import Conflict
from stores.models import OutboundCall
from stores.platforms.errors import Refused
from tests.delivery.factories import (
    AttemptFactory,
    DeliveryFactory,
    QuoteFactory,
    StoreCourierFactory,
)

pytestmark = pytest.mark.django_db
State, Then = Attempt.State, Delivery.Then
SECOND = timedelta(seconds=1)


def told(attempt: Attempt, *codes: int) -> None:
    """The courier says one state after the other, a second apart, the last one now."""
    with transaction.atomic():
        row = life.locked(attempt.pk)
        for number, code in enumerate(codes, start=1):
            at = timezone.now() - (len(codes) - number) * SECOND
            life.hear(row, code=code, at=at, source=Source.PUSH)
    attempt.refresh_from_db()
    attempt.delivery.refresh_from_db()


def finish(attempt: Attempt, to: Attempt.State) -> Delivery:
    with transaction.atomic():
        life.finish(life.locked(attempt.pk), to)
    return Delivery.objects.get(pk=attempt.delivery_id)


@pytest.mark.parametrize("to", [State.DEAD, State.DELIVERED, State.RETURNED])
def test_the_end_of_a_second_rider_leaves_the_one_who_rides(to: Attempt.State) -> None:
    live = AttemptFactory()
    second = AttemptFactory(delivery=live.delivery, courier=live.courier, state=State.REVIVED)
    assert finish(second, to).state == Delivery.State.RUNNING
    live.refresh_from_db()
    assert live.state == State.LIVE


def test_what_comes_back_is_put_before_a_person() -> None:
    delivery = finish(AttemptFactory(), State.RETURNED)
    assert (delivery.state, delivery.needs_person) == (Delivery.State.RETURNED, True)


@pytest.mark.parametrize(("reason", "needs"), [(None, True), (CancelReason.PRICE, False)])
def test_an_end_is_put_before_a_person_unless_one_wanted_it(
    reason: CancelReason | None, needs: bool
) -> None:
    delivery = finish(AttemptFactory(cancel_reason=reason), State.DEAD)
    assert (delivery.state, delivery.needs_person) == (Delivery.State.WAITING, needs)


@pytest.mark.parametrize(
    ("rule", "then", "needs"), [({}, Then.NOTHING, True), (Rule().as_json(), Then.NEXT, False)]
)
def test_the_next_is_called_only_where_a_rule_chose_the_last(
    rule: dict[str, str], then: Delivery.Then, needs: bool
) -> None:
    attempt = AttemptFactory(courier__place__is_automatic=True)
    Decision.objects.create(delivery=attempt.delivery, attempt=attempt, chosen="SS", rule=rule)
    delivery = finish(attempt, State.DEAD)
    assert (delivery.then, delivery.needs_person) == (then, needs)


@pytest.mark.parametrize("revived_at", [None, timezone.now()])
def test_a_rider_who_took_a_dead_order_stays_before_a_person(revived_at: object) -> None:
    attempt = AttemptFactory(state=State.ENDING, revived_at=revived_at)
    with transaction.atomic():
        life.prove_dead(life.locked(attempt.pk))
    attempt.refresh_from_db()
    assert attempt.needs_person is (revived_at is not None)


@pytest.mark.parametrize(
    ("cancelled", "code", "is_proof"),
    [(None, 103, False), (1, 103, False), (-1, 103, True), (-1, None, True), (-1, 102, False)],
)
def test_an_end_proves_only_what_was_confirmed_before(
    cancelled: int | None, code: int | None, is_proof: bool
) -> None:
    asked_at = timezone.now()
    at = None if cancelled is None else asked_at + cancelled * SECOND
    assert life.is_proof(Attempt(cancelled_at=at), code, asked_at) is is_proof


@pytest.mark.parametrize(
    ("codes", "state"),
    [
        ((502, 401), State.DEAD),
        ((502, 101), State.DEAD),
        ((502, 202), State.REVIVED),
        ((203, 302), State.DELIVERED),
        ((203, 102), State.DEAD),
    ],
)
def test_a_dead_order_lives_again_only_with_a_rider(
    codes: tuple[int, ...], state: Attempt.State
) -> None:
    attempt = AttemptFactory(
        state=State.DEAD, ended_at=timezone.now(), delivery__state=Delivery.State.WAITING
    )
    told(attempt, *codes)
    assert attempt.state == state


def test_a_push_ends_the_question_whether_an_order_is_there() -> None:
    attempt = AttemptFactory(state=State.CALLING, needs_person=True)
    told(attempt, 101)
    assert (attempt.state, attempt.needs_person) == (State.LIVE, False)


def call_for(attempt: Attempt) -> OutboundCall:
    with transaction.atomic():
        return calls.owe_call(attempt)


def test_a_refusal_after_a_push_leaves_the_rider() -> None:
    attempt = AttemptFactory(state=State.LIVE)
    with transaction.atomic():
        calls.RiderCalling().on_refused(call_for(attempt), Refused("930561", "args error"))
    attempt.refresh_from_db()
    assert attempt.state == State.LIVE


@pytest.mark.parametrize(
    ("maybe", "state", "needs"), [(True, State.CALLING, True), (False, State.DEAD, False)]
)
def test_a_call_that_is_given_up_holds_the_place_only_if_it_may_have_been_executed(
    maybe: bool, state: Attempt.State, needs: bool
) -> None:
    attempt = AttemptFactory(state=State.CALLING)
    with transaction.atomic():
        calls.RiderCalling().on_dead(call_for(attempt), maybe_executed=maybe)
    attempt.refresh_from_db()
    assert (attempt.state, attempt.needs_person, attempt.ask_at is not None) == (
        state, needs, maybe,
    )  # fmt: skip


@pytest.mark.parametrize(("state", "may"), [(State.CALLING, True), (State.DEAD, False)])
def test_a_call_is_tried_again_by_hand_only_while_it_is_open(
    state: Attempt.State, may: bool
) -> None:
    call = call_for(AttemptFactory(state=state))
    assert calls.RiderCalling().may_retry(call, ask_first=False) is may


def test_a_refused_cancellation_is_no_wish_any_more() -> None:
    attempt = AttemptFactory(
        state=State.ENDING, waybill_state=202, is_unwanted=True, cancel_limit=Decimal(2),
        cancel_reason=CancelReason.PRICE, delivery__then=Then.NEXT,
    )  # fmt: skip
    with transaction.atomic():
        calls.RiderCancelling().on_refused(call_for(attempt), Refused("2", "已取货"))
    attempt.refresh_from_db()
    delivery = Delivery.objects.get()
    assert (attempt.state, attempt.needs_person, delivery.then) == (State.LIVE, True, Then.NOTHING)
    assert (attempt.is_unwanted, attempt.cancel_limit, attempt.cancel_reason) == (
        False, None, None,
    )  # fmt: skip


def test_who_has_ended_does_not_ride_on_though_his_cancellation_was_refused() -> None:
    attempt = AttemptFactory(state=State.ENDING, waybill_state=502)
    with transaction.atomic():
        calls.RiderCancelling().on_refused(call_for(attempt), Refused("2", "系统繁忙"))
    attempt.refresh_from_db()
    assert (attempt.state, attempt.needs_person) == (State.ENDING, True)


def test_an_answer_under_a_number_that_was_called_again_says_nothing_of_the_first_life() -> None:
    first = AttemptFactory(state=State.DEAD, waybill_state=502)
    AttemptFactory(
        delivery=first.delivery, courier=first.courier, life=2,
        shop_order_id=first.shop_order_id, shopid=first.shopid,
    )  # fmt: skip
    found = RemoteState(102, WaybillState.ACCEPTED, "W2", "王师傅", "13712345678", None, None, None)
    with transaction.atomic():
        calls.StateReading().on_done(call_for(first), (timezone.now(), found), inferred=False)
    first.refresh_from_db()
    assert (first.waybill_state, first.rider, first.waybill_id) == (502, {}, "")


def test_an_end_that_nobody_can_read_is_put_before_a_person() -> None:
    ending = AttemptFactory(state=State.ENDING)
    live = AttemptFactory(state=State.LIVE)
    for attempt in (ending, live):
        with transaction.atomic():
            calls.StateReading().on_dead(call_for(attempt), maybe_executed=False)
        attempt.refresh_from_db()
    assert (ending.needs_person, live.needs_person) == (True, False)


def test_an_answer_that_names_no_sums_leaves_those_of_the_quote() -> None:
    attempt = AttemptFactory(state=State.CALLING, fee=Decimal("7.56"), coupon=Decimal(1))
    nothing = Price(None, None, None, None, None)
    answer = RemoteWaybill("W1", nothing, None, None, "", "1024")
    with transaction.atomic():
        calls.RiderCalling().on_done(call_for(attempt), answer, inferred=False)
    attempt.refresh_from_db()
    assert (attempt.fee, attempt.coupon, attempt.waybill_id) == (Decimal("7.56"), Decimal(1), "W1")


def test_what_was_unwanted_while_it_was_called_is_cancelled_with_the_answer() -> None:
    attempt = AttemptFactory(state=State.CALLING, is_unwanted=True)
    answer = RemoteWaybill("W1", Price(Decimal(8), None, None, None, None), None, None, "", "")
    with transaction.atomic():
        calls.RiderCalling().on_done(call_for(attempt), answer, inferred=False)
    attempt.refresh_from_db()
    assert attempt.state == State.ENDING
    assert OutboundCall.objects.filter(operation="rider.cancel").count() == 1


def test_what_is_owed_already_is_not_owed_twice() -> None:
    attempt = AttemptFactory(state=State.ENDING)
    for _time in range(2):
        with transaction.atomic():
            calls.owe(life.locked(attempt.pk))
    assert OutboundCall.objects.filter(operation="rider.cancel").count() == 1


# What people may not say


def test_nobody_is_gone_for_sure_whom_the_courier_still_answers_for() -> None:
    attempt = AttemptFactory(state=State.ENDING)
    with pytest.raises(Conflict):
        saying.gone_for_sure(attempt=attempt, actor="小王")
    Attempt.objects.update(needs_person=True)
    assert saying.gone_for_sure(attempt=attempt, actor="小王").state == State.DEAD


def test_goods_that_come_back_are_not_cancelled() -> None:
    attempt = AttemptFactory(waybill_state=303)
    with pytest.raises(Conflict):
        cancelling.cancel_carry_out(
            delivery=attempt.delivery, attempt=attempt, actor="小王", max_fee=None
        )


def test_a_cancellation_is_of_the_rider_whose_fee_was_asked() -> None:
    first = AttemptFactory(state=State.DEAD)
    second = AttemptFactory(delivery=first.delivery, courier=first.courier)
    with pytest.raises(Conflict):
        cancelling.cancel_carry_out(
            delivery=first.delivery, attempt=first, actor="小王", max_fee=Decimal(0)
        )
    second.refresh_from_db()
    assert (second.state, second.is_unwanted) == (State.LIVE, False)


def test_a_number_of_which_nothing_was_heard_is_not_called_again() -> None:
    attempt = AttemptFactory(state=State.DEAD, delivery__state=Delivery.State.WAITING)
    with pytest.raises(Conflict):
        dispatching.delivery_call_again(attempt=attempt, actor="小王")
    Attempt.objects.update(waybill_state=103)
    attempt.refresh_from_db()
    assert dispatching.delivery_call_again(attempt=attempt, actor="小王").life == 2


def test_goods_of_a_delivery_that_is_over_are_not_said_to_be_ready() -> None:
    delivery = DeliveryFactory(state=Delivery.State.CANCELLED)
    with pytest.raises(Conflict):
        saying.delivery_ready(delivery=delivery, actor="小王")


def test_a_tip_counts_only_before_a_rider_has_accepted() -> None:
    attempt = AttemptFactory(waybill_state=102)
    with pytest.raises(Conflict):
        dispatching.delivery_tip(delivery=attempt.delivery, total=Decimal(5), actor="小王")
    Attempt.objects.update(waybill_state=101)
    dispatching.delivery_tip(delivery=attempt.delivery, total=Decimal(5), actor="小王")


# Who is asked, and how long a price counts


def test_only_couriers_that_could_take_it_are_asked() -> None:
    fit = StoreCourierFactory()
    for wrong in (
        {"is_active": False},
        {"secret": ""},
        {"account__audit": Audit.WAITING},
        {"account__vanished_at": timezone.now()},
    ):
        StoreCourierFactory(place=fit.place, **wrong)
    assert StoreCourier.objects.count() == 5
    assert quoting.couriers_of(DeliveryFactory(store=fit.place.store)) == [fit]


def test_a_round_counts_no_more_once_one_of_its_prices_is_over_or_used() -> None:
    now = timezone.now()
    quote = QuoteFactory(expires_at=now + SECOND * 60)
    assert quoting.are_usable([quote], set())
    assert not quoting.are_usable([quote], {quote.shop_order_id})
    assert not quoting.are_usable([quote, QuoteFactory(expires_at=now)], set())


def test_only_what_was_put_before_a_person_is_settled() -> None:
    delivery = DeliveryFactory(state=Delivery.State.RETURNED, needs_person=False)
    with pytest.raises(Conflict):
        delivery_settle(delivery=delivery, actor="小王", note="")
