"""Each point of the drill fails against a server that is wrong in only that point; a point that
cannot fail proves nothing.
"""

from collections.abc import Callable
from contextlib import nullcontext
from dataclasses import replace
from itertools import count
from typing import Any

import pytest
from django.http import HttpRequest
from pytest_django.live_server_helper import LiveServer

from stores.drills.results import Failed, Outcome
from stores.models import Connection
from stores.platforms.inbound.endpoint import Rejected
from stores.platforms.inbound.once import answer_once
from stores.platforms.reading import Malformed, Problem
from tests.trip.drilling import drill_start, drilled, every_kind, outcomes
from trip import services, webhooks
from trip.choices import Refusal
from trip.drill import Drill
from trip.models import Offer, Order, Product, Voucher
from trip.services import (
    booking,
    closing,
    consuming,
    creating,
    issuing,
    orders,
    paying,
    payloads,
    refunding,
    stock,
    tickets,
)
from trip.webhooks import base
from trip.wire import requests

pytestmark = pytest.mark.django_db(transaction=True)


@pytest.fixture
def connection() -> Connection:
    return every_kind()


def _nothing(*args: Any, **kwargs: Any) -> None:
    return None


def _more(function: Callable[..., Any], **wrong: Any) -> Callable[..., Any]:
    """Returns the body with other values."""
    return lambda *args, **kwargs: function(*args, **kwargs) | wrong


def _one_code_less(order: Order) -> dict[str, Any]:
    body = ISSUED(order)
    return body | {"vouchers": body["vouchers"][1:]}


def _other_codes(order: Order) -> dict[str, Any]:
    body = ISSUED(order)
    return body | {"vouchers": [f"{code}X" for code in body["vouchers"]]}


def _listed_in_one_state(voucher: Voucher) -> list[dict[str, Any]]:
    return [row | {"quantity": voucher.quantity} for row in LISTED(voucher)][:1]


def _anything(connection: Connection, request: Any) -> tuple[Product, Offer]:
    offer = Offer.objects.earliest("pk")
    return offer.product, offer


def _other_code(request: HttpRequest, answer: base.Answer) -> str:
    return ENVELOPE(request, replace(answer, code=404))


def _always_yes(request: HttpRequest, answer: base.Answer) -> str:
    return ENVELOPE(request, replace(answer, code=200, describe="success"))


def _no_to_a_repetition(*, kind: str, key: str, **asked: Any) -> str:
    if (kind, key) in HEARD:
        return '{"code":300,"describe":"重复请求"}'
    HEARD.add((kind, key))
    return ONCE(kind=kind, key=key, **asked)


def _said_anew(**asked: Any) -> str:
    """Returns a valid text that is different in each call."""
    return ONCE(**asked).replace('"describe":"', f'"describe":"{next(NUMBERS)} ', 1)


def _hold_twice(offer: Offer, quantity: int) -> bool:
    return HOLD(offer, quantity) and HOLD(offer, quantity)


def _refusal(*args: Any, **kwargs: Any) -> Any:
    raise Refusal(300, "不行")


def _numbers_only(body: dict[str, Any]) -> requests.CreateRequest:
    if isinstance(body.get("orderId"), str):
        raise Malformed("orderId", Problem.NOT_WHOLE)
    return CREATE(body)


def _our_number_needed(order: Order, partner_order_id: str, code: int) -> None:
    if partner_order_id != order.partner_order_id:
        raise Refusal(code, "订单号不符")


def _a_row_of_nothing(**asked: Any) -> tuple[int, list[dict[str, Any]]]:
    return 1, [{}]


def _by_number_of_tickets(self: Any, asked: requests.RefundRequest) -> str:
    return f"{asked.order_id}/{asked.quantity}"


def _any_tickets(order: Order, vouchers: Any, *, codes: Any, quantity: int, but: Any = None) -> Any:
    return FREE(order, vouchers, codes=(), quantity=quantity, but=but)


def _no_reason(self: webhooks.TripEndpoint, code: int, describe: str) -> Any:
    return NO(self, code, "")


def _one_code(self: webhooks.TripEndpoint, code: int, describe: str) -> Any:
    return NO(self, 300, describe)


