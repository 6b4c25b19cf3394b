"""Checks of order pay and query: 200 means that the tickets can be used now."""

from typing import Any

from django.utils.translation import gettext_lazy as _

from stores.drills.results import Failed, LeftOut
from trip.choices import VoucherType
from trip.drill.drilling import Drill, check
from trip.drill.pictures import picture_trouble
from trip.sandbox import learning
from trip.sandbox.orders import Order, close_body, named

LONGEST_CODE = 20


@check(
    "pay.per_ticket",
    _("Pay answers 200 with one code per ticket (voucherType 1), and a query says 4"),
)
def per_ticket(drill: Drill) -> None:
    _expect_issued(drill, VoucherType.PER_TICKET, tickets=2)


@check("pay.per_order", _("Pay answers 200 with exactly one code per order (voucherType 2)"))
def per_order(drill: Drill) -> None:
    _expect_issued(drill, VoucherType.PER_ORDER, tickets=2)


@check("pay.no_code", _("A product without codes is paid with voucherType 0 and no codes"))
def no_code(drill: Drill) -> None:
    _expect_issued(drill, VoucherType.NONE, tickets=1)


def _expect_issued(drill: Drill, kind: VoucherType, tickets: int) -> None:
    asked = drill.created(issuing="own", voucher_type=kind, tickets=tickets)
    expect_vouchers(drill, asked, drill.expect_ids(drill.pay(asked), asked))
    drill.expect_equal("orderStatus", drill.queried(asked)["orderStatus"], 4)


def expect_vouchers(drill: Drill, asked: Order, body: dict[str, Any]) -> None:
    """Checks the body of a pay answered 200 or of a pay notice: the number of codes that
    voucherType needs, all of them valid.
    """
    kind, codes = body.get("voucherType", -1), body.get("vouchers")
    drill.expect(kind in VoucherType.values, _("voucherType must be 0, 1 or 2."))
    if not isinstance(codes, list):
        raise Failed(_("vouchers must be a list."))
    needed = {VoucherType.PER_TICKET: asked.quantity, VoucherType.PER_ORDER: 1}.get(
        VoucherType(kind), 0
    )
    drill.expect_equal("len(vouchers)", len(codes), needed)
    for code in codes:
        fine = isinstance(code, str) and 0 < len(code) <= LONGEST_CODE
        drill.expect(fine, _("Each code is a text of 1 to %(most)d characters."), most=LONGEST_CODE)
    drill.expect_equal("len(set(vouchers))", len(set(codes)), len(codes))

    pictures = body.get("voucherPics")
    if pictures:
        drill.expect_equal("len(voucherPics)", len(pictures), needed)


@check("pay.pictures", _("The pictures of the codes can be fetched"))
def pictures(drill: Drill) -> None:
    asked = drill.created(issuing="own", voucher_type=VoucherType.PER_TICKET)
    addresses = drill.body(drill.pay(asked)).get("voucherPics") or []
    if not addresses:
        raise LeftOut(_("The codes have no pictures."))
    for address in addresses:
        trouble = picture_trouble(address, drill.base_url)
        drill.expect(not trouble, _("%(address)s: %(trouble)s"), address=address, trouble=trouble)


@check("pay.repeated", _("The same pay again gets the same answer"))
def repeated(drill: Drill) -> None:
    asked = drill.created(issuing="own", tickets=2)
    first = drill.pay(asked)
    drill.expect_same_always(first, lambda: drill.player.pay(asked))
    drill.queried(asked)


@check("pay.twins", _("The same pay several times at once issues once"))
def twins(drill: Drill) -> None:
    asked = drill.created(issuing="own", tickets=2)
    first, *others = drill.player.send_at_once("pay", named(asked), 4)
    drill.expect_code(first, 200)
    drill.expect_same_bytes(first, *others)
    learning.paid(asked, first)
    drill.queried(asked)


@check(
    "pay.by_order_id",
    _("Pay and query find the order when partnerOrderId is empty or missing"),
)
def by_order_id(drill: Drill) -> None:
    asked = drill.created(issuing="own")
    for body in ({"orderId": asked.order_id, "partnerOrderId": ""}, {"orderId": asked.order_id}):
        exchange = drill.player.send("pay", body)
        drill.expect_code(exchange, 200)
        learning.paid(asked, exchange)
        drill.expect_code(drill.player.send("query", body), 200)
    drill.queried(asked)


@check(
    "pay.before_create",
    _("A pay that overtakes its create is refused and works after it"),
)
def before_create(drill: Drill) -> None:
    asked = drill.order(issuing="own")
    drill.expect_refusal(drill.player.pay(asked))
    drill.create(asked)
    drill.pay(asked)
    drill.queried(asked)


@check("pay.wrong_partner_order", _("A partnerOrderId of another order is refused"))
def wrong_partner_order(drill: Drill) -> None:
    asked = drill.created(issuing="own")
    body = {"orderId": asked.order_id, "partnerOrderId": f"{asked.partner_order_id}x"}
    drill.expect_refusal(drill.player.send("pay", body))
    drill.expect_equal("orderStatus", drill.queried(asked)["orderStatus"], 2)


@check("pay.closed", _("An order that Meituan has closed cannot be paid any more"))
def closed(drill: Drill) -> None:
    asked = drill.created(issuing="own")
    exchange = drill.player.send("close", close_body(asked, 1))
    drill.expect_code(exchange, 200)
    learning.closed(asked, 1, exchange)
    drill.expect_refusal(drill.player.pay(asked))


@check("query.unknown", _("A query about an unknown order says that there is none (301)"))
def unknown(drill: Drill) -> None:
    drill.expect_refusal(drill.player.query(drill.order()), 301)


@check("query.fields", _("Calls about an order are refused without its number"))
def fields(drill: Drill) -> None:
    numbers: tuple[Any, ...] = (None, "abc", 0, -1, [])
    for operation in ("pay", "query", "refund", "refunded", "close"):
        for number in numbers:
            drill.expect_refusal(
                drill.player.send(operation, {"orderId": number, "partnerOrderId": ""})
            )
