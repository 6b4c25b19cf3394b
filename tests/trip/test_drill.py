"""The acceptance drill against a live server: every point passes, all tickets are given back, and
the ways to run it.
"""

import json
from datetime import timedelta
from io import StringIO
from pathlib import Path

import pytest
from django.core.management import CommandError, call_command
from django.db import connection as database
from django.utils import timezone, translation
from pytest_django.fixtures import Settings
from pytest_django.live_server_helper import LiveServer

from stores.conflicts import Conflict
from stores.demo import environment
from stores.drills import runner
from stores.drills.results import Failed, LeftOut, Outcome
from stores.management import drills as command_base
from stores.models import AuditEntry, Connection, DrillRun, OutboundCall
from stores.platforms.workers import queue
from tests.meituan import Meituan
from tests.trip.drilling import drill_start, drilled, every_kind, outcomes
from tests.trip.factories import OfferFactory, TicketConnectionFactory, TicketProductFactory
from tests.trip.suppliers import Supplier
from trip import tasks
from trip.choices import VoucherType
from trip.drill import Drill, drilling
from trip.models import Offer, Order, Product, tally
from trip.services import (
    consuming,
    issuing,
)
from trip.services.creating import DRILL_NUMBERS

pytestmark = pytest.mark.django_db(transaction=True)


@pytest.fixture
def connection() -> Connection:
    return every_kind()


def stocks() -> dict[int, tuple[int, int]]:
    return {offer.pk: (offer.held, offer.sold) for offer in Offer.objects.all()}


def test_a_server_as_it_should_be_passes_every_point_and_keeps_no_ticket(
    connection: Connection, live_server: LiveServer
) -> None:
    before = stocks()
    results = drilled(connection, live_server)
    assert list(results) == Drill.checklist.names()
    assert outcomes(results, Outcome.FAILED) == {}
    assert list(outcomes(results, Outcome.LEFT_OUT)) == ["address.port"]
    assert stocks() == before
    assert set(Order.objects.values_list("is_drill", "needs_person")) == {(True, "")}
    assert sum(tally(order.vouchers.all()).unused for order in Order.objects.all()) == 0


def test_what_others_buy_meanwhile_does_not_disturb_the_count(
    connection: Connection, live_server: LiveServer
) -> None:
    meituan = Meituan(connection)
    Offer.objects.update(stock=None)
    for deal_id in ("code", "ticket", "upstream"):
        product = Product.objects.get(deal_id=deal_id)
        unpaid, paid, closed = (meituan.bought(product, 2, pay=pay) for pay in (False, True, True))
        meituan.close(unpaid.order_id, 1)
        meituan.bought(product, pay=False)
        if deal_id != "upstream":
            consuming.order_consume(order_pk=closed.pk, quantity=1, actor=None, method="counter")
            meituan.refund(paid, 1, [paid.vouchers.earliest("pk").code])
        meituan.close(closed.order_id, 3)
    only = (
        "create.accepted",
        "refund.agreed",
        "consume.twice",
        "consume.part_of_code",
        "issue.done",
        "overall.stock",
    )
    assert outcomes(drilled(connection, live_server, *only), Outcome.PASSED).keys() == set(only)


def test_a_day_with_less_stock_than_was_sold_is_no_matter_of_the_drill(
    connection: Connection, live_server: LiveServer
) -> None:
    calendar = Product.objects.get(deal_id="day")
    tomorrow = timezone.localdate() + timedelta(days=1)
    OfferFactory(product=calendar, date=tomorrow, stock=1, sold=3)
    only = [name for name in Drill.checklist.names() if name.startswith("create.")]
    results = drilled(connection, live_server, *only)
    assert outcomes(results, Outcome.PASSED).keys() == set(only)
    assert {result["detail"] for result in results.values()} == {""}


def test_a_server_that_is_away_fails_the_point_and_not_the_drill(connection: Connection) -> None:
    run = drill_start(
        connection=connection,
        base_url="http://127.0.0.1:9",
        only=["access.signed", "create.accepted"],
    )
    runner.run(Drill(run))
    assert [(result["outcome"], "refused" in result["detail"]) for result in run.results] == [
        ("failed", True)
    ] * 2


def test_a_merchant_with_one_product_is_told_what_was_left_out_and_why(
    live_server: LiveServer,
) -> None:
    product = TicketProductFactory(offer__stock=3)
    results = drilled(
        product.connection, live_server, "pay.per_ticket", "pay.per_order", "issue.done"
    )
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
        Drill.checklist.checks["address.port"].run(drill)
        return
    with pytest.raises(expected):
        Drill.checklist.checks["address.port"].run(drill)


def test_only_one_drill_of_a_connection_runs_at_a_time_unless_it_was_abandoned(
    connection: Connection,
) -> None:
    first = drill_start(connection=connection, base_url="http://127.0.0.1:9")
    with pytest.raises(Conflict):
        drill_start(connection=connection, base_url="http://127.0.0.1:9")
    DrillRun.objects.update(worked_at=timezone.now() - timedelta(minutes=11))
    drill_start(connection=connection, base_url="http://127.0.0.1:9")
    first.refresh_from_db()
    assert (first.error, first.finished_at is None) == ("abandoned", False)


