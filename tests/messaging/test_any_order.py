"""Pushes that come late, doubled, in any order or not at all end in the state that Meituan has."""

import json
from datetime import timedelta
from typing import Any

import pytest
from django.utils import timezone
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from messaging.choices import OrderState
from messaging.models import Order, Refund
from messaging.services.answers import order_read, refunds_read
from messaging.wire.orders import parse_order
from messaging.wire.refunds import parse_refunds
from stores.models import InboundEvent
from tests.messaging.pushing import Pusher
from tests.messaging.samples import ORDER_ID
from tests.messaging.samples import order as sample

pytestmark = [pytest.mark.django_db, pytest.mark.urls("messaging.urls")]
ANY = settings(
    max_examples=25,
    deadline=None,
    suppress_health_check=[HealthCheck.function_scoped_fixture, HealthCheck.too_slow],
)
T = 1616400000
HIDDEN = {"recipientPhone": "", "recipientAddress": "隐私保护", "backupRecipientPhone": "[]"}


def _order(address: str, status: int, after: int, **changed: Any) -> tuple[str, dict[str, Any]]:
    return address, sample(status=status, utime=T + after, **changed)


# What happens in this order at Meituan.
LIFE: list[tuple[str, dict[str, Any]]] = [
    _order("order-new", 2, 60),
    _order("order-confirmed", 4, 90),
    ("shipping", {"orderId": ORDER_ID, "shippingStatus": 0, "time": T + 100}),
    ("shipping", {"orderId": ORDER_ID, "shippingStatus": 100, "time": T + 200}),
    ("shipping", {"orderId": ORDER_ID, "shippingStatus": 10, "time": T + 300}),
    ("shipping", {"orderId": ORDER_ID, "shippingStatus": 20, "time": T + 400}),
    ("shipping", {"orderId": ORDER_ID, "shippingStatus": 40, "time": T + 900}),
    ("remind", {"orderId": ORDER_ID}),
    ("privacy", {}),
    _order("order-finished", 8, 1000, **HIDDEN),
    ("settlement", {"orderId": ORDER_ID}),
]
CANCELLED = ("order-cancelled", {"orderId": ORDER_ID, "reasonCode": 1101, "reason": "不要了"})
REFUNDS: list[tuple[str, dict[str, Any]]] = [
    ("refund", {"orderId": ORDER_ID, "notifyType": "apply", "reason": "少送"}),
    ("refund", {"orderId": ORDER_ID, "notifyType": "cancelRefund", "reason": "少送"}),
    ("refund", {"orderId": ORDER_ID, "notifyType": "apply", "reason": "少送"}),
    ("refund", {"orderId": ORDER_ID, "notifyType": "reject", "reason": "少送"}),
    ("part-refund", {"orderId": ORDER_ID, "notifyType": "part", "money": 12.5}),
    ("part-refund", {"orderId": ORDER_ID, "notifyType": "agree", "money": 12.5}),
]
# How Meituan lists them when it is asked.
FACTS = [
    {
        "order_id": ORDER_ID,
        "OrderRefundInfo": [
            {"refund_id": 901, "refund_type": "2", "res_type": 7, "refund_apply_time": T + 1},
            {"refund_id": 902, "refund_type": "2", "res_type": 1, "refund_apply_time": T + 2},
            {
                "refund_id": 903,
                "refund_type": "1",
                "res_type": 2,
                "money": 12.5,
                "refund_apply_time": T + 3,
            },
        ],
    }
]


def arrivals(pushes: list[tuple[str, dict[str, Any]]], lost: bool) -> Any:
    """Any order of the pushes, some of them more than once, and some of them never."""
    each = st.lists(st.sampled_from(range(len(pushes))), min_size=0, max_size=2 * len(pushes))
    if not lost:
        each = each.map(lambda some: [*some, *range(len(pushes))])
    return each.flatmap(st.permutations)


def facts_of(order: Order) -> dict[str, Any]:
    """What people see of an order, save for when we heard of it."""
    names = ("state", "delivery", "day_number", "paid", "received", "content", "customer")
    return {name: getattr(order, name) for name in names} | {
        "refunds": [
            (row.refund_id, row.state, row.is_part, row.money)
            for row in order.refunds.order_by("refund_id")
        ]
    }


