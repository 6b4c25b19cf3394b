"""What a refund costs, who decides it, and until when."""

from datetime import date, datetime, time, timedelta
from decimal import Decimal
from typing import Any

import pytest
import time_machine
from django.utils import timezone

from stores.conflicts import Conflict
from stores.platforms.reading import BEIJING
from stores.transitions import ImpossibleTransition, move
from tests.meituan import Meituan, selling
from tests.trip.factories import OfferFactory
from trip import services
from trip.choices import FeeMode, Issuing, Method, RefundType, Trouble, VoucherType
from trip.models import Order, Product, Refund, RefundStep, tally

pytestmark = pytest.mark.django_db
DAY = date(2099, 5, 1)
Status = Refund.Status


def at(text: str) -> datetime:
    return datetime.strptime(text, "%Y-%m-%d %H:%M").replace(tzinfo=BEIJING)


def product_with_steps(*steps: tuple[int, FeeMode, str], **fields: Any) -> tuple[Meituan, Product]:
    """Returns a product for 2099-05-01 with the last entry at noon: (minutes before, mode, yuan or
    percent).
    """
    options = {
        "by_calendar": True,
        "offer": False,
        "last_entry": time(12),
        "refund_type": RefundType.CONDITIONAL,
    }
    meituan, product = selling(**(options | fields))
    OfferFactory(product=product, date=DAY, sale_price=Decimal("95.55"))
    for minutes, mode, fee in steps:
        RefundStep.objects.create(
            product=product, minutes_before=minutes, fee_mode=mode, fee=Decimal(fee)
        )
    return meituan, product


def refund_answer(
    meituan: Meituan, order: Order, quantity: int, fee: float, when: str
) -> tuple[int, str]:
    price = float(order.unit_price * quantity) - fee
    answer = meituan.refund(
        order, quantity, refundFee=fee, refundPrice=round(price, 2), refundTime=when
    )
    return answer["code"], answer["describe"]


# Stairs


@pytest.mark.parametrize(
    ("mode", "fee", "kept"),
    [
        (FeeMode.NONE, "0", 0.0),
        (FeeMode.PER_TICKET, "10.10", 20.20),
        (FeeMode.PER_ORDER, "10.10", 10.10),
        # 95.55 × 2 × 12.5 % = 23.8875
        (FeeMode.PERCENT, "12.5", 23.89),
        (FeeMode.PERCENT, "100", 191.10),
    ],
)
def test_each_kind_of_fee_is_kept_to_the_cent(mode: FeeMode, fee: str, kept: float) -> None:
    meituan, product = product_with_steps((0, mode, fee))
    order = meituan.bought(product, 2)
    assert refund_answer(meituan, order, 2, kept, "2099-05-01 10:00:00") == (200, "success")
    assert Refund.objects.get().fee == Decimal(str(kept))


@pytest.mark.parametrize(("off", "code"), [(-0.02, 200), (0.02, 200), (-0.03, 602), (0.03, 602)])
def test_a_percentage_may_be_rounded_for_each_ticket(off: float, code: int) -> None:
    meituan, product = product_with_steps((0, FeeMode.PERCENT, "12.5"))
    order = meituan.bought(product, 2)
    fee = round(23.89 + off, 2)
    assert refund_answer(meituan, order, 2, fee, "2099-05-01 10:00:00")[0] == code


@pytest.mark.parametrize("off", [-0.01, 0.01])
@pytest.mark.parametrize("mode", [FeeMode.PER_TICKET, FeeMode.PER_ORDER])
def test_a_fixed_fee_that_is_a_cent_off_is_for_a_person(mode: FeeMode, off: float) -> None:
    meituan, product = product_with_steps((0, mode, "5"))
    order = meituan.bought(product)
    assert refund_answer(meituan, order, 1, round(5 + off, 2), "2099-05-01 10:00:00")[0] == 602


def test_each_tickets_fee_and_refund_may_both_be_rounded_up_but_never_above_what_was_paid() -> None:
    """95.55 × 50 % = 47.775, for two tickets 47.78 each: a cent more than half of what was paid."""
    meituan, product = product_with_steps((0, FeeMode.PERCENT, "50"))
    order = meituan.bought(product, 2)
    money: dict[str, Any] = {
        "refundFee": 95.56,
        "refundPrice": 95.56,
        "refundTime": "2099-05-01 10:00:00",
    }
    assert meituan.refund(order, 2, **money)["code"] == 200
    product.refund_steps.update(fee=0)
    free = meituan.bought(product, 2)
    money |= {"refundFee": 0, "refundPrice": 191.11}
    assert meituan.refund(free, 2, **money)["code"] == 602


