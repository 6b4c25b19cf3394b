"""The page on which a part of an order is refunded."""

import re
from typing import Any

import pytest
from django.test import Client
from django.urls import reverse

from messaging.choices import RefundState
from messaging.models import Order, Refund
from messaging.wire.refundable import parse_refundable
from stores.models import OutboundCall
from stores.roles import Role
from tests.messaging.meituan import Meituan, deliver_all
from tests.messaging.test_actions import accepted
from tests.pages import english
from tests.stores.factories import member

pytestmark = pytest.mark.django_db(transaction=True)
DISHES = [{"name": "牛肉面", "quantity": 2, "price": 1000}, {"name": "例汤", "price": 300}]


def page_of(order: Order) -> str:
    return reverse("takeaway:part-refund", args=[order.pk])


def signed_in(order: Order, role: Role) -> Client:
    return english(member(order.store.merchant, role, order.store))


@pytest.fixture
def order(meituan: Meituan) -> Order:
    return accepted(meituan, dishes=DISHES, discounts=[])


@pytest.fixture
def manager(order: Order) -> Client:
    return signed_in(order, Role.MANAGER)


def fields(client: Client, order: Order) -> list[str]:
    return re.findall(r'name="(count-\w+)"', client.get(page_of(order)).content.decode())


def sure_of(page: str) -> str:
    found = re.search(r'name="sure" value="([^"]+)"', page)
    assert found
    return found[1]


def asked() -> int:
    return OutboundCall.objects.filter(operation="refund.part").count()


def test_a_dish_is_chosen_and_refunded(manager: Client, order: Order) -> None:
    button = reverse("admin:messaging_order_do", args=[order.pk, "refund_part"])
    shown = manager.post(button, follow=True).content.decode()
    assert "牛肉面" in shown
    assert "2 at most" in shown
    noodles, _soup = fields(manager, order)
    given = {noodles: "1", "reason": "少了一份"}
    question = manager.post(page_of(order), given).content.decode()
    assert "Refund up to ¥11.00 to the customer?" in question
    assert not asked()
    given["sure"] = sure_of(question)
    changed = manager.post(page_of(order), given | {noodles: "2"}).content.decode()
    assert "Refund up to ¥22.00 to the customer?" in changed
    assert not asked()
    answer = manager.post(page_of(order), given, follow=True)
    words, renewed = "The refund is on its way to Meituan.", 'data-pulse="/takeaway/pulse/"'
    for waiting in (answer, manager.get(page_of(order))):
        assert words in waiting.content.decode()
        assert renewed in waiting.content.decode()
    assert not fields(manager, order)
    deliver_all()
    deliver_all()
    refund = Refund.objects.get(order=order)
    assert (refund.is_part, refund.state, refund.money) == (True, RefundState.AGREED, 1100)
    again = manager.get(page_of(order)).content.decode()
    assert "1 at most" in again
    assert renewed not in again


@pytest.mark.parametrize(
    ("counts", "reason", "words"),
    [
        (("0", "0"), "少了", "Choose what is refunded, and say why."),
        (("1", "0"), "  ", "Choose what is refunded, and say why."),
        (("3", "0"), "少了", "Meituan lists other dishes or numbers by now."),
        (("2", "1"), "少了", "cancel the order instead"),
        (("-1", "1.5"), "少了", "Choose what is refunded, and say why."),
        (("９" * 3, "9" * 400), "少了", "Choose what is refunded, and say why."),
    ],
)
def test_what_cannot_be_refunded_is_refused_and_the_reason_kept(
    manager: Client, order: Order, counts: tuple[str, str], reason: str, words: str
) -> None:
    given = dict(zip(fields(manager, order), counts, strict=True)) | {"reason": reason}
    answer = manager.post(page_of(order), given)
    assert answer.status_code == 409
    assert words in answer.content.decode()
    assert f'value="{reason}"' in answer.content.decode()
    assert not asked()


def test_lines_that_meituan_does_not_list_are_refused(manager: Client, order: Order) -> None:
    answer = manager.post(page_of(order), {"count-0123456789abcdef": "1", "reason": "少了"})
    assert "Meituan lists other dishes or numbers by now." in answer.content.decode()
    assert not asked()


def test_meituan_down_is_said(
    manager: Client, order: Order, meituan: Meituan, settings: object
) -> None:
    settings.TAKEAWAY_BASE_URL = "http://127.0.0.1:9/takeaway"  # type: ignore[attr-defined]
    answer = manager.get(page_of(order))
    assert answer.status_code == 409
    assert "Nothing listens at the platform" in answer.content.decode()
    assert "Try again" in answer.content.decode()


def test_an_order_that_is_not_accepted_has_nothing_to_choose(manager: Client, order: Order) -> None:
    Order.objects.update(state="cancelled")
    shown = manager.get(page_of(order)).content.decode()
    assert "Only an accepted order can be refunded in part." in shown
    assert "<form method" not in shown.partition("<main>")[2]


def test_who_may_not_refund_is_refused(order: Order) -> None:
    assert signed_in(order, Role.CLERK).get(page_of(order)).status_code == 403


BROKEN: list[dict[str, Any]] = [
    {},
    {"count": 0},
    {"count": "x"},
    {"count": -1},
    {"count": 10**30},
    {"count": [1]},
    {"count": 1.5},
]


def test_lines_that_make_no_sense_are_left_out() -> None:
    whole = {"count": "2", "food_name": "面\x00", "refund_price": "x", "cart_id": None}
    (line,) = parse_refundable([*BROKEN, whole])
    assert (line.name, line.most, line.price, line.bag) == ("面\ufffd", 2, None, 1)
    assert line.chosen(1)["count"] == 1


def test_a_line_has_the_same_key_until_meituan_lists_others() -> None:
    rows = [{"count": 2, "app_food_code": "a"}, {"count": 1, "app_food_code": "b"}]
    keys = [line.key for line in parse_refundable(rows)]
    assert keys == [line.key for line in parse_refundable([rows[0] | {"count": 1}, rows[1]])]
    assert keys != [line.key for line in parse_refundable(rows[::-1])]
    assert len(set(keys)) == 2
