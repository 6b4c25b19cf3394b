"""An order to look at, with everything that changes how a receipt looks."""

from datetime import datetime

from messaging.receipts.orders import ReceiptOrder
from messaging.wire.cards import CardRow
from messaging.wire.orders import Discount, Dish
from stores.platforms.reading import BEIJING

AT = datetime(2026, 1, 5, 11, 42, tzinfo=BEIJING)


def sample_order(store_name: str, card: tuple[CardRow, ...] = ()) -> ReceiptOrder:
    dishes = (
        _dish("招牌牛肉面", 2, 2800, spec="大份", wishes="少辣", boxes=2, box_amount=200),
        _dish("凉拌黄瓜", 1, 900, boxes=1, box_amount=100),
        _dish("冰镇酸梅汤", 2, 500, bag=2),
    )
    return ReceiptOrder(
        store_name=store_name,
        view_id="270601300000000018",
        dishes=dishes,
        day_number=12,
        ordered_at=AT,
        paid=7000,
        shipping_fee=400,
        discounts=(Discount("满60减12", 1200, by_meituan=500, by_shop=700),),
        remark="不要香菜",
        guests=2,
        recipient="林女士",
        phones=("138****00",),
        address="花园路 8 号 3 栋 1201",
        card=card,
    )


def _dish(
    name: str,
    quantity: int,
    price: int,
    *,
    spec: str = "",
    wishes: str = "",
    boxes: int = 0,
    box_amount: int = 0,
    bag: int = 1,
) -> Dish:
    return Dish(name, spec, wishes, quantity, "份", price, boxes, box_amount, bag, "")
