"""Who ordered: masked for whoever may not see it, found nowhere else, and gone in time."""

import io
import logging
from datetime import timedelta
from typing import Any

import pytest
import time_machine
from django.apps import apps
from django.db import connection
from django.test import Client
from django.urls import reverse
from django.utils import timezone

from messaging.choices import ORDERS, OrderState, ReceiptCopy
from messaging.models import Order, Printer, PrintJob, Refund, TakeawayStore
from messaging.services import customers
from messaging.services.printing.rendering import job_bytes
from messaging.tasks import forget_addresses, forget_customers
from stores.models import AuditEntry, Merchant, Store
from stores.platforms.retention import remove_old_content
from stores.roles import Role
from tests.api import api_of
from tests.back_office import at_work, page, press, shown
from tests.messaging.contract.rows import conversation_of, message_in
from tests.messaging.factories import OrderFactory, PrinterFactory, TakeawayStoreFactory
from tests.messaging.meituan import Meituan
from tests.messaging.pushing import Pusher
from tests.messaging.receipts.parsing import parse
from tests.messaging.samples import ORDER_ID, order
from tests.messaging.test_actions import accepted

pytestmark = pytest.mark.django_db
# In all places in which Meituan and customers write numbers.
PLANTED = ("15512340001", "15512340002", "15512340003", "15512340004", "15512340005")
HOME = "木樨地北里 77 号"
NUMBERS = {
    "recipientPhone": f"{PLANTED[0]}_4321",
    "backupRecipientPhone": f'["{PLANTED[1]}_77"]',
    "caution": f"到了打 {PLANTED[2]} 收餐人隐私号 {PLANTED[0]}_4321，手机号 155****0001",
    "recipientAddress": f"{HOME}@#北京市",
}


def told(pusher: Pusher) -> Order:
    """An order whose customer, rider and refund carry the planted numbers."""
    now = int(timezone.now().timestamp())
    pusher.order(**NUMBERS, ctime=now, utime=now)
    about = {"orderId": ORDER_ID, "shippingStatus": 20, "time": now, "dispatcherName": "骑手"}
    pusher.push("shipping", about | {"dispatcherMobile": PLANTED[3]})
    said = {"orderId": ORDER_ID, "notifyType": "apply", "reason": f"打 {PLANTED[4]}"}
    pusher.push("refund", said)
    return Order.objects.get()


def planted_in(text: str) -> list[str]:
    return [number for number in (*PLANTED, HOME) if number in text]


def stored() -> str:
    """Everything that the database holds, as its rows are stored."""
    found = []
    with connection.cursor() as cursor:
        for model in apps.get_models():
            cursor.execute(f'SELECT * FROM "{model._meta.db_table}"')
            found += [str(row) for row in cursor.fetchall()]
    return "\n".join(found)


PAGES = (
    "admin:messaging_order_changelist",
    "admin:messaging_refund_changelist",
    "admin:messaging_missedpush_changelist",
    "admin:messaging_printjob_changelist",
    "admin:stores_inboundevent_changelist",
    "admin:stores_outboundcall_changelist",
    "admin:stores_outboundattempt_changelist",
    "admin:stores_auditentry_changelist",
    "admin:index",
    "admin:todo",
    "takeaway:desk",
    "takeaway:old-receipts",
    "takeaway:chat-rate",
)


def pages_of_talk(row: Order) -> list[str]:
    """Has the customer write about the order; returns the pages on which both stand."""
    talk = conversation_of(row.store, row.connection.takeaway_store)
    talk.order = row
    talk.save()
    message_in(talk, "还要多久")
    return [
        reverse("takeaway:talk", args=[talk.pk]),
        f"{reverse('takeaway:chat-news')}?cursor=&open={talk.pk}",
        f"{reverse('takeaway:chat-search')}?q=还要",
        f"{reverse('takeaway:chat-rate')}?part=waiting",
        reverse("takeaway:talk-block", args=[talk.pk]),
    ]


def pages_of_receipts(row: Order) -> list[str]:
    """Makes the order's receipts, too old to be printed by themselves; returns their pages, and
    those of the order as a receipt.
    """
    printer: Printer = PrinterFactory(store=row.store)
    long_ago = timezone.now() - timedelta(days=1)
    papers = [
        PrintJob.objects.create(order=row, printer=printer, copy=copy, wanted_at=long_ago)
        for copy in ReceiptCopy
    ]
    here = reverse("takeaway:print-order", args=[row.pk])
    return [page(paper) for paper in papers] + [f"{here}?copy={copy}" for copy in ReceiptCopy]


