"""How often silent orders are asked about, by how many of the day's calls are left."""

from datetime import datetime, timedelta

import pytest
from django.db import transaction
from django.db.models import F
from django.utils import timezone

from delivery.choices import Source, WaybillState
from delivery.models import Attempt, CallQuota
from delivery.sandbox.calls import TEST_SECRET, TEST_SHOP
from delivery.services import calls, going_on, life, polling
from delivery.services.dispatching import delivery_dispatch
from delivery.services.polling import ASK_EVERY, LONGEST, pause_by, pause_of, quotas_read
from stores.models import Connection, OutboundCall
from stores.platforms.errors import Unknown
from stores.platforms.outbox.enqueuing import DELIVER
from stores.platforms.workers import queue
from tests.delivery.cancelling import delivery_cancel
from tests.delivery.factories import AttemptFactory, CourierAccountFactory, StoreCourierFactory
from tests.delivery.town import Town

Lane = OutboundCall.Lane


@pytest.mark.parametrize(
    ("left", "daily", "seconds"),
    [
        (500, 500, 40),
        (250, 500, 40),
        (249, 500, 80),
        (125, 500, 80),
        (124, 500, 160),
        (50, 500, 160),
        (49, 500, 300),
        (0, 500, 300),
        (-3, 500, 300),
        (None, 500, 40),
        (7, None, 40),
        (0, 0, 40),
    ],
)
def test_the_pause_grows_as_the_days_calls_run_out(
    left: int | None, daily: int | None, seconds: int
) -> None:
    assert pause_by(left, daily) == timedelta(seconds=seconds)


def test_the_pause_is_never_shorter_than_usual_or_longer_than_said() -> None:
    pauses = [pause_by(left, 500) for left in range(500, -1, -1)]
    assert pauses == sorted(pauses)
    assert (min(pauses), max(pauses)) == (ASK_EVERY, LONGEST)


@pytest.fixture
def riding(db: None) -> Attempt:
    made: Attempt = AttemptFactory(ask_at=timezone.now())
    return made


def few_left(attempt: Attempt, **fields: object) -> None:
    assert attempt.courier
    known = {"daily": 500, "left": 10, "read_at": timezone.now()} | fields
    CallQuota.objects.create(connection=attempt.courier.account.connection, **known)


def until_asked(attempt: Attempt) -> float:
    attempt.refresh_from_db()
    assert attempt.ask_at
    return round((attempt.ask_at - timezone.now()).total_seconds())


@pytest.mark.parametrize(("left", "seconds"), [(400, 40), (200, 80), (10, 300)])
def test_questions_that_nobody_waits_for_get_rarer_and_stand_behind(
    riding: Attempt, left: int, seconds: int
) -> None:
    few_left(riding, left=left)
    going_on.ask_due()
    assert until_asked(riding) == seconds
    assert OutboundCall.objects.get(operation="rider.read").lane == Lane.BACKGROUND


def test_what_was_said_long_ago_counts_no_more(riding: Attempt) -> None:
    few_left(riding, read_at=timezone.now() - polling.COUNTS - timedelta(seconds=1))
    assert pause_of(riding) == ASK_EVERY


def test_a_person_waits_for_nothing_however_few_calls_are_left(town: Town) -> None:
    delivery = town.delivery()
    attempt = delivery_dispatch(delivery=delivery, courier="SS", actor="小王")
    few_left(attempt, left=0)
    assert OutboundCall.objects.get().lane == Lane.INTERACTIVE
    town.work()
    assert until_asked(attempt) == 300
    Attempt.objects.update(ask_at=timezone.now())
    going_on.ask_due()
    delivery_cancel(delivery=delivery, actor="小王", max_fee=None)
    lanes = OutboundCall.objects.live().values_list("operation", "lane")
    assert ("rider.cancel", Lane.INTERACTIVE) in lanes
    town.work()
    assert town.live_orders(delivery) == []


def test_where_the_rider_is_is_asked_for_once_he_has_the_goods(riding: Attempt) -> None:
    def heard(code: WaybillState, at: datetime) -> float:
        Attempt.objects.update(ask_at=timezone.now() + ASK_EVERY)
        with transaction.atomic():
            life.hear(life.locked(riding.pk), code=code, at=at, source=Source.PUSH)
        return until_asked(riding)

    now = timezone.now()
    assert heard(WaybillState.ACCEPTED, now) > 20
    assert heard(WaybillState.PICKED_UP, now + timedelta(seconds=1)) <= 0
    assert heard(WaybillState.ON_THE_WAY, now + timedelta(seconds=2)) > 20


