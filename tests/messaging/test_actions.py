"""What people decide reaches Meituan once, whatever happens to the answer."""

from collections.abc import Callable
from typing import Any

import pytest
from django.db import transaction
from django.utils import timezone

from messaging.choices import DeliveryState, OrderState, Provider, RefundState
from messaging.models import Order, TakeawayStore
from messaging.services import acting, allowed, deciding
from messaging.services.answers import BEHIND, refunds_read
from messaging.services.reading import ask_what_a_refund_ended, client_of, owe_refunds
from stores.models import AuditEntry, Connection, OutboundAttempt, OutboundCall
from stores.platforms.outbox import operations
from stores.sandbox.faults import KINDS
from tests.messaging.factories import RefundFactory
from tests.messaging.meituan import Meituan, deliver_all
from tests.messaging.pushing import Pusher
from tests.processes import wait_until

pytestmark = [
    pytest.mark.django_db(transaction=True),
    pytest.mark.usefixtures("quick", "in_english"),
]
State = OutboundCall.State


def accept(order: Order) -> OutboundCall | None:
    return deciding.order_accept(order=order, actor=None)


def accepted(meituan: Meituan, **changes: Any) -> Order:
    order = meituan.known(**changes)
    accept(order)
    deliver_all()
    order.refresh_from_db()
    assert order.state == OrderState.CONFIRMED
    return order


def with_refund(meituan: Meituan) -> Order:
    """An accepted order of which the customer wants the money back, as we have read it."""
    order = accepted(meituan)
    meituan.act(order.order_id, "refund", reason="少送了")
    read_refunds(order)
    return order


def read_refunds(order: Order) -> None:
    client = client_of(order.connection)
    facts = client.refunds_of([order.order_id])
    refunds_read(order=order, facts=facts, asked_at=order.heard_at)


def _is_settled(call: OutboundCall) -> bool:
    deliver_all()
    call.refresh_from_db()
    return call.state in (State.DONE, State.REFUSED, State.DEAD)


def test_every_action_is_registered() -> None:
    for kind in acting.ACTIONS:
        assert operations["takeaway", kind.name].title


def test_accepting_twice_is_one_call(meituan: Meituan) -> None:
    order = meituan.known()
    first, second = accept(order), accept(order)
    assert first == second
    deliver_all()
    assert meituan.status(order.order_id) == 4
    order.refresh_from_db()
    assert order.state == OrderState.CONFIRMED
    assert order.accepted_at
    assert accept(order) is None
    assert AuditEntry.objects.filter(verb="takeaway.order.accept").count() == 1


def test_what_is_accepted_in_meituans_app_counts_as_accepted(meituan: Meituan) -> None:
    order = meituan.known()
    meituan.act(order.order_id, "confirm")
    call = accept(order)
    deliver_all()
    assert call
    call.refresh_from_db()
    assert call.state == State.DONE
    order.refresh_from_db()
    assert order.state == OrderState.CONFIRMED


@pytest.mark.parametrize("fault", sorted(set(KINDS) - {"auth"}))
def test_a_lost_answer_is_asked_about(meituan: Meituan, fault: str) -> None:
    order = meituan.known()
    meituan.server.faults.add(kind=fault, seconds=1.5)
    call = accept(order)
    assert call
    deliver_all()
    call.refresh_from_db()
    wait_until(lambda: _is_settled(call))
    assert call.state == State.DONE
    assert meituan.status(order.order_id) == 4


def test_cancelling_says_why(meituan: Meituan) -> None:
    order = meituan.known()
    deciding.order_cancel(order=order, actor=None, code="2009", reason="")
    deliver_all()
    assert meituan.status(order.order_id) == 9
    order.refresh_from_db()
    assert (order.state, order.cancel_code) == (OrderState.CANCELLED, "2009")
    assert deciding.order_cancel(order=order, actor=None, code="2009", reason="") is None


def test_an_order_that_was_cancelled_meanwhile_is_read_again(meituan: Meituan) -> None:
    order = meituan.known()
    call = accept(order)
    meituan.act(order.order_id, "cancel", reason="不想要了")
    deliver_all()
    assert call
    call.refresh_from_db()
    assert call.state == State.REFUSED
    deliver_all()
    order.refresh_from_db()
    assert order.state == OrderState.CANCELLED


