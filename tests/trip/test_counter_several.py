"""Texts that name several tickets, or a ticket and a coupon: none is left out in silence."""

import re

import pytest
from django.test import Client

from coupons.models import Lookup, Verification
from tests.meituan import Meituan, selling
from tests.pages import state_of
from tests.stores.factories import StoreFactory
from tests.trip.factories import TicketProductFactory
from tests.trip.test_counter import COUNTER, HTMX, clerk_at_counter, code_of, scan
from trip.choices import VoucherType
from trip.models import Consumption, Order, Product

pytestmark = pytest.mark.django_db
COUPON = "556677889900"


def chosen_in(page: str) -> list[str]:
    return re.findall(r'<button class="quiet" name="chosen" value="([^"]+)"', page)


def choose(client: Client, *codes: str) -> str:
    sent = {"kind": "voucher", "chosen": codes, "request_key": "a" * 32}
    answer = client.post(COUNTER, sent, headers=HTMX)
    assert answer.status_code == 200
    return answer.content.decode()


@pytest.mark.parametrize("form", ["{} {}", "{}\n{}", "票码：{}、{}，手机13800138000", "{}+{}"])
def test_tickets_of_two_orders_are_both_offered_and_both_used(
    sold: tuple[Meituan, Product], form: str
) -> None:
    meituan, product = sold
    codes = [code_of(meituan.bought(product)), code_of(meituan.bought(product))]
    client, _clerk = clerk_at_counter(product)
    card = scan(client, form.format(*codes))
    assert state_of(card) == "ask"
    assert "2 codes found" in card
    assert sorted(chosen_in(card)) == sorted(codes)
    assert Consumption.objects.count() == 0
    assert choose(client, *codes).count('data-state="ok"') == 2
    assert Consumption.objects.count() == 2


def test_tickets_of_one_order_are_asked_about_by_one_card(sold: tuple[Meituan, Product]) -> None:
    meituan, product = sold
    order = meituan.bought(product, 2)
    client, _clerk = clerk_at_counter(product)
    first, second = order.vouchers.order_by("id").values_list("code", flat=True)
    card = scan(client, f"{first} {second}")
    assert "This order has 2 tickets. Use them all?" in card
    choose(client, first)
    client.post(COUNTER, {"kind": "voucher", "key": key_of_group(card), "amount": "1"})
    # The used one does not hide the other.
    assert state_of(scan(client, f"{first} {second}")) == "ok"
    assert [voucher.used for voucher in order.vouchers.order_by("id")] == [1, 1]


def key_of_group(card: str) -> str:
    found = re.search(r'name="key" value="(g\d+)"', card)
    assert found
    return found[1]


@pytest.mark.parametrize("headers", [HTMX, {}])
def test_a_ticket_and_a_coupon_are_both_offered(
    sold: tuple[Meituan, Product], headers: dict[str, str]
) -> None:
    meituan, product = sold
    code = code_of(meituan.bought(product))
    client, _clerk = clerk_at_counter(product)
    answer = client.post(COUNTER, {"text": f"门票{code}\n券码{COUPON}"}, headers=headers)
    page = answer.content.decode()
    assert page.count('data-state="ask"') == 2
    assert chosen_in(page) == [code, COUPON]
    assert (Consumption.objects.count(), Verification.objects.count()) == (0, 0)


def test_the_order_number_of_a_ticket_is_no_second_code(sold: tuple[Meituan, Product]) -> None:
    meituan, product = sold
    order = meituan.bought(product)
    client, _clerk = clerk_at_counter(product)
    assert state_of(scan(client, f"订单号：{order.order_id} 券码：{code_of(order)}")) == "ok"


def test_numbers_of_two_orders_without_codes_are_both_offered() -> None:
    meituan, product = selling(voucher_type=VoucherType.NONE)
    numbers = [str(meituan.bought(product).order_id) for _time in range(2)]
    client, _clerk = clerk_at_counter(product)
    assert chosen_in(scan(client, " ".join(numbers))) == numbers


def elsewhere(meituan: Meituan, product: Product) -> Order:
    """An order of another store of the merchant."""
    store = StoreFactory(merchant=product.store.merchant)
    return meituan.bought(TicketProductFactory(connection=product.connection, store=store))


def test_another_stores_ticket_in_a_message_is_told_as_such(
    sold: tuple[Meituan, Product],
) -> None:
    order = elsewhere(*sold)
    client, _clerk = clerk_at_counter(sold[1])
    card = scan(client, f"票码：{code_of(order)}，手机13800138000", status=422)
    assert "Not a ticket of this store" in card


def test_another_stores_order_number_is_not_sent_as_a_coupon(
    sold: tuple[Meituan, Product],
) -> None:
    order = elsewhere(*sold)
    client, _clerk = clerk_at_counter(sold[1])
    assert "Not a ticket of this store" in scan(client, str(order.order_id), status=422)
    assert (Verification.objects.count(), Lookup.objects.count()) == (0, 0)
