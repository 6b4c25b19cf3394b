"""Orders that are to arrive at a wished time: couriers are called backwards from it, by learned
times where there are enough, else by what couriers name, and never before the goods are ready.
"""

from datetime import datetime, timedelta
from typing import Any

import pytest
import time_machine
from django.urls import reverse
from django.utils import timezone

from delivery.choices import Basis
from delivery.dashboard import alerts
from delivery.models import Attempt, Delivery, DeliveryStore, StoreCourier
from delivery.pages.board_rows import sendable
from delivery.services import going_on
from delivery.services.arriving import CallPlan, delivery_wait, plan_of
from delivery.services.choosing import FEWEST_SAMPLES, Rule
from delivery.services.dispatching import delivery_dispatch
from delivery.services.orders import order_of
from delivery.services.quoting import quotes_ask
from delivery.services.refusals import DeliveryConflict
from delivery.services.saying import delivery_ready
from stores.platforms.reading import BEIJING
from stores.roles import Role
from tests.api import Api, api_of, problem
from tests.delivery.api.ordering import order
from tests.delivery.board.looking import buttons, column, press, shown
from tests.delivery.factories import (
    AttemptFactory,
    DeliveryFactory,
    DeliveryStoreFactory,
    StoreCourierFactory,
)
from tests.delivery.town import Town
from tests.pages import english
from tests.stores.factories import member

MINUTE = timedelta(minutes=1)
# A Tuesday.
FOUR = datetime(2026, 12, 1, 16, 0, tzinfo=BEIJING)
SIX = FOUR + timedelta(hours=2)
# The way of the factory's orders by road, in metres.
FAR = 1358


@pytest.fixture
def place(db: None) -> DeliveryStore:
    made: DeliveryStore = DeliveryStoreFactory()
    return made


@pytest.fixture
def courier(place: DeliveryStore) -> StoreCourier:
    made: StoreCourier = StoreCourierFactory(place=place)
    return made


def rode(
    courier: StoreCourier,
    count: int = FEWEST_SAMPLES,
    *,
    accepts: int = 8,
    rides: int = 30,
    at: datetime = FOUR - timedelta(days=8),
    distance: int | None = FAR,
) -> None:
    """Orders of a courier, in minutes from the call until accepted, and from there on."""
    delivery = DeliveryFactory(store=courier.place.store, state=Delivery.State.DELIVERED)
    AttemptFactory.create_batch(
        count,
        delivery=delivery,
        courier=courier,
        courier_code=courier.account.delivery_id,
        state=Attempt.State.DELIVERED,
        called_at=at,
        accepted_at=at + accepts * MINUTE,
        waybill_at=at + (accepts + rides) * MINUTE,
        distance=distance,
    )


def wished(place: DeliveryStore, **fields: Any) -> Delivery:
    known = {"wanted_at": SIX, "wishes": {"is_arrival": True}, "ready_at": FOUR} | fields
    made: Delivery = DeliveryFactory(store=place.store, **known)
    return made


def minutes(plan: CallPlan) -> tuple[str, int]:
    return plan.source, round(plan.span / MINUTE)


# From learned times, else from quoted ones, else from what is usual


@time_machine.travel(FOUR, tick=False)
def test_it_is_reckoned_backwards_from_nine_in_ten_orders(courier: StoreCourier) -> None:
    rode(courier, 27)
    # The slowest three of thirty do not count.
    rode(courier, 3, accepts=50, rides=200)
    plan = plan_of(wished(courier.place))
    assert (plan.acceptance, plan.ride, plan.margin) == (8 * 60, 30 * 60, 5 * 60)
    assert (plan.source, plan.courier) == (Basis.LEARNED, "SS")
    rode(courier, 2, accepts=9)
    assert plan_of(wished(courier.place)).acceptance == 9 * 60


@time_machine.travel(FOUR, tick=False)
def test_orders_that_were_taken_after_their_end_teach_nothing(courier: StoreCourier) -> None:
    rode(courier)
    learned = minutes(plan_of(wished(courier.place)))
    rode(courier, 10, accepts=100)
    Attempt.objects.filter(accepted_at=FOUR - timedelta(days=8) + 100 * MINUTE).update(
        state=Attempt.State.DEAD, revived_at=FOUR
    )
    assert minutes(plan_of(wished(courier.place))) == learned
    assert learned[0] == Basis.LEARNED


