"""What pushes should have told is found by asking, store by store."""

from datetime import timedelta

import pytest
import time_machine
from django.db import transaction
from django.utils import timezone
from pytest_django.fixtures import Settings

from messaging import tasks
from messaging.choices import OrderState, Provider, RefundState
from messaging.models import MissedPush, Order, TakeawayStore
from messaging.services.accepting import accept_by_rule, accept_due
from messaging.services.orders import numbers_ended
from messaging.services.reconciling import developers, reconcile
from stores.models import Connection, OutboundCall
from stores.platforms.workers import queue
from tests.messaging.factories import OrderFactory, TakeawayStoreFactory
from tests.messaging.meituan import Meituan, deliver_all, meituan_of

pytestmark = [pytest.mark.django_db(transaction=True), pytest.mark.usefixtures("quick")]


def run(meituan: Meituan) -> int:
    (developer,) = developers()
    Order.objects.update(read_at=None)
    return reconcile(developer)


def told_by_asking() -> list[str]:
    return list(MissedPush.objects.order_by("pk").values_list("kind", flat=True))


def test_an_order_whose_push_was_lost_is_found(meituan: Meituan) -> None:
    number = meituan.place()
    assert run(meituan)
    order = Order.objects.get()
    assert (order.order_id, order.state) == (number, OrderState.NEW)
    assert order.dishes
    assert told_by_asking() == ["order_new"]


def test_every_later_state_is_found(meituan: Meituan) -> None:
    order = meituan.known()
    for action, state in (("confirm", OrderState.CONFIRMED), ("finish", OrderState.FINISHED)):
        meituan.act(order.order_id, action)
        run(meituan)
        order.refresh_from_db()
        assert order.state == state
    assert told_by_asking() == ["order_confirmed", "order_finished"]


def test_a_cancellation_and_a_refund_after_the_end_are_found(meituan: Meituan) -> None:
    gone, over = meituan.known(), meituan.known()
    meituan.act(gone.order_id, "cancel", reason="不想要了")
    for action in ("confirm", "finish"):
        meituan.act(over.order_id, action)
    run(meituan)
    gone.refresh_from_db()
    assert gone.state == OrderState.CANCELLED
    meituan.act(over.order_id, "refund", reason="少送了")
    run(meituan)
    refund = over.refunds.get()
    assert refund.state == RefundState.OPEN
    assert refund.decide_until
    assert "refund" in told_by_asking()


def test_how_a_refund_went_is_found_also_where_it_ended_the_order(meituan: Meituan) -> None:
    order = meituan.known()
    for action in ("confirm", "refund"):
        meituan.act(order.order_id, action)
    run(meituan)
    MissedPush.objects.filter(kind="refund").update(came_at=timezone.now())
    meituan.act(order.order_id, "agree")
    run(meituan)
    order.refresh_from_db()
    assert (order.state, order.refunds.get().state) == (OrderState.CANCELLED, RefundState.AGREED)
    # A push of this kind had come before; that another one was lost is noted all the same.
    assert told_by_asking() == ["order_confirmed", "refund", "order_cancelled", "refund"]


def test_an_order_that_meituan_does_not_know_stops_nothing_of_its_store(meituan: Meituan) -> None:
    order = meituan.known()
    meituan.act(order.order_id, "confirm")
    for number in ("9100000000000000001", "9100000000000000002"):
        OrderFactory(binding=meituan.binding, order_id=number)
    run(meituan)
    order.refresh_from_db()
    assert order.state == OrderState.CONFIRMED
    meituan.act(order.order_id, "refund", reason="少送了")
    (developer,) = developers()
    # Those that were refused come last the next time, and are asked for no longer than a day.
    assert reconcile(developer) == 0
    assert order.refunds.get().state == RefundState.OPEN
    Order.objects.filter(order_id__startswith="91").update(
        said_at=None, heard_at=timezone.now() - timedelta(days=2)
    )
    assert run(meituan) == 1


def test_an_open_refund_is_asked_for_however_old_its_order_is(meituan: Meituan) -> None:
    order = meituan.known()
    for action in ("confirm", "refund"):
        meituan.act(order.order_id, action)
    run(meituan)
    old = timezone.now() - timedelta(days=9)
    Order.objects.update(ordered_at=old, finished_at=old, state=OrderState.FINISHED)
    meituan.act(order.order_id, "reject", reason="已送达")
    run(meituan)
    assert order.refunds.get().state == RefundState.REJECTED