def test_a_question_that_proves_an_end_overtakes_one_that_nobody_waits_for(riding: Attempt) -> None:
    going_on.ask_due()
    attempt = life.locked(riding.pk)
    life.hear(attempt, code=WaybillState.NO_RIDER, at=timezone.now(), source=Source.PUSH)
    attempt.cancelled_at = timezone.now()
    attempt.save(update_fields=["cancelled_at"])
    calls.owe(attempt)
    assert OutboundCall.objects.get(operation="rider.read").lane == Lane.INTERACTIVE


def test_the_quota_is_what_wechat_says(town: Town) -> None:
    """Its own test account may order so often a day."""
    account = CourierAccountFactory(
        connection=town.place.connection, delivery_id="TEST", name="TEST", shopid=TEST_SHOP
    )
    town.post(
        "accounts",
        {
            "appid": town.place.connection.account,
            "delivery_id": "TEST",
            "shopid": TEST_SHOP,
            "secret": TEST_SECRET,
        },
    )
    StoreCourierFactory(place=town.place, account=account, secret=TEST_SECRET)
    town.switch(calls_a_day=4)
    assert quotas_read() == 0, "nobody rides"
    seen = []
    for _time in range(4):
        attempt = town.called("TEST")
        CallQuota.objects.update(tried_at=timezone.now() - polling.READ_EVERY)
        assert quotas_read() == 1
        assert quotas_read() == 0, "read just now"
        row = CallQuota.objects.get()
        seen.append((row.daily, row.left, pause_of(attempt).total_seconds()))
    assert seen == [(4, 3, 40), (4, 2, 40), (4, 1, 80), (4, 0, 300)]


def test_where_wechat_does_not_answer_what_it_said_counts_on(town: Town) -> None:
    attempt = town.called("SS")
    few_left(attempt, read_at=timezone.now() - polling.READ_EVERY)
    town.server.faults.add(operation="openapi/quota/get", kind="drop_before", times=None)
    assert quotas_read() == 1
    assert CallQuota.objects.get().left == 10
    assert pause_of(attempt) == LONGEST
    assert quotas_read() == 0, "tried just now"


def mini_programs(count: int) -> list[int]:
    """Returns those of so many stores with riders under way."""
    riders = [AttemptFactory() for _number in range(count)]
    return [each.courier.account.connection_id for each in riders]


@pytest.fixture
def asked_of(db: None, monkeypatch: pytest.MonkeyPatch) -> list[int]:
    """The mini-programs that were asked for; WeChat answers for none."""
    asked: list[int] = []

    class Silent:
        def __init__(self, connection: Connection) -> None:
            asked.append(connection.pk)

        def call(self, _request: object) -> None:
            raise Unknown("no answer")

    monkeypatch.setattr(polling, "Wechat", Silent)
    return asked


def test_those_that_never_answer_hold_up_no_others(
    asked_of: list[int], monkeypatch: pytest.MonkeyPatch
) -> None:
    known = mini_programs(3)
    monkeypatch.setattr(polling, "MOST", 2)
    for _minute in range(3):
        quotas_read()
        CallQuota.objects.update(tried_at=F("tried_at") - polling.READ_EVERY)
    assert asked_of == [known[number] for number in (0, 1, 2, 0, 1, 2)]
    assert set(CallQuota.objects.values_list("read_at", flat=True)) == {None}


def test_a_slow_answer_leaves_the_others_to_the_next_task(
    asked_of: list[int], monkeypatch: pytest.MonkeyPatch
) -> None:
    known = mini_programs(2)
    times = iter([0.0, 0.0, polling.SECONDS, 0.0, 0.0, 0.0])
    monkeypatch.setattr("delivery.services.polling.time.monotonic", lambda: next(times))
    assert quotas_read() == 1
    assert quotas_read() == 1
    assert asked_of == known


def test_many_questions_wake_one_worker(
    transactional_db: None, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Else whoever waits for a rider stands behind all of them."""
    now = timezone.now()
    for attempt in AttemptFactory.create_batch(3, state=Attempt.State.LIVE):
        Attempt.objects.filter(pk=attempt.pk).update(ask_at=now)
    woken: list[str] = []
    monkeypatch.setattr(queue, "wake_worker", lambda task, pk: woken.append(task))
    going_on.ask_due()
    assert OutboundCall.objects.filter(operation="rider.read").count() == 3
    assert woken == [DELIVER]
