"""What goes on without a person: automatic calls, and couriers that are passed over."""

from collections.abc import Iterator
from datetime import timedelta
from decimal import Decimal
from typing import Any

import pytest
import time_machine
from django.db import transaction
from django.utils import timezone

from delivery.models import Attempt, Delivery
from delivery.services import going_on, life, quoting, resting
from delivery.services.cancelling import cancel_carry_out, rider_of
from delivery.services.choosing import Facts, Offer, Prefer, Rule
from delivery.services.dispatching import delivery_dispatch
from delivery.services.learning import acceptance
from delivery.services.refusals import DeliveryConflict
from delivery.services.replaying import History, replay
from delivery.services.saying import delivery_ready
from stores.audit import SYSTEM
from stores.conflicts import Conflict
from stores.models import AuditEntry
from tests.delivery.factories import AttemptFactory, QuoteFactory
from tests.delivery.riders.rules import go_on, set_up
from tests.delivery.town import Town

State = Attempt.State
MINUTE = timedelta(minutes=1)


def test_a_store_that_calls_by_itself_calls_when_the_goods_are_ready(town: Town) -> None:
    set_up(town, is_automatic=True)
    delivery = town.delivery()
    assert list(going_on.waiting()) == []
    delivery_ready(delivery=delivery, actor="小王")
    assert list(going_on.waiting()) == [delivery.pk]
    go_on(town)
    assert [order["delivery_id"] for order in town.live_orders(delivery)] == ["DADA"]
    assert AuditEntry.objects.get(verb="delivery.dispatch").actor == SYSTEM


def test_a_store_that_does_not_calls_nobody(town: Town) -> None:
    delivery_ready(delivery=town.delivery(), actor="小王")
    assert list(going_on.waiting()) == []


def test_where_nobody_fits_the_rule_a_person_is_asked_once(town: Town) -> None:
    set_up(town, is_automatic=True, rule={**Rule().as_json(), "ceiling": "1.00"})
    delivery = town.delivery(ready_at=timezone.now())
    go_on(town)
    delivery.refresh_from_db()
    assert delivery.needs_person
    assert list(going_on.waiting()) == []
    assert town.orders(delivery) == []
    kept = delivery.decisions.get()
    assert (kept.chosen, kept.attempt, kept.by) == ("", None, "")
    assert {row["why_not"] for row in kept.ranking} <= {"over_ceiling", "no_price"}
    assert len(kept.ranking) == 5
    assert replay(None, kept.at).same == 1


def test_of_tries_that_find_nobody_the_last_is_kept(town: Town) -> None:
    set_up(town, rule={**Rule().as_json(), "ceiling": "1.00"})
    delivery = town.delivery()
    for _try in range(3):
        with pytest.raises(Conflict):
            delivery_dispatch(delivery=delivery, courier=None, actor="小王")
    set_up(town, rule={})
    attempt = delivery_dispatch(delivery=delivery, courier=None, actor="小王")
    found = delivery.decisions.order_by("pk").values_list("chosen", "attempt")
    assert list(found) == [("", None), ("DADA", attempt.pk)]


def test_couriers_that_are_paused_are_not_asked(town: Town) -> None:
    later = timezone.now() + timedelta(hours=1)
    town.place.couriers.filter(account__delivery_id="DADA").update(
        paused_until=later, pause_reason="余额不足"
    )
    attempt = delivery_dispatch(delivery=town.delivery(), courier=None, actor="小王")
    assert attempt.courier_code == "SFTC"


@pytest.mark.parametrize("number", [1, 3])
def test_couriers_that_were_tried_are_not_called_again(town: Town, number: int) -> None:
    delivery = town.delivery()
    for courier in ["DADA", "SFTC", "UU"][:number]:
        AttemptFactory(
            delivery=delivery,
            courier=town.place.couriers.get(account__delivery_id=courier),
            courier_code=courier,
            state=State.DEAD,
        )
    attempt = delivery_dispatch(delivery=delivery, courier=None, actor="小王")
    assert attempt.courier_code == {1: "SFTC", 3: "SS"}[number]


def test_a_courier_whose_account_is_empty_is_paused_and_the_next_is_called(town: Town) -> None:
    set_up(town, is_automatic=True)
    account = {"appid": "wxdemo0000000001", "delivery_id": "DADA", "shopid": "dada-demo-shop"}
    town.post("accounts", {**account, "secret": "DADA-secret", "balance": 0.0})
    delivery = town.delivery(ready_at=timezone.now())
    go_on(town)
    assert [order["delivery_id"] for order in town.live_orders(delivery)] == ["SFTC"]
    paused = town.place.couriers.get(account__delivery_id="DADA")
    assert (paused.pause_reason, paused.is_paused) == ("the account has no money", True)


def test_a_courier_that_refuses_the_rules_call_is_followed_by_the_next(town: Town) -> None:
    set_up(town, is_automatic=True)
    delivery = town.delivery(ready_at=timezone.now())
    going_on.go_on(delivery)
    town.post("couriers", {"delivery_id": "DADA", "mood": "refuses"})
    town.work()
    go_on(town)
    assert [order["delivery_id"] for order in town.live_orders(delivery)] == ["SFTC"]


def price_is_over(town: Town, delivery: Delivery) -> None:
    """Whoever is called just now keeps his price no longer."""
    Attempt.objects.filter(delivery=delivery, state=State.CALLING).update(price_token="another")
    town.work()


