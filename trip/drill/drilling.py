"""The tools of the checks: the connection, Meituan's calls over HTTP, and expectations."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from typing import Any

from django.utils.translation import gettext_lazy as _
from django_stubs_ext import StrOrPromise

from stores.drills.checklist import Checklist
from stores.drills.drill import Drill as BaseDrill
from stores.drills.results import Failed
from stores.models import DrillRun, OutboundCall
from stores.platforms import outbox
from trip.addresses import INTERFACES
from trip.client import NoticeClient
from trip.drill.sample_products import Wanted, Ware, find
from trip.drill.tidying import drill_orders, end, orders_of_run
from trip.models import Order
from trip.sandbox import learning
from trip.sandbox.calls import Exchange, Partner
from trip.sandbox.orders import Order as Asked
from trip.sandbox.orders import Refund as Application
from trip.sandbox.orders import refund_id
from trip.sandbox.player import Player
from trip.services.notices import Notice, plays_meituan, revoke_drill_notices

# The "other failure" code of each interface (docs/platforms/trip.md §4.1).
OTHER = {"create": 499, "pay": 599, "query": 399, "refund": 699}
USUAL_OTHER = 300
# The longest time for a notice, which Meituan may refuse once before it accepts it.
ARRIVAL_SECONDS = 10.0


GROUPS: dict[str, StrOrPromise] = {
    "address": _("Address"),
    "access": _("Signature and access"),
    "create": _("Create an order"),
    "pay": _("Pay an order"),
    "query": _("Query an order"),
    "issue": _("Issue tickets later"),
    "refund": _("Refund an order"),
    "refunded": _("Already refunded (message)"),
    "consume": _("Use tickets"),
    "close": _("Order closed (message)"),
    "products": _("Pull products"),
    "prices": _("Pull the price calendar"),
    "pois": _("Pull places"),
    "audit": _("Listing and audit (message)"),
    "support": _("Heartbeat and balance"),
    "overall": _("Over the whole run"),
}
CHECKLIST: Checklist[Drill] = Checklist("trip", GROUPS, hidden=frozenset({"visitors"}))
check = CHECKLIST.check


class Drill(BaseDrill):
    """The tools of one run; `asked` are the orders of the current check."""

    checklist = CHECKLIST

    def __init__(self, run: DrillRun) -> None:
        super().__init__(run)
        connection, credentials = run.connection, run.connection.credentials
        paths = {each.name: each.path for each in INTERFACES} | {"nonsense": "no/such/interface"}
        self.partner = Partner(
            connection.account,
            str(credentials.get("client_id", "")),
            str(credentials.get("client_secret", "")),
            {name: f"{self.base_url}/trip/{connection.pk}/{path}" for name, path in paths.items()},
        )
        self.player = Player(self.partner, heard=lambda exchange: self.exchanges.append(exchange))

    def begin(self) -> None:
        super().begin()
        self.asked: list[Asked] = []

    # Giving tickets back

    def tidy_forgotten(self) -> None:
        """Ends the orders of earlier runs that were interrupted."""
        end(
            self.player,
            drill_orders(self.connection).filter(
                created_at__lt=self.run.started_at, closed_at=None
            ),
        )

    def tidy(self) -> None:
        """Ends the orders of the current check with Meituan's own messages."""
        numbers = [asked.order_id for asked in self.asked]
        end(self.player, drill_orders(self.connection).filter(order_id__in=numbers))

    def tidy_up(self) -> None:
        """Revokes the notices that have not arrived by the end of the run."""
        revoke_drill_notices(orders_of_run(self.run))

    # Orders

    def ware(self, **wanted: Any) -> Ware:
        return find(self.connection, Wanted(**wanted))

    def order(self, **wanted: Any) -> Asked:
        """Returns an order that is not sent yet. Raises LeftOut when no product fits."""
        asked = self.ware(**wanted).order(self.partner.partner_id)
        self.asked.append(asked)
        return asked

    def created(self, **wanted: Any) -> Asked:
        """Returns an order that the server has accepted."""
        asked = self.order(**wanted)
        self.create(asked)
        return asked

    def create(self, asked: Asked) -> Exchange:
        exchange = self.player.create(asked)
        self.expect_code(exchange, 200)
        learning.created(asked, exchange)
        self.expect(bool(asked.partner_order_id), _("create answers a partnerOrderId"))
        return exchange

    def issued(self, **wanted: Any) -> Asked:
        """Returns an order that was paid and issued at once."""
        asked = self.created(**{"issuing": "own", **wanted})
        self.pay(asked)
        return asked

    def pay(self, asked: Asked, *codes: int) -> Exchange:
        exchange = self.player.pay(asked)
        self.expect_code(exchange, *(codes or (200,)))
        learning.paid(asked, exchange)
        return exchange

    def row(self, asked: Asked) -> Order:
        """Returns our row of the order. Raises Failed when there is none."""
        row = Order.objects.filter(connection=self.connection, order_id=asked.order_id).first()
        if row is None:
            raise Failed(_("The order is not in our tables."))
        return row

    def queried(self, asked: Asked) -> dict[str, Any]:
        """Queries the order and returns the body, which must be complete and agree with Meituan's
        view.
        """
        exchange = self.player.query(asked)
        self.expect_code(exchange, 200)
        learning.queried(asked, exchange)
        body = self.body(exchange)
        differences = learning.differences(asked, exchange)
        self.expect(not differences, "; ".join(differences))
        self._expect_sums(asked, body)
        return body

    def _expect_sums(self, asked: Asked, body: dict[str, Any]) -> None:
        rows = body.get("voucherList") or []
        if body.get("orderStatus") != 4 or body.get("voucherType") == 0:
            self.expect(not rows, _("only an issued order with codes lists vouchers"))
            return
        sums = {
            status: sum(row["quantity"] for row in rows if row["status"] == status)
            for status in range(4)
        }
        self.expect_equal("sum(voucherList.quantity)", sum(sums.values()), body["orderQuantity"])
        self.expect_equal("voucherList status 1", sums[1], body["usedQuantity"])
        self.expect_equal("voucherList status 2", sums[2], body["refundedQuantity"])

    def application(self, asked: Asked, quantity: int, codes: Sequence[str] = ()) -> Application:
        """Returns an application for a refund; without codes, for the first unused vouchers."""
        unused = [code for code, state in asked.vouchers.items() if state == "unused"]
        chosen = list(codes) or (unused if asked.voucher_type == 2 else unused[:quantity])
        refund = Application(
            refund_id(asked.order_id), quantity, chosen, round(asked.unit_price * quantity, 2)
        )
        asked.refunds[refund.refund_id] = refund
        return refund

    def ask_refund(self, asked: Asked, refund: Application, *codes: int) -> Exchange:
        exchange = self.player.refund(asked, refund)
        self.expect_code(exchange, *(codes or (200, 601)))
        learning.refund_answered(asked, refund, exchange)
        return exchange

    # Expectations

    def expect_code(self, exchange: Exchange, *codes: int) -> None:
        """Expects HTTP 200 with a complete envelope and one of the codes. Raises Failed."""
        self.expect_envelope(exchange)
        if exchange.code not in codes:
            raise Failed(
                _("%(operation)s should answer %(codes)s, not %(code)s %(describe)s."),
                operation=exchange.operation,
                codes="/".join(map(str, codes)),
                code=exchange.code,
                describe=exchange.describe,
            )

    def expect_refusal(self, exchange: Exchange, *codes: int) -> None:
        """Expects a failure with a reason in `describe` and without a body; without `codes`, any
        failure code fits.
        """
        self.expect_envelope(exchange)
        if codes:
            self.expect_code(exchange, *codes)
        self.expect(
            exchange.code not in (200, 598, 601, 602),
            _("%(name)s should be refused."),
            name=exchange.operation,
        )
        self.expect(
            exchange.describe not in ("", "success"),
            _("A refusal must give its true reason in describe."),
        )

    def expect_other(self, exchange: Exchange) -> None:
        """Expects a refusal with the interface's code for all other failures."""
        self.expect_refusal(exchange, OTHER.get(exchange.operation, USUAL_OTHER))
        self.expect(exchange.body is None, _("A failed call must not answer a body."))

    def expect_envelope(self, exchange: Exchange) -> None:
        if exchange.error:
            raise Failed(
                _("No answer to %(name)s: %(error)s after %(ms)d ms."),
                name=exchange.operation,
                error=exchange.error,
                ms=exchange.ms,
            )
        self.expect_equal("HTTP", exchange.status, 200)
        self.expect(type(exchange.code) is int, _("code must be a whole number."))
        self.expect(
            isinstance(exchange.envelope.get("describe"), str), _("describe must be a text.")
        )

    def expect_same_bytes(self, first: Exchange, *others: Exchange) -> None:
        for other in others:
            self.expect_envelope(other)
            if other.answer != first.answer:
                raise Failed(
                    _("A repeated call must get the same answer: %(first)s, then %(other)s."),
                    first=first.answer,
                    other=other.answer,
                )

    def expect_same_always(
        self, first: Exchange, again: Callable[[], Exchange], times: int = 2
    ) -> None:
        self.expect_same_bytes(first, *[again() for _time in range(times)])

    def body(self, exchange: Exchange) -> dict[str, Any]:
        if not isinstance(exchange.body, dict):
            raise Failed(_("%(name)s must answer a body."), name=exchange.operation)
        return exchange.body

    def expect_ids(self, exchange: Exchange, asked: Asked) -> dict[str, Any]:
        body = self.body(exchange)
        self.expect_equal("orderId", body.get("orderId"), asked.order_id)
        self.expect_equal("partnerOrderId", body.get("partnerOrderId"), asked.partner_order_id)
        return body

    def expect_owed(self, notice: type[Notice], subjects: Iterable[int]) -> None:
        """Expects that the notices are in our ledger and, if Meituan is simulated, that they
        arrive.

        The real Meituan gets no notices about orders that it did not make. Raises Failed.
        """
        for subject in subjects:
            calls = OutboundCall.objects.filter(
                connection=self.connection, operation=notice.name, subject_id=subject
            ).order_by("-id")
            call = calls.first()
            if call is None:
                raise Failed(_("We do not owe Meituan the notice: %(name)s."), name=notice.title)
            if plays_meituan(self.connection):
                self._expect_arrival(call, notice)
            else:
                text = _(
                    "%(title)s: owed. Whether it arrives was not tested:"
                    " the real Meituan has no such order."
                )
                self.note(text, title=notice.title)

    def _expect_arrival(self, call: OutboundCall, notice: type[Notice]) -> None:
        """Sends the notice itself, because the drill may run in the only worker, and waits for its
        arrival.
        """

        def is_over() -> bool:
            if call.state in OutboundCall.LIVE:
                outbox.attempt_now(call, patience=1.0)
                call.refresh_from_db()
            return call.state not in OutboundCall.LIVE

        self.wait_until(is_over, seconds=ARRIVAL_SECONDS)
        if call.state != OutboundCall.State.DONE:
            raise Failed(
                _("%(title)s: it has not arrived at %(url)s. %(error)s"),
                title=notice.title,
                url=NoticeClient.of(self.connection).base_url,
                error=call.last_error,
            )
        self.note(_("%(title)s: it has arrived."), title=notice.title)
