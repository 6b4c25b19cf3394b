"""The data of trip for the contract tests: ticket products, places, orders, refunds, drills and
notices.
"""

import json
from collections.abc import Callable
from dataclasses import dataclass
from datetime import timedelta
from decimal import Decimal
from functools import partial
from typing import Any

from django.db.models import Model
from django.http import HttpResponse
from django.utils import timezone

from stores.models import Connection, OutboundCall, Store
from tests.contract.kinds import EndpointContract, Expect, OperationContract, Route, Side
from tests.meituan import Meituan, selling
from tests.trip.factories import OfferFactory, TicketConnectionFactory, TicketProductFactory
from trip import services, webhooks
from trip.choices import Issuing, Method, VoucherType
from trip.client import NoticeClient
from trip.models import (
    CalendarChange,
    Consumption,
    DrillRun,
    MeituanNotice,
    Offer,
    Order,
    Place,
    PlannedChange,
    Product,
    Refund,
    RefundStep,
    RegisteredAddress,
    Visitor,
    Voucher,
    tally,
)
from trip.sandbox.signing import Manner
from trip.services.notices import CHANGED, enqueue_product_notice

State = OutboundCall.State

ADMINS = {
    "trip.Product": Expect("clerk", add="manager", change="manager", pages={"calendar": "clerk"}),
    "trip.Place": Expect("clerk", add="manager", change="manager"),
    "trip.Order": Expect("clerk"),
    "trip.Refund": Expect("clerk"),
    "trip.Consumption": Expect("clerk"),
    "trip.DrillRun": Expect("owner"),
    "trip.PlannedChange": Expect("owner", add="owner"),
    "trip.MeituanNotice": Expect("manager"),
}
EXPORTS = {"trip.Order": "ticket", "trip.Consumption": "ticket"}
# Meituan's names for what it issues and asks for, and of systems of coordinates; "success" is
# what Meituan reads in an answer, which an order's timeline quotes.
ENGLISH = {"BD", "PartnerId", "POI", "GCJ", "WGS", "GPS", "success"}


def ticket_of(store: Store) -> Product:
    connection = TicketConnectionFactory(merchant=store.merchant)
    product: Product = TicketProductFactory(connection=connection, store=store)
    return product


def order_of(store: Store) -> Order:
    product = ticket_of(store)
    offer = product.offers.get()
    order: Order = Order.objects.create(
        connection=product.connection, store=store, product=product, offer=offer,
        order_id=product.pk, partner_order_id=f"ZG{product.pk}", quantity=1,
        unit_price=offer.sale_price, buy_price=offer.settlement_price,
        total_price=offer.sale_price, voucher_type=product.voucher_type, pay_until=timezone.now(),
    )  # fmt: skip
    return order


def visitor_of(store: Store) -> Visitor:
    order = order_of(store)
    visitor: Visitor = Visitor.objects.create(order=order, product=order.product)
    return visitor


def voucher_of(store: Store) -> Voucher:
    order = order_of(store)
    voucher: Voucher = Voucher.objects.create(
        connection=order.connection, order=order, code="C", quantity=1
    )
    return voucher


def planned(connection: Connection, **fields: Any) -> PlannedChange:
    begins = timezone.now() + timedelta(days=30)
    known = {"kind": "upgrade", "starts_at": begins, "ends_at": begins + timedelta(hours=2)}
    change: PlannedChange = PlannedChange.objects.create(connection=connection, **(known | fields))
    return change


