"""What people ask: a receipt again, a test page, what happens after a night off; and what they are
told.
"""

import re
from collections.abc import Callable
from datetime import timedelta

import pytest
from django.contrib.auth.models import User
from django.utils import timezone

from messaging.choices import OrderState, PaperState, PrinterState, ReceiptCopy
from messaging.dashboard import alerts
from messaging.models import Order, Printer, PrintJob
from messaging.services.printing.addresses import PrinterConflict
from messaging.services.printing.asking import (
    leftovers,
    leftovers_settle,
    page_test,
    receipt_reprint,
)
from messaging.services.printing.working import leased, print_queued, sweep
from stores.models import AuditEntry
from stores.roles import Role
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
from tests.messaging.printing.test_printing import woken
from tests.stores.factories import StoreFactory, member

pytestmark = pytest.mark.django_db(transaction=True)


@pytest.fixture
def clerk(device: Device) -> User:
    store = device.row.store
    made: User = member(store.merchant, Role.CLERK, store)
    return made


def told(user: User) -> list[str]:
    """Returns the alerts about printers and receipts."""
    found = [str(alert.text) for alert in alerts(user)]
    return [text for text in found if re.search("rinter|eceipt", text)]


@pytest.mark.usefixtures("in_english")
def test_a_reprint_says_so_and_when_and_settles_the_doubt(
    device: Device, counter: Counter, clerk: User
) -> None:
    order = counter.accept()
    device.set(printer="dies")
    print_queued(device.row.pk)
    assert "1 receipt of an order may not be on paper: look at the printer." in told(clerk)
    assert reports(counter.meituan) == 0
    device.set(printer="ready")
    job = receipt_reprint(order=order, copy=ReceiptCopy.KITCHEN, actor=clerk)
    assert print_queued(device.row.pk) == 1
    at = timezone.localtime(job.wanted_at).strftime("%m-%d %H:%M")
    assert f"** 补打 {at} **" in device.texts[-1]
    assert states(order) == [*UNKNOWN, *CONFIRMED]
    assert told(clerk) == []
    assert reports(counter.meituan) == 1
    entry = AuditEntry.objects.get(verb="takeaway.receipt.reprint")
    assert (entry.user, entry.target, entry.data) == (clerk, order.order_id, {"copy": "kitchen"})


def test_a_double_click_reprints_once_and_a_later_one_again(
    device: Device, counter: Counter, clerk: User
) -> None:
    order = counter.accept()
    print_queued(device.row.pk)
    for _ in range(2):
        receipt_reprint(order=order, copy=ReceiptCopy.KITCHEN, actor=clerk)
    print_queued(device.row.pk)
    receipt_reprint(order=order, copy=ReceiptCopy.KITCHEN, actor=clerk)
    print_queued(device.row.pk)
    assert ["补打" in text for text in device.texts] == [False, True, True]
    assert list(PrintJob.objects.order_by("pk").values_list("number", flat=True)) == [1, 2, 3]


def test_a_reprint_of_a_cancelled_order_is_printed(
    device: Device, counter: Counter, clerk: User
) -> None:
    order = counter.accept()
    Order.objects.update(state=OrderState.CANCELLED)
    receipt_reprint(order=order, copy=ReceiptCopy.RIDER, actor=clerk)
    print_queued(device.row.pk)
    assert states(order) == [*SKIPPED, *CONFIRMED]


def test_what_cannot_be_printed_again_is_said(
    device: Device, counter: Counter, clerk: User
) -> None:
    order = counter.accept()
    foreign = Printer.objects.create(store=StoreFactory(), name="别家", address="127.0.0.1:1")
    with pytest.raises(PrinterConflict):
        receipt_reprint(order=order, copy=ReceiptCopy.KITCHEN, actor=clerk, printer=foreign)
    Order.objects.update(emptied_at=timezone.now())
    with pytest.raises(PrinterConflict):
        receipt_reprint(order=order, copy=ReceiptCopy.KITCHEN, actor=clerk)
    Order.objects.update(emptied_at=None)
    Printer.objects.update(is_active=False)
    with pytest.raises(PrinterConflict):
        receipt_reprint(order=order, copy=ReceiptCopy.KITCHEN, actor=clerk)
    assert states(order) == QUEUED


