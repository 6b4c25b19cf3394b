"""A rider is called, rides, is cancelled, and the next one comes: with all answers in time."""

from decimal import Decimal

import pytest
from django.db import IntegrityError, transaction

from delivery.choices import Moment
from delivery.models import Attempt, Delivery, Quote
from delivery.services import going_on, quoting
from delivery.services.costing import cost_of
from delivery.services.dispatching import delivery_dispatch, delivery_tip
from delivery.services.going_on import ask_due
from delivery.services.refusals import DeliveryConflict, FeeTooHigh
from delivery.services.saying import delivery_return_confirm
from stores.models import OutboundCall
from tests.delivery.cancelling import delivery_cancel
from tests.delivery.factories import AttemptFactory
from tests.delivery.riders.telling import pushed
from tests.delivery.town import Town
from tests.delivery.wechat_sandbox.calling import APPID
from tests.processes import wait_until

State = Attempt.State


def asked(town: Town, attempt: Attempt) -> Attempt:
    """Asks about an attempt at once, as the schedule does later."""
    Attempt.objects.filter(pk=attempt.pk).update(ask_at=attempt.called_at)
    ask_due()
    town.work()
    attempt.refresh_from_db()
    attempt.delivery.refresh_from_db()
    return attempt


def test_the_database_holds_one_live_attempt_per_delivery(db: None) -> None:
    first = AttemptFactory()
    with pytest.raises(IntegrityError), transaction.atomic():
        AttemptFactory(delivery=first.delivery, courier=first.courier, state=State.CALLING)
    AttemptFactory(delivery=first.delivery, courier=first.courier, state=State.DEAD)


def test_a_rider_is_called_by_the_courier_that_a_person_chose(town: Town) -> None:
    attempt = town.called("SS")
    assert (attempt.state, attempt.fee, attempt.waybill_id) == (
        State.LIVE, Decimal("18.08"), f"{attempt.shop_order_id}_waybillid",
    )  # fmt: skip
    delivery = attempt.delivery
    assert delivery.state == Delivery.State.RUNNING
    assert [order["status"] for order in town.orders(delivery)] == [101]
    with pytest.raises(DeliveryConflict):
        delivery_dispatch(delivery=delivery, courier="DADA", actor="小王")


def test_all_name_their_prices_though_the_token_was_stolen_meanwhile(town: Town) -> None:
    delivery = town.delivery()
    before = quoting.quotes_ask(delivery=delivery)
    town.post(f"apps/{APPID}/steal", {})
    after = quoting.quotes_ask(delivery=delivery)
    assert [quote.fee for quote in after] == [quote.fee for quote in before]
    assert any(quote.fee for quote in after)


def test_the_rule_calls_the_cheapest_and_its_price_is_kept(town: Town) -> None:
    attempt = town.called(None)
    assert (attempt.courier_code, attempt.fee) == ("DADA", Decimal("7.56"))
    assert attempt.price_token
    decision = attempt.decision
    assert [row["courier"] for row in decision.ranking][:3] == ["DADA", "SFTC", "UU"]
    assert Quote.objects.filter(delivery=attempt.delivery).count() == 5


def test_the_order_is_followed_to_its_end_by_asking_alone(town: Town) -> None:
    attempt = town.called("SS")
    for status in (102, 201, 202, 301):
        town.report(attempt, status)
        assert asked(town, attempt).waybill_state == status
        assert attempt.state == State.LIVE
    town.report(attempt, 302)
    asked(town, attempt)
    assert (attempt.state, attempt.delivery.state) == ("delivered", "delivered")
    assert attempt.ask_at is None
    kinds = [moment.kind for moment in attempt.delivery.moments.all()]
    assert kinds == [Moment.ACCEPTED, Moment.PICKED_UP, Moment.DELIVERED]
    assert cost_of(attempt.delivery.attempts.all()) == Decimal("18.08")


def test_a_cancelled_rider_is_gone_only_after_an_end_was_read(town: Town) -> None:
    attempt = town.called("SS")
    delivery = delivery_cancel(delivery=attempt.delivery, actor="小王", max_fee=Decimal(0))
    attempt.refresh_from_db()
    assert (attempt.state, delivery.state) == (State.ENDING, Delivery.State.RUNNING)
    with pytest.raises(DeliveryConflict):
        delivery_dispatch(delivery=delivery, courier="DADA", actor="小王")
    town.work()
    attempt.refresh_from_db()
    delivery.refresh_from_db()
    assert (attempt.state, delivery.state) == (State.DEAD, Delivery.State.CANCELLED)
    assert attempt.cancelled_at
    assert town.live_orders(delivery) == []


def test_a_cancellation_over_the_limit_is_not_sent(town: Town) -> None:
    town.post("couriers", {"delivery_id": "SS", "cancel_fee": 5.0, "free_seconds": 0.0})
    attempt = town.called("SS")
    town.report(attempt, 102)
    with pytest.raises(FeeTooHigh) as caught:
        delivery_cancel(delivery=attempt.delivery, actor="小王", max_fee=Decimal(2))
    assert caught.value.fee == Decimal("5.00")
    attempt.refresh_from_db()
    assert attempt.state == State.LIVE
    delivery_cancel(delivery=attempt.delivery, actor="小王", max_fee=Decimal(5))
    town.work()
    attempt.refresh_from_db()
    assert (attempt.state, attempt.deduction) == (State.DEAD, Decimal("5.00"))
    assert cost_of([attempt]) == Decimal("5.00")