ROWS: dict[type[Model], Any] = {
    PlannedChange: lambda store: planned(TicketConnectionFactory(merchant=store.merchant)),
    RegisteredAddress: lambda store: RegisteredAddress.objects.create(
        connection=TicketConnectionFactory(merchant=store.merchant), base_url="https://a.example"
    ),
    Consumption: lambda store: Consumption.objects.create(
        order=order_of(store),
        store=store,
        quantity=1,
        method="counter",
        by="x",
    ),
    CalendarChange: lambda store: CalendarChange.objects.create(
        product=ticket_of(store), actor="x", before={"2026-12-01": None}, after={"2026-12-01": {}}
    ),
    Offer: lambda store: ticket_of(store).offers.get(),
    Order: order_of,
    Place: lambda store: Place.objects.create(
        store=store, city="北京", longitude=Decimal("116.4"), latitude=Decimal("39.9")
    ),
    Product: ticket_of,
    Refund: lambda store: Refund.objects.create(
        order=order_of(store),
        store=store,
        refund_id="R",
        status="review",
        quantity=1,
        applied_at=timezone.now(),
    ),
    RefundStep: lambda store: RefundStep.objects.create(
        product=ticket_of(store), minutes_before=60
    ),
    Visitor: visitor_of,
    Voucher: voucher_of,
}


def admin_rows(side: Side) -> dict[str, Model]:
    """Creates a product, its place, an order with a voucher and a visitor, a refund that waits, and
    a drill.
    """
    connection = TicketConnectionFactory(merchant=side.merchant, name=f"{side.word}-tickets")
    product = TicketProductFactory(
        connection=connection,
        store=side.store,
        title=f"{side.word}-ticket",
        by_calendar=True,
        offer=False,
    )
    offer = OfferFactory(product=product, date=timezone.localdate())
    place = Place.objects.create(
        store=side.store,
        city=f"{side.word}-city",
        longitude=Decimal("116.4"),
        latitude=Decimal("39.9"),
    )
    order = Order.objects.create(
        connection=connection,
        store=side.store,
        product=product,
        offer=offer,
        order_id=4900000000000000 + connection.pk,
        partner_order_id=f"{side.word}-order",
        status=Order.Status.ISSUED,
        quantity=1,
        unit_price=offer.sale_price,
        buy_price=offer.settlement_price,
        total_price=offer.sale_price,
        voucher_type=1,
        pay_until=timezone.now(),
    )
    Voucher.objects.create(connection=connection, order=order, code=f"{side.word}-code", quantity=1)
    Visitor.objects.create(order=order, product=product, details={"name": f"{side.word}-visitor"})
    refund = Refund.objects.create(
        order=order,
        store=side.store,
        refund_id=f"{side.word}-refund",
        status=Refund.Status.REVIEW,
        quantity=1,
        applied_at=timezone.now(),
        deadline=timezone.now() + timedelta(days=3),
    )
    use = Consumption.objects.create(
        order=order, store=side.store, quantity=1, method=Method.COUNTER, by=f"{side.word}-guard"
    )
    drill = DrillRun.objects.create(
        connection=connection,
        kind="trip",
        base_url=f"https://{side.word}.example.com",
        started_by=side.people["owner"],
        checks=["create.accepted"],
        results=[
            {
                "name": "create.accepted",
                "title": "",
                "outcome": "failed",
                "detail": f"{side.word}-detail",
                "exchanges": [],
            }
        ],
        finished_at=timezone.now(),
    )
    notice = MeituanNotice.objects.create(
        platform="trip",
        operation="ticket.refund",
        key=str(refund.pk),
        connection=connection,
        pace=connection.pace,
        store=side.store,
        subject_id=refund.pk,
        expires_at=timezone.now() + timedelta(days=1),
        last_error=f"{side.word}-error",
    )
    change = planned(connection, bd_email=f"{side.word}@example.com")
    return {
        "trip.PlannedChange": change,
        "trip.MeituanNotice": notice,
        "trip.Product": product,
        "trip.Place": place,
        "trip.Order": order,
        "trip.Refund": refund,
        "trip.Consumption": use,
        "trip.DrillRun": drill,
    }


def hidden_rows(side: Side, store: Store) -> dict[str, Model]:
    connection = side.merchant.connections.get(platform="trip")
    title = f"{side.word}-hidden-ticket"
    return {"": TicketProductFactory(connection=connection, store=store, title=title)}