def read_everything(client: Client, row: Order, *, sees_all: bool) -> dict[str, list[str]]:
    """The planted words on each page that the person may open."""
    pages = [reverse(name) for name in PAGES] + [page(row)]
    pages += [page(refund) for refund in row.refunds.all()]
    pages += [page(event) for event in row.connection.inbound.all()]
    pages += pages_of_talk(row) + pages_of_receipts(row)
    pages += [reverse(f"admin:messaging_order_{kind}") for kind in ("csv", "xlsx")]
    found = {}
    for address in pages:
        answer = client.get(address)
        allowed = (200,) if sees_all else (200, 403, 404)
        assert answer.status_code in allowed, address
        content = b"".join(answer) if answer.streaming else answer.content
        found[address] = planted_in(content.decode("utf-8", "replace"))
    return {address: words for address, words in found.items() if words}


@pytest.mark.parametrize("role", [Role.CLERK, Role.MANAGER, Role.OWNER])
def test_a_planted_number_is_on_no_page_in_no_export_and_in_no_ledger(
    pusher: Pusher, store: Store, role: Role
) -> None:
    row = told(pusher)
    person = at_work(store, role)
    assert read_everything(person, row, sees_all=role == Role.OWNER) == {}


@pytest.mark.parametrize("role", [Role.MANAGER, Role.OWNER])
def test_a_planted_number_is_not_beside_the_dishes_that_may_be_refunded(
    meituan: Meituan, store: Store, role: Role
) -> None:
    phone, backup, remark = PLANTED[:3]
    person = {"phone": f"{phone}_4321", "backup": [f"{backup}_77"], "address": HOME}
    row = accepted(meituan, caution=f"到了打 {remark}", recipient=person)
    assert {*planted_in(str(row.customer))} == {phone, backup, remark, HOME}
    answer = at_work(store, role).get(reverse("takeaway:part-refund", args=[row.pk]))
    assert answer.status_code == 200
    said = answer.content.decode()
    assert row.dishes[0]["name"] in said
    assert planted_in(said) == []


def test_a_planted_number_is_not_told_to_a_key_that_may_not_see_personal_data(
    pusher: Pusher, merchant: Merchant
) -> None:
    row = told(pusher)
    api = api_of(merchant, scopes=(ORDERS,))
    for path in ("takeaway/orders/", f"takeaway/orders/{row.order_id}/"):
        answer = api.get(path)
        assert answer.status_code == 200
        assert row.order_id in answer.content.decode()
        assert planted_in(answer.content.decode()) == []


@pytest.mark.parametrize("width", Printer.Width)
@pytest.mark.parametrize("copy", ReceiptCopy)
def test_a_planted_number_is_on_no_receipt(
    pusher: Pusher, copy: ReceiptCopy, width: Printer.Width
) -> None:
    row = told(pusher)
    printer: Printer = PrinterFactory(store=row.store, width=width)
    for is_again in (False, True):
        paper = PrintJob(order=row, printer=printer, copy=copy, is_reprint=is_again)
        # A number may go on in the next line.
        text = "".join(parse(job_bytes(paper, printer)).rows)
        assert row.dishes[0]["name"] in text
        # Who brings the meal needs the address, and nobody else.
        assert planted_in(text) == ([] if copy == ReceiptCopy.KITCHEN else [HOME])


def test_a_planted_number_is_in_no_log_and_only_sealed_in_the_database(
    pusher: Pusher, store: Store
) -> None:
    stream = io.StringIO()
    handler = logging.StreamHandler(stream)
    logging.getLogger().addHandler(handler)
    try:
        row = told(pusher)
        manager = at_work(store)
        press(manager, row, "accept")
        press(manager, row, "show_customer")
    finally:
        logging.getLogger().removeHandler(handler)
    assert planted_in(stream.getvalue()) == []
    assert planted_in(stored()) == []


def test_a_clerk_sees_masked_numbers_and_the_beginning_of_the_address(
    pusher: Pusher, store: Store
) -> None:
    html = shown(at_work(store, Role.CLERK), told(pusher))
    for text in ("155****01", "155****02", "155****04", f"{HOME[:6]}…", "林女士"):
        assert text in html, text


def test_a_manager_sees_them_once_and_it_is_noted(pusher: Pusher, store: Store) -> None:
    row = told(pusher)
    manager = at_work(store)
    answer = manager.post(page(row, "do", "show_customer"), follow=True)
    said = answer.content.decode()
    assert {*planted_in(said)} == {*PLANTED[:4], HOME}
    # Whoever loads the page again, or another one, asks again.
    assert planted_in(shown(manager, row)) == []
    entry = AuditEntry.objects.get(verb="takeaway.customer.shown")
    assert (entry.target, entry.store) == (row.order_id, store)