def forget() -> None:
    InboundEvent.objects.all().delete()
    Order.objects.all().delete()


def arrive(pusher: Pusher, pushes: list[tuple[str, dict[str, Any]]], order: list[int]) -> Order:
    forget()
    for number in order:
        address, said = pushes[number]
        assert pusher.push(address, said if address != "privacy" else None).status_code == 200
    return Order.objects.get()


def test_a_finished_order(pusher: Pusher) -> None:
    expected = facts_of(arrive(pusher, LIFE, list(range(len(LIFE)))))
    assert expected["state"] == OrderState.FINISHED
    assert expected["customer"]["address"] == "花园路 8 号 3 栋 1201"

    @given(arrivals(LIFE, lost=False))
    @ANY
    def holds(order: list[int]) -> None:
        assert facts_of(arrive(pusher, LIFE, order)) == expected

    holds()


def test_a_cancelled_order(pusher: Pusher) -> None:
    pushes = [*LIFE[:4], CANCELLED]
    expected = facts_of(arrive(pusher, pushes, list(range(len(pushes)))))
    assert expected["state"] == OrderState.CANCELLED

    @given(arrivals(pushes, lost=False))
    @ANY
    def holds(order: list[int]) -> None:
        assert facts_of(arrive(pusher, pushes, order)) == expected

    holds()


@pytest.mark.parametrize(
    ("life", "status", "state"),
    [(LIFE, 8, OrderState.FINISHED), ([*LIFE[:4], CANCELLED], 9, OrderState.CANCELLED)],
    ids=["finished", "cancelled"],
)
@given(data=st.data())
@ANY
def test_whatever_is_lost_the_answer_makes_good(
    pusher: Pusher, data: st.DataObject, life: Any, status: int, state: OrderState
) -> None:
    pushes = [*life, *REFUNDS]
    arrived = data.draw(arrivals(pushes, lost=True).filter(bool))
    forget()
    for number in arrived:
        address, said = pushes[number]
        pusher.push(address, said if address != "privacy" else None)
    order, _ = Order.objects.get_or_create(
        connection=pusher.binding.connection,
        order_id=str(ORDER_ID),
        defaults={"store": pusher.binding.store},
    )
    # What a push told and no answer lists goes once the answer cannot be behind it any more.
    asked_at = timezone.now() + timedelta(minutes=2)
    truth = parse_order(sample(status=status, uTime=T + 1000, utime=None))
    order_read(order=order, remote=truth)
    assert refunds_read(order=order, facts=parse_refunds(FACTS), asked_at=asked_at)
    order.refresh_from_db()
    found = facts_of(order)
    assert found["state"] == state
    assert (found["paid"], found["received"], found["day_number"]) == (5900, 4870, 12)
    assert found["refunds"] == [
        ("901", "withdrawn", False, None),
        ("902", "rejected", False, None),
        ("903", "agreed", True, 1250),
    ]


def test_a_refund_that_is_not_listed_yet_stays_for_a_minute(pusher: Pusher) -> None:
    pusher.order()
    pusher.push("refund", REFUNDS[0][1])
    order = Order.objects.get()
    assert not refunds_read(order=order, facts=[], asked_at=timezone.now())
    assert Refund.objects.count() == 1
    assert refunds_read(order=order, facts=[], asked_at=timezone.now() + timedelta(seconds=61))
    assert not Refund.objects.exists()


def test_what_was_found_and_not_told_is_noted_until_the_push_comes(pusher: Pusher) -> None:
    pusher.order()
    order = Order.objects.get()
    order_read(order=order, remote=parse_order(sample(status=8, utime=T + 1000)))
    (missed,) = order.missed.all()
    assert (missed.kind, missed.came_at) == ("order_finished", None)
    pusher.order("order-finished", status=8, utime=T + 1000)
    missed.refresh_from_db()
    assert missed.came_at


def test_numbers_beyond_2_53_stay_whole(pusher: Pusher) -> None:
    large = 9_007_199_254_740_993_177
    pusher.push("order-new", json.dumps(sample(orderId=large)))
    assert Order.objects.get().order_id == str(large)