def test_a_courier_that_keeps_its_price_no_longer_is_asked_anew_and_called_once_more(
    town: Town,
) -> None:
    set_up(town, is_automatic=True)
    delivery = town.delivery(ready_at=timezone.now())
    going_on.go_on(delivery)
    price_is_over(town, delivery)
    first = delivery.attempts.get()
    assert (first.state, first.refusal[:5]) == (State.DEAD, "2062:")
    delivery.refresh_from_db()
    going_on.go_on(delivery)
    second = delivery.attempts.live().get()
    assert second.courier_code == "DADA"
    assert second.shop_order_id != first.shop_order_id
    assert {quote.round for quote in delivery.quotes.all()} == {1, 2}
    price_is_over(town, delivery)
    go_on(town)
    assert [order["delivery_id"] for order in town.live_orders(delivery)] == ["SFTC"]


def faster(town: Town, delivery: Delivery, monkeypatch: pytest.MonkeyPatch, to: str) -> None:
    """Another task calls a rider, who ends so, while this one asks for prices."""

    def refuse(**given: Any) -> None:
        rider = AttemptFactory(delivery=delivery, courier=town.place.couriers.first(), state=to)
        state = Delivery.State.RUNNING if rider.is_live else Delivery.State.WAITING
        Delivery.objects.update(state=state, then=Delivery.Then.NEXT)
        raise DeliveryConflict("A rider is called already.")

    monkeypatch.setattr(going_on, "delivery_dispatch", refuse)


@pytest.mark.parametrize("to", [State.LIVE, State.DEAD])
def test_where_another_task_was_faster_no_person_is_needed(
    town: Town, monkeypatch: pytest.MonkeyPatch, to: str
) -> None:
    set_up(town, is_automatic=True)
    delivery = town.delivery(ready_at=timezone.now())
    faster(town, delivery, monkeypatch, to)
    going_on.go_on(delivery)
    delivery.refresh_from_db()
    assert (delivery.needs_person, delivery.then) == (False, Delivery.Then.NEXT)


def test_an_end_that_nobody_wanted_is_put_before_a_person(town: Town) -> None:
    attempt = town.called(None)
    town.report(attempt, 502)
    Attempt.objects.update(ask_at=timezone.now())
    going_on.ask_due()
    town.work()
    delivery = Delivery.objects.get(pk=attempt.delivery_id)
    assert (delivery.state, delivery.needs_person) == (Delivery.State.WAITING, True)
    assert list(going_on.waiting()) == []


def test_a_courier_that_does_not_answer_five_times_steps_aside_and_is_asked_again_later(
    town: Town,
) -> None:
    town.server.faults.add(operation="order/pre_add", kind="drop_before", times=25)
    for _round in range(5):
        quoting.quotes_ask(delivery=town.delivery())
    assert {each.pause_reason for each in town.place.couriers.all()} == {"no answers"}
    with pytest.raises(Conflict):
        quoting.quotes_ask(delivery=town.delivery())
    town.server.faults.clear()
    town.place.couriers.update(paused_until=timezone.now())
    assert len(quoting.quotes_ask(delivery=town.delivery())) == 5


def test_one_lost_answer_ends_the_trial_after_a_pause(town: Town) -> None:
    town.server.faults.add(operation="order/pre_add", kind="drop_before", times=26)
    for _round in range(5):
        quoting.quotes_ask(delivery=town.delivery())
    town.place.couriers.update(paused_until=timezone.now())
    quoting.quotes_ask(delivery=town.delivery())
    assert sum(each.is_paused for each in town.place.couriers.all()) == 1


def test_some_lost_answers_among_many_good_ones_pause_nobody(town: Town) -> None:
    for number in range(30):
        QuoteFactory(
            delivery=town.delivery(),
            courier=town.place.couriers.get(account__delivery_id="SS"),
            is_silent=number < 6,
        )
    resting.note_silence(town.place.couriers.get(account__delivery_id="SS"))
    assert not [each for each in town.place.couriers.all() if each.is_paused]


@pytest.mark.parametrize("kind", ["throttle", "auth"])
def test_what_wechat_itself_lets_not_through_pauses_no_courier(town: Town, kind: str) -> None:
    town.server.faults.add(kind=kind, times=None)
    for _round in range(6):
        quotes = quoting.quotes_ask(delivery=town.delivery())
    assert all(quote.refusal and not quote.is_silent for quote in quotes)
    assert not [each for each in town.place.couriers.all() if each.is_paused]


@pytest.mark.parametrize("then", [Delivery.Then.NEXT, Delivery.Then.OURSELVES])
def test_what_was_wanted_after_a_rider_comes_also_if_he_was_gone_before(
    db: None, then: Delivery.Then
) -> None:
    attempt = AttemptFactory()
    wanted = rider_of(attempt.delivery)
    with transaction.atomic():
        life.prove_dead(life.locked(attempt.pk))
    cancel_carry_out(delivery=attempt.delivery, attempt=wanted, actor=None, max_fee=None, then=then)
    assert list(going_on.waiting()) == [attempt.delivery_id]
    assert Delivery.objects.get().then == then


@pytest.fixture
def half_past() -> Iterator[None]:
    """An hour is learned from riders of that hour: none of a minute ago was called in the last."""
    with time_machine.travel(timezone.now().replace(minute=30), tick=False):
        yield


@pytest.mark.usefixtures("half_past")
def test_of_riders_who_were_just_called_nothing_is_learned(db: None) -> None:
    attempt = AttemptFactory(called_at=timezone.now() - timedelta(seconds=100))
    assert attempt.courier
    for minutes, found in ((2, False), (1, True)):
        rule = Rule(Prefer.LIKELY, minutes=minutes)
        assert ("SS" in acceptance(attempt.courier.place, rule)) is found
    # What if another rule had chosen: it would have learned the same.
    place, now = attempt.courier.place, timezone.now()
    facts = Facts(now, Decimal(40), [Offer("SS")], {})
    history = History(place, now)
    assert [history.acceptance(facts, minutes)["SS"].orders for minutes in (2, 1)] == [0, 1]