@pytest.mark.parametrize(
    ("agree", "state"), [(True, RefundState.AGREED), (False, RefundState.REJECTED)]
)
def test_a_refund_is_decided_once(meituan: Meituan, agree: bool, state: RefundState) -> None:
    order = with_refund(meituan)
    refund = order.refunds.get()
    deciding.refund_decide(refund=refund, actor=None, agree=agree, reason="已经补送")
    deliver_all()
    deliver_all()
    refund.refresh_from_db()
    assert refund.state == state
    assert refund.decided_at
    with pytest.raises(deciding.TakeawayConflict):
        deciding.refund_decide(refund=refund, actor=None, agree=agree, reason="再来一次")


def test_the_opposite_is_not_decided_while_meituan_is_told(meituan: Meituan) -> None:
    refund = with_refund(meituan).refunds.get()

    def decide(*, agree: bool) -> OutboundCall:
        return deciding.refund_decide(refund=refund, actor=None, agree=agree, reason="已经补送")

    call = decide(agree=False)
    assert decide(agree=False) == call
    with pytest.raises(deciding.TakeawayConflict, match="a moment ago"):
        decide(agree=True)
    deliver_all()
    refund.refresh_from_db()
    assert refund.state == RefundState.REJECTED


def test_another_dish_is_not_refunded_unsaid_while_one_is(meituan: Meituan) -> None:
    order = accepted(meituan)
    lines = client_of(order.connection).refundable(order.order_id)

    def refund(line: dict[str, Any]) -> OutboundCall:
        return deciding.order_refund_part(
            order=order, actor=None, reason="少了一份", dishes=[line | {"count": 1}]
        )

    assert refund(lines[0]) == refund(lines[0])
    with pytest.raises(deciding.TakeawayConflict, match="a moment ago"):
        refund(lines[1])


def test_an_appeal_is_at_once_what_customer_service_decides(
    meituan: Meituan, pusher: Pusher
) -> None:
    order = with_refund(meituan)
    deciding.refund_decide(refund=order.refunds.get(), actor=None, agree=False, reason="已经补送")
    deliver_all()
    meituan.act(order.order_id, "appeal")
    pusher.push("refund", {"orderId": int(order.order_id), "notifyType": "apply"})
    assert order.refunds.count() == 2
    deliver_all()
    refund = order.refunds.get()
    assert (refund.state, refund.is_appeal) == (RefundState.OPEN, True)
    assert refund.decide_until is None


def test_a_push_has_us_ask_at_once_also_when_a_question_waits(
    meituan: Meituan, pusher: Pusher
) -> None:
    order = accepted(meituan)
    with transaction.atomic():
        owe_refunds(order, after=BEHIND)
    pusher.push("refund", {"orderId": int(order.order_id), "notifyType": "agree"})
    call = OutboundCall.objects.get(operation="refunds.read")
    assert call.due_at <= timezone.now()


def test_a_refusal_needs_a_reason(meituan: Meituan) -> None:
    refund = with_refund(meituan).refunds.get()
    with pytest.raises(deciding.TakeawayConflict):
        deciding.refund_decide(refund=refund, actor=None, agree=False, reason="  ")


def test_what_customer_service_decides_has_no_decision_of_ours(meituan: Meituan) -> None:
    refund = with_refund(meituan).refunds.get()
    refund.is_appeal = True
    refund.save()
    with pytest.raises(deciding.TakeawayConflict):
        deciding.refund_decide(refund=refund, actor=None, agree=True, reason="")


def test_a_part_is_refunded(meituan: Meituan) -> None:
    order = accepted(meituan)
    lines = client_of(order.connection).refundable(order.order_id)
    deciding.order_refund_part(
        order=order, actor=None, reason="少了一份", dishes=[lines[0] | {"count": 1}]
    )
    deliver_all()
    deliver_all()
    refund = order.refunds.get()
    assert refund.is_part
    assert refund.state == RefundState.AGREED
    assert refund.money


