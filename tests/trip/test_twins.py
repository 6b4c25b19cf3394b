"""One message twice at the same moment, and two requests for the same ticket: one effect, one
answer.
"""

import itertools
import threading
import time
from collections import Counter
from collections.abc import Callable, Sequence
from dataclasses import replace
from datetime import date, timedelta
from decimal import Decimal
from functools import partial
from typing import Any

import pytest
from django.db import connections, transaction
from django.test import Client

from stores.conflicts import Conflict, KeyReused
from stores.models import InboundEvent
from tests.meituan import VISITOR, Meituan, selling
from trip import services
from trip.choices import Issuing, Method, VisitorInfo, VoucherType
from trip.models import Offer, Order, Refund, Voucher, tally

pytestmark = pytest.mark.django_db(transaction=True)
DAY = date(2099, 5, 1)


def at_once(works: Sequence[Callable[[], Any]]) -> list[Any]:
    """Returns the result of each work when all start together; an exception is returned as well."""
    barrier, results = threading.Barrier(len(works)), [None] * len(works)

    def run(place: int, work: Callable[[], Any]) -> None:
        barrier.wait()
        try:
            results[place] = work()
        except Exception as error:
            results[place] = error  # type: ignore[call-overload]
        finally:
            connections.close_all()

    threads = [threading.Thread(target=run, args=item) for item in enumerate(works)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    return results


def asking(
    meituan: Meituan, interface: str, body: dict[str, Any]
) -> Callable[[], tuple[int, bytes]]:
    """Returns a function that calls the interface and gives code and bytes of the answer."""

    def ask() -> tuple[int, bytes]:
        own = replace(meituan, client=Client(raise_request_exception=False), last_answer=b"")
        return own.ask(interface, body)["code"], own.last_answer

    return ask


@pytest.mark.parametrize("issuing", Issuing)
def test_twins_of_create_pay_and_query_leave_one_order_and_hear_the_same(issuing: Issuing) -> None:
    meituan, product = selling(offer__stock=3, issuing=issuing)
    body = meituan.order_body(product, 3)
    created = at_once([asking(meituan, "order/create", body)] * 6)
    assert {code for code, _ in created} == {200}
    assert len(set(created)) == 1
    paid = at_once([asking(meituan, "order/pay", {"orderId": body["orderId"]})] * 6)
    assert len(set(paid)) == 1
    assert paid[0][0] == (200 if issuing == Issuing.OWN else 598)
    queried = at_once([asking(meituan, "order/query", {"orderId": body["orderId"]})] * 6)
    assert len(set(queried)) == 1
    offer, order = Offer.objects.get(), Order.objects.get()
    assert (offer.held, offer.sold) == (0, 3)
    assert tally(order.vouchers.all()).total == (3 if issuing == Issuing.OWN else 0)
    kinds = Counter(InboundEvent.objects.values_list("kind", flat=True))
    assert kinds == {"order.create": 1, "order.pay": 1, "order.query": 1}


def test_twins_of_a_refund_take_tickets_back_once() -> None:
    meituan, product = selling(voucher_type=VoucherType.PER_ORDER, offer__stock=9)
    order = meituan.bought(product, 4)
    body = meituan.refund_body(order, 2)
    answers = at_once([asking(meituan, "order/refund", body)] * 6)
    assert len(set(answers)) == 1
    assert answers[0][0] == 200
    assert Refund.objects.count() == 1
    assert Offer.objects.get().sold == 2


def test_twins_of_close_and_of_refunded_give_stock_back_once() -> None:
    meituan, product = selling(offer__stock=9)
    one, two = meituan.bought(product, 2), meituan.bought(product, 3, pay=False)
    for order in (one, two):
        at_once(
            [
                asking(meituan, "order/close", {"orderId": order.order_id, "closeType": kind})
                for kind in (1, 2, 3)
            ]
        )
    offer = Offer.objects.get()
    assert (offer.held, offer.sold) == (0, 0)


def test_fifty_buyers_of_the_last_ten_get_ten() -> None:
    meituan, product = selling(offer__stock=10)
    bodies = [meituan.order_body(product) for _ in range(50)]
    answers = at_once([asking(meituan, "order/create", body) for body in bodies])
    offer = Offer.objects.get()
    assert Counter(code for code, _ in answers) == {200: 10, 420: 40}
    assert (offer.held, offer.sold, Order.objects.count()) == (10, 0, 10)
    numbers = Order.objects.values_list("order_id", flat=True)
    paid = at_once([asking(meituan, "order/pay", {"orderId": number}) for number in numbers])
    offer.refresh_from_db()
    assert {code for code, _ in paid} == {200}
    assert (offer.held, offer.sold, Voucher.objects.count()) == (0, 10, 10)


def test_create_and_close_at_the_same_moment_leave_no_ticket_held() -> None:
    meituan, product = selling(offer__stock=50)
    for _ in range(8):
        body = meituan.order_body(product)
        close = {"orderId": body["orderId"], "closeType": 2}
        at_once([asking(meituan, "order/create", body), asking(meituan, "order/close", close)])
    assert not Order.objects.filter(status=Order.Status.CREATED).exists()
    assert Offer.objects.get().held == 0


def test_pay_and_close_at_the_same_moment_agree_on_the_stock() -> None:
    meituan, product = selling(offer__stock=50)
    for _ in range(8):
        order = meituan.bought(product, pay=False)
        close = {"orderId": order.order_id, "closeType": 1}
        at_once(
            [
                asking(meituan, "order/pay", {"orderId": order.order_id}),
                asking(meituan, "order/close", close),
            ]
        )
        order.refresh_from_db()
        assert order.closed_at
        assert tally(order.vouchers.all()).unused == 0
    offer = Offer.objects.get()
    assert (offer.held, offer.sold) == (0, 0)


@pytest.mark.parametrize("voucher_type", [VoucherType.PER_TICKET, VoucherType.PER_ORDER])
@pytest.mark.parametrize("review", [False, True])
def test_of_a_use_and_a_refund_of_the_same_ticket_exactly_one_wins(
    voucher_type: VoucherType, review: bool
) -> None:
    meituan, product = selling(voucher_type=voucher_type, refund_review=review)
    for _ in range(12):
        order = meituan.bought(product)
        code = order.vouchers.get().code

        def use(order: Order = order, code: str = code) -> Any:
            return services.order_consume(
                order_pk=order.pk, codes=[code], actor=None, method=Method.COUNTER
            )

        refund = asking(meituan, "order/refund", meituan.refund_body(order, 1, [code]))
        used, (refunded, _) = at_once([use, refund])
        counts = tally(order.vouchers.all())
        if isinstance(used, Conflict):
            assert refunded == (602 if review else 200)
            assert (counts.used, counts.refunded) == (0, 0 if review else 1)
        else:
            assert refunded == 606
            assert (counts.used, counts.refunded) == (1, 0)


def test_of_an_agreement_and_a_use_after_a_refusal_exactly_one_wins() -> None:
    meituan, product = selling(refund_review=True)
    for _ in range(8):
        order = meituan.bought(product)
        meituan.refund(order, 1)
        refund = order.refunds.get()
        decide = {"refund_pk": refund.pk, "actor": None, "method": Method.ADMIN}
        services.refund_decide(agree=False, reason="已制作", **decide)  # type: ignore[arg-type]
        results = at_once(
            [
                partial(
                    services.order_consume,
                    order_pk=order.pk,
                    quantity=1,
                    actor=None,
                    method=Method.COUNTER,
                ),
                partial(services.refund_decide, agree=True, reason="", **decide),  # type: ignore[arg-type]
            ]
        )
        assert [isinstance(result, Conflict) for result in results].count(True) == 1
        counts = tally(order.vouchers.all())
        assert counts.used + counts.refunded == 1


def test_the_same_use_asked_twice_at_once_uses_once() -> None:
    meituan, product = selling(voucher_type=VoucherType.PER_ORDER)
    order = meituan.bought(product, 5)
    wish = {
        "order_pk": order.pk,
        "quantity": 2,
        "actor": None,
        "method": Method.API,
        "request_key": "till-1",
    }
    made = at_once([lambda: services.order_consume(**wish)] * 5)  # type: ignore[arg-type]
    assert len({consumption.pk for consumption in made}) == 1
    assert [consumption.is_repeat for consumption in made].count(False) == 1
    assert tally(order.vouchers.all()).used == 2


def test_more_uses_at_once_than_tickets_use_each_ticket_once() -> None:
    meituan, product = selling(voucher_type=VoucherType.NONE)
    order = meituan.bought(product, 5)
    wish = {"order_pk": order.pk, "quantity": 1, "actor": None, "method": Method.COUNTER}
    made = at_once([lambda: services.order_consume(**wish)] * 9)  # type: ignore[arg-type]
    assert sum(isinstance(result, Conflict) for result in made) == 4
    assert tally(order.vouchers.all()).used == 5


def test_one_person_cannot_pass_a_limit_by_buying_at_the_same_moment() -> None:
    meituan, product = selling(
        visitor_info=VisitorInfo.ONE, credential_types=[0], credential_limit=2, phone_limit=3
    )
    phones = itertools.count(13_900_000_000)
    bodies = [
        meituan.order_body(product, visitors=[VISITOR | {"mobile": str(next(phones))}])
        for _ in range(6)
    ]
    answers = at_once([asking(meituan, "order/create", body) for body in bodies])
    assert Counter(code for code, _ in answers) == {200: 2, 410: 4}


def test_codes_and_a_failure_at_the_same_moment_end_in_one_of_both() -> None:
    meituan, product = selling(issuing=Issuing.UPSTREAM, offer__stock=20)
    for round_ in range(8):
        order = meituan.bought(product)
        given = {"order_pk": order.pk, "actor": None, "method": Method.API}
        results = at_once(
            [
                partial(services.order_issue, codes=[f"UP-{round_}"], **given),  # type: ignore[arg-type]
                partial(services.order_fail, reason="上游无票", **given),  # type: ignore[arg-type]
            ]
        )
        assert [isinstance(result, Conflict) for result in results].count(True) == 1
        order.refresh_from_db()
        assert order.status in (Order.Status.ISSUED, Order.Status.FAILED)
    issued = Order.objects.filter(status=Order.Status.ISSUED).count()
    assert (Offer.objects.get().sold, Voucher.objects.count()) == (issued, issued)


def test_an_order_of_a_limited_product_and_new_prices_do_not_wait_for_each_other() -> None:
    meituan, product = selling(
        by_calendar=True, visitor_info=VisitorInfo.ONE, phone_limit=9, offer__date=DAY
    )
    priced = threading.Event()

    def prices() -> None:
        with transaction.atomic():
            services.offers_set(
                product=product,
                first=DAY,
                last=DAY + timedelta(days=3),
                weekdays=range(7),
                market_price=Decimal(120),
                sale_price=Decimal(95),
                settlement_price=Decimal(80),
                stock=10,
                is_open=True,
                actor=None,
            )
            priced.set()
            time.sleep(0.3)

    def buy() -> str:
        priced.wait(10)
        return str(meituan.create(product, visitors=[VISITOR])["describe"])

    assert at_once([prices, buy]) == [None, "success"]


def test_one_key_for_two_orders_at_once_uses_one() -> None:
    meituan, product = selling(offer__stock=20)
    for round_ in range(6):
        wishes: list[Callable[[], Any]] = [
            partial(
                services.order_consume,
                order_pk=meituan.bought(product).pk,
                quantity=1,
                actor=None,
                method=Method.API,
                request_key=f"till-{round_}",
            )
            for _ in range(2)
        ]
        assert sum(isinstance(result, KeyReused) for result in at_once(wishes)) == 1