def test_what_is_known_already_changes_nothing(meituan: Meituan) -> None:
    order = meituan.known()
    for action in ("confirm", "finish"):
        meituan.act(order.order_id, action)
    meituan.act(order.order_id, "refund", reason="少送了")
    run(meituan)
    order.refresh_from_db()
    run(meituan)
    before, order = order.changed_at, Order.objects.get()
    assert order.changed_at == before


def test_orders_that_are_only_read_are_read_by_day(
    binding: TakeawayStore, settings: Settings
) -> None:
    binding.provider = Provider.READING
    binding.save()
    noon = timezone.localtime().replace(hour=12)
    with meituan_of(binding, settings) as meituan:
        with time_machine.travel(noon):
            number = meituan.place()
            run(meituan)
        assert Order.objects.get().order_id == number
        # Meituan tells nothing of these orders, so that nothing was missed.
        assert told_by_asking() == []


def test_orders_of_the_evening_are_read_after_midnight_too(
    binding: TakeawayStore, settings: Settings
) -> None:
    binding.provider = Provider.READING
    binding.save()
    night = timezone.localtime().replace(hour=0, minute=4)
    with meituan_of(binding, settings) as meituan:
        with time_machine.travel(night - timedelta(hours=1)):
            number = meituan.place()
        # Each day has its minutes: one question a minute is allowed.
        found = []
        for minutes in (2, 4):
            with time_machine.travel(night + timedelta(minutes=minutes)):
                run(meituan)
            found.append(list(Order.objects.values_list("order_id", flat=True)))
    assert found == [[], [number]]


def test_one_stores_refused_token_stops_no_other(meituan: Meituan, binding: TakeawayStore) -> None:
    other = TakeawayStoreFactory(developer=binding.connection.parent)
    assert binding.connection.pk < other.connection.pk
    Connection.objects.filter(pk=binding.connection.pk).update(token="wrong")
    developer = other.connection.parent
    assert developer is not None
    meituan.post(
        "stores",
        developer_id=int(developer.account),
        epoi_id=other.connection.account,
        app_auth_token=other.connection.token,
    )
    mine = meituan.known()
    meituan.act(mine.order_id, "confirm")
    theirs = meituan.place(epoi_id=other.connection.account)
    run(meituan)
    meituan.act(theirs, "confirm")
    run(meituan)
    binding.connection.refresh_from_db()
    assert binding.connection.state == Connection.State.REFUSED
    assert Order.objects.get(order_id=theirs).state == OrderState.CONFIRMED


def test_nothing_is_asked_for_a_store_that_was_refused_lately(
    meituan: Meituan, binding: TakeawayStore
) -> None:
    order = meituan.known()
    binding.connection.state = Connection.State.REFUSED
    binding.connection.checked_at = timezone.now()
    binding.connection.save()
    Order.objects.update(state=OrderState.CONFIRMED)
    assert run(meituan) == 0
    order.refresh_from_db()
    assert order.read_at is None


def test_a_store_that_was_refused_works_again_after_the_next_run(
    meituan: Meituan, binding: TakeawayStore
) -> None:
    """Also without an order to ask for, as long as something waits to be sent."""
    last_run = timezone.now() - timedelta(seconds=110)
    Connection.objects.filter(pk=binding.connection.pk).update(
        state=Connection.State.REFUSED, checked_at=last_run
    )
    run(meituan)
    binding.connection.refresh_from_db()
    assert binding.connection.state == Connection.State.WORKING


def test_a_refused_store_is_asked_for_its_orders_though_the_chat_does_not_answer(
    meituan: Meituan, binding: TakeawayStore
) -> None:
    order = meituan.known()
    last_run = timezone.now() - timedelta(seconds=110)
    Connection.objects.filter(pk=binding.connection.pk).update(
        state=Connection.State.REFUSED, checked_at=last_run
    )
    meituan.server.faults.add(kind="status_502", operation="im/getPoiIMStatus", times=None)
    run(meituan)
    order.refresh_from_db()
    binding.connection.refresh_from_db()
    assert order.read_at is not None
    assert binding.connection.state == Connection.State.WORKING


def test_meituan_out_of_reach_breaks_nothing(meituan: Meituan) -> None:
    order = meituan.known()
    meituan.server.faults.add(kind="drop_before", times=None)
    assert run(meituan) == 0
    order.refresh_from_db()
    assert order.state == OrderState.NEW
    meituan.server.faults.clear()
    assert run(meituan)


