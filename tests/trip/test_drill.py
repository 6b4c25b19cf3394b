"""The acceptance drill against a live server: every point passes, and fails where the server is made to be wrong."""

import json
from collections.abc import Callable
from datetime import timedelta
from decimal import Decimal
from io import StringIO
from typing import Any

import pytest
from django.core.management import CommandError, call_command
from django.utils import timezone, translation
from pytest_django.fixtures import Settings
from pytest_django.live_server_helper import LiveServer

from stores.errors import Conflict
from stores.models import Connection, OutboundCall
from stores.platforms import queue
from stores.platforms.endpoint import Rejected
from tests import factories
from tests.meituan import Meituan
from trip import services, tasks, webhooks
from trip.choices import CredentialType, Issuing, Listing, ListingCheck, RefundType, Refusal, VisitorInfo, VoucherType
from trip.drill import Outcome, drill_run, drill_start, names
from trip.drill.drilling import Drill
from trip.drill.registry import CHECKS
from trip.drill.results import Failed, LeftOut
from trip.drill.tidying import tidy, tidy_notices
from trip.models import DrillRun, Offer, Order, Place, Product, Voucher, tally
from trip.services import booking, closing, consuming, creating, issuing, paying, refunding, saying, stock, tickets
from trip.webhooks import base

pytestmark = pytest.mark.django_db(transaction=True)


@pytest.fixture
def connection() -> Connection:
    """A merchant who sells one product of each kind that matters."""
    connection: Connection = factories.ConnectionFactory(trip=True)
    store = factories.StoreFactory(merchant=connection.merchant)
    Place.objects.create(store=store, city="北京", longitude=Decimal("116.4"), latitude=Decimal("39.9"))
    usual = {"listing": Listing.LISTED, "listing_check": ListingCheck.PASSED, "offer__stock": 5}

    def sell(deal_id: str, **fields: Any) -> Product:
        product: Product = factories.TicketProductFactory(
            connection=connection, store=store, deal_id=deal_id, **{**usual, **fields}
        )
        return product

    sell("ticket")
    sell("code", voucher_type=VoucherType.PER_ORDER)
    sell("list", voucher_type=VoucherType.NONE)
    sell("upstream", issuing=Issuing.UPSTREAM)
    sell("reviewed", refund_review=True)
    sell("final", refund_type=RefundType.NEVER)
    sell("paused", state=Product.State.PAUSED)
    sell("named", visitor_info=VisitorInfo.EACH, credential_types=[CredentialType.IDENTITY_CARD], phone_limit=2)
    day = sell("day", by_calendar=True, offer=False)
    for ahead in (3, 4):
        factories.OfferFactory(product=day, date=timezone.localdate() + timedelta(days=ahead), stock=5)
    return connection


def drilled(connection: Connection, live_server: LiveServer, *only: str) -> dict[str, dict[str, Any]]:
    run = drill_start(connection=connection, base_url=live_server.url, only=only)
    assert drill_run(run=run) is True
    run.refresh_from_db()
    assert (run.error, run.finished_at is None, run.lease_until) == ("", False, None)
    return {result["name"]: result for result in run.results}


def outcomes(results: dict[str, dict[str, Any]], outcome: Outcome) -> dict[str, str]:
    return {name: result["detail"] for name, result in results.items() if result["outcome"] == outcome}


def stocks() -> dict[int, tuple[int, int]]:
    return {offer.pk: (offer.held, offer.sold) for offer in Offer.objects.all()}


def test_a_server_as_it_should_be_passes_every_point_and_keeps_no_ticket(
    connection: Connection, live_server: LiveServer
) -> None:
    before = stocks()
    results = drilled(connection, live_server)
    assert list(results) == names()
    assert outcomes(results, Outcome.FAILED) == {}
    assert list(outcomes(results, Outcome.LEFT_OUT)) == ["address.port"]
    assert stocks() == before
    assert set(Order.objects.values_list("is_drill", "needs_person")) == {(True, "")}
    assert sum(tally(order.vouchers.all()).unused for order in Order.objects.all()) == 0


# A point that cannot fail shows nothing: each is run against a server that is wrong in just that.


def _nothing(*args: Any, **kwargs: Any) -> None:
    return None


