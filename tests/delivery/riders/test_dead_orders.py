"""Orders of dead riders that live again: such a rider is found, cancelled and told to a person, and
nobody is called beside him.
"""

from datetime import timedelta
from decimal import Decimal
from typing import Any

import pytest
from django.db import transaction
from django.db.models import F
from django.utils import timezone

from delivery.choices import ForPerson, WaybillState
from delivery.models import Attempt, Delivery, WaybillNews
from delivery.services import going_on, life
from delivery.services.dispatching import OURSELVES, delivery_call_again, delivery_dispatch
from delivery.services.settling import delivery_settle
from stores.conflicts import Conflict
from stores.models import OutboundCall
from stores.platforms import outbox
from tests.delivery.cancelling import delivery_cancel
from tests.delivery.factories import AttemptFactory
from tests.delivery.riders.telling import gone, pushed
from tests.delivery.town import Town
from tests.processes import wait_until

State = Attempt.State


def test_each_cancellation_of_an_order_that_lived_again_costs(town: Town) -> None:
    town.post("couriers", {"delivery_id": "SS", "cancel_fee": 5.0, "free_seconds": 0.0})
    attempt = town.called("SS")
    town.report(attempt, 502)
    attempt = Attempt.objects.select_related("courier__account__connection").get(pk=attempt.pk)
    pushed(attempt, 502)
    town.work()
    Attempt.objects.update(deduction=Decimal(2))
    town.report(attempt, 102)
    pushed(attempt, 102, seconds=1)
    town.work()
    attempt.refresh_from_db()
    assert (attempt.state, attempt.deduction) == (State.DEAD, Decimal(7))


def test_a_rider_who_takes_a_dead_order_is_cancelled_and_a_person_told(town: Town) -> None:
    attempt = town.called("SS")
    delivery = attempt.delivery
    town.report(attempt, 502)
    attempt = Attempt.objects.select_related("courier__account__connection").get(pk=attempt.pk)
    pushed(attempt, 502)
    town.work()
    attempt.refresh_from_db()
    assert attempt.state == State.DEAD
    delivery.refresh_from_db()
    delivery_dispatch(delivery=delivery, courier="DADA", actor="小王")
    town.work()
    town.report(attempt, 102)
    pushed(attempt, 102, seconds=1)
    attempt.refresh_from_db()
    assert (attempt.state, attempt.needs_person) == (State.REVIVED, True)
    town.work()
    attempt.refresh_from_db()
    assert attempt.state == State.DEAD
    assert attempt.revived_at
    assert attempt.needs_person
    assert [order["delivery_id"] for order in town.live_orders(delivery)] == ["DADA"]


def revived(town: Town, **fields: Any) -> Attempt:
    """Returns a rider who took a dead order, and whose cancellation gets no answer."""
    attempt = town.called("SS", **fields)
    town.report(attempt, 502)
    attempt = Attempt.objects.select_related("courier__account__connection").get(pk=attempt.pk)
    pushed(attempt, 502)
    town.work()
    town.server.faults.add(operation="order/cancel", kind="drop_before", times=None)
    town.report(attempt, 102)
    pushed(attempt, 102, seconds=1)
    attempt.refresh_from_db()
    assert attempt.state == State.REVIVED
    return attempt


@pytest.mark.parametrize("courier", ["DADA", None, OURSELVES])
def test_nobody_is_called_beside_a_rider_who_took_a_dead_order(
    town: Town, courier: str | None
) -> None:
    delivery = revived(town).delivery
    with pytest.raises(Conflict):
        delivery_dispatch(delivery=delivery, courier=courier, actor="小王")
    assert len(town.live_orders(delivery)) == 1


