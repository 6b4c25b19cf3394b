"""Orders are read whole, in fen; what is broken in them loses no order."""

import json
from datetime import UTC, datetime
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from messaging.choices import OrderState
from messaging.wire.orders import Discount, Dish, Share, parse_order
from messaging.wire.values import mask_phones
from stores.platforms.reading import Malformed
from tests.messaging.samples import ORDER_ID, order

JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(max_size=8),
    lambda inner: (
        st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=4), inner, max_size=3)
    ),
    max_leaves=6,
)


def test_an_order_is_read_whole() -> None:
    found = parse_order(order())
    assert (found.order_id, found.view_id) == (str(ORDER_ID), str(ORDER_ID + 7))
    assert (found.state, found.store_name, found.day_number) == (OrderState.NEW, "shop-001", 12)
    assert found.ordered_at == datetime(2021, 3, 22, 8, 0, tzinfo=UTC)
    assert found.wanted_at is None
    assert found.expected_at == datetime(2021, 3, 22, 8, 40, tzinfo=UTC)
    assert found.dishes == (
        Dish("宫保鸡丁", "大份", "微辣,不要香菜", 2, "份", 2380, 2, 200, 1, "s1"),
        Dish("酸梅汤", "", "", 1, "杯", 1250, 1, 100, 2, "s2"),
    )
    assert found.discounts == (Discount("满 50 减 8.1", 810, 500, 310),)
    assert found.share == Share(4870, 630, 400, 5900)
    assert (found.paid, found.original, found.shipping_fee, found.boxes) == (5900, 6710, 400, 300)
    assert found.adds_up
    assert found.phones == ("13800138000_4321", "13900139000_77", "13700137000_88")
    assert found.address == "花园路 8 号 3 栋 1201"
    assert (found.is_pick_up, found.guests, found.is_incomplete) == (None, 2, False)
    assert found.unreadable == ()


def test_no_text_of_an_order_turns_what_stands_beside_it() -> None:
    turned = order(recipientAddress="\u202e花园路 8 号", caution="\u202e少辣\x1b@")
    found = parse_order(turned)
    assert (found.address, found.remark) == ("花园路 8 号", "少辣@")


def test_a_packing_bag_is_paid_for_beside_the_boxes() -> None:
    bag = order(packageBagFeeInfo=json.dumps({"packageBagFee": 0.2}), total=59.2)
    found = parse_order(bag)
    assert (found.bag_fee, found.adds_up) == (20, True)


@pytest.mark.parametrize(("kind", "is_cash"), [(1, True), ("1", True), (2, False), (None, False)])
def test_who_pays_the_rider_is_said(kind: Any, is_cash: bool) -> None:
    assert parse_order(order(payType=kind)).is_cash is is_cash


def test_the_query_names_its_times_differently() -> None:
    asked = order(cTime=1616400000, uTime=1616400060)
    del asked["ctime"], asked["utime"]
    assert parse_order(asked).ordered_at == parse_order(order()).ordered_at
    assert parse_order(asked).changed_at == parse_order(order()).changed_at


def test_providers_that_take_no_orders_get_other_names_and_real_lists() -> None:
    given = order()
    snake = {
        "order_id": given["orderId"],
        "order_id_view": given["orderIdView"],
        "e_poi_id": "shop-001",
        "day_seq": 12,
        "status": 8,
        "detail": json.loads(given["detail"]),
        "total": "59",
    }
    found = parse_order(snake)
    assert (found.order_id, found.state, found.paid) == (str(ORDER_ID), OrderState.FINISHED, 5900)
    assert found.dishes == parse_order(given).dishes


@pytest.mark.parametrize(
    ("status", "wanted"),
    [
        (1, "new"),
        (2, "new"),
        (4, "confirmed"),
        ("6", "confirmed"),
        (8, "finished"),
        (9, "cancelled"),
        (77, "unknown"),
        (None, "unknown"),
    ],
)
def test_a_status_that_nobody_knows_is_unknown(status: Any, wanted: str) -> None:
    assert parse_order(order(status=status)).state == wanted