DONE_ALIKE: list[tuple[Callable[[Order], Any], str, Any]] = [
    (lambda order: deciding.order_ready(order=order, actor=None), "ready_at", None),
    (
        lambda order: deciding.own_delivery(
            order=order, actor=None, delivered=False, courier="小李", phone="13800000000"
        ),
        "delivery",
        DeliveryState.PICKED_UP,
    ),
]


@pytest.mark.parametrize(("act", "field", "value"), DONE_ALIKE)
def test_what_is_done_stands_on_the_order(
    meituan: Meituan, act: Callable[[Order], Any], field: str, value: Any
) -> None:
    order = accepted(meituan, logistics_code="0000")
    act(order)
    deliver_all()
    order.refresh_from_db()
    assert getattr(order, field) == value if value else getattr(order, field)


def test_a_rider_is_called_and_cancelled(meituan: Meituan) -> None:
    order = accepted(meituan, logistics_code="1001")
    call = deciding.rider_call(order=order, actor=None)
    deliver_all()
    call.refresh_from_db()
    assert call.state == State.DONE
    with pytest.raises(deciding.TakeawayConflict):
        deciding.rider_cancel(order=order, actor=None)
    Order.objects.update(delivery=DeliveryState.SENT)
    call = deciding.rider_cancel(order=order, actor=None)
    deliver_all()
    call.refresh_from_db()
    assert call.state == State.DONE


def test_a_rider_is_not_called_twice_when_the_answer_was_lost(meituan: Meituan) -> None:
    order = accepted(meituan, logistics_code="1001")
    meituan.server.faults.add(kind="drop_after")
    call = deciding.rider_call(order=order, actor=None)
    deliver_all()
    call.refresh_from_db()
    assert call.state == State.UNKNOWN
    Order.objects.update(delivery=DeliveryState.SENT)
    OutboundCall.objects.update(due_at=timezone.now())
    deliver_all()
    call.refresh_from_db()
    assert call.state == State.DONE
    assert OutboundAttempt.objects.filter(call=call, kind="send").count() == 1


@pytest.mark.parametrize(("is_part", "asked"), [(False, 1), (True, 0)])
def test_an_order_whose_whole_price_was_refunded_is_read_at_once(
    meituan: Meituan, is_part: bool, asked: int
) -> None:
    order = accepted(meituan)
    RefundFactory(order=order, is_part=is_part, state=RefundState.AGREED)
    with transaction.atomic():
        ask_what_a_refund_ended(order)
    assert OutboundCall.objects.filter(operation="order.read").count() == asked


def test_an_urge_and_another_time_are_answered(meituan: Meituan) -> None:
    order = accepted(meituan)
    with pytest.raises(deciding.TakeawayConflict):
        deciding.urge_answer(order=order, actor=None)
    meituan.act(order.order_id, "remind")
    Order.objects.update(urged_at=order.heard_at)
    deciding.urge_answer(order=order, actor=None)
    deliver_all()
    order.refresh_from_db()
    assert order.urge_answered_at
    assert not allowed.is_urged(order)


def test_a_store_whose_orders_are_only_read_has_no_buttons(binding: TakeawayStore) -> None:
    TakeawayStore.objects.update(provider=Provider.READING)
    order = Order.objects.create(
        connection=binding.connection, store=binding.store, order_id="1", state=OrderState.NEW
    )
    with pytest.raises(deciding.TakeawayConflict):
        accept(order)
    assert not OutboundCall.objects.exists()


def test_an_unbound_store_is_said_and_nothing_is_sent(binding: TakeawayStore) -> None:
    TakeawayStore.objects.update(state=TakeawayStore.State.UNBOUND)
    order = Order.objects.create(
        connection=binding.connection, store=binding.store, order_id="1", state=OrderState.NEW
    )
    with pytest.raises(deciding.TakeawayConflict):
        accept(order)


def test_a_token_that_meituan_refuses_lets_the_calls_rest(
    meituan: Meituan, binding: TakeawayStore
) -> None:
    order = meituan.known()
    meituan.post(f"stores/{binding.connection.account}/unbind")
    accept(order)
    deliver_all()
    binding.connection.refresh_from_db()
    assert binding.connection.state == Connection.State.REFUSED
    asked = OutboundCall.objects.get(operation="order.accept").attempts_made
    deliver_all()
    assert OutboundCall.objects.get(operation="order.accept").attempts_made == asked
