"""Takeaway orders and refunds in the back office: what they show, and each button, pressed on the
page and felt at Meituan.
"""

import csv
import io
from dataclasses import asdict
from datetime import timedelta
from typing import Any

import pytest
from django.test import Client
from django.urls import reverse
from django.utils import timezone

from messaging.admin.order_parts import bags, sums
from messaging.admin.orders import TakeawayOrderAdmin
from messaging.choices import (
    DeliveryState,
    OrderState,
    PaperState,
    Provider,
    PushKind,
    RefundState,
)
from messaging.models import MissedPush, Order, PrintJob, Refund, TakeawayStore
from messaging.services.answers import refunds_read
from messaging.services.reading import client_of
from messaging.wire.orders import Discount
from stores.models import AuditEntry, OutboundCall, Store
from stores.roles import Role
from tests.back_office import at_work, listed, page, press, shown
from tests.messaging.contract.rows import conversation_of
from tests.messaging.factories import (
    OrderFactory,
    PrinterFactory,
    RefundFactory,
    TakeawayStoreFactory,
)
from tests.messaging.meituan import Meituan, deliver_all
from tests.messaging.pushing import Pusher

pytestmark = pytest.mark.django_db
ON_SOCKETS = [pytest.mark.django_db(transaction=True), pytest.mark.usefixtures("quick")]
LIST = "messaging_order"


def on_sockets(test: Any) -> Any:
    for mark in ON_SOCKETS:
        test = mark(test)
    return test


def known(meituan: Meituan, *, accepted: bool = True, **changes: Any) -> Order:
    order = meituan.known(**changes)
    if accepted:
        meituan.act(order.order_id, "confirm")
        Order.objects.filter(pk=order.pk).update(state=OrderState.CONFIRMED)
        order.refresh_from_db()
    return order


def buttons(client: Client, order: Order) -> set[str]:
    """The buttons that the page of an order offers."""
    html = shown(client, order)
    return {name for name in TakeawayOrderAdmin.buttons if f"/do/{name}/" in html}


# What each button does. The name of a button, what stands before, what a person answers, what is
# true after it.


def urged(order: Order) -> None:
    Order.objects.filter(pk=order.pk).update(urged_at=timezone.now())


def other_time(order: Order) -> None:
    Order.objects.filter(pk=order.pk).update(new_time=timezone.now())


def rider(order: Order) -> None:
    Order.objects.filter(pk=order.pk).update(delivery=DeliveryState.SENT)


COURIER = {"courier": "小李", "phone": "13700000000"}
PRESSED: list[tuple[str, str, dict[str, str], str, Any]] = [
    ("ready", "1001", {}, "ready_at", None),
    ("urge", "1001", {}, "urge_answered_at", urged),
    ("on_the_way", "0000", COURIER, "delivery", None),
    ("delivered", "0000", COURIER, "delivery", None),
    ("call_rider", "1001", {}, "", None),
]


@on_sockets
@pytest.mark.parametrize(("button", "logistics", "answers", "field", "before"), PRESSED)
def test_a_clerk_presses_a_button_and_meituan_does_it(
    meituan: Meituan,
    store: Store,
    button: str,
    logistics: str,
    answers: dict[str, str],
    field: str,
    before: Any,
) -> None:
    order = known(meituan, logistics_code=logistics)
    if button == "urge":
        meituan.act(order.order_id, "remind")
    if before:
        before(order)
    clerk = at_work(store, Role.CLERK)
    assert button in buttons(clerk, order)
    press(clerk, order, button, **answers)
    deliver_all()
    call = OutboundCall.objects.get()
    assert call.state == OutboundCall.State.DONE
    order.refresh_from_db()
    assert not field or getattr(order, field) not in (None, DeliveryState.NONE)
    assert AuditEntry.objects.get(verb=f"takeaway.{call.operation}").target == order.order_id


@on_sockets
def test_accepting_and_cancelling_reach_meituan(meituan: Meituan, store: Store) -> None:
    clerk = at_work(store, Role.CLERK)
    order = known(meituan, accepted=False)
    assert {"accept", "cancel"} <= buttons(clerk, order)
    press(clerk, order, "accept")
    deliver_all()
    assert meituan.status(order.order_id) == 4
    assert "accept" not in buttons(clerk, order)
    assert "Why" in clerk.get(page(order, "do", "cancel")).content.decode()
    press(clerk, order, "cancel", code="2009", reason="牛河卖完了")
    deliver_all()
    assert meituan.status(order.order_id) == 9
    order.refresh_from_db()
    assert (order.state, order.cancel_reason) == (OrderState.CANCELLED, "牛河卖完了")
    assert "sold out · 牛河卖完了" in shown(clerk, order)
    assert buttons(clerk, order) == {"print_here"}