def test_a_missing_fee_is_not_known_and_not_nothing(town: Town) -> None:
    attempt = town.called("SS")
    town.switch(precancel_without_fee=True)
    with pytest.raises(FeeTooHigh) as caught:
        delivery_cancel(delivery=attempt.delivery, actor="小王", max_fee=Decimal(100))
    assert caught.value.fee is None
    delivery_cancel(delivery=attempt.delivery, actor="小王", max_fee=None)
    town.work()
    attempt.refresh_from_db()
    assert attempt.state == State.DEAD


def test_the_next_courier_is_called_once_the_first_is_gone(town: Town) -> None:
    attempt = town.called("DADA")
    delivery = attempt.delivery
    delivery_cancel(delivery=delivery, actor="小王", max_fee=Decimal(0), then=Delivery.Then.NEXT)
    town.work()
    delivery.refresh_from_db()
    assert delivery.state == Delivery.State.WAITING
    assert list(going_on.waiting()) == [delivery.pk]
    going_on.go_on(delivery)
    town.work()
    states = {each.courier_code: each.state for each in delivery.attempts.all()}
    assert states == {"DADA": State.DEAD, "SFTC": State.LIVE}
    assert len(town.live_orders(delivery)) == 1


def test_an_end_that_the_courier_tells_is_proved_before_the_next_is_called(town: Town) -> None:
    attempt = town.called("SS")
    town.report(attempt, 502)
    asked(town, attempt)
    assert (attempt.state, attempt.cancelled_at is not None) == (State.DEAD, True)
    assert attempt.delivery.state == Delivery.State.WAITING
    assert [moment.kind for moment in attempt.delivery.moments.all()] == [Moment.ABNORMAL]


def test_a_tip_is_a_total_and_only_grows(town: Town) -> None:
    attempt = town.called("SS")
    for wrong in ("4", "0"):
        with pytest.raises(DeliveryConflict):
            delivery_tip(delivery=attempt.delivery, total=Decimal(wrong), actor="小王")
    delivery_tip(delivery=attempt.delivery, total=Decimal(5), actor="小王")
    town.work()
    attempt.refresh_from_db()
    assert attempt.tip == Decimal(5)
    with pytest.raises(DeliveryConflict):
        delivery_tip(delivery=attempt.delivery, total=Decimal(3), actor="小王")
    assert town.orders(attempt.delivery)[0]["tip"] == 5.0


def test_a_tip_is_higher_than_one_that_is_on_its_way(town: Town) -> None:
    attempt = town.called("SS")
    delivery_tip(delivery=attempt.delivery, total=Decimal(5), actor="小王")
    with pytest.raises(DeliveryConflict, match="5"):
        delivery_tip(delivery=attempt.delivery, total=Decimal(2), actor="小王")
    delivery_tip(delivery=attempt.delivery, total=Decimal(5), actor="小王")
    town.work()
    assert [order["tip"] for order in town.orders(attempt.delivery)] == [5]


def test_a_tip_that_comes_after_a_higher_one_is_not_sent(town: Town) -> None:
    attempt = town.called("SS")
    for total in (2, 5):
        delivery_tip(delivery=attempt.delivery, total=Decimal(total), actor="小王")
    Attempt.objects.update(tip=Decimal(5))
    town.work()
    assert [order["tip"] for order in town.orders(attempt.delivery)] == [0.0]
    assert not Attempt.objects.get().refusal


def test_a_courier_that_refuses_leaves_the_delivery_waiting_with_its_words(town: Town) -> None:
    town.post("couriers", {"delivery_id": "UU", "mood": "offline"})
    attempt = town.called("UU")
    assert (attempt.state, attempt.refusal) == (State.DEAD, "2076: 门店已下线")
    assert attempt.delivery.state == Delivery.State.WAITING


def test_couriers_are_asked_at_once_and_one_that_fails_delays_nobody(town: Town) -> None:
    town.post("couriers", {"delivery_id": "UU", "mood": "refuses"})
    town.server.faults.add(operation="order/pre_add", kind="drop_before", times=1)
    rows = quoting.quotes_ask(delivery=town.delivery())
    assert len(rows) == 5
    assert sum(row.is_silent for row in rows) == 1
    assert {row.refusal for row in rows if row.courier.account.delivery_id == "UU"} <= {
        "收件人信息不正确", "",
    }  # fmt: skip


def test_the_shops_own_people_are_the_last_courier(town: Town) -> None:
    attempt = delivery_dispatch(delivery=town.delivery(), courier="OURSELVES", actor="小王")
    assert (attempt.state, attempt.courier) == (State.LIVE, None)
    delivery_cancel(delivery=attempt.delivery, actor="小王", max_fee=None)
    attempt.refresh_from_db()
    assert attempt.state == State.DEAD
    wait_until(lambda: town.orders() == [])