def test_a_refund_in_doubles_is_agreed_to_the_cent() -> None:
    meituan, product = product_with_steps((0, FeeMode.PERCENT, "15"))
    product.offers.update(sale_price="19.90", settlement_price="15.00", market_price="19.90")
    order = meituan.bought(product, 3, totalPrice=59.699999999999996)
    assert order.total_price == Decimal("59.70")
    money: dict[str, Any] = {
        "unitPrice": 19.900000000000002,
        "refundPrice": 50.739999999999995,
        "refundFee": 8.96,
    }
    answer = meituan.refund(order, 3, **money, refundTime="2099-05-01 10:00:00")
    assert (answer["code"], Refund.objects.get().price) == (200, Decimal("50.74"))


@pytest.mark.parametrize(
    ("when", "fee", "code"),
    [
        ("2099-04-30 12:00:00", 0, 200),
        ("2099-04-30 12:00:01", 0, 602),
        ("2099-04-30 12:00:01", 5, 200),
        ("2099-05-01 12:00:00", 5, 200),
        ("2099-05-01 12:00:01", 5, 602),
        ("2099-05-01 12:00:01", 20, 200),
        ("2099-05-01 13:00:00", 20, 200),
        ("2099-05-01 13:00:01", 20, 606),
    ],
)
def test_a_step_holds_to_its_last_second(when: str, fee: float, code: int) -> None:
    meituan, product = product_with_steps(
        (1440, FeeMode.NONE, "0"), (0, FeeMode.PER_ORDER, "5"), (-60, FeeMode.PER_TICKET, "20")
    )
    order = meituan.bought(product)
    assert refund_answer(meituan, order, 1, fee, when)[0] == code


def test_after_the_last_step_the_reason_is_the_time() -> None:
    meituan, product = product_with_steps((60, FeeMode.NONE, "0"))
    order = meituan.bought(product)
    assert refund_answer(meituan, order, 1, 0, "2099-05-01 11:00:01") == (606, "已过可退款时间")
    assert refund_answer(meituan, order, 1, 0, "2099-05-01 11:00:00") == (200, "success")


def test_the_moment_of_applying_counts_not_the_moment_of_asking() -> None:
    meituan, product = product_with_steps((1440, FeeMode.NONE, "0"))
    order = meituan.bought(product)
    with time_machine.travel(at("2099-05-01 11:59"), tick=False):
        assert refund_answer(meituan, order, 1, 0, "2099-04-29 10:00:00")[0] == 200


def test_a_percentage_is_of_the_orders_price_whatever_the_request_says() -> None:
    meituan, product = product_with_steps((0, FeeMode.PERCENT, "50"))
    order = meituan.bought(product)
    answer = meituan.refund(
        order, 1, unitPrice=1, refundFee=0.5, refundPrice=0.5, refundTime="2099-05-01 10:00:00"
    )
    assert answer["code"] == 602


@pytest.mark.parametrize(
    "change", [{"refundPrice": 95.01}, {"refundPrice": 95, "refundFee": 5}, {"unitPrice": 94.99}]
)
def test_more_money_than_was_paid_is_for_a_person(change: dict[str, Any]) -> None:
    meituan, product = selling()
    order = meituan.bought(product)
    assert meituan.refund(order, 1, **change)["code"] == 602
    assert meituan.query(order.order_id)["body"]["refundedQuantity"] == 0


# Rules


def test_a_product_that_is_never_refunded_says_so() -> None:
    meituan, product = selling(refund_type=RefundType.NEVER)
    order = meituan.bought(product)
    body = meituan.refund_body(order, 1)
    answers = [meituan.ask("order/refund", body) for _time in range(2)]
    meituan.close(order.order_id, 3)
    answers.append(meituan.refund(order, 1))
    assert {(answer["code"], answer["describe"]) for answer in answers} == {
        (607, "该产品不支持退款")
    }


def test_a_product_that_is_no_longer_refunded_refuses_what_it_sold_by_its_old_rules() -> None:
    meituan, product = selling()
    order = meituan.bought(product)
    services.order_consume(order_pk=order.pk, actor=None, method=Method.COUNTER)
    Product.objects.update(refund_type=RefundType.NEVER)
    answer = meituan.refund(order, 1)
    assert (answer["code"], answer["describe"]) == (606, "门票已使用，余票不足")


@pytest.mark.parametrize("status", ["review", "refused", "agreed"])
def test_what_was_agreed_stays_agreed(status: str) -> None:
    meituan, product = selling()
    order = meituan.bought(product)
    meituan.refund(order, 1)
    refund = order.refunds.get()
    with pytest.raises(ImpossibleTransition, match=f"does not go from agreed to {status}"):
        move(refund, status)
    assert order.refunds.get().status == "agreed"


