"""Checks of uses: only real uses are reported, with quantities that agree."""

from django.utils.translation import gettext_lazy as _

from stores.conflicts import Conflict
from trip.choices import Method, VoucherType
from trip.drill.drilling import Drill, check
from trip.models import Consumption
from trip.sandbox import learning
from trip.sandbox.orders import Order
from trip.services import payloads
from trip.services.consuming import order_consume
from trip.services.notices import ConsumeNotice


@check(
    "consume.one_by_one",
    _("Each use owes a notice that names its code and counts all uses so far"),
)
def one_by_one(drill: Drill) -> None:
    asked = drill.issued(voucher_type=VoucherType.PER_TICKET, tickets=2)
    for count, code in enumerate(list(asked.vouchers)[:2], start=1):
        notice = _use(drill, asked, codes=[code])
        drill.expect_equal("quantity", notice["quantity"], asked.quantity)
        drill.expect_equal("usedQuantity", notice["usedQuantity"], count)
        drill.expect_equal("refundedQuantity", notice["refundedQuantity"], 0)
        named = [
            (item["voucher"], item["quantity"], item["status"]) for item in notice["voucherList"]
        ]
        drill.expect_equal("voucherList", named, [(code, 1, 1)])
        drill.expect_equal("usedQuantity", drill.queried(asked)["usedQuantity"], count)


@check(
    "consume.part_of_code",
    _("A code for several tickets is used in parts, and a query lists both parts"),
)
def part_of_code(drill: Drill) -> None:
    asked = drill.issued(voucher_type=VoucherType.PER_ORDER, tickets=2)
    notice = _use(drill, asked, quantity=1)
    drill.expect_equal("usedQuantity", notice["usedQuantity"], 1)
    rows = drill.queried(asked)["voucherList"]
    parts = sorted((item["status"], item["quantity"]) for item in rows)
    drill.expect_equal("voucherList", parts, [(0, asked.quantity - 1), (1, 1)])


@check(
    "consume.no_code",
    _("Tickets without codes are used by number, and the notice counts them"),
)
def no_code(drill: Drill) -> None:
    asked = drill.issued(voucher_type=VoucherType.NONE)
    notice = _use(drill, asked, quantity=1)
    drill.expect_equal("usedQuantity", notice["usedQuantity"], 1)
    drill.expect_equal("voucherList", notice["voucherList"], [])
    drill.expect_equal("usedQuantity", drill.queried(asked)["usedQuantity"], 1)


@check("consume.twice", _("A used ticket opens the door no second time"))
def twice(drill: Drill) -> None:
    asked = drill.issued(voucher_type=VoucherType.PER_TICKET)
    code = next(iter(asked.vouchers))
    _use(drill, asked, codes=[code])
    expect_no_entry(drill, asked, [code])
    drill.expect_equal("usedQuantity", drill.queried(asked)["usedQuantity"], 1)


@check("consume.refunded", _("A refunded ticket opens no door"))
def refunded(drill: Drill) -> None:
    asked = drill.issued(refund="auto")
    drill.ask_refund(asked, drill.application(asked, asked.quantity))
    expect_no_entry(drill, asked, list(asked.vouchers))
    drill.queried(asked)


def _use(
    drill: Drill, asked: Order, *, codes: list[str] | None = None, quantity: int | None = None
) -> payloads.Body:
    """Uses tickets and returns the body of the notice, which is also applied to Meituan's view."""
    consumption = order_consume(
        order_pk=drill.row(asked).pk,
        codes=codes or (),
        quantity=quantity,
        actor=None,
        method=Method.DRILL,
        any_day=True,
    )
    drill.expect_owed(ConsumeNotice, [consumption.pk])
    notice = payloads.consumed(consumption)
    learning.consume_noticed(asked, {"body": notice})
    return notice


def expect_no_entry(drill: Drill, asked: Order, codes: list[str]) -> None:
    before = Consumption.objects.filter(order=drill.row(asked)).count()
    try:
        order_consume(
            order_pk=drill.row(asked).pk,
            codes=codes,
            quantity=None if codes else 1,
            actor=None,
            method=Method.DRILL,
            any_day=True,
        )
    except Conflict:
        drill.expect_equal(
            "uses", Consumption.objects.filter(order=drill.row(asked)).count(), before
        )
        return
    drill.expect(False, _("A ticket that is not valid any more was used."))