@pytest.mark.usefixtures("in_english")
def test_after_a_night_off_old_receipts_stay_quiet_and_are_offered(
    device: Device, counter: Counter, clerk: User
) -> None:
    device.set(printer="no_paper")
    orders = [counter.accept() for _ in range(5)]
    print_queued(device.row.pk)
    PrintJob.objects.update(wanted_at=timezone.now() - timedelta(hours=8))
    Order.objects.filter(pk__in=[order.pk for order in orders[:3]]).update(
        state=OrderState.FINISHED
    )
    device.set(printer="ready")
    fresh = counter.accept()
    sweep()
    assert print_queued(device.row.pk) == 1
    assert states(fresh) == CONFIRMED
    assert "5 old receipts were not printed: choose which still are." in told(clerk)

    offered = leftovers(device.row.store)
    assert [job.order for job in offered.to_print] == orders[3:]
    assert [job.order for job in offered.to_skip] == orders[:3]
    settled = leftovers_settle(
        store=device.row.store,
        to_print=[job.pk for job in offered.to_print],
        to_skip=[job.pk for job in offered.to_skip],
        actor=clerk,
    )
    assert settled == (2, 3)
    assert woken()[-1] == device.row.pk
    assert print_queued(device.row.pk) == 2
    assert [text for text in device.texts if orders[0].view_id in text] == []
    assert states() == SKIPPED * 3 + CONFIRMED * 3
    assert told(clerk) == []


def test_leftovers_of_another_store_and_settled_ones_are_left_alone(
    device: Device, counter: Counter, clerk: User
) -> None:
    counter.accept()
    (job,) = PrintJob.objects.all()
    other = StoreFactory()
    assert leftovers_settle(store=other, to_print=[job.pk], to_skip=[], actor=clerk) == (0, 0)
    store = device.row.store
    assert leftovers_settle(store=store, to_print=[], to_skip=[job.pk], actor=clerk) == (0, 0)
    assert states() == QUEUED


def test_a_test_page_is_printed_at_once(device: Device, clerk: User) -> None:
    page_test(printer=device.row, actor=clerk)
    (text,) = device.texts
    assert "打印测试" in text
    assert device.row.name in text
    assert device.state == PrinterState.READY
    assert PrintJob.objects.count() == 0


@pytest.mark.usefixtures("in_english")
def test_a_test_page_that_fails_says_why(device: Device, clerk: User) -> None:
    device.set(printer="no_paper")
    with pytest.raises(PrinterConflict) as refused:
        page_test(printer=device.row, actor=clerk)
    assert "no paper" in str(refused.value.reason)
    assert device.state == PrinterState.PAPER
    with leased(device.row.pk), pytest.raises(PrinterConflict):
        page_test(printer=device.row, actor=clerk)
    device.row.is_active = False
    with pytest.raises(PrinterConflict):
        page_test(printer=device.row, actor=clerk)


@pytest.mark.usefixtures("in_english")
def test_a_person_is_told_of_a_printer_that_cannot_print(
    device: Device, counter: Counter, clerk: User, add_printer: Callable[..., Device]
) -> None:
    counter.accept()
    assert told(clerk) == []
    device.set(printer="no_paper")
    print_queued(device.row.pk)
    store = device.row.store
    assert told(clerk) == [
        f"Printer {device.row.name} of {store}: no paper. Receipts that wait: 1."
    ]
    assert told(member(StoreFactory().merchant, Role.OWNER)) == []
    print_queued(add_printer(kitchen=0).row.pk)
    assert told(clerk) == [f"Printer {device.row.name} of {store}: no paper."]
    device.set(printer="ready")
    print_queued(device.row.pk)
    assert told(clerk) == []


@pytest.mark.usefixtures("in_english")
def test_a_receipt_that_could_not_be_laid_out_is_told(
    device: Device, counter: Counter, clerk: User
) -> None:
    counter.accept()
    PrintJob.objects.update(state=PaperState.FAILED)
    assert "1 receipt of an order may not be on paper: look at the printer." in told(clerk)
