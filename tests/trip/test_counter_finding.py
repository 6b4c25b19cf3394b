"""Orders without codes are found at the counter by their number and by the visitor's mobile."""

from datetime import timedelta
from typing import Any

import pytest
from django.test import Client
from django.utils import timezone

from stores.models import Store
from tests.meituan import VISITOR, Meituan, selling
from tests.pages import state_of
from tests.stores.factories import StoreFactory
from tests.trip.factories import TicketProductFactory
from tests.trip.test_counter import buttons, clerk_at_counter, code_of, scan, take
from trip.choices import VisitorInfo, VoucherType
from trip.models import Consumption, Order, Product

pytestmark = pytest.mark.django_db
MOBILE = str(VISITOR["mobile"])


def named(quantity: int = 2, **fields: Any) -> tuple[Meituan, Order, Client]:
    """Returns an order without a code whose visitor has a mobile."""
    meituan, product = selling(
        voucher_type=VoucherType.NONE, visitor_info=VisitorInfo.ONE, **fields
    )
    order = meituan.bought(product, quantity, visitors=[VISITOR])
    return meituan, order, clerk_at_counter(product)[0]


@pytest.mark.parametrize("form", ["{}", " {} ", "+86 {}", "138 0000 1234", "138-0000-1234"])
def test_the_mobile_finds_the_order_and_uses_nothing(form: str) -> None:
    _meituan, order, client = named()
    card = scan(client, form.format(MOBILE))
    assert (state_of(card), buttons(card)) == ("ask", ["1", "2"])
    assert "王** 138****1234" in card
    assert MOBILE not in card
    assert "王小明" not in card
    assert Consumption.objects.count() == 0
    assert state_of(take(client, card, 2)) == "ok"
    assert order.vouchers.get().used == 2


def test_even_a_single_ticket_is_not_used_by_a_mobile_alone() -> None:
    _meituan, _order, client = named(1)
    assert buttons(scan(client, MOBILE)) == ["1"]
    assert Consumption.objects.count() == 0


def test_each_valid_order_of_the_mobile_has_a_card() -> None:
    meituan, order, client = named()
    meituan.bought(order.product, visitors=[VISITOR])
    assert scan(client, MOBILE).count('data-state="ask"') == 2


@pytest.mark.parametrize("text", ["13800001235", "0001234", f"{MOBILE[:7]}****"])
def test_another_or_a_part_of_a_mobile_finds_nothing(text: str) -> None:
    _meituan, _order, client = named()
    assert "王*" not in scan(client, text, status=422)


def another_store(order: Order) -> None:
    order.store = StoreFactory(merchant=order.store.merchant)
    order.product = TicketProductFactory(connection=order.connection, store=order.store)
    order.visitors.update(product=order.product)


def yesterday(order: Order) -> None:
    order.travel_date = timezone.localdate() - timedelta(days=1)


def drill(order: Order) -> None:
    order.is_drill = True


def closed(order: Order) -> None:
    order.status = Order.Status.CLOSED


def with_codes(order: Order) -> None:
    order.voucher_type = VoucherType.PER_TICKET


@pytest.mark.parametrize("change", [another_store, drill, closed, with_codes])
def test_only_issued_orders_of_this_store_are_found(change: Any) -> None:
    _meituan, order, client = named()
    change(order)
    order.save()
    assert "王*" not in scan(client, MOBILE, status=422)


def test_a_mobile_whose_tickets_are_used_says_when_and_by_whom() -> None:
    _meituan, _order, client = named()
    take(client, scan(client, MOBILE), 2)
    card = scan(client, MOBILE)
    assert (state_of(card), buttons(card)) == ("refused", [])
    assert "Used by" in card


def test_a_mobile_whose_order_is_for_another_day_says_so() -> None:
    _meituan, order, client = named(valid_until=timezone.localdate() + timedelta(days=9))
    Order.objects.update(
        terms=order.terms | {"valid_until": f"{timezone.localdate() - timedelta(days=1)}"}
    )
    card = scan(client, MOBILE)
    assert (state_of(card), buttons(card)) == ("refused", [])


def test_what_can_be_used_now_hides_what_was_used_before() -> None:
    meituan, order, client = named()
    take(client, scan(client, MOBILE), 2)
    meituan.bought(order.product, visitors=[VISITOR])
    card = scan(client, MOBILE)
    assert (state_of(card), card.count("data-state=")) == ("ask", 1)


def test_the_number_of_an_order_without_codes_finds_it() -> None:
    _meituan, order, client = named()
    assert buttons(scan(client, str(order.order_id))) == ["1", "2"]


def test_the_last_four_of_a_code_and_of_an_order_number_find_their_uses() -> None:
    meituan, order, client = named()
    take(client, scan(client, MOBILE), 2)
    product = TicketProductFactory(connection=order.connection, store=order.store)
    coded = meituan.bought(product)
    scan(client, code_of(coded))
    by_number = scan(client, str(order.order_id)[-4:])
    assert "2 tickets used" in by_number
    assert state_of(by_number) == "found"
    if code_of(coded)[-4:].isdigit():
        assert "1 ticket used" in scan(client, code_of(coded)[-4:])
    voucher = coded.vouchers.get()
    voucher.code = "KASSE-007788"
    voucher.save()
    assert "1 ticket used" in scan(client, "7788")


def test_a_code_of_four_digits_is_used_and_not_searched(sold: tuple[Meituan, Product]) -> None:
    meituan, product = sold
    meituan.bought(product).vouchers.update(code="4711")
    client, _clerk = clerk_at_counter(product)
    assert state_of(scan(client, "4711")) == "ok"


def test_stores_of_others_are_not_searched() -> None:
    _meituan, order, client = named()
    take(client, scan(client, MOBILE), 2)
    other: Store = selling()[1].store
    stranger, _clerk = clerk_at_counter(other.trip_products.get())
    assert "No result" in scan(stranger, str(order.order_id)[-4:])
