"""Receipts of accepted orders on a printer, in each state that it can be in."""

from collections.abc import Callable
from datetime import timedelta

import pytest
from django.utils import timezone
from pytest_django.fixtures import Settings

from messaging import tasks
from messaging.choices import OrderState, PaperState, PrinterState
from messaging.models import Order, Printer, PrintJob, TakeawayStore
from messaging.services.printing.asking import page_test
from messaging.services.printing.working import forget_state, print_queued, sweep
from tests.messaging.meituan import Meituan
from tests.messaging.printing.conftest import (
    CONFIRMED,
    QUEUED,
    SKIPPED,
    UNKNOWN,
    Counter,
    Device,
    reports,
    states,
)
from tests.messaging.pushing import Pusher
from tests.processes import wait_until

pytestmark = pytest.mark.django_db(transaction=True)


def woken() -> list[int]:
    """Returns the printers that a worker was woken for."""
    from django_q.models import OrmQ

    found = [queued.task for queued in OrmQ.objects.order_by("pk")]
    return [task["args"][0] for task in found if task["func"] == "messaging.tasks.print_queued"]


def test_an_accepted_order_is_printed_and_meituan_hears_of_it(
    device: Device, counter: Counter
) -> None:
    order = counter.accept(caution="不要香菜 13800138000")
    assert device.row.pk in woken()
    assert print_queued(device.row.pk) == 1
    (text,) = device.texts
    assert f"订单号 {order.view_id}" in text
    assert "后厨联" in text
    assert "不要香菜" in text
    assert all(dish["name"] in text for dish in order.dishes)
    assert "13800138000" not in text
    assert states(order) == CONFIRMED
    assert device.state == PrinterState.READY
    assert reports(counter.meituan) == 1


def test_each_copy_is_printed_as_often_as_wanted(
    add_printer: Callable[..., Device], counter: Counter
) -> None:
    device = add_printer(kitchen=2, customer=1, rider=1, width=80, beeps=2)
    counter.accept()
    assert print_queued(device.row.pk) == 4
    titles = [
        title for text in device.texts for title in ("后厨联", "顾客联", "骑手联") if title in text
    ]
    assert titles == ["后厨联", "后厨联", "顾客联", "骑手联"]
    assert [sheet.beeps for sheet in device.paper.sheets] == [2, 2, 2, 2]
    assert all(sheet.is_cut for sheet in device.paper.sheets)
    assert "-" * 48 in device.texts[0]


def test_whole_phone_numbers_are_on_no_copy(
    add_printer: Callable[..., Device], counter: Counter
) -> None:
    device = add_printer(kitchen=1, customer=1, rider=1)
    order = counter.accept(recipient={"phone": "13912345678"})
    print_queued(device.row.pk)
    assert order.customer["phones"]
    for number in order.customer["phones"]:
        assert not [text for text in device.texts if number.partition("_")[0] in text]
    assert order.customer["address"][:8] in device.texts[2].replace("\n", "")
    assert order.customer["address"][:8] not in device.texts[0].replace("\n", "")


def test_an_order_that_was_accepted_elsewhere_is_printed_once_however_often_it_is_told(
    device: Device, pusher: Pusher
) -> None:
    pusher.order("order-new", status=2)
    assert states() == []
    for later in range(3):
        pusher.order("order-confirmed", status=4, utime=1616400900 + later)
    pusher.order("order-new", status=2, utime=1616400990)
    assert states() == QUEUED
    assert print_queued(device.row.pk) == 1
    assert print_queued(device.row.pk) == 0
    assert len(device.texts) == 1


@pytest.mark.parametrize(
    ("trouble", "state"),
    [
        ("no_paper", PrinterState.PAPER),
        ("open", PrinterState.HALTED),
        ("mute", PrinterState.AWAY),
        ("off", PrinterState.AWAY),
    ],
)
def test_a_printer_that_cannot_print_says_why_and_prints_once_it_can(
    device: Device, counter: Counter, trouble: str, state: str
) -> None:
    Printer.objects.update(answers=True)
    device.set(printer=trouble)
    wait_until(lambda: not is_listening(device) or trouble != "off")
    order = counter.accept()
    print_queued(device.row.pk)
    assert (device.state, states(order), device.texts) == (state, QUEUED, [])
    assert device.row.state_at
    device.set(printer="ready")
    wait_until(lambda: is_listening(device))
    assert print_queued(device.row.pk) == 1
    assert (device.state, states(order)) == (PrinterState.READY, CONFIRMED)
    assert len(device.texts) == 1


