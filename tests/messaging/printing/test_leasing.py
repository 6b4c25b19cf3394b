"""What an agent in a shop is given over the API, and what it reports."""

from base64 import b64decode
from collections.abc import Callable
from datetime import timedelta
from typing import Any
from uuid import uuid4

import pytest
from django.contrib.auth.models import User
from django.utils import timezone
from django.utils.translation import override

from messaging.choices import OrderState, PaperState, PrinterReach, PrinterState
from messaging.models import Order, Printer, PrintJob
from messaging.services.chat.calling import call_shops
from messaging.services.printing.addresses import PrinterConflict
from messaging.services.printing.asking import page_test
from messaging.services.printing.rendering import job_bytes
from messaging.services.printing.working import give_up_sent, print_queued, sweep
from stores.models import ApiKey
from stores.roles import Role
from tests.api import Api, api_of, problem
from tests.messaging.factories import PrinterFactory
from tests.messaging.printing.conftest import (
    CONFIRMED,
    QUEUED,
    SENT,
    SKIPPED,
    UNKNOWN,
    Counter,
    Device,
    reports,
    states,
)
from tests.messaging.printing.test_asking import told as told_now
from tests.messaging.printing.test_killed import end_leases
from tests.messaging.printing.test_printing import woken
from tests.stores.factories import StoreFactory, member

pytestmark = pytest.mark.django_db(transaction=True)
PRINTERS = "takeaway/printers/"
AGENT = {"reach": PrinterReach.AGENT}


@pytest.fixture
def shop(add_printer: Callable[..., Device]) -> Device:
    """A printer that only a machine of its shop reaches."""
    return add_printer(**AGENT)


@pytest.fixture
def api(shop: Device) -> Api:
    """The key of the shop's agent."""
    return api_of(shop.row.store.merchant, shop.row.store, scopes=("print",))


def fetch(api: Api, printer: Printer, state: str = "ready", claim: str = "") -> Any:
    """Returns the receipt that the agent gets, with its claim."""
    body = {"claim": claim or str(uuid4()), "state": state}
    answer = api.post(f"{PRINTERS}{printer.pk}/next-receipt/", body)
    assert answer.status_code == 200, answer.content
    receipt = answer.json()["receipt"]
    return receipt and receipt | {"claim": body["claim"]}


def report(api: Api, receipt: Any, result: str, **more: str) -> Any:
    body = {"claim": receipt["claim"], "result": result, **more}
    return api.post(f"takeaway/receipts/{receipt['id']}/report/", body)


def told(user: User) -> list[str]:
    """In English, whatever language the request before was answered in."""
    with override("en"):
        return told_now(user)


def asked(api: Api) -> list[bool]:
    return [row["to_be_asked"] for row in api.get(PRINTERS).json()["results"]]


def test_an_agent_prints_what_waits_and_meituan_hears_of_it(
    shop: Device, api: Api, counter: Counter
) -> None:
    order = counter.accept()
    (row,) = api.get(PRINTERS).json()["results"]
    assert (row["id"], row["address"], row["to_be_asked"]) == (
        shop.row.pk,
        shop.row.address,
        True,
    )
    receipt = fetch(api, shop.row)
    job = PrintJob.objects.get()
    assert (receipt["order_id"], receipt["copy"]) == (order.order_id, "kitchen")
    assert b64decode(receipt["content"]) == job_bytes(job, shop.row)
    assert 50 < receipt["seconds"] <= 60
    assert (states(order), reports(counter.meituan)) == (SENT, 0)
    answer = report(api, receipt, "confirmed")
    assert answer.json() == {"id": job.pk, "state": "confirmed"}
    assert (states(order), shop.state, reports(counter.meituan)) == (CONFIRMED, "ready", 1)
    assert fetch(api, shop.row) is None


def test_a_printer_is_to_be_asked_when_something_waits_or_a_trouble_may_be_over(
    shop: Device, api: Api, counter: Counter
) -> None:
    assert asked(api) == [True], "it was not tried yet"
    assert fetch(api, shop.row) is None
    assert asked(api) == [False]
    counter.accept()
    assert asked(api) == [True]
    Printer.objects.update(
        state=PrinterState.PAPER,
        checked_at=timezone.now(),
        state_at=timezone.now() - timedelta(hours=1),
    )
    assert asked(api) == [False]