@time_machine.travel(FOUR, tick=False)
@pytest.mark.parametrize(
    "few",
    [
        {"count": FEWEST_SAMPLES - 1},
        {"distance": 3 * FAR},
        {"distance": None},
        {"at": FOUR - timedelta(days=92)},
    ],
)
def test_below_thirty_like_orders_nothing_is_learned(
    courier: StoreCourier, few: dict[str, Any]
) -> None:
    rode(courier, **few)
    assert minutes(plan_of(wished(courier.place))) == (Basis.USUAL, 15 + 5 + 5)


@time_machine.travel(FOUR, tick=False)
def test_the_same_weekday_and_hour_counts_more_where_there_is_enough_of_it(
    courier: StoreCourier,
) -> None:
    rode(courier, 270, accepts=2, rides=10)
    rode(courier, 29, accepts=15, rides=45, at=SIX - timedelta(days=7))
    assert minutes(plan_of(wished(courier.place))) == (Basis.LEARNED, 2 + 10 + 5)
    rode(courier, 1, accepts=15, rides=45, at=SIX - timedelta(days=14))
    assert minutes(plan_of(wished(courier.place))) == (Basis.LEARNED, 15 + 45 + 5)


@time_machine.travel(FOUR, tick=False)
def test_without_prices_whoever_may_be_called_is_to_be_there_in_time(place: DeliveryStore) -> None:
    slow, quick, unknown = (
        StoreCourierFactory(place=place, account__delivery_id=code) for code in ("SS", "DADA", "UU")
    )
    rode(slow, accepts=10, rides=50)
    rode(quick, accepts=5, rides=20)
    assert unknown
    assert plan_of(wished(place)).courier == "SS"
    rule = Rule(listed=("DADA",)).as_json()
    DeliveryStore.objects.update(rule=rule, margin_minutes=0)
    assert minutes(plan_of(wished(place))) == (Basis.LEARNED, 25)


def test_what_the_rules_courier_names_counts_where_too_little_is_learned(town: Town) -> None:
    for courier, seconds in (("DADA", 2700), ("SS", 6000), ("SFTC", 60)):
        town.post("couriers", {"delivery_id": courier, "seconds": seconds})
    row = wished(town.place, wanted_at=timezone.now() + timedelta(hours=3))
    quotes_ask(delivery=row)
    row.refresh_from_db()
    plan = CallPlan.from_json(row.call_plan)
    assert (plan.source, plan.courier, plan.ride) == (Basis.QUOTED, "DADA", 2700)
    assert row.wanted_at
    assert row.call_at == (row.wanted_at - 50 * MINUTE).replace(second=0, microsecond=0)
    # A minute from door to door cannot be.
    DeliveryStore.objects.update(rule=Rule(listed=("SFTC",)).as_json())
    quotes_ask(delivery=row)
    row.refresh_from_db()
    plan = CallPlan.from_json(row.call_plan)
    assert (plan.source, plan.courier) == (Basis.USUAL, ""), "the courier did not name it"
    assert plan.ride > 15 * 60


# What is done at that time


def look(at: datetime) -> list[int]:
    """Looks as the schedule does at a moment; returns for which deliveries something was due."""
    with time_machine.travel(at, tick=False):
        return list(going_on.waiting())


@pytest.fixture
def planned(courier: StoreCourier) -> Delivery:
    """To be called at 17:17."""
    rode(courier)
    with time_machine.travel(FOUR, tick=False):
        row = wished(courier.place, created_at=FOUR)
        plan = plan_of(row)
        Delivery.objects.filter(pk=row.pk).update(call_at=SIX - plan.span, call_plan=plan.as_json())
    row.refresh_from_db()
    return row


@pytest.mark.parametrize("then", ["", "at_time"])
def test_a_rider_is_called_when_it_is_time_and_not_before(planned: Delivery, then: str) -> None:
    Delivery.objects.update(then=then)
    DeliveryStore.objects.update(is_automatic=then == "")
    assert planned.call_at == SIX - 43 * MINUTE
    assert look(planned.call_at - timedelta(seconds=1)) == []
    assert look(planned.call_at) == [planned.pk]


