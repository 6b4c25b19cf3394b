"""Checks of orders that the merchant's ticketing system or staff issue: 598, then the pay notice,
then 4.
"""

from collections.abc import Sequence

from django.utils.translation import gettext_lazy as _

from stores.conflicts import Conflict
from trip.choices import Method, VoucherType
from trip.codes import new_code
from trip.drill.checks.paying import expect_vouchers
from trip.drill.drilling import Drill, check
from trip.sandbox import learning
from trip.sandbox.orders import Order, close_body
from trip.services import payloads
from trip.services.issuing import codes_needed, order_fail, order_issue
from trip.services.notices import PayNotice

ISSUING = 598


@check(
    "issue.waiting",
    _("Pay answers 598 while tickets are being issued, and a query says 5"),
)
def waiting(drill: Drill) -> None:
    asked = _waiting(drill)
    drill.expect_equal("orderStatus", drill.queried(asked)["orderStatus"], 5)
    exchange = drill.pay(asked, ISSUING)
    drill.expect(
        "vouchers" not in drill.expect_ids(exchange, asked),
        _("Codes are told although none is issued."),
    )


@check(
    "issue.done",
    _("After issuing a pay notice is owed, a query says 4 with the same codes, pay answers 200"),
)
def done(drill: Drill) -> None:
    asked = _waiting(drill, tickets=2)
    codes = _issue(drill, asked)
    row = drill.row(asked)
    drill.expect_owed(PayNotice, [row.pk])
    notice = payloads.issued(row)
    expect_vouchers(drill, asked, notice)
    learning.pay_noticed(asked, {"issueType": 1, "body": notice})
    body = drill.queried(asked)
    drill.expect_equal("orderStatus", body["orderStatus"], 4)
    if asked.voucher_type != VoucherType.NONE:
        drill.expect_equal(
            "vouchers", sorted({item["voucher"] for item in body["voucherList"]}), sorted(codes)
        )
    first = drill.pay(asked)
    drill.expect_equal("vouchers", drill.body(first)["vouchers"], notice["vouchers"])
    drill.expect_same_always(first, lambda: drill.player.pay(asked))


@check("issue.failed", _("A failed issue is told with its true reason, and a query says 6"))
def failed(drill: Drill) -> None:
    asked = _waiting(drill)
    reason = "演练：上游系统无票"
    order_fail(order_pk=drill.row(asked).pk, reason=reason, actor=None, method=Method.DRILL)
    drill.expect_owed(PayNotice, [drill.row(asked).pk])
    learning.pay_noticed(asked, {"issueType": 2, "describe": reason, "body": {}})
    drill.expect_equal("orderStatus", drill.queried(asked)["orderStatus"], 6)
    exchange = drill.player.pay(asked)
    drill.expect_refusal(exchange)
    drill.expect_equal("describe", exchange.describe, reason)


@check(
    "issue.closed",
    _("An order that Meituan has closed while it waited is not issued any more"),
)
def closed(drill: Drill) -> None:
    asked = _waiting(drill)
    exchange = drill.player.send("close", close_body(asked, 3))
    drill.expect_code(exchange, 200)
    learning.closed(asked, 3, exchange)
    try:
        _issue(drill, asked)
    except Conflict:
        drill.queried(asked)
        return
    drill.expect(False, _("A closed order was issued."))


def _waiting(drill: Drill, tickets: int = 1) -> Order:
    asked = drill.created(issuing="upstream", tickets=tickets)
    exchange = drill.pay(asked, ISSUING)
    drill.expect_ids(exchange, asked)
    return asked


def _issue(drill: Drill, asked: Order) -> Sequence[str]:
    row = drill.row(asked)
    codes = [new_code() for _place in range(codes_needed(row))]
    order_issue(order_pk=row.pk, codes=codes, actor=None, method=Method.DRILL)
    return codes
