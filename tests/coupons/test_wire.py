"""The gateway's texts: each becomes a value of ours or a PlatformError, never a crash."""

import contextlib
import json
from collections.abc import Callable
from decimal import Decimal
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from coupons import wire
from coupons.reasons import TEXTS, Reason
from stores.platforms.client import Answer
from stores.platforms.errors import (
    LoginRefused,
    PlatformError,
    Refused,
    Throttled,
    TimedOut,
    Unknown,
)
from stores.platforms.reading import any_yuan

text = st.text(st.characters(exclude_categories=()), max_size=40)
scalar = (
    st.none()
    | st.booleans()
    | st.integers()
    | st.floats()
    | text
    | st.sampled_from(["未使用", "10000", "NaN", "1e9"])
)
value = st.recursive(
    scalar, lambda inner: st.lists(inner, max_size=4) | st.dictionaries(text, inner, max_size=4)
)
NAMES = [
    *(
        "token",
        "store_id",
        "store_name",
        "status",
        "request_count",
        "address",
        "sku_id",
        "sku_name",
        "product_name",
    ),
    *(
        "actual_amount",
        "origin_amount",
        "order_id",
        "price",
        "status_code",
        "verify_success",
        "verify_message",
    ),
]
row = st.dictionaries(st.sampled_from(NAMES), value)
data = value | row | st.lists(row, max_size=3)
PARSERS: list[Callable[[Any], Any]] = [
    wire.parse_token,
    wire.parse_stores,
    wire.parse_products,
    wire.parse_detail,
    wire.parse_verify,
]


def clean_text(result: Any) -> bool:
    shown = repr(result)
    return "\\x00" not in shown and "\\ud8" not in shown


@pytest.mark.parametrize("parse", PARSERS, ids=lambda parse: parse.__name__)
@given(data)
def test_any_json_is_parsed_or_a_platform_error(parse: Callable[[Any], Any], data: Any) -> None:
    with contextlib.suppress(PlatformError):
        assert clean_text(parse(data))


@given(
    st.integers(200, 599),
    st.binary(max_size=60) | value.map(lambda body: json.dumps(body).encode()),
)
def test_any_answer_is_opened_or_a_platform_error(status: int, body: bytes) -> None:
    with contextlib.suppress(PlatformError):
        wire.open_envelope(Answer(status, body))


@given(value, value, data)
def test_any_envelope_is_opened_or_a_platform_error(code: Any, msg: Any, data: Any) -> None:
    body = json.dumps({"code": code, "msg": msg, "data": data}).encode()
    with contextlib.suppress(PlatformError):
        wire.open_envelope(Answer(200, body))


@pytest.mark.parametrize("code", [10000, "10000", 10000.0])
def test_success_is_10000_in_any_form(code: Any) -> None:
    assert wire.open_envelope(Answer(200, json.dumps({"code": code, "data": 7}).encode())) == 7


@pytest.mark.parametrize("code", [None, True, "x", [], 1e999])
def test_an_envelope_without_a_code_is_unknown(code: Any) -> None:
    with pytest.raises(Unknown):
        wire.open_envelope(Answer(200, json.dumps({"code": code}).encode()))


def test_words_of_trouble_do_not_say_what_was_done() -> None:
    for word in wire.TROUBLE_WORDS:
        with pytest.raises(Unknown):
            wire.open_envelope(Answer(200, json.dumps({"code": 1, "msg": word}).encode()))


def test_words_of_a_limit_are_a_throttle_even_beside_words_of_trouble() -> None:
    with pytest.raises(Throttled):
        wire.open_envelope(
            Answer(200, json.dumps({"code": 1, "msg": "请求过于频繁，请稍后再试"}).encode())
        )


@pytest.mark.parametrize(
    ("message", "reason"),
    [
        ("该券码已使用", Reason.ALREADY_USED),
        ("券已核销，请勿重复核销", Reason.ALREADY_USED),
        ("该券码已过期", Reason.EXPIRED),
        ("该券码已退款", Reason.REFUNDED),
        ("该券码非本门店可用", Reason.WRONG_STORE),
        ("该券码未到使用时间", Reason.NOT_YET_VALID),
        ("该券码今日不可用", Reason.NOT_ON_THIS_DAY),
        ("门店未授权", Reason.STORE_UNAUTHORISED),
        ("门店授权已过期", Reason.AUTHORISATION_EXPIRED),
        ("调用次数不足", Reason.QUOTA_EXHAUSTED),
        ("券码不存在", Reason.NOT_FOUND),
        ("今天心情不好", Reason.REFUSED_OTHER),
        ("", Reason.REFUSED_OTHER),
    ],
)
def test_words_of_a_refusal_have_a_reason(message: str, reason: Reason) -> None:
    assert wire.reason_of(message) == reason


