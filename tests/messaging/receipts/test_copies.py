from datetime import timedelta

import pytest

from messaging.receipts.copies import Copy, Template, receipt_lines
from messaging.receipts.lines import MM58, MM80
from messaging.receipts.preview import ShownRow, shown_rows
from messaging.wire.cards import CardRow
from messaging.wire.orders import Discount
from tests.messaging.receipts.ordering import AT_NOON, a_dish, an_order, rows_of

RULE = "-" * 32


def test_the_customers_copy_from_top_to_bottom() -> None:
    order = an_order(
        dishes=(
            a_dish(spec="大份", wishes="少辣", boxes=2, box_amount=200),
            a_dish("可乐", 1, 500, bag=2),
        ),
        remark="不要葱",
        guests=2,
        shipping_fee=400,
        discounts=(Discount("满60减8", 800, by_shop=300, by_meituan=500),),
        paid=5900,
        invoice_title="某某公司",
        taxpayer="91110108MA0000000X",
        recipient="张(先生)",
        phones=("138****0001",),
        address="中关村大街1号院2号楼3单元401",
        card=(CardRow("厨师", "王师傅", "36.5"),),
    )
    assert rows_of(Copy.CUSTOMER, order) == [
        "  #12 美团外卖",
        "            老王面馆",
        "             顾客联",
        RULE,
        "立即送达",
        "下单 11-28 12:03",
        "订单号 27060130000000001",
        "备注：不要葱",
        "----------- 1号口袋 -----------",
        "招牌牛肉面           x2    56.00",
        "  大份 少辣 餐盒2个共2.00",
        "----------- 2号口袋 -----------",
        "可乐                 x1     5.00",
        RULE,
        "餐盒费                      2.00",
        "配送费                      4.00",
        "满60减8                    -8.00",
        "  商家承担3.00 美团承担5.00",
        "实付                     ￥59.00",
        RULE,
        "餐具：2份",
        "发票抬头：某某公司",
        "税号：91110108MA0000000X",
        "顾客：张(先生)",
        "电话：138****0001",
        "地址：中关村大街1号院2号楼3单元",
        "401",
        "------------ 安心卡 ------------",
        "厨师 王师傅               36.5℃",
    ]


def test_the_kitchens_copy_has_no_recipient_and_no_price() -> None:
    order = an_order(
        dishes=(a_dish(spec="大份", boxes=1, box_amount=50),),
        recipient="张(先生)",
        phones=("13800000001",),
        address="中关村大街1号",
        invoice_title="某某公司",
        shipping_fee=400,
    )
    assert rows_of(Copy.KITCHEN, order) == [
        "  #12 美团外卖",
        "            老王面馆",
        "             后厨联",
        RULE,
        "立即送达",
        "下单 11-28 12:03",
        "订单号 27060130000000001",
        RULE,
        "招牌牛肉面                    x2",
        "  大份 餐盒1个",
        RULE,
    ]


def test_the_riders_copy_leads_with_the_recipient() -> None:
    order = an_order(phones=("138****0001",), address="中关村大街1号")
    assert rows_of(Copy.RIDER, order)[2:] == [
        "             骑手联",
        RULE,
        "立即送达",
        "下单 11-28 12:03",
        "订单号 27060130000000001",
        "电话：138****0001",
        "地址：中关村大街1号",
        RULE,
        "招牌牛肉面                    x2",
        RULE,
        "实付                     ￥60.00",
    ]


def test_cash_on_delivery_is_named_to_the_rider() -> None:
    assert rows_of(Copy.RIDER, an_order(cash_on_delivery=True))[-1] == (
        "货到付款                 ￥60.00"
    )


@pytest.mark.parametrize("copy", Copy)
def test_a_reprint_says_so_and_when(copy: Copy) -> None:
    again = AT_NOON + timedelta(minutes=40)
    assert "     ** 补打 11-28 12:43 **" in rows_of(copy, an_order(), reprinted_at=again)
    assert "补打" not in "".join(rows_of(copy, an_order()))


@pytest.mark.parametrize(
    ("fields", "wanted"),
    [
        ({}, "立即送达"),
        ({"expected_at": AT_NOON}, "立即送达 预计 11-28 12:03"),
        ({"wanted_at": AT_NOON, "expected_at": None}, "预约 11-28 12:03 送达"),
        ({"is_pick_up": True}, "到店自取"),
        ({"is_pick_up": True, "expected_at": AT_NOON}, "到店自取 11-28 12:03"),
        ({"is_pick_up": True, "wanted_at": AT_NOON}, "到店自取 11-28 12:03"),
    ],
)
def test_when_the_order_is_wanted(fields: dict[str, object], wanted: str) -> None:
    assert rows_of(Copy.KITCHEN, an_order(**fields))[4] == wanted