@pytest.mark.parametrize("courier", ["SFTC", "MTPS"])
def test_an_answer_without_a_waybill_number_is_no_bar_to_cancelling(
    town: Town, courier: str
) -> None:
    town.switch(add_without_waybill=True)
    attempt = town.called(courier)
    assert attempt.waybill_id == ""
    delivery_cancel(delivery=attempt.delivery, actor="小王", max_fee=Decimal(0))
    town.work()
    attempt.refresh_from_db()
    assert attempt.state == State.DEAD
    assert attempt.waybill_id
    assert town.live_orders(attempt.delivery) == []


@pytest.mark.parametrize("kind", ["drop_after", "drop_before"])
def test_a_cancellation_whose_answer_was_lost_costs_what_was_said_before(
    town: Town, kind: str
) -> None:
    town.post("couriers", {"delivery_id": "SS", "cancel_fee": 2.0, "free_seconds": 0.0})
    attempt = town.called("SS")
    town.report(attempt, 102)
    town.server.faults.add(operation="order/cancel", kind=kind, times=1)
    delivery_cancel(delivery=attempt.delivery, actor="小王", max_fee=Decimal(3))
    town.work()
    attempt.refresh_from_db()
    assert (attempt.state, attempt.deduction) == (State.DEAD, Decimal(2))


def test_an_end_that_came_before_the_cancellation_costs_nothing(town: Town) -> None:
    town.post("couriers", {"delivery_id": "SS", "cancel_fee": 2.0, "free_seconds": 0.0})
    attempt = town.called("SS")
    town.report(attempt, 102)
    delivery_cancel(delivery=attempt.delivery, actor="小王", max_fee=Decimal(3))
    town.report(attempt, 204)
    town.work()
    attempt.refresh_from_db()
    assert attempt.state == State.DEAD
    assert not attempt.deduction


@pytest.mark.parametrize("kind", ["drop_after", "drop_before"])
def test_a_tip_whose_answer_was_lost_is_what_the_courier_took(town: Town, kind: str) -> None:
    attempt = town.called("SS")
    town.server.faults.add(operation="order/addtips", kind=kind, times=1)
    delivery_tip(delivery=attempt.delivery, total=Decimal(5), actor="小王")
    town.work()
    attempt.refresh_from_db()
    assert (attempt.tip, attempt.refusal) == (Decimal(5), "")
    assert town.orders(attempt.delivery)[0]["tip"] == 5.0


def test_a_lost_tip_that_was_sent_after_a_rider_had_accepted_costs_nothing(town: Town) -> None:
    attempt = town.called("SS")
    town.server.faults.add(operation="order/addtips", kind="drop_before", times=1)
    delivery_tip(delivery=attempt.delivery, total=Decimal(5), actor="小王")
    town.report(attempt, 102)
    pushed(attempt, 102, seconds=-2)
    town.work()
    attempt.refresh_from_db()
    assert (attempt.tip, attempt.refusal[:2]) == (Decimal(0), "4:")
    assert town.orders(attempt.delivery)[0]["tip"] == 0.0


def test_a_lost_tip_may_be_taken_when_a_rider_has_accepted_since(town: Town) -> None:
    attempt = town.called("SS")
    town.server.faults.add(operation="order/addtips", kind="drop_after", times=1)
    delivery_tip(delivery=attempt.delivery, total=Decimal(5), actor="小王")
    pushed(attempt, 102, seconds=1)
    town.work()
    attempt.refresh_from_db()
    assert attempt.tip == Decimal(5)


def test_the_price_of_a_named_courier_is_known_though_the_answer_to_the_call_is_lost(
    town: Town,
) -> None:
    town.server.faults.add(operation="order/add", kind="drop_after", times=1)
    attempt = town.called("SS")
    assert attempt.state == State.LIVE
    assert attempt.fee == Decimal(str(town.orders(attempt.delivery)[0]["fee"]))
    assert attempt.seconds


def test_a_courier_that_names_no_price_is_called_all_the_same(town: Town) -> None:
    town.server.faults.add(operation="order/pre_add", kind="drop_before", times=1)
    attempt = town.called("SS")
    assert attempt.state == State.LIVE
    assert attempt.seconds


def test_a_rider_who_is_cancelled_with_the_goods_brings_them_back(town: Town) -> None:
    attempt = town.called("SFTC")
    for status in (102, 202):
        town.report(attempt, status)
    delivery = delivery_cancel(delivery=attempt.delivery, actor="小王", max_fee=None)
    town.work()
    attempt.refresh_from_db()
    delivery.refresh_from_db()
    assert (attempt.state, attempt.waybill_state) == (State.LIVE, 303)
    assert (delivery.state, delivery.then) == (Delivery.State.RUNNING, Delivery.Then.NOTHING)
    cancelled = OutboundCall.objects.filter(operation="rider.cancel", subject_id=attempt.pk)
    assert cancelled.count() == 1
    delivery_return_confirm(delivery=delivery, actor="小王")
    town.work()
    attempt.refresh_from_db()
    assert attempt.state == State.RETURNED
