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
        (
            "王小姐 13812345678 杭州市西湖区文三路 478 号华星时代广场 A 座 1203",
            Pasted("王小姐", "13812345678", "杭州市", "西湖区文三路478号华星时代广场", "A座1203"),
        ),
        (
            "杭州市西湖区文三路 478 号 A 座 1203 王小姐 13812345678",
            Pasted("王小姐", "13812345678", "杭州市", "西湖区文三路478号", "A座1203"),
        ),
        (
            "收货人：李四，手机号码：138-0013-8000，所在地区：浙江省杭州市拱墅区，"
            "详细地址：莫干山路 841弄3号楼2单元501室",
            Pasted("李四", "13800138000", "杭州市", "拱墅区莫干山路841弄", "3号楼2单元501室"),
        ),
        (
            "13812345678-1234 陈女士 杭州市拱墅区湖墅南路 10 号 3 幢 2 单元 501",
            Pasted("陈女士", "13812345678-1234", "杭州市", "拱墅区湖墅南路10号", "3幢2单元501"),
        ),
        (
            "杭州市 拱墅区 莫干山路 841 弄 13800138000",
            Pasted("", "13800138000", "杭州市", "拱墅区莫干山路841弄", ""),
        ),
        (
            "杭州市西湖区文三路478号 江城 13800138000",
            Pasted("江城", "13800138000", "杭州市", "西湖区文三路478号", ""),
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