def test_what_meituan_thinks_went_wrong_is_asked_for(meituan: Meituan) -> None:
    order = meituan.known()
    for action in ("confirm", "finish", "abnormal"):
        meituan.act(order.order_id, action)
    Order.objects.update(state=OrderState.FINISHED)
    run(meituan)
    assert OutboundCall.objects.filter(operation="order.read", subject_id=order.pk).exists()


def test_an_order_that_went_wrong_is_found_where_no_push_told_it(
    meituan: Meituan, binding: TakeawayStore
) -> None:
    """It names no store: each one is asked for it."""
    other = TakeawayStoreFactory(developer=binding.connection.parent)
    developer = other.connection.parent
    assert developer is not None
    meituan.post(
        "stores",
        developer_id=int(developer.account),
        epoi_id=other.connection.account,
        app_auth_token=other.connection.token,
    )
    number = meituan.place(epoi_id=other.connection.account)
    for action in ("confirm", "abnormal"):
        meituan.act(number, action)
    run(meituan)
    order = Order.objects.get()
    assert (order.order_id, order.store, order.state) == (
        number,
        other.store,
        OrderState.CONFIRMED,
    )
    assert told_by_asking() == ["order_new", "order_confirmed"]


def test_the_real_number_comes_with_the_answer(meituan: Meituan) -> None:
    order = meituan.known()
    hidden = order.customer["phones"][0]
    meituan.act(order.order_id, "degrade")
    with transaction.atomic():
        numbers_ended(connection=order.connection)
    deliver_all()
    order.refresh_from_db()
    assert order.customer["phones"][0] != hidden
    assert "_" not in order.customer["phones"][0]


def test_the_schedule_wakes_a_worker_for_each_account(
    meituan: Meituan, monkeypatch: pytest.MonkeyPatch
) -> None:
    woken: list[tuple[str, int]] = []
    monkeypatch.setattr(queue, "wake_worker", lambda *task: woken.append(task))
    tasks.reconcile_all()
    (developer,) = developers()
    assert woken == [("messaging.tasks.reconcile", developer.pk)]


class TestAcceptance:
    @pytest.fixture(autouse=True)
    def rule(self, binding: TakeawayStore) -> None:
        binding.accepts_itself = True
        binding.save()

    def owed(self) -> int:
        return OutboundCall.objects.filter(operation="order.accept").count()

    def test_a_new_order_is_accepted_at_once(self, meituan: Meituan) -> None:
        order = meituan.known()
        assert self.owed() == 1
        deliver_all()
        order.refresh_from_db()
        assert order.state == OrderState.CONFIRMED

    def test_one_that_was_found_by_asking_within_a_minute(self, meituan: Meituan) -> None:
        meituan.place()
        run(meituan)
        assert accept_due() == 1
        assert self.owed() == 1

    def test_a_booked_order_only_when_it_is_to_be_cooked(self, meituan: Meituan) -> None:
        at = timezone.now() + timedelta(hours=3)
        order = meituan.known(delivery_time=int(at.timestamp()))
        assert order.wanted_at
        assert self.owed() == 0
        assert accept_due() == 0
        Order.objects.update(wanted_at=timezone.now() + timedelta(minutes=59))
        assert accept_due() == 1

    def test_not_outside_of_the_hours(self, binding: TakeawayStore, meituan: Meituan) -> None:
        now = timezone.localtime()
        binding.accepts_from = (now + timedelta(hours=1)).time()
        binding.accepts_until = (now + timedelta(hours=2)).time()
        binding.save()
        meituan.known()
        assert self.owed() == 0

    def test_hours_may_span_midnight(self, binding: TakeawayStore, meituan: Meituan) -> None:
        now = timezone.localtime()
        binding.accepts_from = (now - timedelta(hours=1)).time()
        binding.accepts_until = (now - timedelta(hours=2)).time()
        binding.save()
        meituan.known()
        assert self.owed() == 1

    def test_not_beyond_so_many_open_orders(self, binding: TakeawayStore, meituan: Meituan) -> None:
        binding.accepts_most = 1
        binding.save()
        meituan.known()
        deliver_all()
        second = meituan.known()
        assert self.owed() == 1
        assert not accept_by_rule(second)

    def test_not_what_cannot_be_read_whole(self, meituan: Meituan) -> None:
        order = meituan.known()
        OutboundCall.objects.all().delete()
        Order.objects.update(unreadable=["detail"])
        order.refresh_from_db()
        assert not accept_by_rule(order)