@pytest.mark.parametrize(
    ("guests", "wanted"),
    [
        (None, []),
        (0, ["餐具：顾客未说明"]),
        (1, ["餐具：1份"]),
        (10, ["餐具：10份"]),
        (-10, ["餐具：10份以上"]),
        (88, ["餐具：需要餐具"]),
        (99, ["餐具：不需要餐具"]),
        (42, ["餐具：见平台(42)"]),
    ],
)
def test_cutlery_in_words(guests: int | None, wanted: list[str]) -> None:
    rows = rows_of(Copy.KITCHEN, an_order(guests=guests))
    assert [row for row in rows if "餐具" in row] == wanted


def test_who_picks_up_has_no_address_and_pays_no_delivery() -> None:
    order = an_order(is_pick_up=True, shipping_fee=0, address="到店自取")
    rows = "".join(rows_of(Copy.CUSTOMER, order))
    assert ("地址" in rows, "配送费" in rows) == (False, False)


@pytest.mark.parametrize(
    ("fen", "wanted"), [(0, "0.00"), (5, "0.05"), (100, "1.00"), (1234567, "12345.67")]
)
def test_fen_are_shown_as_yuan(fen: int, wanted: str) -> None:
    assert rows_of(Copy.CUSTOMER, an_order(dishes=(), paid=fen))[-2].endswith(f"￥{wanted}")


def test_a_dish_without_a_printable_name_is_printed() -> None:
    rows = rows_of(Copy.KITCHEN, an_order(dishes=(a_dish("\u200b", 3, 0),)))
    assert "(无名称)                      x3" in rows


def test_html_and_scripts_are_printed_as_they_are() -> None:
    rows = rows_of(Copy.KITCHEN, an_order(remark="<b>辣</b><script>"), paper=MM80)
    assert "备注：<b>辣</b><script>" in rows


def test_a_stores_own_lines_stand_at_top_and_bottom() -> None:
    template = Template("欢迎光临\n老王面馆", "谢谢惠顾", "http://a.cn/1")
    rows = rows_of(Copy.CUSTOMER, an_order(), template=template)
    assert [row.strip() for row in rows[:2] + rows[-2:]] == [
        "欢迎光临",
        "老王面馆",
        "谢谢惠顾",
        "[二维码] http://a.cn/1",
    ]


def test_large_dish_names_are_one_size_larger_on_each_copy() -> None:
    def size(copy: Copy, template: Template) -> str:
        lines = receipt_lines(an_order(), copy, template=template)
        return next(row.size for row in shown_rows(lines, MM58) if "牛肉面" in _text(row))

    assert [size(copy, Template()) for copy in Copy] == ["tall", "normal", "normal"]
    assert [size(copy, Template(big_dishes=True)) for copy in Copy] == ["big", "tall", "tall"]


def test_the_kitchen_sees_prices_where_the_store_wants_them() -> None:
    order = an_order(dishes=(a_dish(boxes=1, box_amount=50),))
    rows = rows_of(Copy.KITCHEN, order, template=Template(kitchen_prices=True))
    assert "招牌牛肉面           x2    56.00" in rows
    assert "  餐盒1个共0.50" in rows
    assert not [row for row in rows if "实付" in row]


def test_a_page_gives_each_character_its_columns() -> None:
    lines = receipt_lines(an_order(remark="<b>①"), Copy.KITCHEN)
    rows = shown_rows(lines, MM58)
    assert [_text(row) for row in rows] == rows_of(Copy.KITCHEN, an_order(remark="<b>①"))
    remark = next(row for row in rows if "①" in _text(row))
    assert [(part.text, part.is_wide) for part in remark.parts] == [
        ("备注：", True),
        ("<b>", False),
        ("①", True),
    ]
    assert (remark.size, remark.bold) == ("tall", True)


def _text(row: ShownRow) -> str:
    return "".join(part.text for part in row.parts)


def test_what_meituan_did_not_say_is_left_out() -> None:
    order = an_order(day_number=None, ordered_at=None, paid=None)
    assert rows_of(Copy.CUSTOMER, order) == [
        "    美团外卖",
        "            老王面馆",
        "             顾客联",
        RULE,
        "立即送达",
        "订单号 27060130000000001",
        RULE,
        "招牌牛肉面           x2    56.00",
        RULE,
        RULE,
    ]


def test_all_numbers_of_the_recipient_are_printed() -> None:
    order = an_order(phones=("138****01", "186****02"))
    assert "电话：138****01 186****02" in rows_of(Copy.RIDER, order)
