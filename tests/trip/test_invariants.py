"""Rules that hold after every step of any story: quantities agree, stock adds up, no final answer
ever changes.
"""

from contextlib import suppress
from datetime import date, timedelta
from typing import Any

import pytest
from hypothesis import HealthCheck, settings
from hypothesis import strategies as st
from hypothesis.stateful import (
    RuleBasedStateMachine,
    initialize,
    invariant,
    precondition,
    rule,
    run_state_machine_as_test,
)

from stores.conflicts import Conflict
from stores.models import InboundEvent
from tests.meituan import Meituan
from tests.trip.factories import OfferFactory, TicketConnectionFactory, TicketProductFactory
from trip import services
from trip.choices import CloseType, Issuing, Method, RefundType, VoucherType
from trip.models import Offer, Order, Product, Refund, Voucher, tally
from trip.services import payloads, tickets
from trip.services.paying import expire_unpaid
from trip.wire.requests import parse_refunded

DAY = date.today() + timedelta(days=30)
Status = Order.Status
KINDS: tuple[dict[str, Any], ...] = (
    {"voucher_type": VoucherType.PER_TICKET, "offer__stock": 6},
    {"voucher_type": VoucherType.PER_ORDER},
    {"voucher_type": VoucherType.NONE, "offer__stock": 8},
    {
        "voucher_type": VoucherType.PER_TICKET,
        "issuing": Issuing.UPSTREAM,
        "refund_review": True,
        "offer__stock": 5,
    },
    {
        "voucher_type": VoucherType.PER_ORDER,
        "issuing": Issuing.UPSTREAM,
        "by_calendar": True,
        "offer": False,
    },
    {"voucher_type": VoucherType.NONE, "issuing": Issuing.UPSTREAM},
    {"voucher_type": VoucherType.PER_TICKET, "refund_review": True, "offer__stock": 9},
    {"voucher_type": VoucherType.PER_ORDER, "refund_review": True, "partial_refund": False},
    {"voucher_type": VoucherType.PER_TICKET, "refund_type": RefundType.NEVER, "offer__stock": 4},
)
picks = st.integers(0, 10_000)
few = st.integers(1, 3)