def _more(function: Callable[..., Any], **wrong: Any) -> Callable[..., Any]:
    """The same body with other values."""
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


def _no_reason(self: webhooks.TripEndpoint, code: int, describe: str) -> Any:
    return NO(self, code, "")


def _one_code(self: webhooks.TripEndpoint, code: int, describe: str) -> Any:
    return NO(self, 300, describe)


ISSUED, LISTED, NO = saying.issued, saying._listed, webhooks.TripEndpoint._no
TRIP = webhooks.TripEndpoint
WRONGS: list[tuple[str, Any, str, Any]] = [
    ("access.signed", TRIP, "authenticate", lambda *args: (_ for _ in ()).throw(Rejected("closed"))),
    ("access.signature", TRIP, "authenticate", _nothing),
    ("access.headers", TRIP, "authenticate", _nothing),
    ("access.no_effect", TRIP, "authenticate", _nothing),
    ("access.clock", TRIP, "_check_date", staticmethod(_nothing)),
    ("access.partner", base, "_is_partner", lambda said, connection: True),
    ("access.garbage", TRIP, "_no", _no_reason),
    ("access.signature", TRIP, "_no", _one_code),
    ("create.unknown_product", creating, "_on_sale", _anything),
    ("create.paused_product", booking, "check_product", lambda product: product),
    ("create.price", booking, "check_price", lambda offer, request: offer),
    ("create.sold_out", creating, "_sold_out", lambda offer, quantity: Refusal(499, "其他错误")),
    ("create.visitors", booking, "check_visitors", lambda product, request: request.visitors),
    ("create.date", booking, "check_dates", _nothing),
    ("pay.per_ticket", saying, "issued", _one_code_less),
    ("pay.per_order", saying, "issued", _one_code_less),
    ("pay.per_ticket", saying, "queried", _more(saying.queried, orderStatus=5)),
    ("pay.per_ticket", saying, "queried", _more(saying.queried, orderQuantity=1)),
    ("pay.pictures", saying, "picture_url", lambda voucher: "http://127.0.0.1/trip/vouchers/none.png"),
    ("create.accepted", saying, "queried", _more(saying.queried, orderStatus=4)),
    ("issue.waiting", saying, "queried", _more(saying.queried, orderStatus=4)),
    ("issue.waiting", paying, "is_own", lambda order: True),
    ("issue.done", issuing, "owe_pay_notice", _nothing),
    ("issue.failed", issuing, "owe_pay_notice", _nothing),
    ("issue.closed", closing, "_close", _nothing),
    ("pay.closed", closing, "_close", _nothing),
    ("close.unpaid", stock, "free_held", _nothing),
    ("close.pay_failed", closing, "_void", _nothing),
    ("refunded.service", closing, "_revoke", _nothing),
    ("refunded.too_late", closing, "_revoke", _nothing),
    ("refund.agreed", tickets, "refund", _nothing),
    ("refund.used", refunding, "_objection", lambda *args: ""),
    ("refund.never", refunding, "_objection", lambda *args: ""),
    ("refund.foreign_codes", refunding, "_objection", lambda *args: ""),
    ("refund.refused_then_agreed", refunding, "owe_refund_notice", _nothing),
    ("consume.one_by_one", consuming, "owe_consume_notice", _nothing),
    ("consume.one_by_one", saying, "consumed", _more(saying.consumed, usedQuantity=1)),
    ("consume.part_of_code", saying, "_listed", _listed_in_one_state),
    ("query.unknown", services, "order_query", lambda **asked: Order.objects.earliest("pk")),
]


@pytest.mark.parametrize(("name", "where", "what", "wrong"), WRONGS, ids=[f"{row[0]}-{row[2]}" for row in WRONGS])
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
    assert list(outcomes(drilled(connection, live_server, name), Outcome.FAILED)) == [name]


def test_a_server_that_is_away_fails_the_point_and_not_the_drill(connection: Connection) -> None:
    run = drill_start(connection=connection, base_url="http://127.0.0.1:9", only=["access.signed", "create.accepted"])
    drill_run(run=run)
    assert [(result["outcome"], "refused" in result["detail"]) for result in run.results] == [("failed", True)] * 2


