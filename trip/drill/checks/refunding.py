"""Checks of refunds: by refundId, at once or under review, whole or in part, and the true reason of
each refusal.
"""

from django.utils.translation import gettext_lazy as _

from stores.conflicts import Conflict
from trip.choices import Method, VoucherType
from trip.drill.drilling import Drill, check
from trip.models import Refund
from trip.sandbox import learning
from trip.sandbox.calls import Exchange
from trip.sandbox.orders import Order, refund_body
from trip.sandbox.orders import Refund as Application
from trip.services import payloads
from trip.services.consuming import order_consume
from trip.services.notices import RefundNotice
from trip.services.refunding import refund_decide

REVIEW = 602


@check(
    "refund.agreed",
    _("A refund of unused tickets is agreed; orderStatus stays 4 and the quantities agree"),
)
def agreed(drill: Drill) -> None:
    asked = drill.issued(refund="auto")
    refund = drill.application(asked, asked.quantity)
    first = drill.ask_refund(asked, refund)
    body = drill.expect_ids(first, asked)
    drill.expect_equal("refundId", body.get("refundId"), refund.refund_id)
    found = drill.queried(asked)
    drill.expect_equal("orderStatus", found["orderStatus"], 4)
    drill.expect_equal("refundedQuantity", found["refundedQuantity"], asked.quantity)
    drill.expect_same_always(first, lambda: drill.player.refund(asked, refund))
    drill.queried(asked)


@check("refund.part", _("Part of an order is refunded by its codes, the rest stays good"))
def part(drill: Drill) -> None:
    asked = drill.issued(
        refund="auto", voucher_type=VoucherType.PER_TICKET, partial=True, tickets=2
    )
    last = list(asked.vouchers)[-1]
    drill.ask_refund(asked, drill.application(asked, 1, [last]))
    states = {item["voucher"]: item["status"] for item in drill.queried(asked)["voucherList"]}
    drill.expect_equal(
        "status", states, {code: 2 if code == last else 0 for code in asked.vouchers}
    )


@check(
    "refund.part_of_code",
    _("Part of the tickets of one code is refunded, and both parts are listed"),
)
def part_of_code(drill: Drill) -> None:
    asked = drill.issued(refund="auto", voucher_type=VoucherType.PER_ORDER, partial=True, tickets=2)
    drill.ask_refund(asked, drill.application(asked, 1))
    rows = drill.queried(asked)["voucherList"]
    drill.expect_equal("status", sorted(item["status"] for item in rows), [0, 2])


@check(
    "refund.by_number",
    _("Refunds are told apart by refundId alone, not by how many tickets they name"),
)
def by_number(drill: Drill) -> None:
    asked = drill.issued(
        refund="auto", voucher_type=VoucherType.PER_TICKET, partial=True, tickets=2
    )
    for code in list(asked.vouchers)[:2]:
        refund = drill.application(asked, 1, [code])
        drill.ask_refund(asked, refund)
        drill.ask_refund(asked, refund)
    drill.expect_equal("refundedQuantity", drill.queried(asked)["refundedQuantity"], 2)


@check("refund.twins", _("The same refund several times at once is one refund"))
def twins(drill: Drill) -> None:
    asked = drill.issued(refund="auto", partial=True, tickets=2)
    refund = drill.application(asked, 1)
    message = refund_body(asked, refund)
    first, *others = drill.player.send_at_once("refund", message, 4)
    drill.expect_code(first, 200, 601)
    drill.expect_same_bytes(first, *others)
    learning.refund_answered(asked, refund, first)
    drill.expect_equal("refundedQuantity", drill.queried(asked)["refundedQuantity"], 1)


@check(
    "refund.review",
    _("A refund under review answers 602, and 602 again each time it is asked"),
)
def review(drill: Drill) -> None:
    asked, refund = _under_review(drill)
    for _time in range(2):
        drill.ask_refund(asked, refund, REVIEW)
    drill.expect_equal("refundedQuantity", drill.queried(asked)["refundedQuantity"], 0)
    _decide(drill, asked, refund, agree=True)


@check(
    "refund.review_agreed",
    _("An agreed review owes a notice, and the same refundId then answers success"),
)
def review_agreed(drill: Drill) -> None:
    asked, refund = _under_review(drill)
    _decide(drill, asked, refund, agree=True)
    first = drill.ask_refund(asked, refund)
    drill.expect_same_always(first, lambda: drill.player.refund(asked, refund))
    drill.expect_equal(
        "refundedQuantity", drill.queried(asked)["refundedQuantity"], refund.quantity
    )