class OrderMachine(RuleBasedStateMachine):
    """Meituan, the counter, the ticketing system and the back office, each acting at any moment."""

    def __init__(self) -> None:
        super().__init__()
        self.asked: list[tuple[str, dict[str, Any]]] = []
        self.final: dict[tuple[str, str], bytes] = {}
        self.walkable: set[int] = set()
        self.touched: set[int] = set()

    @initialize()
    def open(self) -> None:
        connection = TicketConnectionFactory()
        self.meituan = Meituan(connection)
        self.products: list[Product] = []
        for kind in KINDS:
            product = TicketProductFactory(connection=connection, **kind)
            if product.by_calendar:
                OfferFactory(product=product, date=DAY, stock=4)
            self.products.append(product)

    # What happens

    @rule(pick=picks, quantity=few)
    def create(self, pick: int, quantity: int) -> None:
        product = self.products[pick % len(KINDS)]
        self.ask("order/create", self.meituan.order_body(product, quantity))

    @precondition(lambda self: self.asked)
    @rule(pick=picks)
    def repeat(self, pick: int) -> None:
        self.ask(*self.asked[pick % len(self.asked)])

    @precondition(lambda self: self.orders.exists())
    @rule(pick=picks)
    def pay(self, pick: int) -> None:
        self.ask("order/pay", {"orderId": self.order(pick).order_id, "partnerOrderId": ""})

    @precondition(lambda self: self.orders.exists())
    @rule(pick=picks, enough=st.booleans())
    def issue(self, pick: int, enough: bool) -> None:
        order = self.order(pick, Status.ISSUING)
        count = {VoucherType.NONE: 0, VoucherType.PER_TICKET: order.quantity}.get(
            VoucherType(order.voucher_type), 1
        )
        codes = [f"UP{order.pk}-{n}" for n in range(count + (not enough))]
        self.allowed(
            services.order_issue, order_pk=order.pk, codes=codes, actor=None, method=Method.API
        )

    @precondition(lambda self: self.orders.exists())
    @rule(pick=picks)
    def fail(self, pick: int) -> None:
        order = self.order(pick, Status.ISSUING)
        self.allowed(
            services.order_fail, order_pk=order.pk, reason="上游无票", actor=None, method=Method.API
        )

    @precondition(lambda self: self.orders.exists())
    @rule(pick=picks, quantity=few, by_code=st.booleans())
    def refund(self, pick: int, quantity: int, by_code: bool) -> None:
        order = self.order(pick, Status.ISSUED)
        codes = self.codes(order, pick, quantity) if by_code else []
        self.ask("order/refund", self.meituan.refund_body(order, quantity, codes))

    @precondition(lambda self: self.refunds.exists())
    @rule(pick=picks, agree=st.booleans())
    def decide(self, pick: int, agree: bool) -> None:
        refund = self.refunds[pick % self.refunds.count()]
        self.touched.add(refund.order.order_id)
        was = refund.status
        reason = "" if agree else "门票已制作"
        self.allowed(
            services.refund_decide,
            refund_pk=refund.pk,
            agree=agree,
            reason=reason,
            actor=None,
            method=Method.ADMIN,
        )
        refund.refresh_from_db()
        assert refund.status in (was, *Refund.TRANSITIONS[was])

    @precondition(lambda self: self.orders.exists())
    @rule(
        pick=picks,
        count=st.integers(1, 5),
        by_code=st.booleans(),
        of_refund=st.booleans(),
        numbered=st.booleans(),
    )
    def refunded(
        self, pick: int, count: int, by_code: bool, of_refund: bool, numbered: bool
    ) -> None:
        order = self.order(pick, Status.ISSUED)
        known = order.refunds.order_by("pk").last() if of_refund else None
        number = known.refund_id if known else f"S{len(self.asked)}"
        body = {
            "orderId": order.order_id,
            **({"refundSerialNo": number} if numbered else {}),
            "voucherList": self.codes(order, pick, count) if by_code else [],
            "refundPrice": -1,
            "refundMessageType": 1 + pick % 3,
            "reason": "客服退款",
            "refundTime": f"2026-11-22 10:{len(self.asked) // 60:02d}:{len(self.asked) % 60:02d}",
            "count": count,
        }
        self.ask("order/refunded", body)

    @precondition(lambda self: self.orders.exists())
    @rule(pick=picks, close_type=st.sampled_from(CloseType.values))
    def close(self, pick: int, close_type: int) -> None:
        self.ask("order/close", {"orderId": self.order(pick).order_id, "closeType": close_type})

    @precondition(lambda self: self.orders.exists())
    @rule(pick=picks, quantity=st.integers(1, 3) | st.none(), by_code=st.booleans())
    def consume(self, pick: int, quantity: int | None, by_code: bool) -> None:
        order = self.order(pick, Status.ISSUED)
        codes = self.codes(order, pick, quantity or 1) if by_code else []
        key = f"till-{pick % 7}"
        self.allowed(
            services.order_consume,
            order_pk=order.pk,
            codes=codes,
            quantity=quantity,
            actor=None,
            method=Method.COUNTER,
            any_day=True,
            request_key=key,
        )

    @precondition(lambda self: self.orders.exists())
    @rule(pick=picks)
    def time_to_pay_ends(self, pick: int) -> None:
        order = self.order(pick, Status.CREATED)
        Order.objects.filter(pk=order.pk).update(pay_until=order.created_at - timedelta(hours=3))
        expire_unpaid()

    # What always holds

    @invariant()
    def what_was_touched_agrees(self) -> None:
        for order in self.orders.filter(order_id__in=self.touched):
            vouchers = list(order.vouchers.all())
            self.adds_up(order, vouchers)
            body = self.meituan.query(order.order_id)["body"]
            self.agrees(order, vouchers, body)
            assert order.order_id not in self.walkable or body["orderStatus"] == 4
            if body["orderStatus"] == 4:
                self.walkable.add(order.order_id)
        self.touched.clear()

    @invariant()
    def stock_adds_up(self) -> None:
        rows = list(self.orders.prefetch_related("vouchers"))
        for offer in Offer.objects.filter(product__connection=self.meituan.connection):
            of_offer = [order for order in rows if order.offer_id == offer.pk]
            held = sum(order.quantity for order in of_offer if order.status == Status.CREATED)
            sold = sum(self.sold(order) for order in of_offer)
            assert (offer.held, offer.sold) == (held, sold)
            assert offer.stock is None or held + sold <= offer.stock

    def teardown(self) -> None:
        """Checks all orders at the end: a step may have moved another order than its own."""
        self.touched.update(self.orders.values_list("order_id", flat=True))
        self.what_was_touched_agrees()

    @staticmethod
    def adds_up(order: Order, vouchers: list[Voucher]) -> None:
        counts = tally(vouchers)
        assert counts.total == (order.quantity if order.status == Status.ISSUED else 0)
        assert all(min(row.used, row.refunded, row.voided, row.unused) >= 0 for row in vouchers)
        codes = [row.code for row in vouchers if row.code]
        wanted = {
            VoucherType.NONE: 0,
            VoucherType.PER_TICKET: order.quantity,
            VoucherType.PER_ORDER: 1,
        }
        assert (
            len(set(codes))
            == len(codes)
            == (wanted[VoucherType(order.voucher_type)] if vouchers else 0)
        )
        assert counts.used == sum(order.consumptions.values_list("quantity", flat=True))
        refunds = list(order.refunds.all())
        assert counts.refunded == sum(
            row["quantity"] for refund in refunds for row in refund.tickets
        )
        if order.status == Status.ISSUED:
            agreed = [
                refund.quantity for refund in refunds if refund.status == Refund.Status.AGREED
            ]
            assert counts.refunded == sum(agreed)
        reviews = [refund for refund in refunds if refund.status == Refund.Status.REVIEW]
        frozen = tickets.frozen_by_reviews(order, vouchers)
        assert sum(frozen.values()) == sum(refund.quantity for refund in reviews)
        for refund in reviews:
            # Each can still be agreed to, whichever comes first.
            free = tickets.free_portions(
                order, vouchers, codes=refund.codes, quantity=refund.quantity, but=refund
            )
            assert tickets.count(free) == refund.quantity

    @staticmethod
    def agrees(order: Order, vouchers: list[Voucher], body: dict[str, Any]) -> None:
        """Expects that the answer to a query, a notice of a use made now, and the rows agree."""
        counts = tally(vouchers)
        told = (body["orderQuantity"], body["usedQuantity"], body["refundedQuantity"])
        assert told == (order.quantity, counts.used, counts.refunded)
        listed = body.get("voucherList", [])
        if order.status == Status.ISSUED and order.voucher_type != VoucherType.NONE:
            by_state = [
                sum(item["quantity"] for item in listed if item["status"] == state)
                for state in range(4)
            ]
            assert by_state == [counts.unused, counts.used, counts.refunded, counts.voided]
            assert sum(by_state) == order.quantity
        else:
            assert not listed
        if consumption := order.consumptions.first():
            notice = payloads.consumed(consumption)
            assert (notice["quantity"], notice["usedQuantity"]) == told[:2]
            assert notice["refundedQuantity"] <= counts.refunded

    # Means

    @property
    def orders(self) -> Any:
        return (
            Order.objects.filter(connection=self.meituan.connection)
            .order_by("pk")
            .select_related("product")
        )

    @property
    def refunds(self) -> Any:
        return Refund.objects.filter(order__connection=self.meituan.connection).order_by("pk")

    def order(self, pick: int, likely: str = "") -> Order:
        """Returns some order; in three of four cases one in the likely state."""
        rows = list(self.orders.filter(status=likely)) if likely and pick % 4 else []
        rows = rows or list(self.orders)
        found: Order = rows[pick % len(rows)]
        self.touched.add(found.order_id)
        return found

    def codes(self, order: Order, pick: int, quantity: int) -> list[str]:
        known = [row.code for row in order.vouchers.order_by("pk") if row.code]
        return [known[(pick + n) % len(known)] for n in range(min(quantity, len(known)))]

    @staticmethod
    def sold(order: Order) -> int:
        counts = tally(order.vouchers.all())
        if order.status == Status.ISSUED:
            return order.quantity - counts.refunded - counts.voided
        return order.quantity if order.status == Status.ISSUING else 0

    def ask(self, interface: str, body: dict[str, Any]) -> None:
        """Calls the interface, and expects that a final answer is repeated byte for byte."""
        self.asked.append((interface, body))
        self.touched.add(body["orderId"])
        answer = self.meituan.ask(interface, body)
        assert answer["code"] in ANSWERS[interface], answer
        if answer["code"] == 607:
            product = self.orders.get(order_id=body["orderId"]).product
            assert product.refund_type == RefundType.NEVER
        serial = parse_refunded(body).serial if interface == "order/refunded" else None
        named = [body.get("refundId"), serial, body.get("closeType")]
        key = "/".join(str(name) for name in (body["orderId"], *named) if name is not None)
        assert (
            self.final.get((interface, key), self.meituan.last_answer) == self.meituan.last_answer
        )
        event = InboundEvent.objects.get(
            connection=self.meituan.connection, kind=interface.replace("/", "."), dedup_key=key
        )
        assert event.answer.encode() == self.meituan.last_answer
        if event.is_final:
            self.final[interface, key] = self.meituan.last_answer

    @staticmethod
    def allowed(service: Any, **given: Any) -> None:
        with suppress(Conflict):
            service(**given)


ANSWERS = {
    "order/create": (200, 420, 499),
    "order/pay": (200, 598, 599),
    "order/refund": (200, 601, 602, 606, 607, 699),
    "order/refunded": (200,),
    "order/close": (200,),
}


@pytest.mark.django_db
@pytest.mark.timeout(300)
def test_every_story_keeps_the_promises() -> None:
    run_state_machine_as_test(
        OrderMachine,
        settings=settings(
            max_examples=8,
            stateful_step_count=30,
            deadline=None,
            suppress_health_check=list(HealthCheck),
        ),
    )