def test_no_receipt_is_given_to_two_agents(shop: Device, api: Api, counter: Counter) -> None:
    counter.accept()
    counter.accept()
    first = fetch(api, shop.row)
    assert fetch(api, shop.row) is None, "one at a time is with a printer"
    report(api, first, "confirmed")
    second = fetch(api, shop.row)
    assert second["id"] != first["id"]


def test_a_fetching_whose_answer_was_lost_is_repeated_with_its_claim(
    shop: Device, api: Api, counter: Counter
) -> None:
    counter.accept()
    counter.accept()
    first = fetch(api, shop.row)
    again = fetch(api, shop.row, claim=first["claim"])
    assert (again["id"], again["content"]) == (first["id"], first["content"])
    report(api, first, "confirmed")
    assert fetch(api, shop.row, claim=first["claim"]) is None


def test_a_lease_that_ends_leaves_the_receipt_in_doubt_and_nobody_gets_it_again(
    shop: Device, api: Api, counter: Counter
) -> None:
    order, other = counter.accept(), counter.accept()
    receipt = fetch(api, shop.row)
    end_leases()
    assert fetch(api, shop.row, claim=receipt["claim"]) is None
    assert states(order) == UNKNOWN
    following = fetch(api, shop.row)
    assert PrintJob.objects.get(pk=following["id"]).order == other
    report(api, following, "confirmed")
    assert fetch(api, shop.row) is None
    assert (states(order), states(other)) == (UNKNOWN, CONFIRMED)


def test_a_late_report_still_says_that_it_was_printed(
    shop: Device, api: Api, counter: Counter
) -> None:
    order = counter.accept()
    receipt = fetch(api, shop.row)
    end_leases()
    give_up_sent()
    assert report(api, receipt, "failed", state="away").json()["state"] == "unknown"
    assert report(api, receipt, "confirmed").json()["state"] == "confirmed"
    assert states(order) == CONFIRMED


def test_what_the_printer_did_not_confirm_is_in_doubt_and_its_reason_is_kept(
    shop: Device, api: Api, counter: Counter
) -> None:
    order = counter.accept()
    receipt = fetch(api, shop.row)
    for _ in range(2):
        answer = report(api, receipt, "sent", state="paper", detail="after row 9")
        assert report(api, receipt, "sent", state="paper", detail="").status_code == 200
        assert answer.json()["state"] == "unknown"
    assert PrintJob.objects.get().error == "paper: after row 9"
    assert (states(order), shop.state) == (UNKNOWN, PrinterState.PAPER)
    assert reports(counter.meituan) == 0


def test_what_was_surely_not_sent_waits_again_and_another_printer_takes_it_over(
    shop: Device, api: Api, counter: Counter, add_printer: Callable[..., Device]
) -> None:
    here = add_printer(kitchen=0)
    order = counter.accept()
    receipt = fetch(api, shop.row)
    before = len(woken())
    assert report(api, receipt, "failed", state="halted").json()["state"] == "queued"
    assert woken()[before:] == [here.row.pk]
    assert report(api, receipt, "failed", state="halted").json()["state"] == "queued"
    assert (states(order), shop.state) == (QUEUED, PrinterState.HALTED)
    assert print_queued(here.row.pk) == 1
    assert (states(order), len(here.texts), shop.texts) == (CONFIRMED, 1, [])
    assert problem(report(api, receipt, "failed", state="halted")) == (409, "takeaway_conflict")
    assert states(order) == CONFIRMED


def test_an_agent_takes_over_for_a_printer_that_this_server_reaches(
    shop: Device, api: Api, counter: Counter, add_printer: Callable[..., Device]
) -> None:
    here = add_printer(name="前台", kitchen=0, customer=1)
    Printer.objects.filter(pk=shop.row.pk).update(kitchen=0)
    here.set(printer="no_paper")
    order = counter.accept()
    print_queued(here.row.pk)
    receipt = fetch(api, shop.row)
    report(api, receipt, "confirmed")
    assert states(order) == CONFIRMED
    assert PrintJob.objects.get().printed_by == shop.row