def test_without_partial_refunds_all_or_nothing() -> None:
    meituan, product = selling(partial_refund=False)
    order = meituan.bought(product, 2)
    answer = meituan.refund(order, 1)
    assert (answer["code"], answer["describe"]) == (606, "该产品不支持部分退款")
    assert meituan.refund(order, 2)["code"] == 200


def test_a_refund_of_another_product_is_refused() -> None:
    meituan, product = selling()
    answer = meituan.refund(meituan.bought(product), 1, partnerDealId="other")
    assert (answer["code"], answer["describe"]) == (606, "产品编号与订单不符")


# Review


@pytest.mark.parametrize("first_decided", ["pk", "-pk"])
def test_two_reviews_never_speak_for_the_same_ticket(first_decided: str) -> None:
    meituan, product = selling(refund_review=True)
    order = meituan.bought(product, 2)
    first, second = (voucher.code for voucher in order.vouchers.order_by("id"))
    assert [meituan.refund(order, 1, [code])["code"] for code in (first, second, first)] == [
        602,
        602,
        606,
    ]
    with pytest.raises(Conflict):
        services.order_consume(order_pk=order.pk, quantity=1, actor=None, method=Method.COUNTER)
    for refund in order.refunds.order_by(first_decided):
        services.refund_decide(
            refund_pk=refund.pk, agree=True, reason="", actor=None, method=Method.ADMIN
        )
    assert meituan.query(order.order_id)["body"]["refundedQuantity"] == 2


def test_under_review_a_ticket_opens_no_door_and_is_free_again_when_refused() -> None:
    meituan, product = selling(refund_review=True, voucher_type=VoucherType.PER_ORDER)
    order = meituan.bought(product, 3)
    meituan.refund(order, 2)
    use = {"order_pk": order.pk, "actor": None, "method": Method.COUNTER}
    with pytest.raises(Conflict):
        services.order_consume(quantity=2, **use)  # type: ignore[arg-type]
    assert services.order_consume(quantity=1, **use).quantity == 1  # type: ignore[arg-type]
    refund = order.refunds.get()
    services.refund_decide(
        refund_pk=refund.pk, agree=False, reason="已制作", actor=None, method=Method.ADMIN
    )
    assert services.order_consume(quantity=2, **use).quantity == 2  # type: ignore[arg-type]


def test_an_agreement_is_final_and_a_refusal_needs_its_reason() -> None:
    meituan, product = selling(refund_review=True)
    order = meituan.bought(product)
    meituan.refund(order, 1)
    decide: dict[str, Any] = {
        "refund_pk": order.refunds.get().pk,
        "actor": None,
        "method": Method.ADMIN,
    }
    with pytest.raises(Conflict):
        services.refund_decide(agree=False, reason=" ", **decide)
    services.refund_decide(agree=True, reason="", **decide)
    again = services.refund_decide(agree=True, reason="", **decide)
    with pytest.raises(Conflict):
        services.refund_decide(agree=False, reason="后悔了", **decide)
    assert again.status == Status.AGREED
    assert meituan.query(order.order_id)["body"]["refundedQuantity"] == 1


def test_meituans_agreement_by_deadline_ends_the_review() -> None:
    meituan, product = selling(refund_review=True)
    order = meituan.bought(product, 2)
    code = order.vouchers.order_by("id")[1].code
    body = meituan.refund_body(order, 1, [code])
    meituan.ask("order/refund", body)
    meituan.refunded(order, 1, voucherList=[code], refundMessageType=3, refundSerialNo="")
    assert meituan.ask("order/refund", body)["code"] == 601
    refund = Refund.objects.get()
    assert (refund.status, refund.method, refund.message_type) == (Status.AGREED, Method.MEITUAN, 3)
    assert [item["status"] for item in meituan.query(order.order_id)["body"]["voucherList"]] == [
        0,
        2,
    ]


def test_closing_the_order_ends_its_reviews() -> None:
    meituan, product = selling(refund_review=True)
    order = meituan.bought(product)
    body = meituan.refund_body(order, 1)
    meituan.ask("order/refund", body)
    meituan.close(order.order_id, 3)
    assert meituan.ask("order/refund", body)["code"] == 601
    assert not Refund.objects.filter(status=Status.REVIEW).exists()


