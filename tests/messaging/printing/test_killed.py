"""Two workers at once, and workers killed or frozen: nothing is printed twice by itself."""

import os
import signal
import time
from collections import Counter as Count
from datetime import timedelta

import pytest
from django.utils import timezone

from messaging.choices import PaperState
from messaging.models import Printer, PrintJob
from messaging.services.changes import digest_of
from messaging.services.printing.working import give_up_sent, print_queued
from tests import children
from tests.messaging.printing.conftest import CONFIRMED, UNKNOWN, Counter, Device, states
from tests.processes import wait_until

pytestmark = [pytest.mark.django_db(transaction=True), pytest.mark.slow]
WORK = """
    from config.printing import PrintingSettings
    settings.TAKEAWAY_PRINTER_NETWORKS = ["127.0.0.0/8"]
    settings.PRINTING = PrintingSettings(paper=0.05)
    from messaging.models import Printer
    from messaging.services.printing import working
    PRINTER = Printer.objects.get().pk
"""
PRINT = f"{WORK}    working.print_queued(PRINTER)\n"
KILL = "os.kill(os.getpid(), signal.SIGKILL)"


def end_leases() -> None:
    long_ago = timezone.now() - timedelta(hours=1)
    Printer.objects.update(busy_until=long_ago)
    PrintJob.objects.filter(state=PaperState.SENT).update(sent_at=long_ago)


def test_two_workers_that_try_all_the_time_print_each_receipt_once(
    device: Device, counter: Counter
) -> None:
    orders = [counter.accept() for _ in range(8)]
    device.set(printer="slow", printer_seconds=0.02)
    again = f"""{WORK}
    until = time.monotonic() + 30
    while working.PrintJob.objects.exclude(state="confirmed").exists():
        assert time.monotonic() < until
        working.print_queued(PRINTER)
    """
    children.outputs(again, again, again)
    assert states() == CONFIRMED * 8
    printed = Count(
        order.view_id for text in device.texts for order in orders if order.view_id in text
    )
    assert printed == Count(order.view_id for order in orders)


def test_two_workers_without_the_lease_still_print_each_receipt_once(
    device: Device, counter: Counter
) -> None:
    """A process that stood still longer than its lease meets another one."""
    for _ in range(6):
        counter.accept()
    device.set(printer="slow", printer_seconds=0.02)
    without = PRINT.replace(
        "working.print_queued",
        "working._extend = lambda printer: True\n"
        "    Printer.objects.update(busy_until=None)\n"
        "    working.print_queued",
    )
    children.outputs(without, without)
    assert states() == CONFIRMED * 6
    assert len(device.texts) == 6


def test_a_worker_killed_before_the_first_byte_leaves_a_receipt_in_doubt(
    device: Device, counter: Counter
) -> None:
    order, other = counter.accept(), counter.accept()
    children.killed(f"{WORK}    working.PrinterLine.send = lambda *args: {KILL}\n{PRINT}")
    assert states(order) == [PaperState.SENT]
    assert (print_queued(device.row.pk), give_up_sent()) == (0, 0)
    end_leases()
    shown = digest_of([order.store_id])
    assert give_up_sent() == 1
    assert digest_of([order.store_id]) != shown, "open order desks would not show it"
    assert print_queued(device.row.pk) == 1
    assert (states(order), states(other)) == (UNKNOWN, CONFIRMED)
    assert len(device.texts) == 1


def test_a_printer_that_takes_long_keeps_its_lease_as_long_as_it_answers(
    device: Device, counter: Counter
) -> None:
    for _ in range(3):
        counter.accept()
    slow = PRINT.replace("(paper=0.05)", "(paper=1.5, lease=4)")
    with children.running(slow) as [worker]:
        while states() != CONFIRMED * 3:
            assert give_up_sent() == 0
            assert worker.poll() in (None, 0)
            time.sleep(0.1)


def test_a_worker_killed_while_the_printer_prints_prints_nothing_twice(
    device: Device, counter: Counter
) -> None:
    order = counter.accept()
    children.killed(
        f"{WORK}    working.PrinterLine.require_printed = lambda *args: {KILL}\n{PRINT}"
    )
    wait_until(lambda: device.texts)
    end_leases()
    give_up_sent()
    print_queued(device.row.pk)
    assert (states(order), len(device.texts)) == (UNKNOWN, 1)


def test_a_worker_killed_before_it_asked_leaves_the_receipt_to_the_next(
    device: Device, counter: Counter
) -> None:
    order = counter.accept()
    children.killed(f"{WORK}    working.mark_sent = lambda *args: {KILL}\n{PRINT}")
    end_leases()
    assert print_queued(device.row.pk) == 1
    assert (states(order), len(device.texts)) == (CONFIRMED, 1)


def test_a_worker_frozen_past_its_lease_only_learns_how_it_ended(
    device: Device, counter: Counter
) -> None:
    order = counter.accept()
    device.set(printer="slow", printer_seconds=0.3)
    with children.running(PRINT) as [worker]:
        wait_until(lambda: states(order) == [PaperState.SENT])
        os.kill(worker.pid, signal.SIGSTOP)
        end_leases()
        give_up_sent()
        assert states(order) == UNKNOWN
        device.set(printer="ready")
        print_queued(device.row.pk)
        os.kill(worker.pid, signal.SIGCONT)
        assert worker.wait(timeout=60) == 0
    assert (states(order), len(device.texts)) == (CONFIRMED, 1)