ROUTES = [
    Route("GET", "trip/orders/", "trip", (200, 403, 200, 200, 401, 401), is_list=True),
    Route("GET", "trip/orders/<int:order_id>/", "trip", (200, 403, 404, 404, 401, 401)),
    Route(
        "POST",
        "trip/orders/<int:order_id>/issue/",
        "trip",
        (200, 403, 404, 404, 401, 401),
        {"vouchers": []},
    ),
    Route(
        "POST",
        "trip/orders/<int:order_id>/consume/",
        "trip",
        (201, 403, 404, 404, 401, 401),
        {"quantity": 1},
    ),
    Route(
        "POST",
        "trip/orders/<int:order_id>/refunds/<path:refund_id>/",
        "trip",
        (200, 403, 404, 404, 401, 401),
        {"decision": "agree"},
    ),
]


def refund_under_review(store: Store) -> Refund:
    """Creates a refund of one of the two tickets of an order without codes."""
    meituan, product = selling(
        connection=TicketConnectionFactory(merchant=store.merchant),
        store=store,
        voucher_type=VoucherType.NONE,
        refund_review=True,
    )
    meituan.refund(meituan.bought(product, 2), 1)
    return Refund.objects.select_related("order").get()


def api_ids(store: Store) -> dict[str, int | str]:
    refund = refund_under_review(store)
    return {"order_id": refund.order.order_id, "refund_id": refund.refund_id}


def _used_twice(ask: Callable[..., Any]) -> Any:
    for refund in Refund.objects.filter(status=Refund.Status.REVIEW):
        services.refund_decide(
            refund_pk=refund.pk, agree=False, reason="used", actor=None, method=Method.API
        )
    return [ask({"quantity": 1}) for _ticket in range(3)][-1]


def _used_otherwise(ask: Callable[..., Any]) -> Any:
    key = {"Idempotency-Key": "gate-1"}
    ask({"quantity": 1}, **key)
    return ask({"quantity": 2}, **key)


def _refused_after_agreeing(ask: Callable[..., Any]) -> Any:
    ask({"decision": "agree"})
    return ask({"decision": "refuse", "reason": "used"})


PROBLEMS = {
    ("trip_orders_issue", "order_conflict"): lambda ask: ask({"vouchers": ["OTHER-1"]}),
    ("trip_orders_consume", "order_conflict"): _used_twice,
    ("trip_orders_consume", "key_reused"): _used_otherwise,
    ("trip_refunds_decide", "order_conflict"): _refused_after_agreeing,
}


def enqueue_pay_notice() -> OutboundCall:
    meituan, product = selling(issuing=Issuing.UPSTREAM)
    order = meituan.bought(product)
    services.order_issue(order_pk=order.pk, codes=["UP-1"], actor=None, method=Method.API)
    return OutboundCall.objects.get()


def enqueue_refund_notice() -> OutboundCall:
    meituan, product = selling(refund_review=True)
    order = meituan.bought(product)
    meituan.refund(order, 1)
    refund = order.refunds.get()
    services.refund_decide(
        refund_pk=refund.pk, agree=True, reason="", actor=None, method=Method.API
    )
    return OutboundCall.objects.get()


def enqueue_consume_notice() -> OutboundCall:
    meituan, product = selling()
    services.order_consume(
        order_pk=meituan.bought(product).pk, quantity=1, actor=None, method=Method.API
    )
    return OutboundCall.objects.get()


def enqueue_change() -> OutboundCall:
    enqueue_product_notice(selling()[1], CHANGED)
    return OutboundCall.objects.get()


def notice(
    name: str,
    enqueue: Callable[[], OutboundCall],
    send: Callable[[NoticeClient], str],
    facts: Callable[[int], Any],
) -> OperationContract:
    """Returns the contract of a notice: the facts are settled before it, so no outcome of the
    notice changes them.
    """
    known = {"partner_id": "1001", "client_id": "c", "secret": "s", "timeout": (5.0, 5.0)}
    return OperationContract(
        platform="trip",
        remote_call=name,
        answer=lambda url: send(NoticeClient(url, **known)),  # type: ignore[arg-type]
        enqueue=enqueue,
        row=lambda call: facts(call.subject_id),
        allowed={state: {True} for state in State.values},
        retried={True: True, False: True},
    )


