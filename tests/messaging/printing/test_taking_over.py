"""Several printers of a store: one takes over for another, and none waits for another."""

from collections.abc import Callable

import pytest

from messaging.choices import PaperState, PrinterState
from messaging.models import Printer, PrintJob
from messaging.services.printing.working import leased, print_queued
from tests.messaging.printing.conftest import (
    CONFIRMED,
    QUEUED,
    UNKNOWN,
    Counter,
    Device,
    states,
)
from tests.messaging.printing.test_printing import woken
from tests.stores.factories import StoreFactory

pytestmark = pytest.mark.django_db(transaction=True)


@pytest.fixture
def other(device: Device, add_printer: Callable[..., Device]) -> Device:
    """A second printer of the store, of another width, which has no copies of its own."""
    return add_printer(kitchen=0, width=80)


def test_a_second_printer_takes_over_at_once(
    device: Device, other: Device, counter: Counter
) -> None:
    device.set(printer="no_paper")
    order = counter.accept()
    assert print_queued(other.row.pk) == 0
    before = len(woken())
    print_queued(device.row.pk)
    assert other.row.pk in woken()[before:]
    assert print_queued(other.row.pk) == 1
    job = PrintJob.objects.get()
    assert (job.state, job.printer, job.printed_by) == (
        PaperState.CONFIRMED,
        device.row,
        other.row,
    )
    assert "-" * 48 in other.texts[0]
    device.set(printer="ready")
    print_queued(device.row.pk)
    assert (device.texts, states(order)) == ([], CONFIRMED)


def test_later_orders_go_to_the_second_printer_until_the_first_can_print(
    device: Device, other: Device, counter: Counter
) -> None:
    device.set(printer="open")
    counter.accept()
    print_queued(device.row.pk)
    print_queued(other.row.pk)
    counter.accept()
    assert print_queued(other.row.pk) == 1
    device.set(printer="ready")
    counter.accept()
    assert print_queued(device.row.pk) == 1
    assert (len(device.texts), len(other.texts)) == (1, 2)


def test_half_a_receipt_is_not_taken_over(device: Device, other: Device, counter: Counter) -> None:
    order = counter.accept()
    device.set(printer="dies")
    print_queued(device.row.pk)
    assert print_queued(other.row.pk) == 0
    assert (states(order), other.texts) == (UNKNOWN, [])


def test_receipts_of_a_printer_that_is_no_longer_used_go_to_another(
    device: Device, other: Device, counter: Counter
) -> None:
    counter.accept()
    Printer.objects.filter(pk=device.row.pk).update(is_active=False)
    assert print_queued(device.row.pk) == 0
    assert print_queued(other.row.pk) == 1


def test_a_printer_of_another_store_takes_nothing_over(
    device: Device, other: Device, counter: Counter
) -> None:
    Printer.objects.filter(pk=other.row.pk).update(
        store=StoreFactory(merchant=device.row.store.merchant)
    )
    device.set(printer="no_paper")
    order = counter.accept()
    print_queued(device.row.pk)
    assert print_queued(other.row.pk) == 0
    assert states(order) == QUEUED


def test_a_printer_that_hangs_holds_up_no_other(
    device: Device, add_printer: Callable[..., Device], counter: Counter
) -> None:
    other = add_printer()
    counter.accept()
    with leased(device.row.pk):
        assert print_queued(device.row.pk) == 0
        assert print_queued(other.row.pk) == 1
    assert (device.texts, len(other.texts)) == ([], 1)
    assert other.state == PrinterState.READY
