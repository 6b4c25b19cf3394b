"""One courier's bill of a past week, with mistakes in it that somebody has compared."""

import csv
import io
from collections.abc import Iterator
from datetime import date, timedelta
from decimal import Decimal

from django.contrib.auth.models import User
from django.utils import timezone

from delivery.models import Attempt, Bill, StoreCourier
from delivery.services.bills.columns import Columns
from delivery.services.bills.importing import bill_import, bill_preview, bill_upload
from stores.clock import begin_of, end_of
from stores.demo.world import World
from stores.models import AuditEntry

COURIER = "DADA"
DAYS, ENDS_DAYS_AGO, COMPARED_DAYS_AGO = 7, 2, 1
HEADINGS = ("商家订单号", "配送费", "小费", "违约金", "合计", "完成时间")
ZERO = Decimal("0.00")
TOO_MUCH = Decimal("2.00")


def compare(world: World, courier: StoreCourier) -> Bill | None:
    """Has the manager compare the bill; None where the courier has brought nothing in that week."""
    last = timezone.localdate(world.now) - timedelta(days=ENDS_DAYS_AGO)
    first = last - timedelta(days=DAYS - 1)
    lines = list(_lines(courier, first, last))
    if not lines:
        return None
    manager = User.objects.get(username="manager")
    name = f"达达对账单 {first:%m%d}-{last:%m%d}.csv"
    bill = bill_upload(courier=courier, name=name, content=_file(lines), actor=manager)
    seen = bill_preview(bill)
    columns = Columns(seen.headings, seen.columns)
    bill = bill_import(bill=bill, columns=columns, first=first, last=last, actor=manager)
    at = begin_of(timezone.localdate(world.now) - timedelta(days=COMPARED_DAYS_AGO))
    at += timedelta(hours=10, minutes=20)
    Bill.objects.filter(pk=bill.pk).update(at=at, imported_at=at)
    entries = AuditEntry.objects.filter(verb="delivery.bill.compared", store=courier.place.store)
    entries.update(at=at)
    return bill


def _lines(courier: StoreCourier, first: date, last: date) -> Iterator[tuple[str, ...]]:
    """Yields what the courier says it has charged; of three orders it is wrong."""
    rows = Attempt.objects.filter(
        courier=courier, called_at__gte=begin_of(first), ended_at__lt=end_of(last)
    )
    over = {Attempt.State.DELIVERED, Attempt.State.RETURNED}
    wrong = {"cancelled", "tip", "fee"}
    for row in rows.order_by("ended_at", "pk"):
        fee, tip, kept = row.fee or ZERO, row.tip, row.deduction or ZERO
        is_wrong = ""
        if row.state not in over:
            # Once the whole fee was charged although the order was cancelled.
            is_wrong = "cancelled" if "cancelled" in wrong and not kept else ""
            fee, tip = (fee if is_wrong else ZERO), ZERO
        elif tip and "tip" in wrong:
            is_wrong, tip = "tip", tip * 2
        elif not tip and "fee" in wrong and row.pk % 5 == 0:
            is_wrong, fee = "fee", fee + TOO_MUCH
        wrong -= {is_wrong}
        if total := fee + tip + kept:
            at = timezone.localtime(row.ended_at)
            yield row.shop_order_id, *map(str, (fee, tip, kept, total)), f"{at:%Y-%m-%d %H:%M:%S}"


def _file(lines: list[tuple[str, ...]]) -> bytes:
    text = io.StringIO()
    csv.writer(text).writerows([HEADINGS, *lines])
    return text.getvalue().encode("utf-8-sig")
