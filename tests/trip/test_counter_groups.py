"""Orders of several tickets with a code each at the counter: one scan asks for the whole group."""

import re
from typing import Any

import pytest
from django.test import Client

from tests.meituan import Meituan, selling
from tests.pages import key_of, state_of
from tests.trip.test_counter import clerk_at_counter, scan, take
from trip import services
from trip.choices import Method
from trip.models import Consumption, Order, Product

pytestmark = pytest.mark.django_db


def family(quantity: int = 4, **fields: Any) -> tuple[Meituan, Order, Client]:
    """Returns an order with one code per ticket."""
    meituan, product = selling(**fields)
    return meituan, meituan.bought(product, quantity), clerk_at_counter(product)[0]


def codes_of(order: Order) -> list[str]:
    return list(order.vouchers.order_by("id").values_list("code", flat=True))


def answers(card: str) -> list[str]:
    return re.findall(r'<button name="amount" value="(\d+)"', card)


def used(order: Order) -> list[int]:
    return [voucher.used for voucher in order.vouchers.order_by("id")]


def test_one_ticket_of_a_group_asks_for_the_whole_order_and_uses_nothing_yet() -> None:
    _meituan, order, client = family()
    card = scan(client, codes_of(order)[1])
    assert state_of(card) == "ask"
    assert "This order has 4 tickets. Use them all?" in card
    assert answers(card) == ["4", "1"]
    assert all(code not in card for code in codes_of(order))
    assert Consumption.objects.count() == 0


def test_all_are_used_by_one_press_and_told_as_one_use() -> None:
    _meituan, order, client = family()
    card = take(client, scan(client, codes_of(order)[1]), 4)
    assert (state_of(card), used(order)) == ("ok", [1, 1, 1, 1])
    assert "4 tickets used" in card
    assert "still unused" not in card
    assert Consumption.objects.get().quantity == 4


def test_only_the_scanned_one_is_used_when_the_others_come_later() -> None:
    _meituan, order, client = family()
    card = take(client, scan(client, codes_of(order)[1]), 1)
    assert (state_of(card), used(order)) == ("ok", [0, 1, 0, 0])
    later = scan(client, codes_of(order)[3])
    assert "This order has 3 unused tickets. Use them all?" in later
    take(client, later, 3)
    assert used(order) == [1, 1, 1, 1]


def test_the_last_one_of_a_group_is_used_at_once() -> None:
    _meituan, order, client = family(2)
    take(client, scan(client, codes_of(order)[0]), 1)
    assert state_of(scan(client, codes_of(order)[1])) == "ok"
    assert used(order) == [1, 1]


def test_a_part_of_the_group_is_never_chosen_by_us() -> None:
    _meituan, order, client = family()
    question = scan(client, codes_of(order)[0])
    for amount in ("2", "3", "0", "x"):
        assert state_of(take(client, question, amount)) == "ask"
    assert used(order) == [0, 0, 0, 0]


def test_a_group_that_shrank_meanwhile_is_asked_about_again() -> None:
    _meituan, order, client = family()
    question = scan(client, codes_of(order)[0])
    services.order_consume(
        order_pk=order.pk, codes=codes_of(order)[3:], actor=None, method=Method.API
    )
    card = take(client, question, 4)
    assert state_of(card) == "ask"
    assert answers(card) == ["3", "1"]
    assert used(order) == [0, 0, 0, 1]


def test_pressing_twice_uses_the_group_once() -> None:
    _meituan, order, client = family()
    question = scan(client, codes_of(order)[0])
    cards = [take(client, question, 4) for _ in range(2)]
    assert [state_of(card) for card in cards] == ["ok", "ok"]
    assert key_of(cards[0]) == key_of(cards[1])
    assert Consumption.objects.count() == 1


def test_tickets_under_review_are_left_out_of_the_group() -> None:
    meituan, order, client = family(refund_review=True)
    meituan.refund(order, 1, codes_of(order)[:1])
    card = scan(client, codes_of(order)[1])
    assert answers(card) == ["3", "1"]
    take(client, card, 3)
    assert used(order) == [0, 1, 1, 1]


def test_a_used_ticket_of_a_group_is_refused_as_such() -> None:
    _meituan, order, client = family()
    take(client, scan(client, codes_of(order)[0]), 1)
    assert state_of(scan(client, codes_of(order)[0])) == "refused"


def test_the_question_is_shown_again_without_javascript() -> None:
    _meituan, order, client = family()
    answer = client.post("/counter/", {"text": codes_of(order)[0]}, follow=True)
    assert re.search(r"\?scan=voucher\.g\d+", answer.redirect_chain[0][0])
    assert answers(answer.content.decode()) == ["4", "1"]


def test_another_merchants_staff_cannot_answer(sold: tuple[Meituan, Product]) -> None:
    _meituan, order, client = family()
    question = scan(client, codes_of(order)[0])
    asked = dict(re.findall(r'<input type="hidden" name="(\w+)" value="([^"]*)"', question))
    stranger, _clerk = clerk_at_counter(sold[1])
    asked["store"] = str(sold[1].store_id)
    assert stranger.post("/counter/", asked | {"amount": "4"}).status_code == 404
    assert used(order) == [0, 0, 0, 0]