@on_sockets
@pytest.mark.parametrize("agree", [True, False])
def test_another_time_is_answered(meituan: Meituan, store: Store, agree: bool) -> None:
    order = known(meituan)
    later = int(timezone.now().timestamp()) + 7200
    meituan.act(order.order_id, "eta", time=later)
    other_time(order)
    clerk = at_work(store, Role.CLERK)
    assert {"time_agreed", "time_refused"} <= buttons(clerk, order)
    press(clerk, order, "time_agreed" if agree else "time_refused")
    deliver_all()
    call = OutboundCall.objects.get(operation="order.time")
    assert (call.state, call.payload) == (OutboundCall.State.DONE, {"agree": agree})


@on_sockets
def test_a_rider_is_called_off(meituan: Meituan, store: Store) -> None:
    order = known(meituan, logistics_code="1001")
    clerk = at_work(store, Role.CLERK)
    press(clerk, order, "call_rider")
    deliver_all()
    rider(order)
    assert "call_off_rider" in buttons(clerk, order)
    press(clerk, order, "call_off_rider")
    deliver_all()
    states = OutboundCall.objects.values_list("operation", "state")
    assert ("rider.cancel", OutboundCall.State.DONE) in states


@on_sockets
@pytest.mark.parametrize(
    ("button", "answers", "state"),
    [("agree", {}, RefundState.AGREED), ("refuse", {"reason": "已补送"}, RefundState.REJECTED)],
)
def test_a_manager_decides_a_refund(
    meituan: Meituan, store: Store, button: str, answers: dict[str, str], state: str
) -> None:
    order = known(meituan)
    picture = "http://127.0.0.1/takeaway/pictures/soup.jpg"
    meituan.act(order.order_id, "refund", reason="少送了", pictures=[picture])
    facts = client_of(order.connection).refunds_of([order.order_id])
    refunds_read(order=order, facts=facts, asked_at=order.heard_at)
    refund = order.refunds.get()
    manager = at_work(store)
    assert f"/do/{button}/" in shown(manager, refund)
    assert f'href="{picture}"' in shown(manager, refund)
    press(manager, refund, button, **answers)
    deliver_all()
    refund.refresh_from_db()
    assert refund.state == state
    assert "/do/" not in shown(manager, refund)


# Who sees which buttons


def test_a_clerk_handles_orders_and_decides_no_refunds(binding: TakeawayStore) -> None:
    order = OrderFactory(binding=binding)
    refund = RefundFactory(order=order)
    clerk = at_work(binding.store, Role.CLERK)
    assert buttons(clerk, order) == {"accept", "cancel", "print_here"}
    assert "/do/" not in shown(clerk, refund)
    for button in ("agree", "refuse"):
        answer = clerk.post(page(refund, "do", button), {"reason": "x"})
        assert answer.status_code == 403
    assert clerk.post(page(order, "do", "show_customer")).status_code == 403
    assert not OutboundCall.objects.exists()


@pytest.mark.parametrize("role", [Role.MANAGER, Role.OWNER])
def test_managers_and_owners_see_all_buttons(binding: TakeawayStore, role: Role) -> None:
    order = OrderFactory(binding=binding)
    client = at_work(binding.store, role)
    assert buttons(client, order) == {"accept", "cancel", "print_here", "show_customer"}
    assert "/do/agree/" in shown(client, RefundFactory(order=order))


def test_where_the_customer_service_decides_there_is_no_button(binding: TakeawayStore) -> None:
    refund = RefundFactory(order=OrderFactory(binding=binding), is_appeal=True)
    manager = at_work(binding.store)
    assert "/do/" not in shown(manager, refund)
    assert "Customer service decides" in press(manager, refund, "agree")
    assert not OutboundCall.objects.exists()