def test_what_goes_on_by_itself_waits_until_such_a_rider_is_gone(town: Town) -> None:
    attempt = revived(town)
    Delivery.objects.update(then=Delivery.Then.OURSELVES, needs_person=False)
    delivery = Delivery.objects.get()
    going_on.go_on(delivery)
    delivery.refresh_from_db()
    assert (delivery.needs_person, delivery.then) == (False, Delivery.Then.OURSELVES)
    town.server.faults.clear()
    town.work()
    attempt.refresh_from_db()
    assert attempt.state == State.DEAD
    for pk in going_on.waiting():
        going_on.go_on(Delivery.objects.get(pk=pk))
    assert [each.courier for each in delivery.attempts.live()] == [None]


def test_open_pages_hear_that_such_a_rider_is_gone(db: None) -> None:
    attempt = AttemptFactory(state=State.REVIVED, delivery__state=Delivery.State.WAITING)
    Delivery.objects.update(changed_at=timezone.now() - timedelta(hours=1))
    with transaction.atomic():
        life.prove_dead(life.locked(attempt.pk))
    changed_at = Delivery.objects.get().changed_at
    assert changed_at > timezone.now() - timedelta(minutes=1)


def beside_another(town: Town) -> tuple[Attempt, Attempt]:
    """Returns a rider who took a dead order with the goods, and one who was called meanwhile."""
    first = gone(town)
    delivery_dispatch(delivery=first.delivery, courier="DADA", actor="小王")
    town.work()
    town.report(first, 202)
    pushed(first, 202, seconds=1)
    first.refresh_from_db()
    assert first.state == State.REVIVED
    return first, first.delivery.attempts.live().get()


@pytest.mark.parametrize(("end", "last"), [(302, 302), (401, 302), (302, 401)])
def test_a_person_is_told_until_it_is_settled_that_two_have_ridden(
    town: Town, end: int, last: int
) -> None:
    first, second = beside_another(town)
    delivery = first.delivery
    for attempt, status in ((first, end), (second, last)):
        town.report(attempt, status)
        pushed(attempt, status, seconds=2)
        delivery.refresh_from_db()
        assert (delivery.needs_person, delivery.for_person) == (True, "revived")
    assert not delivery.is_open
    delivery_settle(delivery=delivery, actor="小王", note="")
    delivery.refresh_from_db()
    assert not delivery.needs_person


def test_a_delivery_is_over_when_the_second_rider_is_gone_and_the_first_has_delivered(
    town: Town,
) -> None:
    first, second = beside_another(town)
    town.report(first, 302)
    pushed(first, 302, seconds=2)
    delivery_cancel(delivery=first.delivery, actor="小王", max_fee=None)
    town.work()
    first.delivery.refresh_from_db()
    second.refresh_from_db()
    assert (second.state, first.delivery.state) == (State.DEAD, Delivery.State.DELIVERED)
    assert not first.delivery.needs_person


def test_goods_of_a_cancelled_delivery_that_were_brought_all_the_same_are_told(town: Town) -> None:
    attempt = gone(town)
    delivery_cancel(delivery=attempt.delivery, actor="小王", max_fee=None)
    pushed(attempt, 102, seconds=1)
    pushed(attempt, 302, seconds=2)
    delivery = Delivery.objects.get()
    assert delivery.state == Delivery.State.DELIVERED
    assert (delivery.needs_person, delivery.for_person) == (True, "revived")


def test_who_is_sent_again_after_such_a_rider_has_come_back_is_no_second_one(town: Town) -> None:
    first = gone(town)
    town.report(first, 202)
    pushed(first, 202, seconds=1)
    town.report(first, 401)
    pushed(first, 401, seconds=2)
    delivery_dispatch(delivery=first.delivery, courier="DADA", actor="小王")
    town.work()
    second = first.delivery.attempts.live().get()
    town.report(second, 302)
    pushed(second, 302, seconds=3)
    first.delivery.refresh_from_db()
    assert (first.delivery.state, first.delivery.needs_person) == ("delivered", False)


def test_late_news_of_the_time_before_the_end_wakes_nobody(town: Town) -> None:
    attempt = town.called("SS")
    delivery_cancel(delivery=attempt.delivery, actor="小王", max_fee=Decimal(0))
    town.work()
    attempt = Attempt.objects.select_related("courier__account__connection").get(pk=attempt.pk)
    pushed(attempt, 102, seconds=-30)
    attempt.refresh_from_db()
    assert (attempt.state, attempt.needs_person) == (State.DEAD, False)


