"""A message of Meituan's repeated long after: the same answer, in the end none, never two
effects.
"""

import json
from datetime import timedelta

import pytest
from django.utils import timezone

from stores.models import InboundEvent, Merchant
from stores.platforms import retention
from tests.meituan import selling
from trip.models import Order

pytestmark = pytest.mark.django_db


def grow_old(days: int) -> None:
    at = timezone.now() - timedelta(days=days)
    InboundEvent.objects.update(received_at=at, handled_at=at)
    Merchant.objects.update(personal_data_days=1)


def test_create_is_answered_byte_for_byte_as_long_as_its_answer_is_kept() -> None:
    meituan, product = selling()
    body = meituan.order_body(product)
    meituan.ask("order/create", body)
    first = meituan.last_answer
    grow_old(retention.ANSWER_DAYS - 1)
    retention.remove_old_content()
    meituan.ask("order/create", body)
    assert meituan.last_answer == first
    assert Order.objects.count() == 1


def test_create_whose_answer_was_removed_makes_no_second_order() -> None:
    meituan, product = selling()
    body = meituan.order_body(product)
    meituan.ask("order/create", body)
    grow_old(retention.ANSWER_DAYS + 1)
    assert retention.remove_old_content() >= 1
    answer = meituan.ask("order/create", body)
    assert answer["code"] != 200
    assert answer["describe"] == "系统繁忙，请稍后重试"
    assert "body" not in json.loads(meituan.last_answer)
    assert Order.objects.count() == 1
