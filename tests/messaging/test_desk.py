"""The order desk: what stands where, for whom, and what its buttons do."""

import json
import re
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
import time_machine
from django.db import connection
from django.test import Client
from django.test.utils import CaptureQueriesContext
from django.utils import timezone
from django.utils.translation import override

from messaging.choices import (
    DeliveryState,
    OrderState,
    PrinterState,
    Provider,
    RefundState,
)
from messaging.models import Conversation, Order, Printer, PrintJob, Refund, TakeawayStore
from messaging.pages.board import board_of
from messaging.services.printing.talking import Trouble
from messaging.services.printing.working import note_trouble
from stores.clock import short_moment
from stores.models import AuditEntry, Connection, Merchant, OutboundCall, Store
from stores.roles import Role
from tests.messaging.chat.writing import SECRET, write
from tests.messaging.factories import PrinterFactory, RefundFactory, TakeawayStoreFactory
from tests.messaging.pushing import Pusher
from tests.messaging.samples import ORDER_ID
from tests.pages import english, has_number
from tests.stores.factories import StoreFactory, member

pytestmark = pytest.mark.django_db
DESK = "/takeaway/desk/"


@pytest.fixture
def order(pusher: Pusher) -> Order:
    now = int(timezone.now().timestamp())
    pusher.order(ctime=now, utime=now, estimateArrivalTime=now + 2400)
    return Order.objects.get()


@pytest.fixture
def writer(pusher: Pusher) -> Pusher:
    """Pushes what customers write; we can read it."""
    developer = pusher.binding.connection.parent
    assert developer
    developer.credentials |= {"im_secret": SECRET}
    developer.save()
    return pusher


@pytest.fixture
def clerk(merchant: Merchant, store: Store) -> Client:
    return english(member(merchant, Role.CLERK, store, password=None))


def shown(client: Client, query: str = "") -> str:
    answer = client.get(DESK + query)
    assert answer.status_code == 200
    return answer.content.decode()


def column(page: str, name: str) -> str:
    """The part of the page that is one column."""
    found = re.search(rf'data-column="{name}">(.*?)</section>', page, re.DOTALL)
    assert found
    return found[1]


def rings(client: Client) -> int:
    """What waits with a sound, as all open pages ask."""
    found: int = client.get("/takeaway/pulse/").json()["rings"]
    return found


def press(client: Client, order: Order, verb: str) -> Any:
    path = f"{DESK}{order.pk}/{verb}/"
    return client.post(path, headers={"HX-Request": "true"})


def test_a_store_that_was_unbound_while_orders_run_is_named(clerk: Client, order: Order) -> None:
    words = "is not bound to Meituan any more"
    assert words not in shown(clerk)
    TakeawayStore.objects.update(state=TakeawayStore.State.UNBOUND)
    assert f"{order.store} {words}" in shown(clerk)
    Order.objects.update(state=OrderState.FINISHED)
    assert words not in shown(clerk)


def test_stores_whose_calls_meituan_refuses_are_named(clerk: Client, order: Order) -> None:
    words = f"Meituan refuses the calls of {order.store}"
    assert words not in shown(clerk)
    Connection.objects.update(state=Connection.State.REFUSED)
    assert words in shown(clerk)


def test_a_printer_that_stops_makes_the_desk_anew(clerk: Client, order: Order) -> None:
    printer = PrinterFactory(store=order.store)
    with time_machine.travel(timezone.now().replace(second=1), tick=False):
        shown = clerk.get(DESK).content.decode()
        digest = re.search(r'name="after" value="([^"]+)"', shown)
        assert digest
        assert clerk.get(f"{DESK}live/", {"after": digest[1]}).status_code == 204
        note_trouble(printer, Trouble(PrinterState.PAPER))
        assert clerk.get(f"{DESK}live/", {"after": digest[1]}).status_code == 200


def test_what_printers_did_not_print_is_said_at_the_desk(clerk: Client, order: Order) -> None:
    printer = PrinterFactory(store=order.store, name="后厨", state=PrinterState.PAPER)
    assert "Printer 后厨" in shown(clerk)
    assert "no paper" in shown(clerk)
    PrinterFactory(store=StoreFactory(), name="别家", state=PrinterState.PAPER)
    assert "别家" not in shown(clerk)
    Printer.objects.filter(pk=printer.pk).update(state=PrinterState.READY)
    assert "Printer 后厨" not in shown(clerk)
    old = timezone.now() - timedelta(hours=5)
    PrintJob.objects.create(printer=printer, order=order, copy="kitchen", wanted_at=old)
    assert "/takeaway/desk/old-receipts/" in shown(clerk)