def test_every_reason_has_texts() -> None:
    assert set(TEXTS) == set(Reason)


@pytest.mark.parametrize(
    ("given_as", "yuan"),
    [
        ("78.0", Decimal("78.00")),
        (78.55, Decimal("78.55")),
        (0, Decimal("0.00")),
        ("-1", None),
        ("NaN", None),
        ("Infinity", None),
        ("1e30", None),
        (None, None),
        ({}, None),
        ("免费", None),
    ],
)
def test_money_is_yuan_or_nothing(given_as: Any, yuan: Decimal | None) -> None:
    assert any_yuan({"price": given_as}, "price") == yuan


def test_numbers_that_fit_no_column_are_not_taken() -> None:
    with pytest.raises(Unknown):
        wire.parse_stores([{"store_id": 2**63}])
    [store] = wire.parse_stores([{"store_id": 5, "request_count": 2**31}])
    assert (store.remote_id, store.name, store.request_count) == (5, "5", None)


@pytest.mark.parametrize(
    ("body", "words"),
    [
        (
            {"status": "未使用", "sku_name": "通宵8小时", "price": "49"},
            "未使用 · 通宵8小时 · ¥49.00",
        ),
        ({"status": "已退款", "sku_name": "通宵8小时"}, "已退款 · 通宵8小时"),
    ],
)
def test_a_detail_reads_as_the_gateways_words(body: dict[str, Any], words: str) -> None:
    assert str(wire.parse_detail(body)) == words


@pytest.mark.parametrize(
    ("body", "words"),
    [
        ({"verify_success": True, "verify_message": ""}, "验证成功"),
        ({"verify_success": True, "verify_message": "核销成功"}, "核销成功"),
        ({"verify_success": False}, ""),
    ],
)
def test_a_verify_reads_as_the_gateways_words(body: dict[str, Any], words: str) -> None:
    assert str(wire.parse_verify(body)) == words


def test_an_order_number_keeps_all_its_digits() -> None:
    assert (
        wire.parse_detail({"status": "未使用", "order_id": 4946516613051350013}).order_id
        == "4946516613051350013"
    )


def test_an_envelope_that_refuses_keeps_the_gateways_words() -> None:
    with pytest.raises(Refused) as caught:
        wire.open_envelope(Answer(200, json.dumps({"code": 10010, "msg": "说不清"}).encode()))
    assert (caught.value.code, caught.value.message) == ("10010", "说不清")


@pytest.mark.parametrize(
    ("code", "message", "raised"),
    [
        (10002, "账号或密码错误", LoginRefused),
        (10002, "用户不存在", LoginRefused),
        (401, "", LoginRefused),
        (50000, "服务开小差了，请重试", Unknown),
        (50000, "今天心情不好", Refused),
        (50000, "token生成失败", Unknown),
        (50000, "用户服务异常", Unknown),
        (50000, "账号登录过于频繁", Throttled),
    ],
)
def test_only_clear_words_of_a_login_blame_the_credentials(
    code: int, message: str, raised: type[Exception]
) -> None:
    with pytest.raises(PlatformError) as caught:
        wire.open_login(Answer(200, json.dumps({"code": code, "msg": message}).encode()))
    assert type(caught.value) is raised


def test_a_proxy_that_gave_up_waiting_says_that_it_came_too_late() -> None:
    with pytest.raises(TimedOut):
        wire.open_envelope(Answer(504, b"<html>"))


@pytest.mark.parametrize("text", ["已过期", "已退款", "未使用", ""])
def test_the_status_code_of_a_detail_wins_over_its_text(text: str) -> None:
    assert wire.parse_detail({"status": text, "status_code": 1}).refusal == Reason.ALREADY_USED
    assert wire.parse_detail({"status": text, "status_code": 0}).refusal is None


def test_a_verify_that_failed_because_of_the_limit_was_throttled() -> None:
    with pytest.raises(Throttled):
        wire.parse_verify({"verify_success": False, "verify_message": "请求频繁"})
    assert wire.parse_verify({"verify_success": True, "verify_message": "请求频繁"}).success


@pytest.mark.parametrize("text", ["次数已用完", "额度不足", "未授权"])
def test_the_state_of_a_coupon_is_never_a_reason_of_the_store(text: str) -> None:
    detail = wire.parse_detail({"status": text, "order_id": "1", "sku_id": "1", "sku_name": "x"})
    assert (detail.refusal, detail.status_text) == (Reason.REFUSED_OTHER, text)
