"""How many tickets one mobile or one certificate may buy."""

from datetime import timedelta
from typing import Any

import pytest
import time_machine
from django.utils import timezone

from tests.meituan import VISITOR, Meituan, selling
from trip import services
from trip.choices import Issuing, Method, VisitorInfo
from trip.models import Order, Visitor
from trip.services.paying import expire_unpaid

pytestmark = pytest.mark.django_db
OTHER = {"name": "李雷", "mobile": "13900005678", "credentials": {"0": "110101199002020000"}}


def limited(**fields: Any) -> Any:
    return selling(**({"visitor_info": VisitorInfo.ONE, "credential_types": [0]} | fields))


def code(meituan: Meituan, product: Any, quantity: int = 1, **visitor: Any) -> int:
    return int(meituan.create(product, quantity, visitors=[VISITOR | visitor])["code"])


def test_a_mobile_buys_to_its_limit_over_several_orders() -> None:
    meituan, product = limited(phone_limit=3)
    assert [
        code(meituan, product, 2),
        code(meituan, product, 2),
        code(meituan, product),
        code(meituan, product),
    ] == [
        200,
        410,
        200,
        410,
    ]
    answer = meituan.create(product, visitors=[VISITOR])
    assert answer["describe"] == "超过限购：每个手机号最多购买3张"
    assert meituan.create(product, 3, visitors=[OTHER])["code"] == 200


@pytest.mark.parametrize(
    "written",
    ["+86 138 0000 1234", "0086-138-0000-1234", "１３８００００１２３４", " 13800001234 "],
)
def test_the_same_mobile_in_another_form_is_the_same(written: str) -> None:
    meituan, product = limited(phone_limit=1)
    assert code(meituan, product) == 200
    assert code(meituan, product, mobile=written) == 410


def test_the_same_certificate_in_another_form_is_the_same() -> None:
    meituan, product = limited(credential_limit=1)
    assert code(meituan, product, credentials={"0": "11010119900101000X"}) == 200
    assert (
        code(meituan, product, credentials={"0": "11010119900101000x "}, mobile="13900005678")
        == 410
    )


def test_another_kind_of_certificate_with_the_same_number_is_another() -> None:
    meituan, product = limited(credential_limit=1, credential_types=[1, 2])
    assert code(meituan, product, credentials={"1": "A1234567"}) == 200
    assert code(meituan, product, credentials={"2": "A1234567"}) == 200


def test_a_limit_within_one_order_counts_every_visitor() -> None:
    meituan, product = limited(phone_limit=1, visitor_info=VisitorInfo.EACH)
    assert meituan.create(product, 2, visitors=[VISITOR, VISITOR])["code"] == 410
    assert meituan.create(product, 2, visitors=[VISITOR, OTHER])["code"] == 200


def test_a_group_counts_as_many_tickets_as_it_has() -> None:
    meituan, product = limited(phone_limit=3, visitor_info=VisitorInfo.GROUP, group_size=3)
    assert meituan.create(product, 4, visitors=[VISITOR, OTHER])["code"] == 200
    assert sorted(Visitor.objects.values_list("tickets", flat=True)) == [1, 3]
    assert meituan.create(product, 1, visitors=[VISITOR])["code"] == 410
    assert meituan.create(product, 2, visitors=[OTHER])["code"] == 200


def test_days_are_counted_back_from_now() -> None:
    meituan, product = limited(phone_limit=1, phone_limit_days=7)
    assert code(meituan, product) == 200
    with time_machine.travel(timezone.now() + timedelta(days=7, seconds=-10), tick=False):
        assert code(meituan, product) == 410
    with time_machine.travel(timezone.now() + timedelta(days=7, seconds=10), tick=False):
        assert code(meituan, product) == 200


def test_tickets_that_were_never_paid_failed_or_closed_do_not_count() -> None:
    meituan, product = limited(phone_limit=1, issuing=Issuing.UPSTREAM)
    unpaid = meituan.bought(product, pay=False, visitors=[VISITOR])
    Order.objects.filter(pk=unpaid.pk).update(pay_until=timezone.now() - timedelta(hours=1))
    expire_unpaid()
    failed = meituan.bought(product, visitors=[VISITOR])
    services.order_fail(order_pk=failed.pk, reason="限流", actor=None, method=Method.API)
    closed = meituan.bought(product, visitors=[VISITOR])
    meituan.close(closed.order_id, 3)
    voided = meituan.bought(product, visitors=[VISITOR])
    services.order_issue(order_pk=voided.pk, codes=["UP-1"], actor=None, method=Method.API)
    meituan.close(voided.order_id, 3)
    assert code(meituan, product) == 200
    assert code(meituan, product) == 410


def test_whoever_gave_all_tickets_back_may_buy_again() -> None:
    meituan, product = limited(phone_limit=2)
    order = meituan.bought(product, 2, visitors=[VISITOR])
    assert meituan.refund(order, 1)["code"] == 200
    assert code(meituan, product) == 410
    assert meituan.refund(order, 1)["code"] == 200
    assert code(meituan, product, 2) == 200


def test_another_product_has_limits_of_its_own() -> None:
    meituan, product = limited(phone_limit=1)
    _, other = limited(phone_limit=1, connection=product.connection)
    assert [code(meituan, product), code(meituan, other), code(meituan, product)] == [200, 200, 410]


def test_a_repetition_is_no_second_purchase() -> None:
    meituan, product = limited(phone_limit=1)
    body = meituan.order_body(product, visitors=[VISITOR])
    assert [meituan.ask("order/create", body)["code"] for _ in range(3)] == [200, 200, 200]


@pytest.mark.parametrize(
    ("info", "quantity", "needed"),
    [
        (VisitorInfo.ONE, 5, 1),
        (VisitorInfo.EACH, 3, 3),
        (VisitorInfo.GROUP, 5, 3),
        (VisitorInfo.GROUP, 4, 2),
    ],
)
def test_as_many_visitors_as_the_product_asks_for(
    info: VisitorInfo, quantity: int, needed: int
) -> None:
    meituan, product = limited(visitor_info=info, group_size=2)
    wrong = meituan.create(product, quantity, visitors=[VISITOR] * (needed - 1))
    assert (wrong["code"], wrong["describe"]) == (410, f"每笔订单需要{needed}个游玩人信息")
    assert meituan.create(product, quantity, visitors=[VISITOR] * (needed + 1))["code"] == 410
    assert meituan.create(product, quantity, visitors=[VISITOR] * needed)["code"] == 200


def test_a_product_that_asks_for_nobody_keeps_nobody() -> None:
    meituan, product = selling()
    assert meituan.create(product, visitors=[VISITOR])["code"] == 200
    assert not Visitor.objects.exists()