def test_a_printer_that_answers_no_question_prints_without_a_confirmation(
    device: Device, counter: Counter
) -> None:
    device.set(printer="mute")
    orders = [counter.accept(), counter.accept()]
    print_queued(device.row.pk)
    print_queued(device.row.pk)
    assert (states(), device.state) == (UNKNOWN * 2, PrinterState.MUTE)
    wait_until(lambda: len(device.texts) >= 2)
    assert all(any(order.view_id in text for text in device.texts) for order in orders)
    assert not PrintJob.objects.needing_person().exists()
    page_test(printer=device.row, actor=None)
    wait_until(lambda: len(device.texts) >= 3)
    assert len(device.texts) == 3


def test_another_address_may_be_a_printer_that_answers(device: Device, counter: Counter) -> None:
    Printer.objects.update(answers=False, state=PrinterState.MUTE)
    row = device.row
    forget_state(row)
    row.save()
    order = counter.accept()
    assert print_queued(device.row.pk) == 1
    assert (states(order), device.state) == (CONFIRMED, PrinterState.READY)


def is_listening(device: Device) -> bool:
    import socket

    try:
        socket.create_connection((device.paper.address.split(":")[0], device.paper.port), 1).close()
    except OSError:
        return False
    return True


@pytest.mark.parametrize(
    ("trouble", "state"), [("dies", PrinterState.AWAY), ("paper_ends", PrinterState.PAPER)]
)
def test_half_a_receipt_is_unknown_and_never_printed_again_by_itself(
    device: Device, counter: Counter, trouble: str, state: str
) -> None:
    order = counter.accept()
    device.set(printer=trouble, printer_rows=6)
    assert print_queued(device.row.pk) == 0
    assert (device.state, states(order)) == (state, UNKNOWN)
    job = PrintJob.objects.get()
    assert job.settled_at
    assert job.error
    device.set(printer="ready")
    device.paper.load_paper()
    Printer.objects.update(checked_at=None)
    sweep()
    print_queued(device.row.pk)
    assert states(order) == UNKNOWN
    wait_until(lambda: device.texts)
    (torn,) = device.texts
    assert "订单号" not in torn
    assert reports(counter.meituan) == 0


def test_what_waits_behind_half_a_receipt_is_printed_later(
    device: Device, counter: Counter
) -> None:
    counter.accept()
    device.set(printer="dies", printer_rows=3)
    second = counter.accept()
    print_queued(device.row.pk)
    device.set(printer="ready")
    assert print_queued(device.row.pk) == 1
    assert states() == [PaperState.UNKNOWN, PaperState.CONFIRMED]
    assert second.view_id in device.texts[-1]


def test_a_slow_printer_is_waited_for(device: Device, counter: Counter) -> None:
    device.set(printer="slow", printer_seconds=0.1)
    order = counter.accept()
    assert print_queued(device.row.pk) == 1
    assert states(order) == CONFIRMED


def test_a_printer_that_falls_silent_after_the_job_leaves_it_unknown(
    device: Device, counter: Counter, monkeypatch: pytest.MonkeyPatch
) -> None:
    order = counter.accept()
    monkeypatch.setattr(device.paper, "_keep", silent_after(device))
    print_queued(device.row.pk)
    assert (states(order), device.state) == (UNKNOWN, PrinterState.AWAY)
    assert "timed out" in PrintJob.objects.get().error


def silent_after(device: Device) -> Callable[..., None]:
    keep = device.paper._keep

    def kept(*args: object) -> None:
        keep(*args)  # type: ignore[arg-type]
        device.set(printer="mute")

    return kept