def test_a_rider_who_takes_a_dead_order_by_a_clock_behind_ours_is_cancelled(town: Town) -> None:
    attempt = gone(town)
    town.report(attempt, 102)
    pushed(attempt, 102, seconds=-30)
    town.work()
    attempt.refresh_from_db()
    assert (attempt.state, attempt.needs_person) == (State.DEAD, True)
    assert attempt.revived_at
    assert town.live_orders(attempt.delivery) == []


def test_a_rider_who_takes_a_dead_order_unheard_is_found_by_asking(town: Town) -> None:
    attempt = gone(town)
    assert attempt.ask_at
    Attempt.objects.update(ask_at=timezone.now())
    town.report(attempt, 102)
    going_on.ask_due()
    town.work()
    attempt.refresh_from_db()
    assert (attempt.state, attempt.needs_person) == (State.DEAD, True)
    assert attempt.revived_at
    assert town.live_orders(attempt.delivery) == []


@pytest.mark.parametrize("end", [502, 203])
def test_who_has_delivered_a_dead_order_unheard_has_ended_its_delivery(
    town: Town, end: int
) -> None:
    attempt = gone(town)
    WaybillNews.objects.filter(code=103).update(code=end)
    ended_at = timezone.now() - timedelta(minutes=5)
    WaybillNews.objects.update(at=ended_at)
    Attempt.objects.update(ask_at=timezone.now(), ended_at=ended_at, waybill_state=end)
    town.report(attempt, 302)
    going_on.ask_due()
    town.work()
    attempt.refresh_from_db()
    attempt.delivery.refresh_from_db()
    assert attempt.revived_at
    assert (attempt.state, attempt.delivery.state) == ("delivered", "delivered")
    assert not OutboundCall.objects.live().exists()


def test_that_one_who_cannot_be_cancelled_brings_the_goods_back_is_found_by_asking(
    town: Town,
) -> None:
    attempt = gone(town)
    town.report(attempt, 202)
    town.report(attempt, 303)
    pushed(attempt, 202, seconds=1)
    town.work()
    attempt.refresh_from_db()
    assert (attempt.state, attempt.for_person) == (State.REVIVED, ForPerson.CANCEL_REFUSED)
    assert attempt.ask_at
    # The answer is later than all that was pushed, whatever the clock's second.
    WaybillNews.objects.update(at=F("at") - timedelta(minutes=1))
    Attempt.objects.update(ask_at=timezone.now())
    going_on.ask_due()

    def is_known() -> bool:
        outbox.work(seconds=0.1)
        attempt.refresh_from_db()
        return attempt.waybill_state == WaybillState.GOES_BACK

    wait_until(is_known, seconds=10)


def test_a_dead_order_is_asked_about_more_and_more_seldom(town: Town) -> None:
    attempt = gone(town)
    pauses = []
    for minutes in (1, 2, 16):
        now = timezone.now()
        Attempt.objects.update(ask_at=now, ended_at=now - timedelta(minutes=minutes))
        going_on.ask_due()
        attempt.refresh_from_db()
        pauses.append(attempt.ask_at and round((attempt.ask_at - now) / timedelta(minutes=1)))
    assert pauses == [1, 2, None]
    town.work()
    attempt.refresh_from_db()
    assert (attempt.state, attempt.needs_person) == (State.DEAD, False)


def test_what_a_second_life_does_wakes_not_the_first(town: Town) -> None:
    first = gone(town)
    delivery_call_again(attempt=first, actor="小王")
    town.work()
    town.report(first, 102)
    Attempt.objects.filter(pk=first.pk).update(ask_at=timezone.now())
    going_on.ask_due()
    pushed(first, 102, seconds=-60)
    town.work()
    first.refresh_from_db()
    assert (first.state, first.ask_at) == (State.DEAD, None)
    assert len(town.live_orders(first.delivery)) == 1
