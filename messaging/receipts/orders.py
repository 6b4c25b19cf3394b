"""The facts of a takeaway order that stand on receipts (docs/platforms/takeaway.md §4.2)."""

from dataclasses import dataclass
from datetime import datetime

from messaging.wire.cards import CardRow
from messaging.wire.orders import Discount, Dish


@dataclass(frozen=True)
class ReceiptOrder:
    """An order; amounts are fen, and None or an empty text stands for what is not known.

    Phones are masked already, also those in `remark`. `wanted_at` is None for "at once"; then
    `expected_at` is shown. `paid` is what the customer paid, or owes the rider with
    `cash_on_delivery`. `card` is empty when it is not to be printed (syncOpenReceipt).
    """

    store_name: str
    view_id: str
    dishes: tuple[Dish, ...]
    day_number: int | None = None
    ordered_at: datetime | None = None
    wanted_at: datetime | None = None
    expected_at: datetime | None = None
    is_pick_up: bool | None = None
    cash_on_delivery: bool = False
    paid: int | None = None
    shipping_fee: int | None = None
    bag_fee: int = 0
    discounts: tuple[Discount, ...] = ()
    remark: str = ""
    guests: int | None = None
    invoice_title: str = ""
    taxpayer: str = ""
    recipient: str = ""
    phones: tuple[str, ...] = ()
    address: str = ""
    card: tuple[CardRow, ...] = ()
