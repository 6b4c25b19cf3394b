"""An order of the noodle shop, and what its receipts say."""

from datetime import datetime
from typing import Any

from messaging.receipts.copies import PLAIN, Copy, Template, receipt_lines
from messaging.receipts.lines import MM58, Paper
from messaging.receipts.orders import ReceiptOrder
from messaging.receipts.preview import receipt_text
from messaging.wire.orders import Dish
from stores.platforms.reading import BEIJING

AT_NOON = datetime(2026, 11, 28, 12, 3, tzinfo=BEIJING)


def a_dish(name: str = "招牌牛肉面", quantity: int = 2, price: int = 2800, **fields: Any) -> Dish:
    texts = {"spec": "", "wishes": "", "unit": "份", "sku": ""}
    numbers = {"boxes": 0, "box_amount": 0, "bag": 1}
    return Dish(name=name, quantity=quantity, price=price, **texts | numbers | fields)


def an_order(**fields: Any) -> ReceiptOrder:
    facts: dict[str, Any] = {
        "store_name": "老王面馆",
        "day_number": 12,
        "view_id": "27060130000000001",
        "ordered_at": AT_NOON,
        "dishes": (a_dish(),),
        "paid": 6000,
    }
    return ReceiptOrder(**facts | fields)


def rows_of(
    copy: Copy,
    order: ReceiptOrder,
    *,
    paper: Paper = MM58,
    template: Template = PLAIN,
    reprinted_at: datetime | None = None,
) -> list[str]:
    lines = receipt_lines(order, copy, template=template, reprinted_at=reprinted_at)
    return receipt_text(lines, paper)