def test_a_new_order_has_dishes_time_and_one_button(clerk: Client, order: Order) -> None:
    page = shown(clerk)
    new = column(page, "new")
    assert "#12" in new
    assert "宫保鸡丁（大份） · 微辣,不要香菜" in new
    assert "¥59.00" in new
    assert "At once" in new
    assert f"{DESK}{order.pk}/accept/" in new
    todo = column(page, "todo")
    assert "accept the order" in todo
    assert re.search(r"[45] min \d\d s left", todo)
    assert rings(clerk) == 1


def test_nobodys_number_stands_there(clerk: Client, order: Order) -> None:
    page = shown(clerk)
    for number in ("13800138000", "13900139000", "隐私号"):
        assert number not in page
    for extension in ("4321", "1201"):
        assert not has_number(page, extension)
    assert "少辣" in page


def test_accepting_moves_it_and_is_noted(clerk: Client, order: Order) -> None:
    assert press(clerk, order, "accept").status_code == 200
    assert OutboundCall.objects.get().operation == "order.accept"
    assert AuditEntry.objects.filter(verb="takeaway.order.accept", target=str(ORDER_ID)).exists()
    Order.objects.update(state=OrderState.CONFIRMED)
    page = shown(clerk)
    assert "#12" in column(page, "cooking")
    assert "#12" not in column(page, "new")
    assert rings(clerk) == 0


@pytest.mark.parametrize(
    ("changes", "name"),
    [
        ({"state": OrderState.NEW}, "new"),
        ({"state": OrderState.UNKNOWN}, "new"),
        ({"state": OrderState.CONFIRMED}, "cooking"),
        ({"state": OrderState.CONFIRMED, "ready_at": timezone.now()}, "leaving"),
        ({"state": OrderState.CONFIRMED, "delivery": DeliveryState.PICKED_UP}, "leaving"),
    ],
)
def test_each_order_stands_in_one_column(
    clerk: Client, order: Order, changes: dict[str, Any], name: str
) -> None:
    Order.objects.update(**changes)
    page = shown(clerk)
    for each in ("new", "cooking", "leaving"):
        assert ("#12" in column(page, each)) is (each == name)


def test_what_is_over_stands_below(clerk: Client, order: Order) -> None:
    Order.objects.update(state=OrderState.FINISHED)
    page = shown(clerk)
    assert "Over today" in page
    assert "Today: 1 order · income expected ¥48.70" in page


def test_a_booked_order_waits_without_a_sound(clerk: Client, order: Order) -> None:
    Order.objects.update(wanted_at=timezone.now() + timedelta(hours=3))
    page = shown(clerk)
    assert "Booked for later" in column(page, "new")
    assert rings(clerk) == 0
    Order.objects.update(wanted_at=timezone.now() + timedelta(minutes=50))
    page = shown(clerk)
    assert "Booked for later" not in page
    assert rings(clerk) == 1


def test_an_urge_and_another_time_have_buttons(clerk: Client, order: Order) -> None:
    Order.objects.update(
        state=OrderState.CONFIRMED,
        urged_at=timezone.now(),
        new_time=timezone.now() + timedelta(hours=1),
        new_time_until=timezone.now() + timedelta(minutes=5),
    )
    todo = column(shown(clerk), "todo")
    for verb in ("urge", "time-agree", "time-refuse"):
        assert f"{DESK}{order.pk}/{verb}/" in todo
        assert press(clerk, order, verb).status_code == 200
    assert OutboundCall.objects.count() == 2


def order_page(order: Order) -> str:
    return f"/admin/messaging/order/{order.pk}/change/"


def asks_for(pusher: Pusher, at: int, **changed: Any) -> str:
    """Pushes the order in which another time of arrival is asked for; returns that time."""
    now = int(timezone.now().timestamp())
    change = {"etaTime": at, "deadline": now + 300, "state": 1}
    given = {"utime": now + 1, "estimateArrivalTime": now + 2400} | changed
    pusher.order("order-confirmed", status=4, etaModify=json.dumps(change), **given)
    with override("en"):
        return short_moment(datetime.fromtimestamp(at, tz=UTC))