def test_a_merchant_with_one_product_is_told_what_was_left_out_and_why(live_server: LiveServer) -> None:
    product = factories.TicketProductFactory(offer__stock=3)
    results = drilled(product.connection, live_server, "pay.per_ticket", "pay.per_order", "issue.done")
    assert [result["outcome"] for result in results.values()] == ["passed", "left_out", "left_out"]
    assert results["pay.per_order"]["detail"]


@pytest.mark.parametrize(
    ("address", "expected"),
    [
        ("https://tickets.example.com", None),
        ("http://tickets.example.com:12345", None),
        ("http://8.8.8.8:8080", None),
        ("https://8.8.8.8", None),
        ("http://8.8.8.8:8000", Failed),
        ("https://[2606:4700::1]:8443", Failed),
        ("http://192.168.1.5:8080", LeftOut),
        ("http://localhost:8080", LeftOut),
    ],
)
def test_a_bare_address_needs_one_of_meituans_ports(
    connection: Connection, address: str, expected: type[Exception] | None
) -> None:
    drill = Drill(DrillRun(connection=connection, base_url=address))
    if expected is None:
        CHECKS["address.port"].run(drill)
        return
    with pytest.raises(expected):
        CHECKS["address.port"].run(drill)


def test_only_one_drill_of_a_connection_runs_at_a_time_unless_it_was_abandoned(connection: Connection) -> None:
    first = drill_start(connection=connection, base_url="http://127.0.0.1:9")
    with pytest.raises(Conflict):
        drill_start(connection=connection, base_url="http://127.0.0.1:9")
    DrillRun.objects.update(worked_at=timezone.now() - timedelta(minutes=11))
    drill_start(connection=connection, base_url="http://127.0.0.1:9")
    first.refresh_from_db()
    assert (first.error, first.finished_at is None) == ("abandoned", False)


def test_a_task_goes_on_where_the_last_one_stopped(
    connection: Connection, live_server: LiveServer, monkeypatch: pytest.MonkeyPatch
) -> None:
    rung: list[tuple[str, int]] = []
    monkeypatch.setattr(queue, "ring", lambda task, pk: rung.append((task, pk)))
    only = ["access.signed", "create.accepted", "overall.stock"]
    run = drill_start(connection=connection, base_url=live_server.url, only=only)
    done = []
    for seconds in (0.001, 60.0):
        monkeypatch.setattr(tasks, "DRILL_SECONDS", seconds)
        tasks.run_drill(run.pk)
        run.refresh_from_db()
        done.append((len(run.results), run.finished_at is not None))
    assert done[0][0] < 3
    assert done[1] == (3, True)
    assert [result["name"] for result in run.results] == only
    assert rung == [("trip.tasks.run_drill", run.pk)]


def test_a_run_that_somebody_works_on_is_left_to_them(connection: Connection) -> None:
    run = drill_start(connection=connection, base_url="http://127.0.0.1:9", only=["access.signed"])
    DrillRun.objects.update(lease_until=timezone.now() + timedelta(minutes=1))
    assert drill_run(run=run) is True
    run.refresh_from_db()
    assert run.results == []


def test_what_a_drill_that_was_cut_off_left_behind_is_given_back_by_the_next(
    connection: Connection, live_server: LiveServer
) -> None:
    before = stocks()
    drill = Drill(drill_start(connection=connection, base_url=live_server.url, only=["access.signed"]))
    drill.created()
    drill.issued(voucher_type=VoucherType.PER_TICKET, tickets=2)
    drill.pay(drill.created(issuing="upstream"), 598)
    assert stocks() != before
    DrillRun.objects.update(worked_at=timezone.now() - timedelta(minutes=11))
    drilled(connection, live_server, "access.signed")
    assert stocks() == before


def test_tidying_twice_gives_back_once(connection: Connection, live_server: LiveServer) -> None:
    before = stocks()
    drill = Drill(drill_start(connection=connection, base_url=live_server.url))
    asked = drill.issued(voucher_type=VoucherType.PER_TICKET, tickets=2)
    code = next(iter(asked.vouchers))
    consuming.order_consume(order_pk=drill.row(asked).pk, codes=[code], actor=None, method="drill", any_day=True)
    for _time in range(2):
        tidy(drill)
    assert stocks() == before
    assert Order.objects.get().needs_person == ""