def test_past_the_deadline_meituan_has_agreed_and_nobody_can_refuse() -> None:
    meituan, product = selling(refund_review=True)
    order = meituan.bought(product)
    meituan.refund(order, 1)
    refund = order.refunds.get()
    decide: dict[str, Any] = {"refund_pk": refund.pk, "actor": None, "method": Method.ADMIN}
    assert refund.deadline is not None
    with time_machine.travel(refund.deadline, tick=False):
        with pytest.raises(Conflict, match="来不及拒绝"):
            services.refund_decide(agree=False, reason="门票已制作", **decide)
        assert services.refund_decide(agree=True, reason="", **decide).status == Status.AGREED


# Our agreement and Meituan's, on their way at once


def agreed_to(
    meituan: Meituan, order: Order, quantity: int, codes: list[str] | None = None
) -> Refund:
    """Returns an application that was agreed to, by rule or, if the product needs it, by a
    person.
    """
    body = meituan.refund_body(order, quantity, codes)
    meituan.ask("order/refund", body)
    refund = order.refunds.get(refund_id=body["refundId"])
    services.refund_decide(
        refund_pk=refund.pk, agree=True, reason="", actor=None, method=Method.ADMIN
    )
    return refund


def quantities(meituan: Meituan, order: Order) -> tuple[int, int, int]:
    """Returns (refunded in the answer to a query, refunded by the agreed applications, sold)."""
    agreed = order.refunds.filter(status=Status.AGREED).values_list("quantity", flat=True)
    order.offer.refresh_from_db()
    return meituan.query(order.order_id)["body"]["refundedQuantity"], sum(agreed), order.offer.sold


@pytest.mark.parametrize("review", [True, False])
@pytest.mark.parametrize("kind", [VoucherType.PER_TICKET, VoucherType.PER_ORDER, VoucherType.NONE])
@pytest.mark.parametrize("by_code", [True, False])
def test_a_refund_at_the_deadline_takes_no_second_ticket(
    review: bool, kind: VoucherType, by_code: bool
) -> None:
    meituan, product = selling(refund_review=review, voucher_type=kind)
    order = meituan.bought(product, 3)
    refund = agreed_to(meituan, order, 1)
    codes = refund.codes if by_code else []
    assert (
        meituan.refunded(order, 1, voucherList=codes, refundMessageType=3, refundSerialNo="")[
            "code"
        ]
        == 200
    )
    assert quantities(meituan, order) == (1, 1, 2)
    order.refresh_from_db()
    assert (order.needs_person, order.refunds.count()) == ("", 1)


def test_each_agreement_is_confirmed_once() -> None:
    meituan, product = selling(refund_review=True)
    order = meituan.bought(product, 4)
    first, second = (voucher.code for voucher in order.vouchers.order_by("id")[:2])
    for code in (first, second):
        agreed_to(meituan, order, 1, [code])
    for second_of_minute, refunded in enumerate((2, 2, 3)):
        when = f"2026-11-22 10:00:{second_of_minute:02d}"
        meituan.refunded(
            order, 1, voucherList=[], refundMessageType=3, refundSerialNo="", refundTime=when
        )
        assert quantities(meituan, order) == (refunded, refunded, 4 - refunded)


def test_a_whole_order_refunded_at_the_deadline_is_no_persons_trouble() -> None:
    meituan, product = selling(refund_review=True)
    order = meituan.bought(product, 2)
    agreed_to(meituan, order, 2, [])
    codes = list(order.vouchers.values_list("code", flat=True))
    meituan.refunded(order, 2, voucherList=codes, refundMessageType=3, refundSerialNo="")
    order.refresh_from_db()
    assert (quantities(meituan, order), order.needs_person) == ((2, 2, 0), "")


def test_what_customer_service_refunds_beside_an_application_is_another_ticket() -> None:
    meituan, product = selling()
    order = meituan.bought(product, 3)
    meituan.refund(order, 1)
    meituan.refunded(order, 1, refundMessageType=1, refundSerialNo="")
    assert quantities(meituan, order) == (2, 2, 1)


def test_a_ticket_that_customer_service_names_after_its_refund_is_refunded_once() -> None:
    meituan, product = selling()
    order = meituan.bought(product, 3)
    meituan.refund(order, 1)
    meituan.refunded(
        order, 1, voucherList=order.refunds.get().codes, refundMessageType=1, refundSerialNo=""
    )
    order.refresh_from_db()
    assert (quantities(meituan, order), order.needs_person) == ((1, 1, 2), "")


def test_a_message_about_more_tickets_than_there_are_takes_what_there_is_and_calls_a_person() -> (
    None
):
    meituan, product = selling()
    order = meituan.bought(product, 3)
    meituan.refunded(order, 5)
    order.refresh_from_db()
    assert (quantities(meituan, order), order.needs_person) == (
        (3, 3, 0),
        Trouble.REFUNDED_AFTER_USE,
    )


