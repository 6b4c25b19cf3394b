"""Pasted addresses, as shops get them from customers."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from delivery.services.pasting import Pasted, read_pasted

STREET = Pasted("陈女士", "13800000002", "杭州市", "西湖区翠苑一区", "3幢502")


@pytest.mark.parametrize(
    ("text", "wanted"),
    [
        ("陈女士 13800000002 浙江省杭州市西湖区翠苑一区3幢502", STREET),
        ("浙江省杭州市西湖区翠苑一区3幢502，陈女士，138 0000 0002", STREET),
        (
            "收货人：陈女士\n手机号码：+86 13800000002\n"
            "所在地区：浙江省杭州市西湖区\n详细地址：翠苑一区3幢502",
            STREET,
        ),
        ("杭州市西湖区翠苑一区 3幢502 陈女士 13800000002", STREET),
        (
            "王五 13800138000转1234 上海市浦东新区世纪大道100号",
            Pasted("王五", "13800138000-1234", "上海市", "浦东新区世纪大道100号", ""),
        ),
        (
            "北京朝阳区建国路88号SOHO现代城A座1201 李先生 010-62345678",
            Pasted("李先生", "010-62345678", "北京市", "朝阳区建国路88号SOHO现代城", "A座1201"),
        ),
        (
            "地址: 内蒙古自治区锡林郭勒盟锡林浩特市团结大街1号 电话: 04791234567 联系人: 巴特尔",
            Pasted("巴特尔", "04791234567", "锡林郭勒盟", "锡林浩特市团结大街1号", ""),
        ),
        ("", Pasted()),
        ("你好", Pasted(name="你好")),
        ("13800000002", Pasted(phone="13800000002")),
    ],
)
def test_a_pasted_address_is_taken_apart(text: str, wanted: Pasted) -> None:
    assert read_pasted(text) == wanted


def test_what_belongs_to_nothing_is_shown_and_not_lost() -> None:
    found = read_pasted("陈女士 13800000002 杭州市西湖区翠苑一区3幢502 @@@")
    assert found.rest == "@@@"


@given(st.text(max_size=200))
def test_no_text_is_an_error(text: str) -> None:
    found = read_pasted(text)
    assert len(found.address) <= len(text)