@pytest.mark.parametrize("name", ["detail", "extras", "poiReceiveDetail", "etaModify"])
@pytest.mark.parametrize("broken", ["{", "[1,", "\ud800", "[" * 5000])
def test_broken_json_in_json_loses_no_order(name: str, broken: str) -> None:
    found = parse_order(order(**{name: broken}))
    assert (found.order_id, found.paid, found.unreadable) == (str(ORDER_ID), 5900, (name,))


def test_a_dish_without_a_price_is_said() -> None:
    lines = json.dumps([{"food_name": "汤", "quantity": 1}])
    found = parse_order(order(detail=lines))
    assert [dish.name for dish in found.dishes] == ["汤"]
    assert found.unreadable == ("detail",)
    assert not found.adds_up


@pytest.mark.parametrize(("number", "wanted"), [(40_000, 40_000), (-1, 0), (2**40, 0), ("x", 0)])
def test_how_many_of_a_dish(number: Any, wanted: int) -> None:
    lines = json.dumps([{"food_name": "汤", "price": 1, "quantity": number}])
    [dish] = parse_order(order(detail=lines)).dishes
    assert dish.quantity == wanted


@pytest.mark.parametrize("order_id", [None, "", 0, -1, "x", 2**64, True, [], 1.5])
def test_an_order_without_a_number_is_none(order_id: Any) -> None:
    with pytest.raises(Malformed, match="orderId"):
        parse_order(order(orderId=order_id))


@pytest.mark.parametrize("number", [-3, 2**31, 10**18, "NaN", "1e30"])
def test_numbers_that_no_column_holds_are_none(number: Any) -> None:
    share = json.dumps({"wmPoiReceiveCent": number if number != -3 else -(2**40)})
    found = parse_order(order(daySeq=number, poiReceiveDetail=share, dinnersNumber=10**18))
    assert (found.day_number, found.share.received, found.guests) == (None, None, None)


@pytest.mark.parametrize("field", ["total", "originalPrice", "shippingFee"])
def test_sums_that_no_order_has_are_none(field: str) -> None:
    found = parse_order(order(**{field: 21474836.48}))
    assert None in (found.paid, found.original, found.shipping_fee)
    assert parse_order(order(total=21474836.47)).paid == 2**31 - 1


@pytest.mark.parametrize("text", ["隐私地址", "花园路****", "地址已隐藏"])
def test_an_address_that_meituan_hides_is_none(text: str) -> None:
    assert parse_order(order(recipientAddress=text)).address == ""


@given(st.dictionaries(st.sampled_from(sorted(order())), JSON | JSON.map(json.dumps)))
def test_whatever_stands_in_a_field_the_order_is_read(changed: dict[str, Any]) -> None:
    changed.pop("orderId", None)
    assert parse_order(order(**changed)).order_id == str(ORDER_ID)


@pytest.mark.parametrize(
    ("text", "wanted"),
    [
        ("少辣", "少辣"),
        ("13800138000", "138****00"),
        ("电话13800138000_4321谢谢", "电话138****00_****谢谢"),
        ("手机号 138****8000", "手机号 138****00"),
        ("+86 138-0013-8000", "138****00"),
        ("打 138 0013 8000 或 139-00139000", "打 138****00 或 139****00"),
        ("010-62345678 或 400-123-4567", "010****78 或 400****67"),
        ("13800138000转4321", "138****00_****"),
        ("分机号：4321", "分机号：****"),
        ("１３８００１３８０００，２份", "138****00，２份"),
        ("٠ 加 1 3 8 0 0 1 3 8 0 0 0", "٠ 加 138****00"),
        ("1.3.8.0.0.1.3.8.0.0.0", "138****00"),
        ("分机４３２１", "分机****"),
        ("2 份 3 双筷子，1201 室", "2 份 3 双筷子，1201 室"),
        ("券码 123456789012", "券码 123456789012"),
    ],
)
def test_phones_within_a_remark_are_masked(text: str, wanted: str) -> None:
    assert mask_phones(text) == wanted
