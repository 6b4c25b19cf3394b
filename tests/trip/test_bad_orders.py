"""Invalid orders, and messages that come too early, too late or about other orders: the true
reason, and no effect.
"""

from datetime import timedelta
from decimal import Decimal
from typing import Any

import pytest
from django.utils import timezone

from stores.conflicts import Conflict
from stores.models import InboundEvent
from tests.meituan import Meituan, selling
from tests.trip.factories import TicketConnectionFactory, TicketProductFactory
from trip import services
from trip.choices import CloseType, Issuing, Method, Trouble, VoucherType
from trip.models import Offer, Order, Product, Refund, tally
from trip.services.paying import expire_unpaid

pytestmark = pytest.mark.django_db


def code_and_text(answer: dict[str, Any]) -> tuple[int, str]:
    return answer["code"], answer["describe"]


def counted(product: Product) -> tuple[int, int]:
    """Returns (held, sold)."""
    offer = Offer.objects.get(product=product)
    return offer.held, offer.sold


def expired(order: Order) -> None:
    Order.objects.filter(pk=order.pk).update(pay_until=timezone.now() - timedelta(hours=1))
    assert expire_unpaid() == 1


# Create


@pytest.mark.parametrize(
    ("field", "wrong", "describe"),
    [
        ("buyPrice", 80.01, "结算价不一致：buyPrice应为80.00"),
        ("buyPrice", "79.99", "结算价不一致：buyPrice应为80.00"),
        ("unitPrice", 95.01, "销售价不一致：unitPrice应为95.00"),
        ("unitPrice", 94.99, "销售价不一致：unitPrice应为95.00"),
        ("totalPrice", 190.01, "总价不一致：totalPrice应为190.00"),
        ("totalPrice", 95, "总价不一致：totalPrice应为190.00"),
        ("totalPrice", -190, "总价不一致：totalPrice应为190.00"),
    ],
)
def test_a_price_that_is_a_cent_off_is_refused_with_the_right_one(
    field: str, wrong: Any, describe: str
) -> None:
    meituan, product = selling()
    assert code_and_text(meituan.create(product, 2, **{field: wrong})) == (410, describe)
    assert not Order.objects.exists()


def test_prices_are_kept_to_the_cent() -> None:
    meituan, product = selling(
        offer__sale_price=Decimal("0.10"), offer__settlement_price=Decimal("0.07")
    )
    order = meituan.bought(product, 3)
    order.refresh_from_db()
    assert (order.unit_price, order.buy_price, order.total_price) == (
        Decimal("0.10"),
        Decimal("0.07"),
        Decimal("0.30"),
    )


def test_half_a_cent_is_refused_as_half_a_cent() -> None:
    meituan, product = selling(
        offer__sale_price=Decimal("19.90"), offer__settlement_price=Decimal("19.90")
    )
    answer = meituan.create(product, 3, totalPrice=59.705)
    assert code_and_text(answer) == (410, "totalPrice多于两位小数")
    assert meituan.create(product, 3, totalPrice=59.699999999999996)["code"] == 200


def test_an_unknown_product_and_one_of_another_merchant_are_not_on_sale() -> None:
    meituan, product = selling()
    foreign = TicketProductFactory()
    for deal_id in ("nothing", foreign.deal_id, "'; DROP TABLE trip_product; --", "🎫"):
        body = meituan.order_body(product) | {"partnerDealId": deal_id}
        assert code_and_text(meituan.ask("order/create", body)) == (421, "产品不存在")


def test_a_paused_product_is_not_on_sale_until_it_is_resumed() -> None:
    meituan, product = selling(state=Product.State.PAUSED)
    body = meituan.order_body(product)
    assert code_and_text(meituan.ask("order/create", body)) == (421, "产品已暂停销售")
    Product.objects.update(state=Product.State.ON_SALE)
    assert meituan.ask("order/create", body)["code"] == 200


def test_a_product_of_a_store_that_is_closed_is_not_on_sale() -> None:
    meituan, product = selling()
    product.store.is_active = False
    product.store.save()
    assert meituan.create(product)["code"] == 421


def test_sold_out_by_one_says_how_many_are_left() -> None:
    meituan, product = selling(offer__stock=3)
    assert code_and_text(meituan.create(product, 4)) == (420, "余票不足：剩余3张，需要4张")
    assert counted(product) == (0, 0)
    assert meituan.create(product, 3)["code"] == 200
    assert code_and_text(meituan.create(product)) == (420, "余票不足：剩余0张，需要1张")


def test_too_few_and_too_many_per_order_are_refused() -> None:
    meituan, product = selling(min_per_order=2, max_per_order=3)
    assert [meituan.create(product, n)["code"] for n in (1, 2, 3, 4)] == [410, 200, 200, 410]