def test_never_before_the_goods_are_ready(planned: Delivery) -> None:
    DeliveryStore.objects.update(is_automatic=True)
    Delivery.objects.update(ready_at=None)
    assert look(SIX - 10 * MINUTE) == []
    Delivery.objects.update(ready_at=SIX - 20 * MINUTE)
    assert look(SIX - 10 * MINUTE) == [planned.pk]


def test_an_order_of_the_day_before_is_called_as_well(planned: Delivery) -> None:
    DeliveryStore.objects.update(is_automatic=True)
    Delivery.objects.update(created_at=FOUR - timedelta(days=2))
    assert look(SIX - 40 * MINUTE) == [planned.pk]
    assert look(SIX + timedelta(hours=12)) == []


def test_where_people_call_nobody_is_called_by_itself(planned: Delivery) -> None:
    assert look(SIX) == []


def soon(**more: Any) -> dict[str, Any]:
    arrival = timezone.now() + timedelta(hours=2)
    return order(arrive_by=arrival.strftime("%Y-%m-%dT%H:%M:%SZ"), **more)


@pytest.fixture
def api(town: Town) -> Api:
    return api_of(town.place.store.merchant)


def entered(api: Api, town: Town, body: dict[str, Any]) -> Any:
    return api.post(f"stores/{town.place.store_id}/deliveries/", body)


def test_an_automatic_store_asks_ahead_once_and_calls_in_time(town: Town, api: Api) -> None:
    DeliveryStore.objects.update(is_automatic=True)
    for courier in ("DADA", "MTPS", "SFTC", "SS", "UU"):
        town.post("couriers", {"delivery_id": courier, "seconds": 3000})
    seen = entered(api, town, soon()).json()
    assert (seen["call"]["basis"], seen["call"]["by_itself"]) == ("usual", True)
    for _time in range(2):
        going_on.go_on(Delivery.objects.get())
    assert sum(row.operation == "order/pre_add" for row in town.server.arrivals.all()) == 5
    seen = api.get(f"deliveries/{seen['id']}/").json()
    call = seen["call"]
    assert (call["basis"], call["ride_seconds"], call["margin_seconds"]) == ("quoted", 3000, 300)
    assert call["arrive_by"] == seen["wanted_at"]
    assert call["because"]
    assert town.orders() == []
    Delivery.objects.update(call_at=timezone.now())
    assert list(going_on.waiting()) == [seen["id"]]
    going_on.go_on(Delivery.objects.get())
    town.work()
    assert len(town.live_orders(Delivery.objects.get())) == 1
    assert api.get(f"deliveries/{seen['id']}/").json()["call"] is None


def test_a_wished_arrival_is_not_booked_and_a_booked_time_not_waited_for(town: Town) -> None:
    dada = town.place.couriers.get(account__delivery_id="DADA")
    arrival = wished(town.place)
    assert order_of(arrival, dada).as_json()["order_info"]["order_type"] == 0
    booked = wished(town.place, wishes={})
    sent = order_of(booked, dada).as_json()["order_info"]
    assert (sent["order_type"], sent["expected_delivery_time"]) == (1, int(SIX.timestamp()))
    quotes_ask(delivery=booked)
    booked.refresh_from_db()
    assert booked.call_at is None


@pytest.mark.parametrize(
    ("ahead", "booked", "status"),
    [(-1, False, 422), (71, False, 201), (73, False, 422), (3, True, 422)],
)
def test_a_wished_arrival_lies_ahead_and_is_not_booked_as_well(
    town: Town, api: Api, ahead: int, booked: bool, status: int
) -> None:
    at = timezone.now() + timedelta(hours=ahead)
    wishes = {"order_type": 1, "expected_finish_time": int(at.timestamp())} if booked else {}
    body = order(arrive_by=at.strftime("%Y-%m-%dT%H:%M:%SZ"), order_info=wishes)
    answer = entered(api, town, body)
    assert answer.status_code == status
    if status == 422:
        assert problem(answer) == (422, "wrong_order")
        assert list(answer.json()["errors"]) == ["arrive_by"]


def test_the_same_order_again_is_the_same_and_another_arrival_another(town: Town, api: Api) -> None:
    body = soon(reference="KD-1")
    assert [entered(api, town, body).status_code for _time in range(2)] == [201, 200]
    booked = order(reference="KD-1")
    assert problem(entered(api, town, booked)) == (409, "delivery_conflict")
    with time_machine.travel(timezone.now() + timedelta(hours=5)):
        assert entered(api, town, body).status_code == 200, "also when the time is over"


