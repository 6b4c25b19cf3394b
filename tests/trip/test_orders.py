"""An order's way through the interfaces."""

import pytest

from tests.meituan import VISITOR, selling
from trip import services
from trip.choices import Issuing, Method, VisitorInfo, VoucherType
from trip.models import Offer, Order

pytestmark = pytest.mark.django_db


def test_an_order_is_created_paid_and_queried() -> None:
    meituan, product = selling()
    body = meituan.order_body(product, 2)

    created = meituan.ask("order/create", body)
    paid = meituan.pay(body["orderId"])
    queried = meituan.query(body["orderId"])

    order = Order.objects.get()
    assert created == {
        "code": 200,
        "describe": "success",
        "partnerId": int(product.connection.account),
        "body": {"orderId": body["orderId"], "partnerOrderId": order.partner_order_id},
    }
    assert paid["code"] == 200
    assert paid["body"]["voucherType"] == 1
    assert len(set(paid["body"]["vouchers"])) == 2
    assert queried["body"]["orderStatus"] == 4
    assert [item["voucher"] for item in queried["body"]["voucherList"]] == paid["body"]["vouchers"]
    assert [item["status"] for item in queried["body"]["voucherList"]] == [0, 0]


def test_a_repeated_create_gets_the_same_bytes_even_when_sold_out() -> None:
    meituan, product = selling(offer__stock=1)
    body = meituan.order_body(product)
    meituan.ask("order/create", body)
    first = meituan.last_answer

    meituan.ask("order/create", body)

    assert meituan.last_answer == first
    assert Order.objects.count() == 1
    assert Offer.objects.get().held == 1


def test_an_upstream_issue_is_598_and_5_until_the_codes_are_there() -> None:
    meituan, product = selling(issuing=Issuing.UPSTREAM, voucher_type=VoucherType.PER_ORDER)
    order = meituan.bought(product, 3)
    assert meituan.pay(order.order_id)["code"] == 598
    assert meituan.query(order.order_id)["body"]["orderStatus"] == 5

    services.order_issue(order_pk=order.pk, codes=["UP-1"], actor=None, method=Method.ADMIN)

    assert meituan.query(order.order_id)["body"]["orderStatus"] == 4
    paid = meituan.pay(order.order_id)
    assert (paid["code"], paid["body"]["vouchers"]) == (200, ["UP-1"])


def test_a_refund_gives_tickets_back_and_repeats_byte_for_byte() -> None:
    meituan, product = selling(offer__stock=5)
    order = meituan.bought(product, 2)
    code = order.vouchers.order_by("id")[0].code
    body = meituan.refund_body(order, 1, [code])

    assert meituan.ask("order/refund", body)["code"] == 200
    first = meituan.last_answer
    meituan.ask("order/refund", body)

    assert meituan.last_answer == first
    assert Offer.objects.get().sold == 1
    queried = meituan.query(order.order_id)["body"]
    assert (queried["orderQuantity"], queried["usedQuantity"], queried["refundedQuantity"]) == (
        2,
        0,
        1,
    )
    assert [item["status"] for item in queried["voucherList"]] == [2, 0]


def test_a_review_is_602_until_it_is_decided() -> None:
    meituan, product = selling(refund_review=True)
    order = meituan.bought(product)
    body = meituan.refund_body(order, 1)

    assert [meituan.ask("order/refund", body)["code"] for _ in range(2)] == [602, 602]
    refund = order.refunds.get()
    services.refund_decide(
        refund_pk=refund.pk, agree=False, reason="门票已制作", actor=None, method=Method.ADMIN
    )
    refused = meituan.ask("order/refund", body)
    services.refund_decide(
        refund_pk=refund.pk, agree=True, reason="", actor=None, method=Method.ADMIN
    )

    assert (refused["code"], refused["describe"]) == (606, "门票已制作")
    assert meituan.ask("order/refund", body)["code"] == 601


def test_visitors_are_asked_for_by_number() -> None:
    meituan, product = selling(visitor_info=VisitorInfo.EACH, credential_types=[0])

    short = meituan.create(product, 2, visitors=[VISITOR])

    assert (short["code"], short["describe"]) == (410, "每笔订单需要2个游玩人信息")
    assert meituan.create(product, 2, visitors=[VISITOR, VISITOR])["code"] == 200


def test_an_order_that_was_closed_before_it_came_is_not_created() -> None:
    meituan, product = selling(offer__stock=5)
    body = meituan.order_body(product)

    assert meituan.close(body["orderId"], 2)["code"] == 200
    late = meituan.ask("order/create", body)

    assert (late["code"], late["describe"]) == (499, "订单已关闭")
    assert meituan.close(body["orderId"], 1)["code"] == 200
    assert (Order.objects.count(), Offer.objects.get().held) == (0, 0)


def test_a_refused_create_that_was_closed_since_stays_refused_when_there_is_stock_again() -> None:
    meituan, product = selling(offer__stock=0)
    body = meituan.order_body(product)
    assert meituan.ask("order/create", body)["code"] == 420
    meituan.close(body["orderId"], 2)
    Offer.objects.update(stock=5)

    assert meituan.ask("order/create", body)["code"] == 499


def test_a_part_refunded_while_the_order_is_being_issued_is_taken_back_when_it_is() -> None:
    meituan, product = selling(issuing=Issuing.UPSTREAM, offer__stock=10)
    order = meituan.bought(product, 3)

    assert meituan.refunded(order, 1)["code"] == 200
    services.order_issue(order_pk=order.pk, codes=["A", "B", "C"], actor=None, method=Method.API)

    body = meituan.query(order.order_id)["body"]
    assert (body["orderStatus"], body["refundedQuantity"]) == (4, 1)
    assert sorted(item["status"] for item in body["voucherList"]) == [0, 0, 2]
    assert order.refunds.get().tickets == [{"voucher": "A", "quantity": 1}]
    assert Offer.objects.get().sold == 2


def test_parts_that_were_refunded_one_by_one_while_issuing_end_the_order() -> None:
    meituan, product = selling(issuing=Issuing.UPSTREAM, offer__stock=10)
    order = meituan.bought(product, 2)
    for _ in range(2):
        assert meituan.refunded(order, 1)["code"] == 200
    order.refresh_from_db()
    assert (order.status, Offer.objects.get().sold) == (Order.Status.CLOSED, 0)
