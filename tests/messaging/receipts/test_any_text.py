"""Whatever Unicode stands in the fields of an order: its receipts stay receipts."""

from collections.abc import Iterator
from dataclasses import replace
from datetime import datetime

from hypothesis import given
from hypothesis import strategies as st

from messaging.receipts.copies import Copy, Template, receipt_lines
from messaging.receipts.escpos import receipt_bytes
from messaging.receipts.lines import MM58, MM80, Paper
from messaging.receipts.orders import ReceiptOrder
from messaging.receipts.preview import receipt_text
from messaging.receipts.texts import printable
from messaging.wire.cards import CardRow
from messaging.wire.orders import Discount, Dish
from stores.platforms.reading import BEIJING
from tests.messaging.receipts import parsing
from tests.messaging.receipts.parsing import Printed, parse

PIECES = st.sampled_from(
    [
        *("\x1b@", "\x1dV\x00", "\x1dv0", "\x10\x04\x01", "\n", "\x1bp\x00", "\x9b", "\ud800"),
        *("👨\u200d👩\u200d👧", "❤\ufe0f", "×①—", "\u202e", "שלום", "<script>", "，。", "¥"),
        *("长" * 40, "A" * 60, "a b ", "\u0300" * 9, "\uf8ff", "𠮷", "ｶﾞ", "가"),
    ]
)
TEXT = st.text(st.characters(exclude_categories=()), max_size=40) | st.lists(
    PIECES, max_size=6
).map("".join)
FEN = st.integers(0, 99_999)
MOMENT = st.datetimes(datetime(2000, 1, 2), datetime(2099, 12, 30), timezones=st.just(BEIJING))
DISHES = st.lists(
    st.builds(
        Dish,
        name=TEXT,
        quantity=st.integers(1, 99),
        price=FEN,
        spec=TEXT,
        wishes=TEXT,
        unit=TEXT,
        boxes=st.integers(0, 12),
        box_amount=FEN,
        bag=st.integers(1, 3),
        sku=TEXT,
    ),
    max_size=4,
)


def numbered(dishes: list[Dish]) -> tuple[Dish, ...]:
    """Begins each name with a number, by which its row is found."""
    return tuple(
        replace(dish, name=f"菜{number}号{dish.name}") for number, dish in enumerate(dishes)
    )


ORDERS = st.builds(
    ReceiptOrder,
    store_name=TEXT,
    view_id=TEXT,
    dishes=DISHES.map(numbered),
    day_number=st.none() | st.integers(0, 9_999),
    ordered_at=st.none() | MOMENT,
    wanted_at=st.none() | MOMENT,
    expected_at=st.none() | MOMENT,
    is_pick_up=st.none() | st.booleans(),
    cash_on_delivery=st.booleans(),
    paid=st.none() | FEN,
    shipping_fee=st.none() | FEN,
    discounts=st.lists(st.builds(Discount, TEXT, FEN, FEN, FEN), max_size=2).map(tuple),
    remark=TEXT,
    guests=st.none() | st.integers(-20, 120),
    invoice_title=TEXT,
    taxpayer=TEXT,
    recipient=TEXT,
    phones=st.lists(TEXT, max_size=2).map(tuple),
    address=TEXT,
    card=st.lists(st.builds(CardRow, TEXT, TEXT, TEXT), max_size=2).map(tuple),
)
TEMPLATES = st.builds(Template, TEXT, TEXT, TEXT, st.booleans(), st.booleans())


def unspaced(text: str) -> str:
    return text.replace(" ", "")


def printed_names(order: ReceiptOrder, printed: Printed, paper: Paper) -> Iterator[str]:
    """The names in the customer's copy, read from the left column; "x2" and "5.00" take 14."""
    left = [row.encode("gbk")[: paper.columns - 14].decode("gbk", "ignore") for row in printed.rows]
    for number, dish in enumerate(order.dishes):
        first = next(n for n, text in enumerate(left) if text.startswith(f"菜{number}号"))
        amount = f"{dish.quantity * dish.price / 100:.2f}"
        assert printed.rows[first].split()[-2:] == [f"x{dish.quantity}", amount]
        yield unspaced("".join(left[first:]))


@given(ORDERS, TEMPLATES, st.sampled_from(Copy), st.sampled_from([MM58, MM80]), st.none() | MOMENT)
def test_any_text_gives_a_valid_job(
    order: ReceiptOrder, template: Template, copy: Copy, paper: Paper, again: datetime | None
) -> None:
    lines = receipt_lines(order, copy, template=template, reprinted_at=again)
    printed = parse(receipt_bytes(lines, paper))
    assert max(printed.widths) <= paper.columns
    assert printed.commands[:2] == [parsing.RESET, parsing.CHINESE]
    assert printed.commands[-2:] == [parsing.FEED + b"\x04", parsing.CUT + b"\x00"]
    between = {command[:2] for command in printed.commands[2:-2]}
    assert between <= {parsing.SIZE, parsing.BOLD, *([parsing.RASTER[:2]] * bool(printed.dots))}
    if not printed.dots:
        assert printed.rows == receipt_text(lines, paper)


@given(ORDERS, st.sampled_from([MM58, MM80]))
def test_every_dish_is_printed_wholly_with_its_price(order: ReceiptOrder, paper: Paper) -> None:
    printed = parse(receipt_bytes(receipt_lines(order, Copy.CUSTOMER), paper))
    names = printed_names(order, printed, paper)
    for dish, name in zip(order.dishes, names, strict=True):
        assert name.startswith(unspaced(printable(dish.name)))


@given(ORDERS, st.sampled_from(Copy))
def test_every_dish_is_counted_on_every_copy(order: ReceiptOrder, copy: Copy) -> None:
    rows = receipt_text(receipt_lines(order, copy), MM80)
    for number, dish in enumerate(order.dishes):
        first = next(row for row in rows if row.startswith(f"菜{number}号"))
        assert f" x{dish.quantity}" in first


@given(ORDERS)
def test_the_kitchens_copy_is_the_same_for_every_recipient(order: ReceiptOrder) -> None:
    other = replace(order, recipient="", phones=(), address="")
    assert receipt_lines(order, Copy.KITCHEN) == receipt_lines(other, Copy.KITCHEN)
