"""What the operators' start page counts of a merchant that sells tickets."""

from datetime import timedelta

import pytest
from django.utils import timezone

from stores.backoffice.health import Health
from tests.meituan import Meituan
from trip.choices import Trouble
from trip.dashboard import health
from trip.models import Order, Product, Refund

pytestmark = pytest.mark.django_db


def total() -> Health:
    return sum((counted for _merchant, counted in health()), Health())


def test_paid_orders_count_and_others_do_not(sold: tuple[Meituan, Product]) -> None:
    meituan, product = sold
    paid = meituan.bought(product)
    meituan.bought(product, pay=False)
    found = health()
    assert {merchant for merchant, _counted in found} == {product.store.merchant_id}
    counted = total()
    assert (counted.today, counted.week, counted.alerts) == (1, 1, 0)
    assert counted.last == Order.objects.get(pk=paid.pk).created_at


def test_orders_and_refunds_that_wait_for_a_person_count(sold: tuple[Meituan, Product]) -> None:
    meituan, product = sold
    order = meituan.bought(product)
    Order.objects.filter(pk=order.pk).update(needs_person=Trouble.CLOSED_WHILE_ISSUING)
    now = timezone.now()
    for number, hours in (("soon", 5), ("later", 60)):
        Refund.objects.create(
            order=order,
            store=order.store,
            refund_id=number,
            status=Refund.Status.REVIEW,
            quantity=1,
            applied_at=now,
            deadline=now + timedelta(hours=hours),
        )
    assert total().alerts == 2
    Order.objects.update(is_drill=True)
    assert total() == Health()