def test_a_repetition_with_another_quantity_is_still_the_first_order() -> None:
    meituan, product = selling()
    body = meituan.order_body(product)
    meituan.ask("order/create", body)
    first = meituan.last_answer
    meituan.ask("order/create", body | {"quantity": 3, "totalPrice": 1, "partnerDealId": "other"})
    assert meituan.last_answer == first
    assert Order.objects.get().quantity == 1


# Pay


def test_pay_before_create_is_refused_and_works_once_the_order_is_there() -> None:
    meituan, product = selling()
    body = meituan.order_body(product)
    assert code_and_text(meituan.pay(body["orderId"])) == (599, "订单不存在")
    meituan.ask("order/create", body)
    assert meituan.pay(body["orderId"])["code"] == 200


def test_pay_after_close_is_refused_for_good() -> None:
    meituan, product = selling(offer__stock=1)
    order = meituan.bought(product, pay=False)
    meituan.close(order.order_id, 1)
    assert code_and_text(meituan.pay(order.order_id)) == (599, "订单已关闭")
    assert counted(product) == (0, 0)
    assert meituan.query(order.order_id)["body"]["orderStatus"] == 3


def test_an_issued_order_that_is_closed_stays_4_and_its_tickets_are_void() -> None:
    meituan, product = selling(offer__stock=2)
    order = meituan.bought(product, 2)
    paid = meituan.last_answer
    meituan.close(order.order_id, 3)
    body = meituan.query(order.order_id)["body"]
    assert (body["orderStatus"], [item["status"] for item in body["voucherList"]]) == (4, [3, 3])
    assert counted(product) == (0, 0)
    meituan.pay(order.order_id)
    assert meituan.last_answer == paid


@pytest.mark.parametrize("issuing", Issuing)
def test_pay_after_expiry_sells_when_there_is_stock(issuing: Issuing) -> None:
    meituan, product = selling(offer__stock=1, issuing=issuing)
    order = meituan.bought(product, pay=False)
    expired(order)
    assert counted(product) == (0, 0)
    assert meituan.query(order.order_id)["body"]["orderStatus"] == 2
    assert meituan.pay(order.order_id)["code"] == (200 if issuing == Issuing.OWN else 598)
    assert counted(product) == (0, 1)


def test_pay_after_expiry_without_stock_is_refused_until_there_is_some() -> None:
    meituan, product = selling(offer__stock=1)
    late = meituan.bought(product, pay=False)
    expired(late)
    quick = meituan.bought(product)
    assert code_and_text(meituan.pay(late.order_id)) == (599, "订单超时未支付已释放，余票不足")
    assert counted(product) == (0, 1)
    meituan.refund(quick, 1)
    assert meituan.pay(late.order_id)["code"] == 200


def test_a_failed_issue_is_told_again_with_its_reason() -> None:
    meituan, product = selling(issuing=Issuing.UPSTREAM, offer__stock=1)
    order = meituan.bought(product)
    services.order_fail(order_pk=order.pk, reason="景区限流", actor=None, method=Method.API)
    assert [code_and_text(meituan.pay(order.order_id)) for _ in range(2)] == [(599, "景区限流")] * 2
    assert meituan.query(order.order_id)["body"]["orderStatus"] == 6
    assert counted(product) == (0, 0)


@pytest.mark.parametrize("refunded", [False, True])
def test_an_order_that_is_closed_while_it_is_issued_takes_no_codes(refunded: bool) -> None:
    meituan, product = selling(issuing=Issuing.UPSTREAM, offer__stock=1)
    order = meituan.bought(product)
    if refunded:
        meituan.refunded(order, 1)
    else:
        meituan.close(order.order_id, 3)
    order.refresh_from_db()
    assert order.needs_person == Trouble.CLOSED_WHILE_ISSUING
    with pytest.raises(Conflict):
        services.order_issue(order_pk=order.pk, codes=["UP-1"], actor=None, method=Method.API)
    assert meituan.query(order.order_id)["body"]["orderStatus"] == 6
    assert counted(product) == (0, 0)


# Query


@pytest.mark.parametrize("named", ["", None, "ours"])
def test_a_query_by_meituans_number_needs_no_number_of_ours(named: str | None) -> None:
    meituan, product = selling()
    order = meituan.bought(product)
    ours = order.partner_order_id if named == "ours" else named
    answer = meituan.ask("order/query", {"orderId": order.order_id, "partnerOrderId": ours})
    assert (answer["code"], answer["body"]["partnerOrderId"]) == (200, order.partner_order_id)


def test_a_query_that_names_another_order_of_ours_is_refused() -> None:
    meituan, product = selling()
    one, other = meituan.bought(product), meituan.bought(product)
    answer = meituan.ask(
        "order/query", {"orderId": one.order_id, "partnerOrderId": other.partner_order_id}
    )
    assert code_and_text(answer) == (301, "partnerOrderId与orderId不是同一订单")