def test_the_other_time_that_a_customer_asks_for_is_said(
    clerk: Client, order: Order, pusher: Pusher
) -> None:
    at = int(timezone.now().timestamp()) + 5400
    words = f"The customer asks for {asks_for(pusher, at)}"
    page = shown(clerk)
    assert words in column(page, "todo")
    assert words in column(page, "cooking")
    assert words in clerk.get(order_page(order)).content.decode()


def test_a_time_that_was_agreed_to_stands_where_people_cook(
    clerk: Client, order: Order, pusher: Pusher
) -> None:
    at = int(timezone.now().timestamp()) + 5400
    words = f"Time changed to {asks_for(pusher, at, estimateArrivalTime=at)}"
    Order.objects.update(new_time_answered_at=timezone.now())
    assert words in column(shown(clerk), "cooking")
    Order.objects.update(expected_at=timezone.now())
    assert "the time was kept" not in shown(clerk)
    assert "the time was kept" in clerk.get(order_page(order)).content.decode()


def test_a_second_wish_for_another_time_is_answered_too(
    clerk: Client, order: Order, pusher: Pusher
) -> None:
    now = int(timezone.now().timestamp())
    asks_for(pusher, now + 5400)
    Order.objects.update(new_time_answered_at=timezone.now())
    asks_for(pusher, now + 5400, utime=now + 2)
    assert "time-agree" not in shown(clerk)
    asks_for(pusher, now + 7200, utime=now + 3)
    assert "time-agree" in shown(clerk)


def test_a_refund_says_how_much_and_why(clerk: Client, order: Order) -> None:
    RefundFactory(order=order, is_part=True, money=1350, reason="洒了，打13812345678")
    todo = column(shown(clerk), "todo")
    assert "¥13.50 · 洒了，打138****78" in todo


def test_a_refund_is_decided_on_its_page(clerk: Client, order: Order, pusher: Pusher) -> None:
    pusher.push("refund", {"orderId": ORDER_ID, "notifyType": "apply", "reason": "少送"})
    todo = column(shown(clerk), "todo")
    refund = order.refunds.get()
    assert f"/admin/messaging/refund/{refund.pk}/change/" in todo
    assert "Meituan agrees to it then." in todo


def test_what_the_order_does_not_allow_is_said(clerk: Client, order: Order) -> None:
    Order.objects.update(state=OrderState.CANCELLED)
    answer = press(clerk, order, "accept")
    assert "#12: Only a new order can be accepted." in answer.content.decode()
    assert not OutboundCall.objects.exists()


def test_without_scripts_a_button_leads_back(clerk: Client, order: Order) -> None:
    answer = clerk.post(f"{DESK}{order.pk}/accept/")
    assert (answer.status_code, answer["Location"]) == (302, DESK)


def test_orders_that_are_only_read_have_no_accept(clerk: Client, order: Order) -> None:
    TakeawayStore.objects.update(provider=Provider.READING)
    page = shown(clerk)
    assert "/accept/" not in page
    assert "decide their refunds in Meituan&#x27;s own app." in column(page, "new")
    Order.objects.update(state=OrderState.CONFIRMED)
    assert f"{DESK}{order.pk}/ready/" in shown(clerk)


def test_a_customer_who_waits_is_answered_from_the_desk(
    clerk: Client, order: Order, writer: Pusher
) -> None:
    before = rings(clerk)
    write(writer, "到哪了？打 13900139000", cts=int(timezone.now().timestamp()), order_id=ORDER_ID)
    talk = Conversation.objects.get()
    todo = column(shown(clerk), "todo")
    assert "answer the message" in todo
    assert re.search(r"4 min 5\d s left", todo)
    assert f'<a class="button" href="/takeaway/chat/{talk.pk}/">Answer</a>' in todo
    assert "到哪了？" in todo
    assert "13900139000" not in todo
    # The chat rings for it.
    assert rings(clerk) == before
    write(writer, "快到了", cts=int(timezone.now().timestamp()), msg_source=1, order_id=ORDER_ID)
    assert "answer the message" not in shown(clerk)


def test_who_has_not_ordered_waits_at_the_desk_too(clerk: Client, writer: Pusher) -> None:
    write(writer, "在吗", cts=int(timezone.now().timestamp()))
    todo = column(shown(clerk), "todo")
    assert "Before an order" in todo
    assert "在吗" in todo