def ordered(connection: Connection, number: int) -> Order:
    return Meituan(connection).bought(
        Product.objects.get(deal_id="ticket"), pay=False, orderId=number
    )


def test_a_real_order_may_have_a_number_of_the_drill_s(connection: Connection) -> None:
    drill_start(connection=TicketConnectionFactory(), base_url="http://127.0.0.1:9")
    before = ordered(connection, DRILL_NUMBERS[0])
    run = drill_start(connection=connection, base_url="http://127.0.0.1:9", only=["access.signed"])
    meanwhile = ordered(connection, DRILL_NUMBERS[1])
    real = ordered(connection, DRILL_NUMBERS[0] - 1)
    runner.run(Drill(run))
    after = ordered(connection, DRILL_NUMBERS[2])
    assert [order.is_drill for order in (before, meanwhile, real, after)] == [
        False,
        True,
        False,
        False,
    ]


def test_a_drill_that_nobody_goes_on_with_has_no_numbers_until_it_is_taken_up_again(
    connection: Connection, live_server: LiveServer
) -> None:
    run = drill_start(connection=connection, base_url=live_server.url, only=["create.accepted"])
    DrillRun.objects.update(worked_at=timezone.now() - timedelta(minutes=11))
    assert not ordered(connection, DRILL_NUMBERS[0]).is_drill
    runner.run(Drill(run))
    assert set(
        Order.objects.exclude(order_id=DRILL_NUMBERS[0]).values_list("is_drill", flat=True)
    ) == {True}


def test_a_task_goes_on_where_the_last_one_stopped(
    connection: Connection, live_server: LiveServer, monkeypatch: pytest.MonkeyPatch
) -> None:
    rung: list[tuple[str, int]] = []
    monkeypatch.setattr(queue, "wake_worker", lambda task, pk: rung.append((task, pk)))
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
    assert runner.run(Drill(run)) is True
    run.refresh_from_db()
    assert run.results == []


def test_what_a_drill_that_was_cut_off_left_behind_is_given_back_by_the_next(
    connection: Connection, live_server: LiveServer
) -> None:
    before = stocks()
    drill = Drill(
        drill_start(connection=connection, base_url=live_server.url, only=["access.signed"])
    )
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
    consuming.order_consume(
        order_pk=drill.row(asked).pk, codes=[code], actor=None, method="drill", any_day=True
    )
    for _time in range(2):
        drill.tidy()
    assert stocks() == before
    assert Order.objects.get().needs_person == ""


def test_stock_that_is_wrong_stops_no_drill(
    connection: Connection, live_server: LiveServer
) -> None:
    drill = Drill(drill_start(connection=connection, base_url=live_server.url))
    asked = drill.issued(voucher_type=VoucherType.PER_TICKET, tickets=2)
    order = drill.row(asked)
    consuming.order_consume(order_pk=order.pk, quantity=2, actor=None, method="drill", any_day=True)
    Offer.objects.filter(pk=order.offer_id).update(sold=1)
    drill.tidy()
    order.refresh_from_db()
    assert (order.offer.sold, order.closed_at is None) == (0, False)


def told_of_use(url: str, live_server: LiveServer) -> tuple[str, str]:
    """Returns the outcome and the text of a check whose notices go to `url`."""
    Connection.objects.update(base_url=url)
    with translation.override("en"):
        [result] = drilled(Connection.objects.get(), live_server, "consume.one_by_one").values()
    return result["outcome"], result["detail"]


def test_a_notice_to_the_real_meituan_is_owed_and_says_what_was_not_tested(
    connection: Connection, live_server: LiveServer
) -> None:
    outcome, detail = told_of_use("", live_server)
    assert outcome == "passed"
    assert detail.startswith("Tell Meituan: tickets used: owed. Whether it arrives was not tested")
    assert OutboundCall.objects.count() == 2


def test_a_notice_to_a_meituan_that_is_played_must_arrive(
    connection: Connection, live_server: LiveServer
) -> None:
    with Supplier() as meituan:
        assert told_of_use(meituan.url, live_server) == (
            "passed",
            "Tell Meituan: tickets used: it has arrived.",
        )
        assert [body["usedQuantity"] for body in meituan.bodies("notice")] == [1, 2]


