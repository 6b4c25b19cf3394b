"""An order as the bytes of one copy, and an urgent message as those of a slip. Nothing of it is
stored.
"""

from datetime import datetime
from typing import Any

from messaging.choices import TEST_PAGE, MessageKind, ReceiptCopy
from messaging.models import Message, Order, Printer, PrintJob, SafetyCard, TakeawayStore
from messaging.receipts.copies import Copy, Template, receipt_lines
from messaging.receipts.escpos import receipt_bytes
from messaging.receipts.lines import A4, MM58, MM80, Line, Paper, Rule, Size, Text
from messaging.receipts.orders import ReceiptOrder
from messaging.receipts.preview import ShownRow, shown_rows
from messaging.receipts.sample import sample_order
from messaging.receipts.slips import Slip, slip_lines
from messaging.services.chat.texts import text_of
from messaging.services.customers import APPENDED, masked, shown
from messaging.services.order_cards import rows_for_receipt, rows_for_today
from messaging.wire.orders import Discount, Dish
from messaging.wire.values import mask_phones
from stores.fields import readable
from stores.models import Store
from stores.platforms.reading import BEIJING

# A slip has to be heard, also where receipts are printed without a sound.
SLIP_BEEPS = 3
# Characters of a message that stand on paper.
LONGEST_WORDS = 200
# The papers that pages offer, by their names there.
PAPERS = {"58": MM58, "80": MM80, "a4": A4}


class NothingToPrint(Exception):
    """The order's content is not known yet, or no more."""


def usual_paper(store: Store) -> str:
    """Returns the name of the paper of a store's first printer, the narrow one without any."""
    printer = store.printers.filter(is_active=True).order_by("pk").first()
    return str(printer.width) if printer else "58"


def paper_of(printer: Printer) -> Paper:
    return MM80 if printer.width == Printer.Width.MM80 else MM58


def template_of(store: TakeawayStore, copy: Copy) -> Template:
    """Returns how a store wants a copy; the kitchen needs no words for customers."""
    is_for_kitchen = copy == Copy.KITCHEN
    return Template(
        header="" if is_for_kitchen else store.head_line,
        footer="" if is_for_kitchen else store.foot_line,
        big_dishes=store.big_dishes,
        kitchen_prices=store.kitchen_prices,
    )


def job_bytes(job: PrintJob, printer: Printer) -> bytes:
    """Returns a copy, slip or test page as the printer that prints it takes it. Raises
    NothingToPrint.
    """
    if job.message:
        slip = slip_lines(slip_of(job.message))
        return receipt_bytes(slip, paper_of(printer), beeps=max(printer.beeps, SLIP_BEEPS))
    if job.copy == TEST_PAGE:
        return sample_page(printer, job.wanted_at)
    if job.order is None:
        raise NothingToPrint
    lines = receipt_lines(
        receipt_of(job.order),
        Copy(job.copy),
        template=template_of(job.order.connection.takeaway_store, Copy(job.copy)),
        reprinted_at=job.wanted_at if job.is_reprint else None,
    )
    return receipt_bytes(lines, paper_of(printer), beeps=printer.beeps)


def slip_of(message: Message) -> Slip:
    """Returns what stands on the slip of a message, with phones masked."""
    order = message.order
    is_text = message.kind == MessageKind.TEXT and message.emptied_at is None
    words = text_of(message, whole=False) if is_text else ""
    return Slip(
        store_name=message.store.name,
        at=message.at,
        scene=message.scene_name,
        words=words[:LONGEST_WORDS],
        day_number=order.day_number if order else None,
        view_id=(order.view_id or order.order_id) if order else "",
    )


def receipt_of(order: Order, *, with_address: bool = True) -> ReceiptOrder:
    """Returns what stands on the receipts of an order, with phones masked; the address is cut
    unless `with_address`. Raises NothingToPrint.
    """
    if order.said_at is None or order.emptied_at is not None:
        raise NothingToPrint
    known = readable(order, "customer", {}) if with_address else shown(order, whole=False)
    remark = str(known.get("remark") or "").partition(APPENDED)[0]
    return ReceiptOrder(
        store_name=order.store.name,
        view_id=order.view_id or order.order_id,
        dishes=tuple(Dish(**dish) for dish in order.dishes),
        day_number=order.day_number,
        ordered_at=order.ordered_at,
        wanted_at=order.wanted_at,
        expected_at=order.expected_at,
        is_pick_up=order.is_pick_up,
        cash_on_delivery=order.is_cash,
        paid=order.paid,
        shipping_fee=order.shipping_fee,
        bag_fee=order.bag_fee,
        discounts=tuple(Discount(**discount) for discount in order.discounts),
        remark=mask_phones(remark),
        guests=order.guests,
        invoice_title=mask_phones(str(known.get("invoice_title") or "")),
        taxpayer=str(known.get("taxpayer") or ""),
        recipient=mask_phones(str(known.get("recipient") or "")),
        phones=tuple(masked(str(number)) for number in known.get("phones") or ()),
        address=mask_phones(str(known.get("address") or "")),
        card=rows_for_receipt(order),
    )


def look_of(store: TakeawayStore) -> dict[str, Any]:
    """Returns the previews of all copies of a sample order that is accepted now, on the paper of
    the store's first printer; `card_waits`: no safety card of today is saved that the store wants
    on them.
    """
    paper, card = usual_paper(store.store), rows_for_today(store)
    order = sample_order(store.store.name, card)
    previews = [
        {"title": copy.label, "rows": _copy_rows(store, order, Copy(copy), PAPERS[paper])}
        for copy in ReceiptCopy
    ]
    wants_card = SafetyCard.objects.filter(binding=store, on_receipt=True).exists()
    return {"paper": paper, "previews": previews, "card_waits": wants_card and not card}


def order_rows(order: Order, copy: Copy, paper: Paper, *, with_address: bool) -> list[ShownRow]:
    """Returns a copy of an order for a page. Raises NothingToPrint."""
    receipt = receipt_of(order, with_address=with_address)
    return _copy_rows(order.connection.takeaway_store, receipt, copy, paper)


def _copy_rows(
    store: TakeawayStore, order: ReceiptOrder, copy: Copy, paper: Paper
) -> list[ShownRow]:
    return shown_rows(receipt_lines(order, copy, template=template_of(store, copy)), paper)


def sample_page(printer: Printer, at: datetime) -> bytes:
    """Returns a page that shows width, Chinese, sizes and the cut; `at` is the time on it."""
    paper = paper_of(printer)
    lines: list[Line] = [
        Text("打印测试", Size.BIG, bold=True, centred=True),
        Text(printer.store.name, centred=True),
        Rule(),
        Text(f"{printer.name} {printer.address}"),
        Text(f"{at.astimezone(BEIJING):%Y-%m-%d %H:%M:%S}"),
        Text("0123456789" * 5) if paper is MM80 else Text("01234567890123456789012345678901"),
        Rule("完"),
    ]
    return receipt_bytes(lines, paper, beeps=printer.beeps)