ISSUED, LISTED, NO = payloads.issued, payloads._listed, webhooks.TripEndpoint._no
TRIP = webhooks.TripEndpoint
ENVELOPE, ONCE, CREATE = base.envelope, answer_once, requests.parse_create
HOLD, FREE = stock.hold, tickets.free_portions
HEARD: set[tuple[str, str]] = set()
NUMBERS = count()
# (check, where, what, what the wrong server has there instead)
WRONGS: list[tuple[str, Any, str, Any]] = [
    (
        "access.signed",
        TRIP,
        "authenticate",
        lambda *args: (_ for _ in ()).throw(Rejected("closed")),
    ),
    ("access.signature", TRIP, "authenticate", _nothing),
    ("access.signature", TRIP, "_no", _one_code),
    ("access.headers", TRIP, "authenticate", _nothing),
    ("access.no_effect", TRIP, "authenticate", _nothing),
    ("access.clock", TRIP, "_check_date", staticmethod(_nothing)),
    ("access.partner", base, "_is_partner", lambda said, connection: True),
    ("access.garbage", TRIP, "_no", _no_reason),
    ("access.unknown", base, "envelope", _other_code),
    ("create.accepted", payloads, "queried", _more(payloads.queried, orderStatus=4)),
    ("create.repeated", base, "answer_once", _no_to_a_repetition),
    ("create.repeated", base, "answer_once", _said_anew),
    ("create.repeated", stock, "hold", _hold_twice),
    ("create.twins", base, "answer_once", _no_to_a_repetition),
    ("create.twins", base, "answer_once", _said_anew),
    ("create.twins", stock, "hold", _hold_twice),
    ("create.unknown_product", creating, "_on_sale", _anything),
    ("create.paused_product", booking, "check_product", lambda product: product),
    ("create.price", booking, "check_price", lambda offer, request: offer),
    ("create.sold_out", creating, "_sold_out", lambda offer, quantity: Refusal(499, "其他错误")),
    ("create.visitors", booking, "check_visitors", lambda product, request: request.visitors),
    ("create.visitor_numbers", booking, "check_visitors", _refusal),
    ("create.date", booking, "check_dates", _nothing),
    ("create.fields", TRIP, "_no", _no_reason),
    ("create.texts", requests, "parse_create", _numbers_only),
    ("pay.per_ticket", payloads, "issued", _one_code_less),
    ("pay.per_ticket", payloads, "queried", _more(payloads.queried, orderStatus=5)),
    ("pay.per_ticket", payloads, "queried", _more(payloads.queried, orderQuantity=1)),
    ("pay.per_order", payloads, "issued", _one_code_less),
    ("pay.no_code", payloads, "issued", _more(payloads.issued, voucherType=1)),
    (
        "pay.pictures",
        payloads,
        "picture_url",
        lambda voucher: "http://127.0.0.1/trip/vouchers/none.png",
    ),
    ("pay.repeated", base, "answer_once", _no_to_a_repetition),
    ("pay.repeated", base, "answer_once", _said_anew),
    ("pay.twins", base, "answer_once", _no_to_a_repetition),
    ("pay.twins", base, "answer_once", _said_anew),
    ("pay.by_order_id", orders, "expect_same", _our_number_needed),
    ("pay.before_create", base, "envelope", _always_yes),
    ("pay.wrong_partner_order", orders, "expect_same", _nothing),
    ("pay.closed", closing, "_close", _nothing),
    ("query.unknown", services, "order_query", lambda **asked: Order.objects.earliest("pk")),
    ("query.fields", TRIP, "_no", _no_reason),
    ("issue.waiting", payloads, "queried", _more(payloads.queried, orderStatus=4)),
    ("issue.waiting", paying, "is_own", lambda order: True),
    ("issue.done", issuing, "enqueue_pay_notice", _nothing),
    ("issue.failed", issuing, "enqueue_pay_notice", _nothing),
    ("issue.closed", closing, "_close", _nothing),
    ("refund.agreed", tickets, "refund", _nothing),
    ("refund.part", tickets, "free_portions", _any_tickets),
    ("refund.part_of_code", payloads, "_listed", _listed_in_one_state),
    ("refund.by_number", webhooks.Refund, "key", _by_number_of_tickets),
    ("refund.twins", base, "answer_once", _said_anew),
    ("refund.twins", base, "answer_once", _no_to_a_repetition),
    ("refund.review", base, "answer_once", _no_to_a_repetition),
    ("refund.review", payloads, "queried", _more(payloads.queried, refundedQuantity=1)),
    ("refund.review_agreed", refunding, "_agree", _nothing),
    ("refund.review_agreed", refunding, "enqueue_refund_notice", _nothing),
    ("refund.refused_then_agreed", refunding, "enqueue_refund_notice", _nothing),
    ("refund.used", refunding, "_objection", lambda *args: ""),
    ("refund.never", refunding, "_objection", lambda *args: ""),
    ("refund.foreign_codes", base, "envelope", _always_yes),
    ("refund.too_many", refunding, "_objection", lambda *args: ""),
    ("refund.unpaid", base, "envelope", _always_yes),
    ("refund.fields", TRIP, "_no", _no_reason),
    ("consume.one_by_one", consuming, "enqueue_consume_notice", _nothing),
    ("consume.one_by_one", payloads, "consumed", _more(payloads.consumed, usedQuantity=1)),
    ("consume.part_of_code", payloads, "_listed", _listed_in_one_state),
    ("consume.no_code", payloads, "consumed", _more(payloads.consumed, usedQuantity=0)),
    ("consume.twice", tickets, "use", _nothing),
    ("consume.refunded", consuming, "_chosen", lambda *args: []),
    ("close.unpaid", stock, "free_held", _nothing),
    ("close.create_failed", base, "answer_once", _no_to_a_repetition),
    ("close.pay_failed", closing, "_void", _nothing),
    ("close.type", base, "envelope", _always_yes),
    (
        "close.type",
        requests,
        "parse_close",
        lambda body: requests.CloseMessage(body["orderId"], "", 1),
    ),
    ("refunded.service", closing, "_revoke", _nothing),
    ("refunded.unclear", closing, "_revoke", _nothing),
    ("refunded.too_late", closing, "_revoke", _nothing),
    ("products.pull", services, "products_pull", _a_row_of_nothing),
    ("prices.pull", services, "prices_pull", lambda **asked: []),
    ("pois.pull", services, "places_pull", _a_row_of_nothing),
    ("audit.notice", services, "listing_take", _refusal),
    (
        "support.balance",
        webhooks.products.Balance,
        "answer",
        lambda self, connection, asked: base.Answer([]),
    ),
    ("overall.privacy", webhooks.orders, "KEPT", (*webhooks.orders.KEPT, "visitors")),
    ("overall.stock", stock, "give_back", _nothing),
    ("overall.stock", stock, "free_held", _nothing),
]
# The points about the whole run check the results of the others.
BEFORE = {
    "overall.privacy": ["create.visitor_numbers"],
    "overall.stock": ["create.accepted", "refund.agreed"],
}
NOT_MADE_WRONG = {
    # It is about an address, not about the server.
    "address.port": "test_a_bare_address_needs_one_of_meituans_ports",
    # A test that waits 20 seconds is too slow.
    "overall.time": "test_a_call_that_took_too_long_fails_the_whole_run",
}


@pytest.mark.parametrize(
    ("name", "where", "what", "wrong"), WRONGS, ids=[f"{row[0]}-{row[2]}" for row in WRONGS]
)
def test_a_point_fails_where_the_server_is_wrong(
    name: str,
    where: Any,
    what: str,
    wrong: Any,
    connection: Connection,
    live_server: LiveServer,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(where, what, wrong)
    assert list(
        outcomes(drilled(connection, live_server, *BEFORE.get(name, ()), name), Outcome.FAILED)
    ) == [name]


def test_every_point_is_run_against_a_server_that_is_wrong() -> None:
    assert {row[0] for row in WRONGS} | set(NOT_MADE_WRONG) == set(Drill.checklist.names())


def test_a_call_that_took_too_long_fails_the_whole_run(connection: Connection) -> None:
    run = drill_start(connection=connection, base_url="http://127.0.0.1:9", only=["overall.time"])
    for ms, expected in ((20_000, None), (20_001, Failed)):
        exchange = {"operation": "create", "ms": ms, "code": 200, "error": ""}
        run.results = [{"exchanges": [exchange]}]
        with pytest.raises(expected) if expected else nullcontext():
            Drill.checklist.checks["overall.time"].run(Drill(run))