def test_a_notice_that_does_not_arrive_fails_its_check(
    connection: Connection, live_server: LiveServer, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(drilling, "ARRIVAL_SECONDS", 0.5)
    outcome, detail = told_of_use("http://127.0.0.1:9", live_server)
    assert outcome == "failed"
    assert detail.startswith(
        "Tell Meituan: tickets used: it has not arrived at http://127.0.0.1:9/rhone/mtp/api. "
    )
    assert "ConnectionError" in detail


def test_notices_of_a_drill_that_were_not_delivered_are_revoked_and_others_are_not(
    connection: Connection, live_server: LiveServer
) -> None:
    paid = Meituan(connection).bought(Product.objects.get(deal_id="upstream"))
    issuing.order_issue(order_pk=paid.pk, codes=["OWN-1"], actor=None, method="admin")
    drilled(
        connection, live_server, "issue.done", "consume.one_by_one", "refund.refused_then_agreed"
    )
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
    consuming.order_consume(
        order_pk=order.pk, codes=list(asked.vouchers), actor=None, method="drill", any_day=True
    )
    OutboundCall.objects.update(state="sending")
    drill.tidy()
    OutboundCall.objects.update(state="pending")
    drill.tidy_up()
    assert set(OutboundCall.objects.values_list("state", "last_error")) == {
        ("dead", "the acceptance drill is over")
    }


# The command


def command(*args: str) -> tuple[int, str]:
    out = StringIO()
    try:
        call_command("trip_drill", *args, stdout=out)
    except SystemExit as end:
        return int(str(end.code)), out.getvalue()
    return 0, out.getvalue()


def test_the_command_prints_a_checklist(connection: Connection, live_server: LiveServer) -> None:
    code, said = command(
        connection.account, "--base-url", live_server.url, "--only", "query", "--only", "address"
    )
    lines = said.splitlines()
    assert code == 0
    assert [line.split()[0] for line in lines if not line.startswith(" ")] == [
        "left",
        "pass",
        "pass",
        "2",
    ]
    assert lines[-1] == "2 pass, 0 FAIL, 1 left out"
    assert "→ query" in said
    entry = AuditEntry.objects.get(verb="trip.drill.started")
    assert (entry.merchant, entry.actor, entry.target) == (
        connection.merchant,
        "system",
        str(connection),
    )


def test_the_command_shows_the_messages(connection: Connection, live_server: LiveServer) -> None:
    args = (str(connection.pk), "--base-url", live_server.url, "--only", "access.signed")
    code, said = command(*args)
    assert code == 0
    assert f'→ heartbeat {{"partnerId": {connection.account}}}' in said
    assert '← {"code":200' in said
    (result,) = json.loads(command(*args, "--json")[1])
    assert result["exchanges"][0]["code"] == 200
    assert connection.credentials["client_secret"] not in said


def test_long_messages_are_cut_unless_all_is_asked_for(
    connection: Connection, live_server: LiveServer, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(command_base, "SHOWN", 100)
    args = (str(connection.pk), "--base-url", live_server.url, "--only", "create.accepted")
    assert "→" not in command(*args, "-v", "0")[1]
    assert "characters)" in command(*args)[1]
    assert "characters)" not in command(*args, "-v", "2")[1]


def test_the_command_ends_with_1_when_a_point_fails(connection: Connection) -> None:
    with Supplier() as stranger:
        code, said = command(
            connection.account, "--base-url", stranger.url, "--only", "query.unknown"
        )
    assert code == 1
    assert said.startswith("FAIL")


def test_the_command_finds_the_demo_that_was_started_on_another_port(
    connection: Connection,
    live_server: LiveServer,
    settings: Settings,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.delenv("PUBLIC_BASE_URL", raising=False)
    monkeypatch.delenv("PORT", raising=False)
    settings.VAR_DIR, settings.PUBLIC_BASE_URL = str(tmp_path), "http://127.0.0.1:9"
    world = environment.places().world
    world.parent.mkdir()
    world.write_text(json.dumps({"web": live_server.url}))
    assert command(connection.account, "--only", "access.signed")[0] == 0
    monkeypatch.setenv("PUBLIC_BASE_URL", "http://127.0.0.1:9")
    with pytest.raises(CommandError, match=r"Nobody answers at http://127\.0\.0\.1:9 ") as error:
        command(connection.account, "--only", "access.signed")
    assert error.value.returncode == 3
    assert not DrillRun.objects.filter(finished_at=None).exists()


def test_the_command_says_which_server_and_database_it_means(
    connection: Connection, live_server: LiveServer, capsys: pytest.CaptureFixture[str]
) -> None:
    command(connection.account, "--base-url", live_server.url, "--only", "access.signed")
    known = database.settings_dict
    said = capsys.readouterr().err
    assert said.startswith(f"Server {live_server.url}, database {database.vendor} ")
    assert said.rstrip().endswith(str(known["NAME"]))
    assert str(known["PASSWORD"] or "no password") not in said


@pytest.mark.parametrize("args", [("0",), ("nobody",), ("{}", "--only", "no.such")])
def test_the_command_refuses_what_it_does_not_know(
    connection: Connection, args: tuple[str, ...]
) -> None:
    with pytest.raises(CommandError) as error:
        call_command("trip_drill", *[arg.format(connection.pk) for arg in args])
    assert error.value.returncode == 3
