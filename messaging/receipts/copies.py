"""The three copies of a receipt: for the kitchen, the customer and the rider.

The kitchen's copy has nothing about the recipient, and prices only where the store wants them.
"""

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from datetime import datetime
from decimal import Decimal
from enum import StrEnum

from messaging.receipts.lines import Columns, Line, QrCode, Rule, Size, Text
from messaging.receipts.orders import ReceiptOrder
from messaging.receipts.texts import printable
from messaging.wire.cards import CardRow
from messaging.wire.orders import MORE_THAN_TEN, NO_CUTLERY, WANTS_CUTLERY, Discount, Dish
from stores.platforms.reading import BEIJING

INDENT = 2
NO_NAME = "(无名称)"
# dinnersNumber: guests, or what was said instead of a number.
_CUTLERY = {
    0: "顾客未说明",
    **{guests: f"{guests}份" for guests in range(1, 11)},
    MORE_THAN_TEN: "10份以上",
    WANTS_CUTLERY: "需要餐具",
    NO_CUTLERY: "不需要餐具",
}


class Copy(StrEnum):
    KITCHEN = "kitchen"
    CUSTOMER = "customer"
    RIDER = "rider"


TITLES = {Copy.KITCHEN: "后厨联", Copy.CUSTOMER: "顾客联", Copy.RIDER: "骑手联"}


@dataclass(frozen=True)
class Template:
    """How a store wants its copies: lines at their top and bottom, an address as a QR code, dishes
    one size larger, prices for the kitchen too.
    """

    header: str = ""
    footer: str = ""
    qr_content: str = ""
    big_dishes: bool = False
    kitchen_prices: bool = False


PLAIN = Template()


def receipt_lines(
    order: ReceiptOrder,
    copy: Copy,
    *,
    template: Template = PLAIN,
    reprinted_at: datetime | None = None,
) -> list[Line]:
    """Returns the lines of one copy; a reprint says so, with the time."""
    lines = [*_head(order, copy, template, reprinted_at), *_BODIES[copy](order, template)]
    lines += [Text(line, centred=True) for line in template.footer.splitlines()]
    if template.qr_content:
        lines.append(QrCode(template.qr_content))
    return lines


def _head(
    order: ReceiptOrder, copy: Copy, template: Template, reprinted_at: datetime | None
) -> Iterator[Line]:
    for line in template.header.splitlines():
        yield Text(line, centred=True)
    number = "" if order.day_number is None else f"#{order.day_number} "
    yield Text(f"{number}美团外卖", Size.BIG, bold=True, centred=True)
    yield Text(order.store_name, centred=True)
    yield Text(TITLES[copy], centred=True)
    if reprinted_at:
        yield Text(f"** 补打 {_moment(reprinted_at)} **", bold=True, centred=True)
    yield Rule()
    yield Text(_wanted(order), Size.TALL, bold=True)
    if order.ordered_at:
        yield Text(f"下单 {_moment(order.ordered_at)}")
    yield Text(f"订单号 {order.view_id}")


def _kitchen(order: ReceiptOrder, template: Template) -> Iterator[Line]:
    yield from _field("备注", order.remark, Size.TALL)
    size = Size.BIG if template.big_dishes else Size.TALL
    yield from _dishes(order, size, priced=template.kitchen_prices)
    yield Rule()
    yield from _cutlery(order)


def _customer(order: ReceiptOrder, template: Template) -> Iterator[Line]:
    yield from _field("备注", order.remark, Size.TALL)
    yield from _dishes(order, _dish_size(template), priced=True)
    yield Rule()
    yield from _sums(order)
    yield Rule()
    yield from _cutlery(order)
    yield from _field("发票抬头", order.invoice_title)
    yield from _field("税号", order.taxpayer)
    yield from _recipient(order, Size.NORMAL)
    yield from card_lines(order.card)


def card_lines(rows: Sequence[CardRow]) -> Iterator[Line]:
    """The people of the store's 安心卡; nothing without any. Measures are not printed."""
    if rows:
        yield Rule("安心卡")
    for row in rows:
        yield Columns(f"{row.job} {row.name}", right=f"{row.temperature}℃")


def _rider(order: ReceiptOrder, template: Template) -> Iterator[Line]:
    yield from _recipient(order, Size.TALL)
    yield from _field("备注", order.remark, Size.TALL)
    yield from _dishes(order, _dish_size(template))
    yield Rule()
    yield from _cutlery(order)
    yield from _paid(order)