def test_notices_are_owed_and_say_so(connection: Connection, live_server: LiveServer) -> None:
    told = []
    for url in ("", "http://127.0.0.1:9"):
        Connection.objects.update(base_url=url)
        with translation.override("en"):
            results = drilled(Connection.objects.get(), live_server, "consume.one_by_one")
        told.append(results["consume.one_by_one"]["detail"])
    assert told == [
        "Tell Meituan: tickets used: owed, and not sent by the drill",
        "Tell Meituan: tickets used: pending",
    ]
    assert OutboundCall.objects.count() == 4


def test_notices_of_a_drill_that_were_not_delivered_are_revoked_and_others_are_not(
    connection: Connection, live_server: LiveServer
) -> None:
    paid = Meituan(connection).bought(Product.objects.get(deal_id="upstream"))
    issuing.order_issue(order_pk=paid.pk, codes=["OWN-1"], actor=None, method="admin")
    drilled(connection, live_server, "issue.done", "consume.one_by_one", "refund.refused_then_agreed")
    dead = OutboundCall.objects.filter(state="dead").values_list("operation", "last_error")
    assert set(dead) == {
        ("ticket.issued", "the order was closed"),
        ("ticket.used", "the acceptance drill is over"),
        ("ticket.refund", "the acceptance drill is over"),
    }
    assert [call.subject_id for call in OutboundCall.objects.filter(state="pending")] == [paid.pk]


def test_a_notice_of_a_drill_that_was_on_its_way_is_revoked_at_the_end(
    connection: Connection, live_server: LiveServer
) -> None:
    drill = Drill(drill_start(connection=connection, base_url=live_server.url))
    asked = drill.issued(voucher_type=VoucherType.PER_TICKET)
    order = drill.row(asked)
    consuming.order_consume(order_pk=order.pk, codes=list(asked.vouchers), actor=None, method="drill", any_day=True)
    OutboundCall.objects.update(state="sending")
    tidy(drill)
    OutboundCall.objects.update(state="pending")
    tidy_notices(drill)
    assert set(OutboundCall.objects.values_list("state", "last_error")) == {("dead", "the acceptance drill is over")}


# The command


def command(*args: str) -> tuple[int, str]:
    out = StringIO()
    try:
        call_command("trip_drill", *args, stdout=out)
    except SystemExit as end:
        return int(str(end.code)), out.getvalue()
    return 0, out.getvalue()


def test_the_command_prints_a_checklist(connection: Connection, live_server: LiveServer) -> None:
    code, said = command(connection.account, "--base-url", live_server.url, "--only", "query", "--only", "address")
    lines = said.splitlines()
    assert code == 0
    assert [line.split()[0] for line in lines if not line.startswith(" ")] == ["left", "pass", "pass", "2"]
    assert lines[-1] == "2 pass, 0 FAIL, 1 left out"
    assert "→" not in said


def test_the_command_shows_the_messages_when_asked(connection: Connection, live_server: LiveServer) -> None:
    args = (str(connection.pk), "--base-url", live_server.url, "--only", "access.signed")
    code, said = command(*args, "-v", "2")
    assert code == 0
    assert f'→ heartbeat {{"partnerId": {connection.account}}}' in said
    assert '← {"code":200' in said
    (result,) = json.loads(command(*args, "--json")[1])
    assert result["exchanges"][0]["code"] == 200
    assert connection.credentials["client_secret"] not in said


def test_the_command_ends_with_1_when_a_point_fails(connection: Connection, settings: Settings) -> None:
    settings.PUBLIC_BASE_URL = "http://127.0.0.1:9"
    code, said = command(connection.account, "--only", "access.signed")
    assert code == 1
    assert said.startswith("FAIL")


@pytest.mark.parametrize("args", [("0",), ("nobody",), ("{}", "--only", "no.such")])
def test_the_command_refuses_what_it_does_not_know(connection: Connection, args: tuple[str, ...]) -> None:
    with pytest.raises(CommandError) as error:
        call_command("trip_drill", *[arg.format(connection.pk) for arg in args])
    assert error.value.returncode == 3
