"""Pushes of the simulated WeChat on real sockets, lost, held, doubled and in any order, and the
questions between them: one state, and each moment once.
"""

import random
from datetime import timedelta

import pytest
from django.db import transaction
from django.urls import reverse
from django.utils import timezone
from pytest_django.live_server_helper import LiveServer

import delivery.webhooks.handlers  # noqa: F401
from delivery.choices import Moment, WaybillState
from delivery.models import Attempt, Delivery
from delivery.services.hearing import waybill_told
from delivery.tasks import ask_due
from delivery.wire.events import Rider, WaybillEvent
from tests.delivery.factories import AttemptFactory
from tests.delivery.town import APPID, Town
from tests.delivery.webhooks.pushing import KEY, SECRETS, TOKEN, handle_all
from tests.processes import wait_until

WAY = [Moment.ACCEPTED, Moment.PICKED_UP, Moment.DELIVERED]
RIDE = [102, 201, 202, 202, 301, 302]
STEP = timedelta(seconds=60)


def register(town: Town, live_server: LiveServer, mode: str = "secure", form: str = "json") -> None:
    connection = town.place.connection
    connection.credentials = {**connection.credentials, **SECRETS}
    connection.save()
    address = live_server.url + reverse("delivery:push", args=[connection.pk])
    known = {"appid": APPID, "push_token": TOKEN, "aes_key": KEY, "callback": address}
    town.post("apps", {**known, "mode": mode, "form": form})
    town.switch(push_retry_seconds=[0.05, 0.05, 0.05])


def kinds(delivery: Delivery) -> list[str]:
    return [moment.kind for moment in delivery.moments.all()]


def is_over(attempt: Attempt) -> bool:
    handle_all()
    attempt.refresh_from_db()
    return attempt.state == Attempt.State.DELIVERED


@pytest.mark.parametrize(("mode", "form"), [("secure", "xml"), ("plain", "json")])
def test_a_ride_is_heard_by_pushes_alone(
    town: Town, live_server: LiveServer, mode: str, form: str
) -> None:
    register(town, live_server, mode, form)
    attempt = town.called("SS")
    town.switch(
        push_copies=1,
        repeats_pick_up=True,
        accept_seconds=0.05,
        arrive_seconds=0.05,
        pick_up_seconds=0.05,
        leave_seconds=0.05,
        deliver_seconds=0.05,
    )
    wait_until(lambda: is_over(attempt))
    wait_until(lambda: states(town) == {"acknowledged"})
    handle_all()
    assert kinds(attempt.delivery) == WAY
    assert attempt.rider["name"]
    assert attempt.asked_at is None


def states(town: Town) -> set[str]:
    return {push["state"] for push in town.get("pushes")["pushes"]}


def test_a_ride_whose_pushes_are_lost_is_found_by_asking_and_told_late_without_harm(
    town: Town, live_server: LiveServer
) -> None:
    register(town, live_server)
    town.switch(pushes="hold")
    attempt = town.called("SS")
    for status in RIDE:
        town.report(attempt, status)
    Attempt.objects.update(ask_at=timezone.now())
    ask_due()
    town.work()
    attempt.refresh_from_db()
    assert attempt.state == Attempt.State.DELIVERED
    assert kinds(attempt.delivery) == WAY
    found = dict(attempt.delivery.moments.values_list("kind", "at"))
    town.switch(pushes="send")
    wait_until(lambda: states(town) == {"acknowledged"})
    handle_all()
    attempt.refresh_from_db()
    assert (attempt.state, attempt.waybill_state) == (Attempt.State.DELIVERED, 302)
    assert kinds(attempt.delivery) == WAY
    told = dict(attempt.delivery.moments.values_list("kind", "at"))
    assert told[Moment.ACCEPTED] < found[Moment.ACCEPTED]


def event(attempt: Attempt, status: int, at: timedelta) -> WaybillEvent:
    return WaybillEvent(
        shopid=attempt.shopid,
        shop_order_id=attempt.shop_order_id,
        waybill_id="test_waybill_id",
        code=status,
        state=WaybillState(status) if status in WaybillState.values else None,
        action_at=attempt.called_at + at,
        message="",
        rider=Rider("我是小哥", "13712345678", None),
        to="",
        sender="",
    )


def tell(attempt: Attempt, told: WaybillEvent) -> int | None:
    assert attempt.courier
    connection = attempt.courier.account.connection
    with transaction.atomic():
        return waybill_told(connection=connection, event=told, at=timezone.now())


@pytest.mark.parametrize("seed", range(15))
def test_any_order_and_number_of_pushes_ends_in_one_state(db: None, seed: int) -> None:
    dice = random.Random(seed)
    attempt = AttemptFactory(called_at=timezone.now() - timedelta(hours=1))
    told = [event(attempt, status, number * STEP) for number, status in enumerate(RIDE)]
    # The attempt is over once; what comes later changes nothing.
    told += dice.choices(told, k=4)
    dice.shuffle(told)
    for each in told:
        tell(attempt, each)
    attempt.refresh_from_db()
    assert (attempt.state, attempt.waybill_state) == (Attempt.State.DELIVERED, 302)
    assert kinds(attempt.delivery) == WAY
    assert [moment.at for moment in attempt.delivery.moments.all()] == [
        attempt.called_at + STEP * number for number in (0, 2, 5)
    ]


def test_a_code_that_is_not_known_is_kept_and_changes_nothing(db: None) -> None:
    attempt = AttemptFactory()
    assert tell(attempt, event(attempt, 402, STEP)) == attempt.pk
    attempt.refresh_from_db()
    assert (attempt.state, attempt.waybill_state) == (Attempt.State.LIVE, None)
    assert [news.code for news in attempt.news.all()] == [402]


def test_an_order_of_another_account_or_merchant_is_not_ours(db: None) -> None:
    attempt, other = AttemptFactory(), AttemptFactory()
    told = event(attempt, 102, STEP)
    assert other.courier
    with transaction.atomic():
        stranger = other.courier.account.connection
        assert waybill_told(connection=stranger, event=told, at=timezone.now()) is None
    attempt.refresh_from_db()
    assert attempt.waybill_state is None


def test_a_moment_in_the_future_is_put_before_a_person(db: None) -> None:
    attempt = AttemptFactory()
    with pytest.raises(ValueError, match="future"):
        tell(attempt, event(attempt, 102, timedelta(hours=3)))


def test_a_masked_phone_does_not_hide_a_known_one(db: None) -> None:
    attempt = AttemptFactory()
    tell(attempt, event(attempt, 102, STEP))
    masked = event(attempt, 201, 2 * STEP)
    tell(attempt, WaybillEvent(**{**vars(masked), "rider": Rider("", "137****5678", None)}))
    attempt.refresh_from_db()
    assert attempt.rider == {"name": "我是小哥", "phone": "13712345678"}


def test_a_late_push_does_not_bring_back_an_earlier_rider(db: None) -> None:
    attempt = AttemptFactory()
    tell(attempt, event(attempt, 201, 5 * STEP))
    late = event(attempt, 102, STEP)
    tell(attempt, WaybillEvent(**{**vars(late), "rider": Rider("老李", "13900000000", None)}))
    attempt.refresh_from_db()
    assert attempt.rider == {"name": "我是小哥", "phone": "13712345678"}
    tell(
        attempt,
        WaybillEvent(
            **vars(event(attempt, 202, 6 * STEP)) | {"rider": Rider("老李", "13900000000", None)}
        ),
    )
    attempt.refresh_from_db()
    assert attempt.rider["name"] == "老李"
