"""Ticket orders over the API: what is shown, to whom, and what the list finds."""

from datetime import date, timedelta
from typing import Any

import pytest
from django.utils import timezone

from stores.models import Store
from tests.api import Api, api_of, problem
from tests.meituan import VISITOR, Meituan, selling
from tests.stores.factories import StoreFactory
from tests.trip.factories import TicketProductFactory
from trip.api import schema, serializers
from trip.choices import Issuing, VisitorInfo, VoucherType
from trip.models import Order, Product

pytestmark = pytest.mark.django_db


def numbers(answer: Any) -> list[str]:
    assert answer.status_code == 200, answer.content
    return [order["order_id"] for order in answer.json()["results"]]


def test_an_order_is_shown_with_its_vouchers_and_sums(
    sold: tuple[Meituan, Product], api: Api
) -> None:
    meituan, product = sold
    order = meituan.bought(product, 2)
    one, two = order.vouchers.all()
    shown = api.get(f"trip/orders/{order.order_id}/").json()
    times = {name: shown.pop(name) for name in ("created_at", "paid_at", "issued_at")}
    assert all(times.values())
    unused = {"quantity": 1, "used": 0, "refunded": 0, "voided": 0}
    assert shown == {
        "order_id": str(order.order_id),
        "partner_order_id": order.partner_order_id,
        "status": "issued",
        "failure": "",
        "store": product.store_id,
        "product": {"partner_deal_id": product.deal_id, "title": "景区成人票"},
        "quantity": 2,
        "used": 0,
        "refunded": 0,
        "voided": 0,
        "voucher_type": 1,
        "vouchers": [{"code": one.code} | unused, {"code": two.code} | unused],
        "travel_date": None,
        "unit_price": "95.00",
        "settlement_price": "80.00",
        "total_price": "190.00",
        "visitors": [],
        "refunds": [],
        "needs_person": None,
        "closed_at": None,
    }


def test_a_refund_under_review_is_shown_with_its_deadline() -> None:
    meituan, product = selling(refund_review=True)
    order = meituan.bought(product)
    refund_id = meituan.refund(order, 1, [order.vouchers.get().code])["body"]["refundId"]
    shown = api_of(product.store.merchant).get(f"trip/orders/{order.order_id}/").json()
    (refund,) = shown["refunds"]
    assert (refund["refund_id"], refund["status"], refund["quantity"]) == (refund_id, "review", 1)
    assert (refund["price"], refund["fee"], refund["vouchers"]) == (
        "95.00",
        "0.00",
        [order.vouchers.get().code],
    )
    assert refund["applied_at"].startswith("2026-11-22T02:00:00")
    assert refund["deadline"]


def test_what_is_shown_is_what_the_documentation_says() -> None:
    meituan, product = selling(refund_review=True, visitor_info=VisitorInfo.ONE)
    order = meituan.bought(product, visitors=[VISITOR])
    meituan.refund(order, 1)
    shown = api_of(product.store.merchant).get(f"trip/orders/{order.order_id}/").json()
    assert set(shown) == set(serializers.TicketOrderSerializer().fields) == set(schema.ORDER)
    assert set(shown["product"]) == set(serializers.TicketProductSerializer().fields)
    assert set(shown["vouchers"][0]) == set(serializers.TicketVoucherSerializer().fields)
    assert set(shown["visitors"][0]) == set(serializers.VisitorSerializer().fields)
    assert set(shown["refunds"][0]) == set(serializers.TicketRefundSerializer().fields)


def test_visitors_are_masked_unless_the_key_may_see_personal_data() -> None:
    meituan, product = selling(visitor_info=VisitorInfo.ONE, credential_types=[0])
    order = meituan.bought(product, visitors=[VISITOR])
    path = f"trip/orders/{order.order_id}/"
    masked = api_of(product.store.merchant, scopes=("trip",)).get(path).json()["visitors"]
    whole = api_of(product.store.merchant, scopes=("trip", "personal")).get(path).json()["visitors"]
    assert masked == [
        {"name": "王**", "mobile": "138****1234", "credentials": {"0": "**************0000"}}
    ]
    assert whole == [VISITOR]


def test_a_number_of_another_merchant_is_not_found(sold: tuple[Meituan, Product], api: Api) -> None:
    meituan, product = selling()
    order = meituan.bought(product)
    assert problem(api.get(f"trip/orders/{order.order_id}/")) == (404, "not_found")