def test_an_old_claim_says_nothing_of_a_receipt_that_was_fetched_again(
    shop: Device, api: Api, counter: Counter
) -> None:
    order = counter.accept()
    first = fetch(api, shop.row)
    report(api, first, "failed", state="away")
    second = fetch(api, shop.row)
    assert second["id"] == first["id"]
    for result in ("failed", "sent", "confirmed"):
        answer = report(api, first, result, state="away")
        assert problem(answer) == (409, "takeaway_conflict")
    assert states(order) == SENT


@pytest.mark.parametrize("state", ["paper", "halted", "away"])
def test_a_printer_that_is_not_ready_gets_nothing_and_a_person_is_told(
    shop: Device, api: Api, counter: Counter, state: str
) -> None:
    order = counter.accept()
    assert fetch(api, shop.row, state) is None
    assert (states(order), shop.state) == (QUEUED, state)
    assert len(told(member(shop.row.store.merchant, Role.CLERK, shop.row.store))) == 1
    assert fetch(api, shop.row)["order_id"] == order.order_id
    assert shop.state == PrinterState.READY


def test_a_cancelled_order_is_not_given_out(shop: Device, api: Api, counter: Counter) -> None:
    order = counter.accept()
    Order.objects.update(state=OrderState.CANCELLED)
    assert fetch(api, shop.row) is None
    assert states(order) == SKIPPED


def test_an_order_that_cannot_be_laid_out_stops_no_other(
    shop: Device, api: Api, counter: Counter
) -> None:
    broken, other = counter.accept(), counter.accept()
    broken.content = {"dishes": [{"name": "?"}]}
    broken.save()
    assert fetch(api, shop.row)["order_id"] == other.order_id
    assert states(broken) == [PaperState.FAILED]


def test_an_agent_that_is_not_heard_of_is_told_and_another_printer_takes_over(
    shop: Device, api: Api, counter: Counter, add_printer: Callable[..., Device]
) -> None:
    clerk = member(shop.row.store.merchant, Role.CLERK, shop.row.store)
    assert asked(api) == [True]
    sweep()
    assert shop.state == PrinterState.UNTRIED
    here = add_printer(kitchen=0)
    order = counter.accept()
    Printer.objects.filter(pk=shop.row.pk).update(
        agent_seen_at=timezone.now() - timedelta(minutes=3)
    )
    sweep()
    assert shop.state == PrinterState.SILENT
    (words,) = told(clerk)
    assert "the machine in the shop is not heard of. Receipts that wait: 1." in words
    assert print_queued(here.row.pk) == 1
    assert states(order) == CONFIRMED
    assert asked(api) == [True]
    assert fetch(api, shop.row) is None
    sweep()
    assert (shop.state, told(clerk)) == (PrinterState.READY, [])


def test_an_agent_that_never_began_is_told(shop: Device) -> None:
    sweep()
    assert shop.state == PrinterState.UNTRIED
    Printer.objects.update(created_at=timezone.now() - timedelta(minutes=3))
    sweep()
    assert shop.state == PrinterState.SILENT


def test_this_server_never_connects_to_a_printer_with_an_agent(
    shop: Device, counter: Counter
) -> None:
    order = counter.accept()
    assert woken() == []
    Printer.objects.update(state=PrinterState.AWAY)
    sweep()
    assert woken() == []
    assert print_queued(shop.row.pk) == 0
    assert (states(order), shop.texts, shop.state) == (QUEUED, [], PrinterState.AWAY)


def test_an_agent_prints_a_test_page(shop: Device, api: Api, add_printer: Any) -> None:
    clerk = member(shop.row.store.merchant, Role.CLERK, shop.row.store)
    other = add_printer(**AGENT)
    for _twice in range(2):
        page_test(printer=shop.row, actor=clerk)
    # No other printer takes it over.
    Printer.objects.filter(pk=shop.row.pk).update(state=PrinterState.PAPER)
    assert fetch(api, other.row) is None
    receipt = fetch(api, shop.row)
    assert (receipt["copy"], receipt["order_id"]) == ("test", None)
    assert "打印测试" in b64decode(receipt["content"]).decode("gbk", "replace")
    assert report(api, receipt, "confirmed").json()["state"] == PaperState.CONFIRMED
    assert fetch(api, shop.row) is None
    [job] = PrintJob.objects.all()
    assert str(job) == "测试页"


