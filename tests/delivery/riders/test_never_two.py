"""Never two riders: whatever is lost, late, doubled or dead, at most one order of a delivery lives
at WeChat that both sides can see.
"""

import random
from decimal import Decimal

import pytest
from django.utils import timezone

from delivery.models import Attempt, Delivery
from delivery.services import going_on
from delivery.services.dispatching import delivery_call_again, delivery_dispatch
from stores.conflicts import Conflict
from stores.models import OutboundCall
from stores.platforms import outbox
from stores.sandbox import KINDS
from tests.delivery.cancelling import delivery_cancel
from tests.delivery.riders.telling import gone, pushed
from tests.delivery.town import Town
from tests.processes import wait_until

State = Attempt.State
STEPS = ("order/add", "order/cancel", "order/get", "order/precancel")


def is_one(town: Town, delivery: Delivery) -> bool:
    """Whether no more than one order lives, and no order lives of which we do not know."""
    live = town.live_orders(delivery)
    known = set(delivery.attempts.values_list("shop_order_id", flat=True))
    return len(live) <= 1 and {order["shop_order_id"] for order in live} <= known


@pytest.mark.parametrize("step", STEPS)
@pytest.mark.parametrize("kind", sorted(set(KINDS) - {"slow", "slow_after"}))
def test_every_fault_at_every_step_ends_with_one_rider(town: Town, kind: str, step: str) -> None:
    delivery = town.delivery()
    town.server.faults.add(operation=step, kind=kind, times=2)
    first = delivery_dispatch(delivery=delivery, courier="SS", actor="小王")
    town.work()
    first.refresh_from_db()
    assert is_one(town, delivery)
    if first.state == State.LIVE:
        for _try in range(4):
            try:
                delivery_cancel(
                    delivery=delivery,
                    actor="小王",
                    max_fee=Decimal(3),
                    then=Delivery.Then.NEXT,
                )
                break
            except Conflict:
                # The fee could not be asked: nothing was sent, and the person presses again.
                assert is_one(town, delivery)
    town.work()
    delivery.refresh_from_db()
    going_on.go_on(delivery)
    town.work()
    first.refresh_from_db()
    delivery.refresh_from_db()
    assert first.state == State.DEAD
    assert [order["status"] for order in town.live_orders(delivery)] == [101]
    assert delivery.state == Delivery.State.RUNNING


def test_an_add_whose_answer_was_lost_is_adopted_and_not_sent_twice(town: Town) -> None:
    town.server.faults.add(operation="order/add", kind="drop_after", times=1)
    attempt = town.called("SS")
    assert attempt.state == State.LIVE
    assert len(town.orders(attempt.delivery)) == 1
    call = OutboundCall.objects.get(operation="rider.call")
    assert call.was_unknown


@pytest.mark.parametrize("is_cancelled", [False, True])
@pytest.mark.parametrize(("kind", "state"), [("drop_after", "live"), ("drop_before", "dead")])
def test_a_call_that_was_given_up_holds_the_place_until_somebody_knows(
    town: Town, kind: str, state: str, is_cancelled: bool
) -> None:
    delivery = town.delivery()
    town.server.faults.add(operation="order/add", kind=kind, times=1)
    town.server.faults.add(operation="order/get", kind="drop_before", times=None)
    attempt = delivery_dispatch(delivery=delivery, courier="SS", actor="小王")
    outbox.work(seconds=0.5)
    OutboundCall.objects.update(expires_at=timezone.now(), due_at=timezone.now())
    town.work()
    attempt.refresh_from_db()
    assert (attempt.state, attempt.needs_person) == (State.CALLING, True)
    with pytest.raises(Conflict):
        delivery_dispatch(delivery=delivery, courier="DADA", actor="小王")
    if is_cancelled:
        delivery_cancel(delivery=delivery, actor="小王", max_fee=None)
    town.server.faults.clear()
    Attempt.objects.update(ask_at=timezone.now())
    going_on.ask_due()
    town.work()
    attempt.refresh_from_db()
    state = "dead" if is_cancelled else state
    assert (attempt.state, attempt.needs_person) == (state, False)
    assert len(town.live_orders(delivery)) == (state == "live")