@pytest.mark.parametrize("state", [TakeawayStore.State.UNBOUND, TakeawayStore.State.WAITING])
def test_orders_of_a_store_that_is_not_bound_may_only_be_printed(
    binding: TakeawayStore, state: str
) -> None:
    order = OrderFactory(binding=binding, state=OrderState.CONFIRMED)
    TakeawayStore.objects.update(state=state)
    clerk = at_work(binding.store, Role.CLERK)
    assert buttons(clerk, order) == {"print_here"}
    assert "not bound" in press(clerk, order, "cancel", code="2009")
    assert not OutboundCall.objects.exists()


def test_an_order_leads_to_what_its_customer_wrote(binding: TakeawayStore) -> None:
    order = OrderFactory(binding=binding)
    clerk = at_work(binding.store, Role.CLERK)
    assert "chat" not in buttons(clerk, order)
    talk = conversation_of(binding.store, binding)
    talk.order = order
    talk.save()
    assert "chat" in buttons(clerk, order)
    answer = clerk.post(page(order, "do", "chat"))
    assert answer.headers["Location"] == f"/takeaway/chat/{talk.pk}/"


def test_orders_that_are_only_read_may_be_reported_as_ready(binding: TakeawayStore) -> None:
    TakeawayStore.objects.update(provider=Provider.READING)
    clerk = at_work(binding.store, Role.CLERK)
    assert buttons(clerk, OrderFactory(binding=binding)) == {"print_here"}
    order = OrderFactory(binding=binding, state=OrderState.CONFIRMED)
    assert buttons(clerk, order) == {"print_here", "ready"}
    assert "only read here" in press(clerk, order, "accept")


def test_a_refusal_needs_words(binding: TakeawayStore) -> None:
    refund = RefundFactory(order=OrderFactory(binding=binding))
    press(at_work(binding.store), refund, "refuse", reason=" ")
    assert not OutboundCall.objects.exists()


def test_a_cancellation_needs_a_reason_of_the_list(binding: TakeawayStore) -> None:
    order = OrderFactory(binding=binding)
    press(at_work(binding.store), order, "cancel", code="1001")
    assert not OutboundCall.objects.exists()


# What the pages show


def test_the_page_adds_up_what_the_customer_paid(pusher: Pusher, store: Store) -> None:
    pusher.order()
    html = shown(at_work(store), Order.objects.get())
    for text in ("¥60.10", "¥3.00", "¥4.00", "−¥8.10", "¥59.00", "¥48.70", "¥6.30"):
        assert text in html, text
    assert "Bag 1" in html
    assert "宫保鸡丁 ×2" in html
    assert "<span>¥47.60</span>" in html, "what the line costs"
    assert "order came" in html or "new order" in html


def test_an_order_of_which_only_a_part_is_known_says_so(binding: TakeawayStore) -> None:
    order = OrderFactory(binding=binding, content={}, state=OrderState.UNKNOWN, paid=None)
    assert "we are asking" in shown(at_work(binding.store), order)


def test_hostile_words_stay_text(binding: TakeawayStore) -> None:
    words = "<script>alert(1)</script>"
    order = OrderFactory(binding=binding, customer={"recipient": words, "remark": words})
    order.content["dishes"][0]["name"] = words
    order.cancel_reason = words
    order.save()
    RefundFactory(order=order, reason=words)
    manager = at_work(binding.store)
    for html in (shown(manager, order), manager.get("/admin/messaging/order/").content.decode()):
        assert words not in html
        assert "&lt;script&gt;" in html


def test_orders_are_found_by_either_number(binding: TakeawayStore) -> None:
    order = OrderFactory(binding=binding, view_id="777")
    OrderFactory(binding=binding)
    clerk = at_work(binding.store, Role.CLERK)
    assert listed(clerk, LIST, q=order.order_id) == [order]
    assert listed(clerk, LIST, q="777") == [order]
    assert listed(clerk, LIST, q="13800138000") == []


def test_lists_are_narrowed_by_state_and_store(binding: TakeawayStore) -> None:
    new = OrderFactory(binding=binding)
    done = OrderFactory(binding=binding, state=OrderState.FINISHED)
    clerk = at_work(binding.store, Role.CLERK)
    assert listed(clerk, LIST, state__exact="new") == [new]
    assert listed(clerk, LIST, state__exact="finished") == [done]
    open_refund = RefundFactory(order=done)
    RefundFactory(order=done, state=RefundState.AGREED)
    assert listed(clerk, "messaging_refund", state__exact="open") == [open_refund]