def test_a_test_page_that_no_agent_fetches_is_not_printed_later(shop: Device) -> None:
    clerk = member(shop.row.store.merchant, Role.CLERK, shop.row.store)
    page_test(printer=shop.row, actor=clerk)
    PrintJob.objects.update(wanted_at=timezone.now() - timedelta(minutes=16))
    call_shops()
    assert PrintJob.objects.get().state == PaperState.SKIPPED
    Printer.objects.update(state=PrinterState.SILENT)
    with pytest.raises(PrinterConflict):
        page_test(printer=shop.row, actor=clerk)


def test_an_agent_sees_only_its_stores_and_only_printers_with_agents(
    shop: Device, api: Api, counter: Counter
) -> None:
    store = shop.row.store
    sister = PrinterFactory(store=StoreFactory(merchant=store.merchant), **AGENT)
    stranger, direct = PrinterFactory(**AGENT), PrinterFactory(store=store, kitchen=0)
    unused = PrinterFactory(store=store, is_active=False, **AGENT)
    assert [row["id"] for row in api.get(PRINTERS).json()["results"]] == [shop.row.pk]
    for printer in (sister, stranger, direct, unused):
        body = {"claim": str(uuid4()), "state": "paper"}
        answer = api.post(f"{PRINTERS}{printer.pk}/next-receipt/", body)
        assert problem(answer) == (404, "not_found")
        printer.refresh_from_db()
        assert printer.state == PrinterState.UNTRIED
    assert api.get(f"{PRINTERS}?store={sister.store_id}").status_code == 404
    counter.accept()
    receipt = fetch(api, shop.row)
    thief = api_of(store.merchant, sister.store, scopes=("print",))
    assert problem(report(thief, receipt, "confirmed")) == (404, "not_found")
    assert states() == SENT


def test_a_whole_merchants_key_may_ask_for_one_store(shop: Device) -> None:
    merchant = shop.row.store.merchant
    sister = PrinterFactory(store=StoreFactory(merchant=merchant), **AGENT)
    api = api_of(merchant, scopes=("print",))
    assert len(api.get(PRINTERS).json()["results"]) == 2
    (row,) = api.get(f"{PRINTERS}?store={sister.store_id}").json()["results"]
    assert row["id"] == sister.pk


def test_a_key_for_printing_reads_no_orders_and_one_for_orders_no_receipts(
    shop: Device, api: Api
) -> None:
    assert api.get("takeaway/orders/").status_code == 403
    for scopes in (("takeaway",), ("read",), (ApiKey.Scope.PERSONAL,)):
        assert api_of(shop.row.store.merchant, scopes=scopes).get(PRINTERS).status_code == 403


@pytest.mark.parametrize(
    "odd",
    [
        {"claim": 7},
        {"claim": "x"},
        {"claim": None},
        {"result": "queued"},
        {"result": "sent"},
        {"result": "failed", "state": "silent"},
        {"result": "failed", "state": "ready"},
        {"result": "sent", "state": "paper", "detail": "x" * 101},
        {"result": "sent", "state": "paper", "detail": "\0"},
        {"result": "sent", "state": "paper", "detail": {}},
    ],
)
def test_an_odd_report_changes_nothing(
    shop: Device, api: Api, counter: Counter, odd: dict[str, Any]
) -> None:
    counter.accept()
    receipt = fetch(api, shop.row)
    body = {"claim": receipt["claim"], "result": "confirmed"} | odd
    answer = api.post(f"takeaway/receipts/{receipt['id']}/report/", body)
    assert problem(answer) == (400, "invalid")
    assert (states(), shop.state) == (SENT, PrinterState.READY)


def test_nobody_reports_a_receipt_that_was_never_fetched(
    shop: Device, api: Api, counter: Counter
) -> None:
    counter.accept()
    receipt = {"id": PrintJob.objects.get().pk, "claim": str(uuid4())}
    assert problem(report(api, receipt, "confirmed")) == (409, "takeaway_conflict")
    assert states() == QUEUED