def used(pk: int) -> bool:
    return tally(Consumption.objects.get(pk=pk).order.vouchers.all()).used == 1


OPERATIONS = {
    ("trip", "ticket.issued"): notice(
        "pay_notice",
        enqueue_pay_notice,
        lambda client: client.pay(issue_type=1, describe="success", body={}),
        lambda pk: Order.objects.get(pk=pk).status == Order.Status.ISSUED,
    ),
    ("trip", "ticket.refund"): notice(
        "refund_notice",
        enqueue_refund_notice,
        lambda client: client.refund(code=200, describe="退款成功", body={}),
        lambda pk: Refund.objects.get(pk=pk).status == Refund.Status.AGREED,
    ),
    ("trip", "ticket.used"): notice(
        "consume_notice", enqueue_consume_notice, lambda client: client.consume(body={}), used
    ),
    ("trip", "ticket.product"): notice(
        "product_notice",
        enqueue_change,
        lambda client: client.product(body=[]),
        lambda pk: Product.objects.filter(pk=pk).exists(),
    ),
}


PAGE = {"method": "page"}


@dataclass(frozen=True)
class Caller:
    """Implements tests.contract.kinds.Caller for one interface."""

    meituan: Meituan
    interface: str
    body: Any

    def post(self, body: bytes | None = None, *, is_signed: bool = True) -> HttpResponse:
        partner = int(self.meituan.connection.account)
        right = json.dumps({"partnerId": partner, "body": self.body}).encode()
        manner = Manner(without=() if is_signed else ("Authorization",))
        answer: HttpResponse = self.meituan.raw(
            self.interface, right if body is None else body, manner
        )
        return answer


def asked(interface: str, body_of: Callable[[Meituan, Product], Any]) -> EndpointContract:
    """Returns the contract of an interface; `body_of` makes a valid body for a product on sale."""

    def caller() -> Caller:
        meituan, product = selling()
        return Caller(meituan, interface, body_of(meituan, product))

    return EndpointContract(caller, lambda answer: json.loads(answer.content)["code"] == 200)


def _number(meituan: Meituan, product: Product, *, pay: bool = True) -> dict[str, Any]:
    return {"orderId": meituan.bought(product, pay=pay).order_id}


ENDPOINTS = {
    webhooks.Create: asked("order/create", lambda meituan, product: meituan.order_body(product)),
    webhooks.Pay: asked("order/pay", partial(_number, pay=False)),
    webhooks.Query: asked("order/query", _number),
    webhooks.Refund: asked(
        "order/refund",
        lambda meituan, product: meituan.refund_body(meituan.bought(product), 1),
    ),
    webhooks.Close: asked(
        "order/close", lambda meituan, product: _number(meituan, product) | {"closeType": 3}
    ),
    webhooks.Refunded: asked(
        "order/refunded",
        lambda meituan, product: meituan.refunded_body(meituan.bought(product), 1),
    ),
    webhooks.Products: asked("product/list", lambda _meituan, _product: PAGE),
    webhooks.Prices: asked(
        "product/price",
        lambda _meituan, product: {
            "partnerDealId": product.deal_id,
            "startTime": "2026-12-01",
            "endTime": "2026-12-31",
        },
    ),
    webhooks.Listing: asked(
        "product/audit",
        lambda _meituan, product: [{"partnerDealId": product.deal_id, "status": 1}],
    ),
    webhooks.Places: asked("poi/list", lambda _meituan, _product: PAGE),
    webhooks.Heartbeat: asked("support/heartbeat", lambda _meituan, _product: {}),
    webhooks.Balance: asked(
        "support/balance", lambda _meituan, product: {"partnerDealIds": [product.deal_id]}
    ),
}
