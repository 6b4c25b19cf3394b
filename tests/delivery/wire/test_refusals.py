"""What the words of a courier's refusal mean."""

import pytest

from delivery.wire.refusals import is_price_over


@pytest.mark.parametrize(
    ("courier", "code", "message", "is_over"),
    [
        ("DADA", "2062", "订单价格信息已过期,请重新查询后发单", True),
        ("DADA", "2062", "", True),
        ("SS", "2062", "", False),
        ("SFTC", "1", "报价已失效", True),
        ("UU", "1", "询价单过期", True),
        ("UU", "1", "价格已变动,请重新询价", True),
        ("UU", "1", "invalid delivery_token", True),
        ("SS", "110", "收货地址超出配送范围", False),
        ("SS", "7", "货物价格超出限制", False),
        ("DADA", "2105", "账户余额不足", False),
    ],
)
def test_a_price_that_is_kept_no_longer_is_told_from_a_wrong_order(
    courier: str, code: str, message: str, is_over: bool
) -> None:
    assert is_price_over(courier, code, message) is is_over