# Others


def test_another_merchants_order_is_unknown_on_ones_own_connection() -> None:
    theirs, product = selling(offer__stock=5)
    order = theirs.bought(product, 2)
    mine = Meituan(TicketConnectionFactory())
    assert code_and_text(mine.query(order.order_id)) == (301, "订单不存在")
    assert code_and_text(mine.pay(order.order_id)) == (599, "订单不存在")
    assert code_and_text(mine.refund(order, 1)) == (699, "订单不存在")
    assert mine.close(order.order_id, 3)["code"] == 200
    assert mine.refunded(order, 2)["code"] == 200
    assert counted(product) == (0, 2)
    assert theirs.query(order.order_id)["body"]["refundedQuantity"] == 0


def test_two_merchants_may_have_the_same_order_number() -> None:
    one, product = selling()
    two, other = selling()
    order = one.bought(product)
    body = two.order_body(other) | {"orderId": order.order_id}
    assert two.ask("order/create", body)["code"] == 200
    assert Order.objects.filter(order_id=order.order_id).count() == 2
    assert two.query(order.order_id)["body"]["orderStatus"] == 2


@pytest.mark.parametrize(
    "interface", ["order/create", "order/pay", "order/query", "order/refund", "order/close"]
)
def test_a_connection_of_a_disabled_merchant_answers_no(interface: str) -> None:
    meituan, product = selling()
    body = meituan.order_body(product)
    product.connection.tenant.is_active = False
    product.connection.tenant.save()
    answer = meituan.ask(interface, body)
    assert answer["code"] == {
        "order/create": 499,
        "order/pay": 599,
        "order/query": 399,
        "order/refund": 699,
    }.get(interface, 300)
    assert answer["describe"] == "连接不存在或已停用，请检查地址中的连接编号"
    assert not InboundEvent.objects.exists()


# Refund


def test_a_refund_of_an_unknown_order_is_refused_with_the_interfaces_other() -> None:
    meituan, product = selling()
    order = meituan.bought(product)
    answer = meituan.ask("order/refund", meituan.refund_body(order, 1) | {"orderId": 17})
    assert code_and_text(answer) == (699, "订单不存在")
    assert not Refund.objects.exists()


def test_a_refund_before_pay_and_while_issuing_is_refused_and_may_be_asked_again() -> None:
    meituan, product = selling(issuing=Issuing.UPSTREAM)
    order = meituan.bought(product, pay=False)
    body = meituan.refund_body(order, 1)
    assert code_and_text(meituan.ask("order/refund", body)) == (699, "订单未支付")
    meituan.pay(order.order_id)
    assert code_and_text(meituan.ask("order/refund", body)) == (699, "订单出票中，暂不能退款")
    services.order_issue(order_pk=order.pk, codes=["UP-1"], actor=None, method=Method.API)
    assert meituan.ask("order/refund", body)["code"] == 200


def test_a_refund_of_used_tickets_is_refused_with_the_reason() -> None:
    meituan, product = selling()
    order = meituan.bought(product, 2)
    codes = list(order.vouchers.order_by("id").values_list("code", flat=True))
    services.order_consume(order_pk=order.pk, codes=codes[:1], actor=None, method=Method.COUNTER)
    assert code_and_text(meituan.refund(order, 1, codes[:1])) == (606, "门票已使用，余票不足")
    assert code_and_text(meituan.refund(order, 2)) == (606, "门票已使用，余票不足")
    assert meituan.query(order.order_id)["body"]["refundedQuantity"] == 0
    assert meituan.refund(order, 1, codes[1:])["code"] == 200


def test_a_refund_of_foreign_vouchers_is_refused() -> None:
    meituan, product = selling()
    mine, other = meituan.bought(product), meituan.bought(product)
    assert code_and_text(meituan.refund(mine, 1, [other.vouchers.get().code])) == (
        606,
        "券码不属于该订单",
    )
    assert code_and_text(meituan.refund(mine, 1, ["🎫"])) == (606, "券码不属于该订单")
    assert Offer.objects.get(product=product).sold == 2


def test_refunds_never_exceed_the_order() -> None:
    meituan, product = selling(voucher_type=VoucherType.PER_ORDER)
    order = meituan.bought(product, 3)
    code = order.vouchers.get().code
    assert code_and_text(meituan.refund(order, 4, [code])) == (606, "可退数量不足")
    assert meituan.refund(order, 2, [code])["code"] == 200
    assert code_and_text(meituan.refund(order, 2, [code])) == (606, "门票已退款，余票不足")
    assert meituan.refund(order, 1, [code])["code"] == 200
    body = meituan.query(order.order_id)["body"]
    assert (body["refundedQuantity"], [item["quantity"] for item in body["voucherList"]]) == (
        3,
        [3],
    )
    assert Offer.objects.get(product=product).sold == 0


