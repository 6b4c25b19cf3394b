"""An order of the noodle shop, and what its receipts say."""

from datetime import datetime
from typing import Any

from messaging.receipts.copies import PLAIN, Copy, Template, receipt_lines
from messaging.receipts.lines import MM58, Paper
from messaging.receipts.orders import Dish, ReceiptOrder
from messaging.receipts.preview import receipt_text
from stores.platforms.reading import BEIJING

AT_NOON = datetime(2026, 11, 28, 12, 3, tzinfo=BEIJING)
NOODLES = Dish("招牌牛肉面", 2, 2800)


def an_order(**fields: Any) -> ReceiptOrder:
    facts: dict[str, Any] = {
        "store_name": "老王面馆",
        "day_number": 12,
        "order_number": "27060130000000001",
        "ordered_at": AT_NOON,
        "dishes": (NOODLES,),
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