def test_an_answer_that_overtakes_the_paper_confirms_nothing(
    device: Device, counter: Counter, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The paper ends with the last rows, after the printer has said that it is fine."""
    order = counter.accept()
    status, asked_after = device.paper._status, list[int]()

    def late(asked: int) -> int:
        if device.paper.sheets:
            asked_after.append(asked)
            device.paper.is_out_of_paper = len(asked_after) > 2
        return status(asked)

    monkeypatch.setattr(device.paper, "_status", late)
    print_queued(device.row.pk)
    assert asked_after[:2] == [1, 4]
    assert (states(order), device.state) == (UNKNOWN, PrinterState.PAPER)


def test_a_printer_that_is_added_later_does_not_print_what_was_accepted_before(
    pusher: Pusher, add_printer: Callable[..., Device]
) -> None:
    pusher.order("order-confirmed", status=4)
    add_printer()
    pusher.order("order-confirmed", status=4, utime=1616400999)
    assert Order.objects.get().state == OrderState.CONFIRMED
    assert states() == []


def test_a_cancelled_order_is_not_printed(device: Device, counter: Counter) -> None:
    order = counter.accept()
    Order.objects.update(state=OrderState.CANCELLED)
    print_queued(device.row.pk)
    assert (states(order), device.texts) == (SKIPPED, [])


def test_an_order_that_cannot_be_laid_out_stops_no_other(device: Device, counter: Counter) -> None:
    broken, other = counter.accept(), counter.accept()
    broken.content = {"dishes": [{"name": "?"}]}
    broken.save()
    assert print_queued(device.row.pk) == 1
    assert (states(broken), states(other)) == ([PaperState.FAILED], CONFIRMED)


def test_a_receipt_waits_for_the_content_of_its_order(device: Device, counter: Counter) -> None:
    order = counter.accept()
    Order.objects.update(said_at=None)
    assert print_queued(device.row.pk) == 0
    Order.objects.update(said_at=timezone.now())
    assert print_queued(device.row.pk) == 1
    assert states(order) == CONFIRMED


def test_a_store_without_a_printer_has_no_receipts(counter: Counter) -> None:
    counter.accept()
    assert states() == []


def test_a_printer_that_is_not_used_gets_nothing(device: Device, counter: Counter) -> None:
    Printer.objects.update(is_active=False)
    counter.accept()
    assert states() == []


def test_meituan_hears_nothing_before_every_copy_is_printed(
    add_printer: Callable[..., Device], counter: Counter
) -> None:
    device = add_printer(kitchen=1, customer=1)
    counter.accept()
    rows = 14
    device.set(printer="paper_ends", printer_rows=rows)
    print_queued(device.row.pk)
    while PrintJob.objects.filter(state=PaperState.CONFIRMED).count() == 0:
        rows += 6
        PrintJob.objects.update(state=PaperState.QUEUED)
        device.paper.load_paper()
        device.set(printer_rows=rows)
        print_queued(device.row.pk)
    assert states() == [PaperState.CONFIRMED, PaperState.UNKNOWN]
    assert reports(counter.meituan) == 0


def test_a_store_that_only_reads_orders_reports_nothing(
    device: Device, counter: Counter, binding: TakeawayStore
) -> None:
    counter.accept()
    TakeawayStore.objects.update(provider=16)
    print_queued(device.row.pk)
    assert states() == CONFIRMED
    assert reports(counter.meituan) == 0


def test_the_sweep_wakes_what_waits_and_asks_a_troubled_printer_less_and_less(
    device: Device, counter: Counter, settings: Settings
) -> None:
    assert sweep() == 0
    counter.accept()
    assert sweep() == 1
    now = timezone.now()
    Printer.objects.update(
        state=PrinterState.AWAY, state_at=now - timedelta(hours=1), checked_at=now
    )
    assert sweep() == 0
    Printer.objects.update(checked_at=now - timedelta(minutes=6))
    tasks.print_due()
    assert woken()[-1] == device.row.pk


def test_a_trouble_that_is_over_is_noticed_without_a_receipt(device: Device) -> None:
    Printer.objects.update(state=PrinterState.PAPER, state_at=timezone.now())
    tasks.print_queued(device.row.pk)
    assert device.state == PrinterState.READY


def test_no_question_can_outlast_the_lease_or_the_queues_patience() -> None:
    from django.conf import settings as project

    from config.printing import PrintingSettings

    usual = PrintingSettings()
    assert usual.longest_step < usual.lease
    assert usual.longest_job < usual.agent_lease
    assert usual.budget + usual.longest_job < project.Q_CLUSTER["timeout"]


def test_the_simulated_printer_of_a_sandbox_is_seen_and_set_by_the_control_api(
    device: Device, counter: Counter
) -> None:
    meituan: Meituan = counter.meituan
    row = device.row
    row.address = meituan.get("printer")["address"]
    row.save()
    order = counter.accept()
    meituan.post("settings", printer="no_paper")
    print_queued(row.pk)
    assert device.state == PrinterState.PAPER
    meituan.post("settings", printer="ready")
    print_queued(row.pk)
    shown = meituan.get("printer")
    assert [sheet["is_cut"] for sheet in shown["sheets"]] == [True]
    assert order.view_id in shown["sheets"][0]["text"]
    assert meituan.post("printer/clear")["sheets"] == []
    assert meituan.post("printer/paper")["out_of_paper"] is False