def test_the_masked_numbers_cannot_be_asked_for_by_a_clerk(pusher: Pusher, store: Store) -> None:
    row = told(pusher)
    clerk = at_work(store, Role.CLERK)
    assert clerk.post(page(row, "do", "show_customer")).status_code == 403
    assert planted_in(shown(clerk, row)) == []


def test_a_reason_that_holds_a_number_is_masked(pusher: Pusher, store: Store) -> None:
    row = told(pusher)
    about = {"orderId": ORDER_ID, "reasonCode": "1103", "reason": f"打 {PLANTED[4]} 退"}
    pusher.push("order-cancelled", about)
    row.refresh_from_db()
    assert row.cancel_reason == "打 155****05 退"


def test_masking_keeps_nothing_of_short_numbers() -> None:
    assert customers.masked("13800138000_4321") == "138****00"
    assert customers.masked("110") == "****"
    assert customers.masked("") == "****"


# Gone in time


def finished(pusher: Pusher) -> Order:
    row = told(pusher)
    now = int(timezone.now().timestamp())
    pusher.order("order-finished", status=8, utime=now + 1, **NUMBERS)
    row.refresh_from_db()
    assert row.finished_at
    return row


def known(row: Order) -> dict[str, Any]:
    return dict(Order.objects.get(pk=row.pk).customer)


def test_an_address_goes_three_hours_after_the_end_and_does_not_come_back(
    pusher: Pusher,
) -> None:
    row = finished(pusher)
    with time_machine.travel(timezone.now() + timedelta(hours=2, minutes=55)):
        forget_addresses()
        assert known(row)["address"] == HOME
    with time_machine.travel(timezone.now() + timedelta(hours=3, minutes=5)):
        forget_addresses()
        assert "address" not in known(row)
        assert known(row)["phones"]
        bodies = [event.body for event in row.connection.inbound.all()]
        assert HOME not in str(bodies)
        assert PLANTED[0] in str(bodies)
        pusher.push("order-finished", order(**NUMBERS, status=8, utime=2_000_000_000))
        assert "address" not in known(row)


def test_a_cancelled_order_and_one_whose_end_nobody_told_lose_theirs_too(
    binding: TakeawayStore,
) -> None:
    long_ago = timezone.now() - timedelta(hours=4)
    cancelled = OrderFactory(binding=binding, state=OrderState.CANCELLED, cancelled_at=long_ago)
    running = OrderFactory(binding=binding, state=OrderState.CONFIRMED)
    forgotten = OrderFactory(
        binding=binding,
        state=OrderState.CONFIRMED,
        heard_at=timezone.now() - timedelta(days=3, minutes=1),
    )
    assert customers.forget_addresses() == 2
    assert ["address" in known(row) for row in (cancelled, running, forgotten)] == [
        False,
        True,
        False,
    ]
    assert customers.forget_addresses() == 0


def test_everything_goes_after_the_merchants_days(
    pusher: Pusher, merchant: Merchant, store: Store
) -> None:
    row = finished(pusher)
    days = merchant.personal_data_days
    with time_machine.travel(timezone.now() + timedelta(days=days - 1)):
        forget_customers()
        assert known(row)["phones"]
    with time_machine.travel(timezone.now() + timedelta(days=days, hours=1)):
        forget_customers()
        remove_old_content()
        assert known(row) == {}
        assert {*Refund.objects.values_list("reason", flat=True)} == {""}
        for event in row.connection.inbound.all():
            assert event.body == {}
        assert "Removed: the order is over for long." in shown(at_work(store), row)
        # What Meituan says of it later leaves nobody's traces.
        pusher.order(**NUMBERS, utime=2_000_000_000)
        assert known(row) == {}


def test_a_booked_order_keeps_its_customer_until_it_is_over(binding: TakeawayStore) -> None:
    Merchant.objects.update(personal_data_days=1)
    yesterday = timezone.now() - timedelta(days=1, hours=1)
    booked = OrderFactory(binding=binding, heard_at=yesterday)
    lost = OrderFactory(binding=binding, heard_at=timezone.now() - timedelta(days=4))
    assert customers.forget_customers() == 1
    assert known(booked)
    assert known(lost) == {}


def test_days_beyond_the_calendar_stop_nobody_else(
    binding: TakeawayStore, caplog: pytest.LogCaptureFixture
) -> None:
    Merchant.objects.update(personal_data_days=1_000_000_000)
    other = TakeawayStoreFactory()
    long_ago = timezone.now() - timedelta(days=4000)
    row = OrderFactory(binding=other, state=OrderState.FINISHED, heard_at=long_ago)
    Merchant.objects.filter(pk=other.store.merchant_id).update(personal_data_days=30)
    assert customers.forget_customers() == 1
    assert known(row) == {}
    assert "are not removed" in caplog.text
