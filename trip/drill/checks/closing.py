"""Checks of Meituan's messages: orders closed, tickets refunded without asking."""

from django.utils.translation import gettext_lazy as _

from trip.choices import VoucherType
from trip.drill.checks.using import expect_no_entry
from trip.drill.drilling import Drill, check
from trip.models import Offer
from trip.sandbox import learning
from trip.sandbox.calls import Exchange
from trip.sandbox.orders import Order, close_body, refund_id


@check(
    "close.unpaid",
    _("A close of an unpaid order (type 1) frees its tickets; again, it is answered the same"),
)
def unpaid(drill: Drill) -> None:
    asked = drill.created()
    offer_pk = drill.row(asked).offer_id
    held = Offer.objects.values_list("held", flat=True).get(pk=offer_pk)
    first = _close(drill, asked, 1)
    drill.expect_same_always(first, lambda: drill.player.close(asked, 1))
    now = Offer.objects.values_list("held", flat=True).get(pk=offer_pk)
    drill.expect_equal("held", now, held - asked.quantity)


@check(
    "close.create_failed",
    _("A close after a failed create (type 2) is acknowledged, known order or not"),
)
def create_failed(drill: Drill) -> None:
    for asked in (drill.order(), drill.created()):
        first = _close(drill, asked, 2)
        drill.expect_same_always(first, lambda asked=asked: drill.player.close(asked, 2))  # type: ignore[misc]


@check(
    "close.pay_failed",
    _("A close with refund (type 3) makes issued codes worthless; status 4 stays"),
)
def pay_failed(drill: Drill) -> None:
    asked = drill.issued(voucher_type=VoucherType.PER_TICKET)
    first = _close(drill, asked, 3)
    body = drill.queried(asked)
    drill.expect_equal("orderStatus", body["orderStatus"], 4)
    drill.expect_equal("status", {item["status"] for item in body["voucherList"]} & {0, 1}, set())
    expect_no_entry(drill, asked, list(asked.vouchers))
    drill.expect_same_always(first, lambda: drill.player.close(asked, 3))


@check("close.type", _("A close of an unknown type is refused with a reason"))
def unknown_type(drill: Drill) -> None:
    asked = drill.created()
    for kind in (0, 4, "abc", None):
        drill.expect_refusal(drill.player.send("close", close_body(asked, 1) | {"closeType": kind}))
    drill.expect_equal("orderStatus", drill.queried(asked)["orderStatus"], 2)


@check(
    "refunded.service",
    _("Tickets that Meituan's service has refunded (type 1) are worthless at once"),
)
def service(drill: Drill) -> None:
    asked = drill.issued(voucher_type=VoucherType.PER_TICKET, tickets=2)
    code = next(iter(asked.vouchers))
    first, again = (_tell(drill, asked, 1, f"{asked.order_id}-drill", [code]) for _time in range(2))
    drill.expect_same_bytes(first, again)
    drill.expect_equal("refundedQuantity", drill.queried(asked)["refundedQuantity"], 1)
    expect_no_entry(drill, asked, [code])


@check(
    "refunded.unclear",
    _("An order whose payment stayed unclear is refunded by Meituan (type 2)"),
)
def unclear(drill: Drill) -> None:
    asked = drill.issued()
    _tell(drill, asked, 2, refund_id(asked.order_id), list(asked.vouchers))
    drill.expect_equal("refundedQuantity", drill.queried(asked)["refundedQuantity"], asked.quantity)


@check(
    "refunded.too_late",
    _("A review that took too long is agreed by Meituan (type 3); the refund is then done"),
)
def too_late(drill: Drill) -> None:
    asked = drill.issued(refund="review")
    refund = drill.application(asked, asked.quantity)
    drill.ask_refund(asked, refund, 602)
    _tell(drill, asked, 3, refund.refund_id, refund.vouchers)
    drill.expect_equal("refundedQuantity", drill.queried(asked)["refundedQuantity"], asked.quantity)
    drill.ask_refund(asked, refund)


def _close(drill: Drill, asked: Order, kind: int) -> Exchange:
    exchange = drill.player.close(asked, kind)
    drill.expect_code(exchange, 200)
    learning.closed(asked, kind, exchange)
    return exchange


def _tell(drill: Drill, asked: Order, kind: int, serial: str, codes: list[str]) -> Exchange:
    count = asked.quantity
    if asked.voucher_type == VoucherType.PER_TICKET:
        count = len(codes)
    exchange = drill.player.refunded(asked, kind=kind, serial=serial, vouchers=codes, count=count)
    drill.expect_code(exchange, 200)
    learning.refunded_by_us(asked, serial, codes, count, exchange)
    return exchange