def test_an_export_holds_no_customer(binding: TakeawayStore) -> None:
    order = OrderFactory(binding=binding)
    manager = at_work(binding.store)
    text = manager.get(reverse("admin:messaging_order_csv")).getvalue().decode("utf-8-sig")
    rows = list(csv.reader(io.StringIO(text)))
    assert any(order.order_id in cell for row in rows for cell in row)
    for word in ("13800138000", "13900139000", "林女士", "花园路"):
        assert word not in text
    assert AuditEntry.objects.filter(verb="takeaway.orders.exported").count() == 1


def test_what_was_not_told_is_listed_by_day(binding: TakeawayStore) -> None:
    order = OrderFactory(binding=binding)
    missed = MissedPush.objects.create(order=order, kind=PushKind.ORDER_NEW)
    manager = at_work(binding.store)
    # It may be on its way.
    assert listed(manager, "messaging_missedpush") == []
    assert "Found by asking" not in shown(manager, order)
    hour_ago = timezone.now() - timedelta(hours=1)
    MissedPush.objects.update(found_at=hour_ago)
    assert listed(manager, "messaging_missedpush") == [missed]
    assert "Found by asking" in shown(manager, order)
    other = TakeawayStoreFactory(store__merchant=binding.store.merchant)
    MissedPush.objects.create(
        order=OrderFactory(binding=other), kind=PushKind.ORDER_NEW, found_at=hour_ago
    )
    assert listed(manager, "messaging_missedpush") == [missed]
    MissedPush.objects.filter(pk=missed.pk).update(came_at=hour_ago + timedelta(seconds=9))
    assert listed(manager, "messaging_missedpush") == []


def test_the_timeline_holds_what_was_said_and_done(pusher: Pusher, store: Store) -> None:
    pusher.order()
    order = Order.objects.get()
    clerk = at_work(store, Role.CLERK)
    press(clerk, order, "accept")
    for action in ("apply", "reject"):
        pusher.push("refund", {"orderId": int(order.order_id), "notifyType": action})
    html = shown(clerk, order)
    for text in (
        "new order",
        "Accept the order",
        "Accepted a takeaway order",
        "refund of a whole order: to be decided",
        "refund of a whole order: refused",
    ):
        assert text in html, text


def test_refunds_of_an_order_stand_on_its_page(binding: TakeawayStore) -> None:
    refund = RefundFactory(order=OrderFactory(binding=binding), is_part=True, money=1250)
    html = shown(at_work(binding.store), refund.order)
    assert page(refund) in html
    assert "¥12.50" in html
    assert Refund.objects.count() == 1
    assert bags(refund.order)[0]["number"] == 1


@pytest.mark.usefixtures("in_english")
def test_what_the_shop_receives_can_be_added_up_on_the_page(binding: TakeawayStore) -> None:
    order = OrderFactory(binding=binding, paid=1690, received=1740, service_fee=450)
    order.content["discounts"] = [asdict(Discount("满 25 减 8.1", 810, 500, 310))]
    lines = {line["title"]: (line["sum"], line.get("note", "")) for line in sums(order, [])}
    assert lines == {
        "Dishes": ("¥24.00", ""),
        "Boxes for dishes": ("¥1.00", ""),
        "满 25 减 8.1": ("−¥8.10", "the shop bears ¥3.10, Meituan bears ¥5.00"),
        "Customer paid": ("¥16.90", ""),
        "Meituan's part of the discounts": ("¥5.00", ""),
        "Meituan's service fee": ("−¥4.50", ""),
        "Shop receives": ("¥17.40", ""),
    }
    order.is_cash = True
    order.save()
    assert "Cash on delivery" in shown(at_work(binding.store), order)


def test_how_far_each_receipt_is_stands_on_the_page(binding: TakeawayStore) -> None:
    order = OrderFactory(binding=binding, state=OrderState.CONFIRMED)
    printer, other = (PrinterFactory(store=order.store, name=name) for name in ("后厨", "前台"))
    job = PrintJob.objects.create(
        order=order, printer=printer, printed_by=other, copy="kitchen", state=PaperState.UNKNOWN
    )
    html = shown(at_work(binding.store), order)
    assert page(job) in html
    assert "may be printed" in html
    assert "前台" in html