# What people see and do


def test_an_order_can_be_put_to_wait_and_taken_back(planned: Delivery) -> None:
    with time_machine.travel(FOUR, tick=False):
        delivery_wait(delivery=planned, is_waiting=True, actor="小王")
        planned.refresh_from_db()
        assert planned.then == Delivery.Then.AT_TIME
        with pytest.raises(DeliveryConflict):
            delivery_wait(delivery=planned, is_waiting=True, actor="小王")
        delivery_wait(delivery=planned, is_waiting=False, actor="小王")
    with time_machine.travel(SIX, tick=False), pytest.raises(DeliveryConflict):
        delivery_wait(delivery=planned, is_waiting=True, actor="小王")
    planned.refresh_from_db()
    assert planned.then == Delivery.Then.NOTHING


def test_board_and_page_say_when_to_call_and_why(planned: Delivery) -> None:
    """Where people call it is a hint with a button; a call by itself is told as one."""
    clerk = english(member(planned.store.merchant, Role.CLERK, planned.store, password=None))
    at = reverse("admin:delivery_delivery_change", args=[planned.pk])
    why = "FlashEx accepts within 8 min and brings it within 30 min, nine times in ten"
    with time_machine.travel(FOUR, tick=False):
        card = column(shown(clerk), "waiting")
        assert "Call by 17:17 to be there by 18:00." in card
        assert why in card
        assert 'data-urgency="calm"' in card, "it waits as it should"
        assert "data-alarm" not in card
        assert why in clerk.get(at).content.decode()
        press(clerk, planned, "wait", at_time="1")
        card = column(shown(clerk), "waiting")
        assert "Calls at 17:17 to be there by 18:00." in card
        assert "Do not call at 17:17 by itself" in card
        assert sendable([planned.store_id]) == []
        press(clerk, planned, "wait", at_time="")
        assert sendable([planned.store_id]) == [], "not with those that are to be sent now"
    with time_machine.travel(SIX - 40 * MINUTE, tick=False):
        card = column(shown(clerk), "waiting")
        assert "Should have been called at 17:17" in card
        assert 'data-urgency="urgent"' in card
        assert f'data-alarm="{planned.pk}"' in card, "it sounds"
        assert "wait" not in buttons(card, planned)
        assert sendable([planned.store_id]) == [planned.pk]


def test_a_call_of_another_day_is_told_with_its_day(planned: Delivery) -> None:
    clerk = english(member(planned.store.merchant, Role.CLERK, planned.store, password=None))
    with time_machine.travel(FOUR - timedelta(days=1), tick=False):
        card = column(shown(clerk), "waiting")
    assert "Call by 12-01 17:17 to be there by 12-01 18:00." in card
    assert "Call at 12-01 17:17 by the rule" in card


def test_one_that_waits_is_called_by_hand_all_the_same(town: Town) -> None:
    row = wished(town.place, then="at_time", call_at=timezone.now() + timedelta(hours=1))
    delivery_dispatch(delivery=row, courier="SS", actor="小王")
    row.refresh_from_db()
    assert (row.state, row.then) == (Delivery.State.RUNNING, Delivery.Then.NOTHING)


def test_an_overdue_call_is_an_alert(planned: Delivery) -> None:
    clerk = member(planned.store.merchant, Role.CLERK, planned.store, password=None)

    def told(at: datetime) -> list[tuple[str, str]]:
        vars(clerk).pop("_sending", None)
        with time_machine.travel(at, tick=False):
            return [(alert.level, str(alert.url)) for alert in alerts(clerk)]

    assert planned.call_at
    assert told(planned.call_at + MINUTE) == []
    url = f"/admin/delivery/delivery/{planned.pk}/change/"
    assert told(planned.call_at + 2 * MINUTE) == [("error", url)]
    Delivery.objects.update(state=Delivery.State.RUNNING)
    assert told(planned.call_at + 2 * MINUTE) == []


def test_goods_that_are_ready_wake_the_call(planned: Delivery) -> None:
    DeliveryStore.objects.update(is_automatic=True)
    Delivery.objects.update(ready_at=None)
    with time_machine.travel(SIX - 30 * MINUTE, tick=False):
        delivery_ready(delivery=planned, actor="小王")
        assert list(going_on.waiting()) == [planned.pk]