def test_the_same_before_the_tickets_are_issued() -> None:
    meituan, product = selling(issuing=Issuing.UPSTREAM)
    order = meituan.bought(product, 3)
    meituan.refunded(order, 5)
    order.refresh_from_db()
    assert (order.status, order.needs_person) == (Order.Status.CLOSED, Trouble.REFUNDED_AFTER_USE)
    assert order.refunds.get().quantity == 3


def test_a_review_that_a_close_ends_counts_as_refunded() -> None:
    meituan, product = selling(refund_review=True)
    order = meituan.bought(product, 3)
    body = meituan.refund_body(order, 2)
    meituan.ask("order/refund", body)
    meituan.close(order.order_id, 3)
    assert meituan.ask("order/refund", body)["code"] == 601
    assert quantities(meituan, order) == (2, 2, 0)
    assert [item["status"] for item in meituan.query(order.order_id)["body"]["voucherList"]] == [
        2,
        2,
        3,
    ]


# True reasons


def test_what_another_ticket_of_the_order_waits_for_is_no_reason() -> None:
    meituan, product = selling(refund_review=True)
    order = meituan.bought(product, 2)
    waiting, used = (voucher.code for voucher in order.vouchers.order_by("id"))
    meituan.refund(order, 1, [waiting])
    services.order_consume(order_pk=order.pk, codes=[used], actor=None, method=Method.COUNTER)
    assert meituan.refund(order, 1, [used])["describe"] == "门票已使用，余票不足"


def test_a_refusal_for_a_review_ends_with_the_review() -> None:
    meituan, product = selling(refund_review=True)
    order = meituan.bought(product)
    meituan.refund(order, 1)
    late = meituan.refund_body(order, 1)
    assert meituan.ask("order/refund", late)["describe"] == "已有退款申请正在审核"
    services.refund_decide(
        refund_pk=order.refunds.get().pk,
        agree=False,
        reason="已制作",
        actor=None,
        method=Method.ADMIN,
    )
    assert meituan.ask("order/refund", late)["code"] == 602


def test_a_message_that_was_put_right_is_judged_anew() -> None:
    meituan, product = selling()
    order = meituan.bought(product)
    body = meituan.refund_body(order, 1)
    assert (
        meituan.ask("order/refund", body | {"partnerDealId": "ANOTHER"})["describe"]
        == "产品编号与订单不符"
    )
    assert meituan.ask("order/refund", body)["code"] == 200


def test_a_part_that_does_not_say_which_tickets_is_refused() -> None:
    meituan, product = selling()
    order = meituan.bought(product, 3)
    assert meituan.refund(order, 1, [])["describe"] == "退票数量与券码数不一致"
    assert meituan.refund(order, 3, [])["code"] == 200


def test_a_closed_order_says_that_it_is_closed() -> None:
    meituan, product = selling()
    order = meituan.bought(product)
    meituan.close(order.order_id, 3)
    assert meituan.refund(order, 1)["describe"] == "订单已关闭"


def test_steps_counted_from_before_the_order_are_for_a_person() -> None:
    meituan, product = product_with_steps((0, FeeMode.NONE, "0"))
    order = meituan.bought(product)
    assert meituan.refund(order, 1, refundTime="2020-01-01 10:00:00")["code"] == 602


def test_negative_money_is_no_money() -> None:
    meituan, product = selling()
    assert meituan.refund(meituan.bought(product), 1, refundPrice=-0.01)["code"] == 699


# What was sold stays as it was sold


def test_a_policy_that_changes_leaves_what_was_sold_alone() -> None:
    meituan, product = product_with_steps((60, FeeMode.PERCENT, "10"))
    order = meituan.bought(product)
    product.refund_steps.all().delete()
    Product.objects.update(refund_type=RefundType.NEVER, partial_refund=False)
    assert refund_answer(meituan, order, 1, 9.56, "2099-05-01 10:00:00")[0] == 200
    assert meituan.refund(meituan.bought(product), 1)["describe"] == "该产品不支持退款"


def test_a_season_that_is_cut_short_opens_the_door_to_what_was_sold() -> None:
    meituan, product = selling(valid_until=timezone.localdate() + timedelta(days=30))
    order = meituan.bought(product)
    Product.objects.update(valid_until=timezone.localdate() - timedelta(days=1))
    services.order_consume(order_pk=order.pk, quantity=1, actor=None, method=Method.COUNTER)
    assert tally(order.vouchers.all()).used == 1