def test_a_refund_that_names_a_code_twice_or_too_few_is_refused() -> None:
    meituan, product = selling()
    order = meituan.bought(product, 2)
    code = order.vouchers.order_by("id")[0].code
    assert code_and_text(meituan.refund(order, 2, [code, code])) == (606, "退票数量与券码数不一致")
    assert code_and_text(meituan.refund(order, 2, [code])) == (606, "退票数量与券码数不一致")


# Already refunded, closed


def test_messages_about_an_order_that_never_came_are_taken() -> None:
    meituan, _product = selling()
    order = Order(order_id=17, partner_order_id="")
    assert meituan.refunded(order, 1)["code"] == 200
    assert meituan.close(17, 2)["code"] == 200
    assert not Order.objects.exists()


def test_a_refund_of_used_tickets_by_meituan_is_for_a_person() -> None:
    meituan, product = selling()
    order = meituan.bought(product, 2)
    services.order_consume(order_pk=order.pk, quantity=1, actor=None, method=Method.COUNTER)
    assert meituan.refunded(order, 2)["code"] == 200
    order.refresh_from_db()
    assert order.needs_person == Trouble.REFUNDED_AFTER_USE
    body = meituan.query(order.order_id)["body"]
    assert (body["usedQuantity"], body["refundedQuantity"]) == (1, 1)


def test_a_refund_by_meituan_after_it_closed_the_order_alarms_nobody() -> None:
    meituan, product = selling()
    order = meituan.bought(product, 2)
    meituan.close(order.order_id, 3)
    assert meituan.refunded(order, 2, refundMessageType=2)["code"] == 200
    order.refresh_from_db()
    assert order.needs_person == ""


def test_an_unpaid_order_that_meituan_refunds_is_closed_as_refunded() -> None:
    """The buyer paid, and the pay call never came: it was not the create that failed."""
    meituan, product = selling(offer__stock=2)
    order = meituan.bought(product, pay=False)
    assert meituan.refunded(order, 1, refundMessageType=2)["code"] == 200
    order.refresh_from_db()
    assert (order.status, order.close_type) == (Order.Status.CLOSED, CloseType.PAY_FAILED)
    assert counted(product) == (0, 0)


def test_a_refund_by_meituan_is_kept_as_the_whole_sum() -> None:
    meituan, product = selling()
    order = meituan.bought(product, 3)
    meituan.refunded(order, 2, refundPrice=90.5, refundSerialNo="each")
    meituan.refunded(order, 1, refundPrice=-1, refundSerialNo="full")
    assert [Refund.objects.get(refund_id=name).price for name in ("each", "full")] == [
        Decimal("181.00"),
        Decimal("95"),
    ]


def test_the_ledger_shows_the_create_that_was_put_right() -> None:
    meituan, product = selling()
    body = meituan.order_body(product)
    meituan.ask("order/create", body | {"buyPrice": 1})
    meituan.ask("order/create", body)
    event = InboundEvent.objects.get()
    assert (event.body["buyPrice"], event.repeats, event.is_final) == (80.0, 1, True)
    meituan.ask("order/create", body | {"buyPrice": 2})
    event.refresh_from_db()
    assert (event.body["buyPrice"], event.repeats) == (80.0, 2)


@pytest.mark.parametrize("close_type", [1, 2])
def test_an_issued_order_closed_as_not_paid_is_for_a_person(close_type: int) -> None:
    meituan, product = selling()
    order = meituan.bought(product)
    assert meituan.close(order.order_id, close_type)["code"] == 200
    order.refresh_from_db()
    assert (order.needs_person, tally(order.vouchers.all()).voided) == ("closed_after_issue", 1)


def test_a_message_about_two_orders_changes_neither() -> None:
    meituan, product = selling(offer__stock=9)
    one, two = meituan.bought(product), meituan.bought(product)
    crossed = {"orderId": one.order_id, "partnerOrderId": two.partner_order_id}
    assert meituan.ask("order/close", crossed | {"closeType": 3})["code"] == 300
    assert meituan.refunded(one, 1, **crossed)["code"] == 300
    assert tally([*one.vouchers.all(), *two.vouchers.all()]).unused == 2
    assert meituan.close(one.order_id, 3)["code"] == 200
    assert tally(one.vouchers.all()).voided == 1


def test_refunds_told_without_a_number_are_told_apart_by_how_many() -> None:
    meituan, product = selling(voucher_type=VoucherType.PER_ORDER)
    order = meituan.bought(product, 4)
    for count in (1, 2, 2):
        meituan.refunded(order, count, refundSerialNo="", voucherList=[order.vouchers.get().code])
    assert meituan.query(order.order_id)["body"]["refundedQuantity"] == 3
