"""What the operators' search finds of ticket orders."""

import pytest
from django.test import Client

from tests.meituan import VISITOR, selling
from tests.pages import english
from tests.stores.factories import UserFactory
from trip.choices import VisitorInfo
from trip.models import Order, Visitor

pytestmark = pytest.mark.django_db


@pytest.fixture
def operator() -> Client:
    return english(UserFactory(is_superuser=True, password=None))


@pytest.fixture
def order() -> Order:
    """A paid order with one visitor, beside one of another merchant."""
    for visitors in ([VISITOR | {"mobile": "13900005678"}], [VISITOR]):
        meituan, product = selling(visitor_info=VisitorInfo.EACH, credential_types=[0])
        bought = meituan.bought(product, visitors=visitors)
    return bought


def found(client: Client, text: str) -> list[str]:
    answer = client.post("/admin/find/", {"text": text}).context["answer"]
    return [hit.url for _merchant, hits in answer.groups for hit in hits]


def page(order: Order) -> str:
    return f"/admin/trip/order/{order.pk}/change/"


def test_an_order_is_found_by_number_code_and_phone(operator: Client, order: Order) -> None:
    code = order.vouchers.get().code
    for text in (
        str(order.order_id),
        order.partner_order_id,
        order.partner_order_id.lower(),
        code,
        code.lower(),
        code[-4:],
        code[-4:].lower(),
        "138 0000 1234",
        "+8613800001234",
    ):
        assert found(operator, text) == [page(order)], text
    assert len(found(operator, str(order.order_id)[:8])) == 2
    assert found(operator, "13800001235") == []


def test_a_phone_is_shown_and_noted_nowhere(operator: Client, order: Order) -> None:
    answer = operator.post("/admin/find/", {"text": "13800001234"}).content.decode()
    assert "王小明" not in answer
    assert answer.count("13800001234") == 1
    assert "13800001234" not in operator.get("/admin/stores/auditentry/").content.decode()


def test_a_visitor_whose_details_were_removed_is_not_found(operator: Client, order: Order) -> None:
    Visitor.objects.update(mobile_hash="")
    assert found(operator, "13800001234") == []


def test_orders_of_a_drill_are_left_out(operator: Client, order: Order) -> None:
    Order.objects.update(is_drill=True)
    assert found(operator, str(order.order_id)) == []
