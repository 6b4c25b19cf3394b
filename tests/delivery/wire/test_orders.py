"""Orders as they are sent, and what couriers say of them."""

from datetime import UTC, datetime
from decimal import Decimal
from typing import Any

import pytest
from django.db.models import DecimalField
from hypothesis import given
from hypothesis import strategies as st

from delivery.choices import WaybillState
from delivery.models import Attempt, Quote
from delivery.wire.orders import (
    TOO_MUCH,
    Cargo,
    Good,
    Notice,
    Order,
    Party,
    Wishes,
    parse_deduction,
    parse_quote,
    parse_state,
    parse_waybill,
)
from stores.platforms.bodies import utf8_json
from stores.platforms.reading import any_yuan

SHOP = Party(
    "江南小厨", "杭州市", "文三路88号", "1楼", "13800000001",
    Decimal("120.131441"), Decimal("30.279383"),
)  # fmt: skip
RECEIVER = Party(
    "陈女士", "杭州市", "翠苑一区", "3幢502", "13800000002",
    Decimal("120.125310"), Decimal("30.2871204"),
)  # fmt: skip
ORDER = Order(
    openid="oTESTopenid0001",
    sender=SHOP,
    receiver=RECEIVER,
    cargo=Cargo(
        Decimal("46.5"), Decimal("1.195"), "美食夜宵", "零食小吃",
        goods=[Good("片儿川", 1, Decimal("28.5"), "份"), Good("茶", 2)],
    ),
    wishes=Wishes(
        datetime(2026, 1, 1, tzinfo=UTC), number="12", note="少辣",
        needs_finish_code=True, needs_pickup_code=True,
    ),
    notice=Notice("/pages/order/detail?id=1", "https://shop.example/1.png", "片儿川等", 2),
)  # fmt: skip
NO_PRICE = {"fee": 0, "deliverfee": 0, "couponfee": 0, "tips": 0, "insurancefee": 0}


def test_an_order_is_sent_with_chinese_as_it_is_and_numbers_as_numbers() -> None:
    sent = ORDER.as_json()
    assert sent["receiver"]["lat"] == 30.28712
    assert sent["cargo"]["goods_weight"] == 1.2
    assert sent["cargo"]["goods_detail"]["goods"][1] == {"good_count": 2, "good_name": "茶"}
    assert sent["order_info"] == {
        "order_type": 0,
        "order_time": 1767225600,
        "is_pickup_code_needed": 1,
        "is_finish_code_needed": 1,
        "poi_seq": "12",
        "note": "少辣",
    }
    assert "江南小厨" in utf8_json(sent).content.decode()
    assert "sender" not in Order(**{**vars(ORDER), "sender": None}).as_json()


def test_wishes_that_are_set_are_sent() -> None:
    at = datetime(2026, 1, 1, tzinfo=UTC)
    sent = Wishes(
        at,
        service_code="100029",
        booked=("expected_finish_time", at),
        insured_for=Decimal(100),
        tip=Decimal("3.50"),
        is_direct=True,
        pick_method=1,
    ).as_json()
    wanted = {
        "order_type": 1,
        "expected_finish_time": 1767225600,
        "is_insured": 1,
        "declared_value": 100.0,
        "tips": 3.5,
        "is_direct_delivery": 1,
        "delivery_service_code": "100029",
        "rider_pick_method": 1,
    }
    assert wanted.items() <= sent.items()


def test_a_quote_is_read_in_both_spellings_of_the_insurance() -> None:
    given = {"fee": 9.99, "deliverfee": "10", "couponfee": 0.01, "tips": 0, "distance": 1000,
             "dispatch_duration": 300, "delivery_token": "1111111"}  # fmt: skip
    quote = parse_quote(given | {"insurancfee": 1})
    assert (quote.price.fee, quote.price.insurance) == (Decimal("9.99"), Decimal("1.00"))
    assert parse_quote(given | {"insurancefee": 2}).price.insurance == 2
    assert (quote.distance, quote.seconds, quote.token) == (1000, 300, "1111111")