def test_refunds_stand_where_people_cook(clerk: Client, order: Order) -> None:
    Order.objects.update(state=OrderState.CONFIRMED)
    asked = "The customer asks for a refund"
    refund = RefundFactory(order=order, is_part=True, money=1250)
    cooking = column(shown(clerk), "cooking")
    assert asked in cooking
    assert "refunded" not in cooking
    Refund.objects.filter(pk=refund.pk).update(state=RefundState.AGREED)
    RefundFactory(order=order, is_part=True, money=300, state=RefundState.REJECTED)
    cooking = column(shown(clerk), "cooking")
    assert asked not in cooking
    assert "refunded in part: ¥12.50" in cooking
    assert "¥3.00" not in cooking


def test_who_may_not_decide_a_refund_reads_who_does(clerk: Client, order: Order) -> None:
    RefundFactory(order=order)
    words = "A manager decides refunds."
    assert words in column(shown(clerk), "todo")
    manager = english(member(order.store.merchant, Role.MANAGER, order.store, password=None))
    assert words not in shown(manager)


class TestLive:
    def digest(self, page: str) -> str:
        found = re.search(r'name="after" value="([^"]+)"', page)
        assert found
        return found[1]

    def test_nothing_new_is_answered_by_one_query(
        self, clerk: Client, order: Order, django_assert_max_num_queries: Any
    ) -> None:
        with time_machine.travel(timezone.now(), tick=False):
            after = self.digest(shown(clerk))
            with django_assert_max_num_queries(8):
                answer = clerk.get(f"{DESK}live/", {"after": after})
        assert answer.status_code == 204

    def test_every_push_is_news(self, clerk: Client, order: Order, pusher: Pusher) -> None:
        after = self.digest(shown(clerk))
        pusher.push("remind", {"orderId": ORDER_ID})
        answer = clerk.get(f"{DESK}live/", {"after": after})
        assert answer.status_code == 200
        assert self.digest(answer.content.decode()) != after

    def test_a_message_is_news(self, clerk: Client, order: Order, pusher: Pusher) -> None:
        with time_machine.travel(timezone.now().replace(second=1), tick=False):
            after = self.digest(shown(clerk))
            write(pusher, "在吗", cts=int(timezone.now().timestamp()))
            answer = clerk.get(f"{DESK}live/", {"after": after})
        assert "answer the message" in answer.content.decode()


class TestWhose:
    def test_strangers_see_and_do_nothing(self, order: Order) -> None:
        other: TakeawayStore = TakeawayStoreFactory(store=StoreFactory())
        stranger = english(member(other.store.merchant, Role.OWNER, password=None))
        assert "#12" not in shown(stranger)
        assert press(stranger, order, "accept").status_code == 404
        assert "#12" not in shown(stranger, f"?store={order.store_id}")
        assert not OutboundCall.objects.exists()

    def test_a_clerk_of_another_store(self, merchant: Merchant, order: Order) -> None:
        elsewhere: TakeawayStore = TakeawayStoreFactory(store=StoreFactory(merchant=merchant))
        clerk = english(member(merchant, Role.CLERK, elsewhere.store, password=None))
        assert "#12" not in shown(clerk)
        assert press(clerk, order, "accept").status_code == 404

    def test_who_has_no_takeaway_is_told_how(self, merchant: Merchant) -> None:
        owner = english(member(merchant, Role.OWNER, password=None))
        assert "Add a takeaway store" in shown(owner)

    def test_nobody_signed_in(self, order: Order, client: Client) -> None:
        assert client.get(DESK).status_code == 302
        assert press(client, order, "accept").status_code in (204, 302)
        assert not OutboundCall.objects.exists()

    def test_one_store_can_be_chosen(self, merchant: Merchant, order: Order) -> None:
        TakeawayStoreFactory(store=StoreFactory(merchant=merchant))
        owner = english(member(merchant, Role.OWNER, password=None))
        page = shown(owner, f"?store={order.store_id}")
        assert f'<input type="hidden" name="store" value="{order.store_id}">' in page
        assert shown(owner, "?store=999999999999999999999")


def test_as_many_queries_for_many_orders(order: Order, pusher: Pusher) -> None:
    def queries() -> int:
        with CaptureQueriesContext(connection) as asked:
            board_of([order.store])
        return len(asked)

    RefundFactory(order=order)
    few = queries()
    for number in range(1, 12):
        pusher.order(orderId=ORDER_ID + number)
    for each in Order.objects.all():
        RefundFactory(order=each)
    assert queries() <= few


@pytest.mark.parametrize("verb", ["unheard", "cancel"])
def test_other_verbs_are_not_there(clerk: Client, order: Order, verb: str) -> None:
    assert press(clerk, order, verb).status_code == 404