def test_a_push_that_is_faster_than_the_answer_adopts_the_order(town: Town) -> None:
    delivery = town.delivery()
    attempt = delivery_dispatch(delivery=delivery, courier="SS", actor="小王")
    attempt = Attempt.objects.select_related("courier__account__connection").get(pk=attempt.pk)
    pushed(attempt, 102)
    attempt.refresh_from_db()
    assert (attempt.state, attempt.waybill_state) == (State.LIVE, 102)
    town.work()
    attempt.refresh_from_db()
    assert (attempt.state, attempt.fee, attempt.waybill_state) == (
        State.LIVE, Decimal("18.08"), 102,
    )  # fmt: skip


def test_a_cancellation_before_the_call_was_sent_sends_nothing(town: Town) -> None:
    delivery = town.delivery()
    attempt = delivery_dispatch(delivery=delivery, courier="SS", actor="小王")
    delivery_cancel(delivery=delivery, actor="小王", max_fee=Decimal(0))
    town.work()
    attempt.refresh_from_db()
    delivery.refresh_from_db()
    assert (attempt.state, delivery.state) == (State.DEAD, Delivery.State.CANCELLED)
    assert town.orders(delivery) == []


def test_a_cancellation_between_two_tries_of_the_call_ends_it(town: Town) -> None:
    delivery = town.delivery()
    town.server.faults.add(operation="order/add", kind="throttle", times=None)
    attempt = delivery_dispatch(delivery=delivery, courier="SS", actor="小王")
    outbox.work(seconds=0.3)
    call = OutboundCall.objects.get(operation="rider.call")
    assert (call.state, call.attempts.exists()) == ("pending", True)
    delivery_cancel(delivery=delivery, actor="小王", max_fee=Decimal(0))
    attempt.refresh_from_db()
    delivery.refresh_from_db()
    assert (attempt.state, delivery.state) == (State.DEAD, Delivery.State.CANCELLED)
    town.server.faults.clear()
    town.work()
    assert town.orders(delivery) == []


def test_an_end_after_a_refused_cancellation_was_not_wanted(town: Town) -> None:
    attempt = town.called("DADA")
    for status in (102, 202):
        town.report(attempt, status)
    delivery_cancel(delivery=attempt.delivery, actor="小王", max_fee=None, then=Delivery.Then.NEXT)
    town.work()
    town.report(attempt, 501)
    Attempt.objects.update(ask_at=timezone.now())
    going_on.ask_due()
    town.work()
    attempt.refresh_from_db()
    delivery = Delivery.objects.get(pk=attempt.delivery_id)
    assert (attempt.state, delivery.state, delivery.needs_person) == (
        State.DEAD, Delivery.State.WAITING, True,
    )  # fmt: skip


def test_a_cancellation_while_the_answer_is_lost_waits_for_it(town: Town) -> None:
    delivery = town.delivery()
    town.server.faults.add(operation="order/add", kind="drop_after", times=1)
    town.server.faults.add(operation="order/get", kind="drop_before", times=None)
    attempt = delivery_dispatch(delivery=delivery, courier="SS", actor="小王")
    outbox.work(seconds=0.5)
    delivery_cancel(delivery=delivery, actor="小王", max_fee=Decimal(0))
    attempt.refresh_from_db()
    assert (attempt.state, attempt.is_unwanted) == (State.CALLING, True)
    town.server.faults.clear()
    town.work()
    attempt.refresh_from_db()
    assert attempt.state == State.DEAD
    assert town.live_orders(delivery) == []


def test_who_is_unwanted_before_a_lost_call_is_tried_again_is_not_called(town: Town) -> None:
    delivery = town.delivery()
    town.server.faults.add(operation="order/add", kind="drop_before", times=None)
    attempt = delivery_dispatch(delivery=delivery, courier="SS", actor="小王")
    outbox.work(seconds=0.5)
    delivery_cancel(delivery=delivery, actor="小王", max_fee=Decimal(0))
    town.server.faults.clear()
    town.work()
    attempt.refresh_from_db()
    assert (attempt.state, town.orders(delivery)) == (State.DEAD, [])


