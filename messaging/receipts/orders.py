"""The facts of a takeaway order that stand on receipts.

Amounts are fen. Texts are as they came from outside, but phones are masked already, also the
numbers in `remark` (caution).
"""

from dataclasses import dataclass
from datetime import datetime
from decimal import Decimal


@dataclass(frozen=True)
class Dish:
    """One line of an order; `price` is that of one piece, `box_price` that of one box.

    `boxes` (box_num) are those of the whole line, also half ones. `bag` (cart_id) is 0 for the
    first bag.
    """

    name: str
    quantity: int
    price: int
    spec: str = ""
    properties: str = ""
    bag: int = 0
    boxes: Decimal = Decimal(0)
    box_price: int = 0


@dataclass(frozen=True)
class Discount:
    """A discount, as a positive amount, and the parts that the store and Meituan bear."""

    title: str
    amount: int
    by_store: int = 0
    by_platform: int = 0


@dataclass(frozen=True)
class CardRow:
    """One row of the store's 安心卡: job, name and temperature in degrees Celsius ("36.5")."""

    job: str
    name: str
    temperature: str


@dataclass(frozen=True)
class ReceiptOrder:
    """An order. `day_number` is daySeq, `order_number` orderIdView.

    `wanted_at` (deliveryTime) is None for "at once"; then `expected_at` (estimateArrivalTime) is
    shown, if it is known. `diners` is dinnersNumber, None when Meituan did not send it. `paid` is
    what the customer paid, or owes the rider with `cash_on_delivery`. `card` is empty when it is
    not to be printed (syncOpenReceipt).
    """

    store_name: str
    day_number: int
    order_number: str
    ordered_at: datetime
    dishes: tuple[Dish, ...]
    paid: int
    wanted_at: datetime | None = None
    expected_at: datetime | None = None
    is_pickup: bool = False
    cash_on_delivery: bool = False
    delivery_fee: int = 0
    box_fee: int = 0
    discounts: tuple[Discount, ...] = ()
    remark: str = ""
    diners: int | None = None
    invoice_title: str = ""
    taxpayer_id: str = ""
    recipient_name: str = ""
    recipient_phone: str = ""
    recipient_address: str = ""
    card: tuple[CardRow, ...] = ()