@check(
    "refund.refused_then_agreed",
    _("A refused refund gives the true reason; agreed later, agreed is final"),
)
def refused_then_agreed(drill: Drill) -> None:
    asked, refund = _under_review(drill)
    reason = "演练：已过退款时间"
    _decide(drill, asked, refund, agree=False, reason=reason)
    refused = drill.player.refund(asked, refund)
    drill.expect_refusal(refused)
    drill.expect_equal("describe", refused.describe, reason)
    drill.expect_equal("refundedQuantity", drill.queried(asked)["refundedQuantity"], 0)
    _decide(drill, asked, refund, agree=True)
    drill.ask_refund(asked, refund)
    try:
        _decide(drill, asked, refund, agree=False, reason=reason)
    except Conflict:
        drill.queried(asked)
        return
    drill.expect(False, _("A refund that was agreed could be refused afterwards."))


@check("refund.used", _("A refund of used tickets is refused with that reason"))
def used(drill: Drill) -> None:
    asked = drill.issued(refund="auto")
    consumption = order_consume(
        order_pk=drill.row(asked).pk,
        quantity=asked.quantity,
        actor=None,
        method=Method.DRILL,
        any_day=True,
    )
    learning.consume_noticed(asked, {"body": payloads.consumed(consumption)})
    _expect_refused(drill, asked, drill.application(asked, asked.quantity, list(asked.vouchers)))


@check("refund.foreign_codes", _("A refund that names codes of nobody's is refused"))
def foreign_codes(drill: Drill) -> None:
    asked = drill.issued(refund="auto", voucher_type=VoucherType.PER_TICKET)
    _expect_refused(drill, asked, drill.application(asked, 1, ["NOBODYS-CODE"]))


@check("refund.too_many", _("A refund of more tickets than the order has is refused"))
def too_many(drill: Drill) -> None:
    asked = drill.issued(refund="auto", voucher_type=VoucherType.PER_ORDER)
    _expect_refused(drill, asked, drill.application(asked, asked.quantity + 1))


@check("refund.never", _("A product without refunds refuses with that reason"))
def never(drill: Drill) -> None:
    asked = drill.issued(refund="none")
    _expect_refused(drill, asked, drill.application(asked, asked.quantity))


@check("refund.unpaid", _("A refund of an unknown or unpaid order is refused"))
def unpaid(drill: Drill) -> None:
    unknown = drill.order()
    drill.expect_refusal(drill.player.refund(unknown, drill.application(unknown, 1, [])))
    created = drill.created()
    drill.expect_refusal(drill.player.refund(created, drill.application(created, 1, [])))


@check("refund.fields", _("A refund with missing or wrong fields is refused with a reason"))
def fields(drill: Drill) -> None:
    asked = drill.issued(refund="auto")
    right = refund_body(asked, drill.application(asked, 1))
    for name in right.keys() - {"orderId"}:
        exchange = drill.player.send(
            "refund", {key: value for key, value in right.items() if key != name}
        )
        drill.expect_refusal(exchange)
        drill.expect(
            name in exchange.describe,
            _("describe does not name the missing field %(name)s."),
            name=name,
        )
    for name, value in (
        ("refundQuantity", 0),
        ("refundQuantity", -1),
        ("refundPrice", "abc"),
        ("voucherList", "abc"),
    ):
        drill.expect_refusal(drill.player.send("refund", right | {name: value}))
    drill.expect_equal("refundedQuantity", drill.queried(asked)["refundedQuantity"], 0)


def _under_review(drill: Drill) -> tuple[Order, Application]:
    asked = drill.issued(refund="review")
    refund = drill.application(asked, asked.quantity)
    drill.ask_refund(asked, refund, REVIEW)
    return asked, refund


def _decide(
    drill: Drill, asked: Order, refund: Application, *, agree: bool, reason: str = ""
) -> None:
    """Decides the refund as the merchant does, and applies the notice to Meituan's view."""
    row = Refund.objects.get(order=drill.row(asked), refund_id=refund.refund_id)
    decided = refund_decide(
        refund_pk=row.pk, agree=agree, reason=reason, actor=None, method=Method.DRILL
    )
    drill.expect_owed(RefundNotice, [row.pk])
    code = 200 if agree else 606
    learning.refund_noticed(
        asked, {"code": code, "describe": decided.reason, "body": payloads.refunded(decided)}
    )


def _expect_refused(drill: Drill, asked: Order, refund: Application) -> Exchange:
    """Expects a refusal, an equal answer to the repetition, and no change of the order."""
    before = drill.queried(asked)
    exchange = drill.player.refund(asked, refund)
    drill.expect_refusal(exchange)
    learning.refund_answered(asked, refund, exchange)
    drill.expect_refusal(drill.player.refund(asked, refund))
    drill.expect_equal("query", drill.queried(asked), before)
    return exchange