def test_a_courier_that_refuses_the_cancellation_rides_on(town: Town) -> None:
    attempt = town.called("DADA")
    for status in (102, 202):
        town.report(attempt, status)
    delivery_cancel(delivery=attempt.delivery, actor="小王", max_fee=None, then=Delivery.Then.NEXT)
    town.work()
    attempt.refresh_from_db()
    delivery = Delivery.objects.get(pk=attempt.delivery_id)
    assert (attempt.state, attempt.needs_person) == (State.LIVE, True)
    assert (delivery.state, delivery.then) == (Delivery.State.RUNNING, Delivery.Then.NOTHING)
    assert list(going_on.waiting()) == []


@pytest.mark.parametrize("kind", ["", "drop_before", "drop_after", "status_502"])
def test_a_courier_is_called_again_under_the_same_number(town: Town, kind: str) -> None:
    first = gone(town)
    if kind:
        town.server.faults.add(operation="order/readd", kind=kind, times=1)
    again = delivery_call_again(attempt=first, actor="小王")
    town.work()
    again.refresh_from_db()
    assert (again.state, again.life, again.shop_order_id) == (State.LIVE, 2, first.shop_order_id)
    assert len(town.live_orders(first.delivery)) == 1
    pushed(first, 102, seconds=-60)
    again.refresh_from_db()
    assert again.waybill_state != 102
    event_of_now = Attempt.objects.select_related("courier__account__connection").get(pk=again.pk)
    pushed(event_of_now, 102, seconds=1)
    again.refresh_from_db()
    assert again.waybill_state == 102


def test_some_couriers_are_not_called_again_under_the_same_number(town: Town) -> None:
    with pytest.raises(Conflict):
        delivery_call_again(attempt=gone(town, "MTPS"), actor="小王")
    with pytest.raises(Conflict):
        delivery_call_again(attempt=town.called("SS"), actor="小王")


@pytest.mark.parametrize("seed", range(12))
def test_any_weather_ends_with_at_most_one_rider(town: Town, seed: int) -> None:
    """Faults, cancellations, couriers that give up and pushes in any order, drawn at random."""
    dice = random.Random(seed)
    for kind in ("drop_before", "drop_after", "status_502", "status_500_after", "auth", "html"):
        town.server.faults.add(kind=kind, times=3, probability=0.12)
    delivery = town.delivery()
    for _step in range(14):
        delivery.refresh_from_db()
        live = delivery.attempts.live().select_related("courier__account__connection").first()
        do = dice.choice(["dispatch", "cancel", "next", "report", "push", "work", "work"])
        try:
            if do == "dispatch":
                delivery_dispatch(delivery=delivery, courier=None, actor="小王")
            elif do in ("cancel", "next"):
                then = Delivery.Then.NEXT if do == "next" else Delivery.Then.NOTHING
                delivery_cancel(delivery=delivery, actor="小王", max_fee=None, then=then)
            elif do == "report" and live and town.live_orders(delivery):
                town.report(live, dice.choice([102, 201, 502, 101]))
            elif do == "push" and live:
                pushed(live, dice.choice([101, 102, 201, 502]), seconds=dice.uniform(-9, 9))
            else:
                outbox.work(seconds=0.3)
        except Conflict:
            pass
        assert is_one(town, delivery)
        going_on.go_on(Delivery.objects.get(pk=delivery.pk))
        assert is_one(town, delivery)
    town.server.faults.clear()
    wait_until(lambda: settled(town, delivery), seconds=30)
    assert is_one(town, delivery)


def settled(town: Town, delivery: Delivery) -> bool:
    """Whether both sides agree on who rides."""
    OutboundCall.objects.live().exclude(state="sending").update(due_at=timezone.now())
    outbox.work(seconds=0.3)
    Attempt.objects.filter(ask_at__isnull=False).update(ask_at=timezone.now())
    going_on.ask_due()
    live = delivery.attempts.live().values_list("shop_order_id", flat=True)
    return {order["shop_order_id"] for order in town.live_orders(delivery)} == set(live)