def test_a_key_for_one_store_sees_the_orders_of_that_store_only(
    sold: tuple[Meituan, Product],
) -> None:
    meituan, product = sold
    second: Store = StoreFactory(merchant=product.store.merchant)
    other = TicketProductFactory(connection=product.connection, store=second)
    here, there = meituan.bought(product), meituan.bought(other)
    api = api_of(product.store.merchant, second)
    assert numbers(api.get("trip/orders/")) == [str(there.order_id)]
    assert problem(api.get(f"trip/orders/{here.order_id}/")) == (404, "not_found")
    assert problem(api.get("trip/orders/", {"store": product.store_id})) == (404, "not_found")


def test_the_list_is_newest_first_in_pages_that_stay(
    sold: tuple[Meituan, Product], api: Api
) -> None:
    meituan, product = sold
    orders = [str(meituan.bought(product).order_id) for _ in range(3)]
    first = api.get("trip/orders/", {"page_size": 2})
    meituan.bought(product)
    second = api.client.get(first.json()["next"], headers=api.headers({}))
    assert numbers(first) == [orders[2], orders[1]]
    assert numbers(second) == [orders[0]]
    assert second.json()["next"] is None


def test_the_list_finds_by_status_store_product_day_and_time(
    sold: tuple[Meituan, Product], api: Api
) -> None:
    meituan, product = sold
    day = timezone.localdate() + timedelta(days=3)
    dated = TicketProductFactory(
        connection=product.connection, store=product.store, by_calendar=True, offer__date=day
    )
    unpaid, paid = meituan.bought(product, pay=False), meituan.bought(dated)
    Order.objects.filter(pk=unpaid.pk).update(created_at=timezone.now() - timedelta(days=2))
    since = (timezone.now() - timedelta(days=1)).isoformat()
    for found, wanted in [
        (paid, {"status": "issued"}),
        (unpaid, {"status": ["created", "closed"]}),
        (paid, {"product": dated.deal_id}),
        (paid, {"travel_date": str(day)}),
        (paid, {"created_after": since}),
        (unpaid, {"created_before": since}),
        (None, {"product": "nothing"}),
        (None, {"travel_date": str(date(2020, 1, 1))}),
    ]:
        expected = [str(found.order_id)] if found else []
        assert numbers(api.get("trip/orders/", wanted)) == expected, wanted
    assert len(numbers(api.get("trip/orders/", {"store": product.store_id}))) == 2


def test_the_list_finds_what_waits_for_codes(sold: tuple[Meituan, Product], api: Api) -> None:
    meituan, product = sold
    upstream = TicketProductFactory(
        connection=product.connection, store=product.store, issuing=Issuing.UPSTREAM
    )
    done, waiting = meituan.bought(product), meituan.bought(upstream)
    assert numbers(api.get("trip/orders/", {"needs_issue": "true"})) == [str(waiting.order_id)]
    assert numbers(api.get("trip/orders/", {"needs_issue": "false"})) == [str(done.order_id)]
    assert len(numbers(api.get("trip/orders/"))) == 2


def test_a_system_that_prepares_tickets_hears_of_a_close_in_the_list_of_orders() -> None:
    meituan, product = selling(issuing=Issuing.UPSTREAM)
    closed, waiting = meituan.bought(product), meituan.bought(product)
    meituan.close(closed.order_id, 3)
    api = api_of(product.store.merchant)
    (shown,) = api.get("trip/orders/", {"needs_person": "true"}).json()["results"]
    assert (shown["order_id"], shown["status"]) == (str(closed.order_id), "closed")
    assert (shown["needs_person"], bool(shown["closed_at"])) == ("closed_while_issuing", True)
    assert numbers(api.get("trip/orders/", {"needs_person": "false"})) == [str(waiting.order_id)]


@pytest.mark.parametrize(
    "params",
    [
        "status=paid",
        "store=0",
        "store=x",
        "product=" + "x" * 61,
        "product=%00",
        "travel_date=today",
        "travel_date=2026-13-01",
        "created_after=yesterday",
        "needs_issue=maybe",
        "needs_person=maybe",
        "cursor=cD14",
    ],
)
def test_a_filter_that_cannot_be_is_refused(api: Api, params: str) -> None:
    assert problem(api.get(f"trip/orders/?{params}")) == (400, "invalid")


def test_the_list_costs_the_same_queries_however_long_it_is(django_assert_num_queries: Any) -> None:
    meituan, product = selling(
        visitor_info=VisitorInfo.ONE, refund_review=True, voucher_type=VoucherType.PER_ORDER
    )
    for _ in range(6):
        meituan.refund(meituan.bought(product, 2, visitors=[VISITOR]), 1)
    api = api_of(product.store.merchant)
    api.get("trip/orders/")
    # The key, its stores, the orders with their products, vouchers, refunds, visitors.
    with django_assert_num_queries(6):
        assert len(numbers(api.get("trip/orders/"))) == 6