_BODIES: dict[Copy, Callable[[ReceiptOrder, Template], Iterator[Line]]] = {
    Copy.KITCHEN: _kitchen,
    Copy.CUSTOMER: _customer,
    Copy.RIDER: _rider,
}


def _dish_size(template: Template) -> Size:
    return Size.TALL if template.big_dishes else Size.NORMAL


def _dishes(order: ReceiptOrder, size: Size, *, priced: bool = False) -> Iterator[Line]:
    """All dishes by bag; a price is that of the whole line."""
    bags = sorted({dish.bag for dish in order.dishes})
    for bag in bags:
        yield Rule(f"{bag}号口袋" if len(bags) > 1 else "")
        for dish in order.dishes:
            if dish.bag == bag:
                yield from _dish(dish, size, priced=priced)


def _dish(dish: Dish, size: Size, *, priced: bool) -> Iterator[Line]:
    name, quantity = printable(dish.name) or NO_NAME, f"x{dish.quantity}"
    if priced:
        yield Columns(name, quantity, _yuan(dish.amount), size)
    else:
        yield Columns(name, right=quantity, size=size, bold=True)
    details = f"{dish.spec} {dish.wishes}"
    if dish.boxes:
        amount = f"共{_yuan(dish.box_amount)}" if priced else ""
        details += f" 餐盒{dish.boxes}个{amount}"
    if printable(details):
        yield Text(details, size, indent=INDENT)


def _sums(order: ReceiptOrder) -> Iterator[Line]:
    """What is added to the dishes and taken off, and the rest."""
    if boxes := sum(dish.box_amount for dish in order.dishes):
        yield Columns("餐盒费", right=_yuan(boxes))
    if order.bag_fee:
        yield Columns("打包袋", right=_yuan(order.bag_fee))
    if order.shipping_fee or (order.shipping_fee == 0 and not order.is_pick_up):
        yield Columns("配送费", right=_yuan(order.shipping_fee))
    for discount in order.discounts:
        yield Columns(printable(discount.words) or "优惠", right=_yuan(-discount.amount))
        yield from _bearers(discount)
    yield from _paid(order)


def _bearers(discount: Discount) -> Iterator[Line]:
    parts = (("商家", discount.by_shop), ("美团", discount.by_meituan))
    borne = [f"{name}承担{_yuan(amount)}" for name, amount in parts if amount]
    if borne:
        yield Text(" ".join(borne), indent=INDENT)


def _paid(order: ReceiptOrder) -> Iterator[Line]:
    if order.paid is not None:
        title = "货到付款" if order.cash_on_delivery else "实付"
        yield Columns(title, right=f"¥{_yuan(order.paid)}", size=Size.TALL, bold=True)


def _recipient(order: ReceiptOrder, size: Size) -> Iterator[Line]:
    yield from _field("顾客", order.recipient, size)
    yield from _field("电话", " ".join(order.phones), size)
    if not order.is_pick_up:
        yield from _field("地址", order.address, size)


def _cutlery(order: ReceiptOrder) -> Iterator[Line]:
    """Nothing for None: Meituan sends dinnersNumber only to those who subscribed to it."""
    if order.guests is not None:
        wish = _CUTLERY.get(order.guests, f"见平台({order.guests})")
        yield Text(f"餐具：{wish}")


def _field(title: str, text: str, size: Size = Size.NORMAL) -> Iterator[Line]:
    """A labelled text, bold where it is large; nothing when it is empty."""
    if printable(text):
        yield Text(f"{title}：{text}", size, bold=size is not Size.NORMAL)


def _wanted(order: ReceiptOrder) -> str:
    if order.is_pick_up:
        at = order.wanted_at or order.expected_at
        return f"到店自取 {_moment(at) if at else ''}"
    if order.wanted_at:
        return f"预约 {_moment(order.wanted_at)} 送达"
    expected = f" 预计 {_moment(order.expected_at)}" if order.expected_at else ""
    return f"立即送达{expected}"


def _moment(at: datetime) -> str:
    return at.astimezone(BEIJING).strftime("%m-%d %H:%M")


def _yuan(fen: int) -> str:
    return f"{Decimal(fen).scaleb(-2):.2f}"
