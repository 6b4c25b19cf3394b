"""Refunds as they are pushed, and as the query lists them."""

from datetime import UTC, datetime
from typing import Any

import pytest

from messaging.wire.refunds import RefundFact, parse_refund_notice, parse_refunds
from stores.platforms.reading import Malformed
from tests.messaging.samples import ORDER_ID


@pytest.mark.parametrize(
    ("action", "wanted"),
    [
        ("apply", "open"),
        ("part", "open"),
        ("agree", "agreed"),
        ("reject", "rejected"),
        ("cancelRefund", "withdrawn"),
        ("cancelRefundComplaint", "withdrawn"),
        ("somethingNew", None),
        ("", None),
    ],
)
def test_each_action_has_its_state(action: str, wanted: str | None) -> None:
    notice = parse_refund_notice(
        {"orderId": ORDER_ID, "notifyType": action, "reason": "凉了"}, is_part=False
    )
    assert (notice.state, notice.order_id, notice.reason) == (wanted, str(ORDER_ID), "凉了")


def test_a_part_names_its_money_and_pictures() -> None:
    given = {
        "orderId": str(ORDER_ID),
        "refundId": 55,
        "notifyType": "part",
        "money": "12.5",
        "isAppeal": "1",
        "pictures": "https://p/1.jpg,javascript:x, https://p/2.jpg",
    }
    notice = parse_refund_notice(given, is_part=True)
    assert (notice.refund_id, notice.money, notice.is_appeal) == ("55", 1250, True)
    assert notice.pictures == ("https://p/1.jpg", "https://p/2.jpg")


@pytest.mark.parametrize(
    ("food", "wanted"),
    [
        ('[{"food_name": "酸梅汤", "count": 2}]', [("酸梅汤", 2)]),
        ([{"food_name": "酸梅汤"}, {"count": 1}, "x"], [("酸梅汤", None)]),
        ("[{broken", []),
        ({"food_name": "x"}, []),
        ("", []),
        (None, []),
    ],
)
def test_a_part_names_its_dishes(food: Any, wanted: list[tuple[str, int | None]]) -> None:
    given = {"orderId": ORDER_ID, "notifyType": "part", "food": food}
    dishes = parse_refund_notice(given, is_part=True).dishes
    assert [(dish.name, dish.quantity) for dish in dishes] == wanted


def test_a_notice_without_an_order_is_malformed() -> None:
    with pytest.raises(Malformed):
        parse_refund_notice({"notifyType": "apply"}, is_part=False)


def test_the_query_lists_the_refunds_of_many_orders() -> None:
    item = {
        "order_id": ORDER_ID,
        "refund_id": 55,
        "refund_type": "1",
        "res_type": 0,
        "is_appeal": 0,
        "reason": "少送",
        "money": "12.50",
        "refund_apply_time": 1616400000,
    }
    whole = item | {"refund_id": "56", "refund_type": 2, "res_type": "5", "is_appeal": "1"}
    applied = datetime(2021, 3, 22, 8, 0, tzinfo=UTC)
    assert parse_refunds([{"order_id": ORDER_ID, "OrderRefundInfo": [item, whole, {}, 7]}]) == [
        RefundFact(str(ORDER_ID), "55", item_state("open"), True, False, 1250, "少送", applied),
        RefundFact(str(ORDER_ID), "56", item_state("agreed"), False, True, None, "少送", applied),
    ]


def item_state(value: str) -> Any:
    from messaging.choices import RefundState

    return RefundState(value)


@pytest.mark.parametrize("data", [None, {}, "x", [1], [{"OrderRefundInfo": "x"}]])
def test_an_answer_of_another_form_lists_none(data: Any) -> None:
    assert parse_refunds(data) == []