def test_a_courier_that_names_no_price_is_not_free() -> None:
    quote = parse_quote({"resultcode": 0, "resultmsg": "ok", **NO_PRICE, "distance": 0})
    assert quote.price.fee is None
    assert (quote.distance, quote.seconds, quote.token) == (None, None, "")
    assert parse_quote({}).price.fee is None


def test_a_fee_of_nothing_after_a_coupon_is_a_price() -> None:
    assert parse_quote({"fee": 0, "deliverfee": 5, "couponfee": 5}).price.fee == 0


def test_the_answer_to_a_call_has_its_codes_without_zeros() -> None:
    waybill = parse_waybill(
        {"waybill_id": 881, "fee": 12, "deliverfee": 12, "pickup_code": 0, "finish_code": 4711}
    )
    assert (waybill.waybill_id, waybill.pickup_code, waybill.finish_code) == ("881", "", "4711")
    assert waybill.price.fee == 12


@pytest.mark.parametrize(
    ("given", "wanted"),
    [
        ({"deduct_fee": 5, "desc": ""}, Decimal("5.00")),
        ({"deduct_fee": "2.5"}, Decimal("2.50")),
        ({"deduct_fee": 0}, Decimal("0.00")),
        ({}, None),
        ({"deduct_fee": None}, None),
        ({"deduct_fee": -1}, None),
    ],
)
def test_a_missing_fee_is_unknown_and_not_nothing(
    given: dict[str, Any], wanted: Decimal | None
) -> None:
    assert parse_deduction(given) == wanted


def test_the_state_of_an_order_is_read_with_its_rider() -> None:
    given = {"order_status": "301", "waybill_id": "w", "rider_name": "我是小哥",
             "rider_phone": "137****5678", "rider_lng": 120.1234567, "rider_lat": "30.5",
             "reach_time": 420}  # fmt: skip
    state = parse_state(given)
    assert state is not None
    assert (state.state, state.rider_phone) == (WaybillState.ON_THE_WAY, "137****5678")
    assert (state.lng, state.lat) == (Decimal("120.123457"), Decimal("30.500000"))
    assert state.seconds_left == 420


@pytest.mark.parametrize("code", [0, "", None, "x", True, -1, 10**12])
def test_an_answer_without_a_state_says_nothing(code: Any) -> None:
    assert parse_state({"order_status": code, "rider_name": "an old one"}) is None


@pytest.mark.parametrize("code", [-1, 2**31, 10**30])
def test_a_code_that_no_column_holds_says_nothing(code: int) -> None:
    assert parse_state({"order_status": code}) is None


@pytest.mark.parametrize("fee", [10**6, "1e9", 99_999_999.99, -5, "NaN", 10**30])
def test_a_sum_that_no_ride_costs_is_no_price(fee: Any) -> None:
    price = parse_quote({"fee": fee, "deliverfee": fee, "insurancefee": fee}).price
    assert (price.fee, price.delivery, price.insurance) == (None, None, None)
    assert parse_deduction({"deduct_fee": fee}) is None


def test_the_largest_sum_that_is_read_fits_into_its_columns() -> None:
    columns = [
        field
        for model in (Attempt, Quote)
        for field in model._meta.get_fields()
        if isinstance(field, DecimalField)
    ]
    assert len(columns) > 8
    for column in columns:
        assert column.max_digits
        assert column.decimal_places
        assert 10 ** (column.max_digits - column.decimal_places) >= TOO_MUCH


def test_a_code_that_nobody_knows_is_kept() -> None:
    state = parse_state({"order_status": 402, "rider_lng": 0, "rider_lat": 91})
    assert state is not None
    assert (state.code, state.state, state.lng, state.lat) == (402, None, None, None)


@given(st.decimals(0, 5000, places=2))
def test_each_amount_is_sent_and_read_to_the_cent(amount: Decimal) -> None:
    sent = Cargo(amount, Decimal(1), "其他", "其他").as_json()
    assert any_yuan(sent, "goods_value") == amount
