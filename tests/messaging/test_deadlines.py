"""What a restaurant has to answer, and until when; and what of it the start page says to whom."""

from datetime import timedelta
from typing import Any

import pytest
import time_machine
from django.db import connection, transaction
from django.test.utils import CaptureQueriesContext
from django.utils import timezone, translation
from hypothesis import given, settings
from hypothesis import strategies as st

from messaging.choices import OrderState, Provider, RefundState
from messaging.dashboard import alerts, cards, charts, store_links
from messaging.models import ChatStore, Conversation, Order, Refund, TakeawayStore
from messaging.services.deadlines import What, deadlines_for, deadlines_of, left_text
from stores.backoffice.dashboard import by_urgency
from stores.backoffice.widgets import Alert
from stores.models import Connection, OutboundCall
from stores.roles import Role
from tests.messaging.factories import (
    ConversationFactory,
    OrderFactory,
    RefundFactory,
    TakeawayStoreFactory,
)
from tests.stores.factories import StoreFactory, member

pytestmark = pytest.mark.django_db
in_english = pytest.mark.usefixtures("in_english")
minutes = st.integers(-200, 400)


def kinds(binding: TakeawayStore) -> list[str]:
    return [each.what for each in deadlines_of([binding.store_id])]


@given(
    st.lists(
        st.tuples(st.sampled_from(["accept", "urge", "time", "ready", "refund"]), minutes),
        max_size=8,
    )
)
@settings(max_examples=25)
def test_any_mixture_is_sorted_by_the_time_that_is_left(given_work: list[tuple[str, int]]) -> None:
    with transaction.atomic():
        binding = TakeawayStoreFactory()
        now = timezone.now()
        for what, left in given_work:
            until = now + timedelta(minutes=left)
            fields: dict[str, Any] = {"state": OrderState.CONFIRMED}
            if what == "accept":
                fields = {"ordered_at": until - timedelta(minutes=binding.accept_minutes)}
            elif what == "urge":
                fields |= {"urged_at": until - timedelta(minutes=5)}
            elif what == "time":
                fields |= {"new_time": now, "new_time_until": until}
            elif what == "ready":
                fields |= {"ready_until": until}
            order = OrderFactory(binding=binding, **fields)
            if what == "refund":
                RefundFactory(order=order, decide_until=until)
        # Nobody waits any more for an answer whose time is over.
        wanted = sorted((left, what) for what, left in given_work if what != "time" or left > 0)
        found = deadlines_of([binding.store_id])
        assert sorted(each.what for each in found) == sorted(what for _left, what in wanted)
        times = [each.until for each in found]
        assert times == sorted(times)
        for each in found:
            limits = (each.left < timedelta(minutes=2), each.left < timedelta(minutes=10))
            assert each.urgency == {(True, True): "urgent", (False, True): "soon"}.get(
                limits, "calm"
            )
        alone = [one for order in Order.objects.all() for one in deadlines_for(order)]
        assert {(one.what, one.order) for one in alone} == {(one.what, one.order) for one in found}
        transaction.set_rollback(True)


@pytest.mark.parametrize(
    ("seconds", "english", "chinese"),
    [
        (130, "2 min 10 s left", "还剩 2 分 10 秒"),
        (9, "0 min 09 s left", "还剩 0 分 09 秒"),
        (3 * 3600 + 60, "3 h 01 min left", "还剩 3 小时 01 分"),
        (-70, "over for 1 min 10 s", "已超时 1 分 10 秒"),
        (0, "over for 0 min 00 s", "已超时 0 分 00 秒"),
    ],
)
def test_the_time_left_is_said_in_words(seconds: int, english: str, chinese: str) -> None:
    for language, words in (("en", english), ("zh-hans", chinese)):
        with translation.override(language):
            assert left_text(timedelta(seconds=seconds)) == words


@in_english
def test_each_kind_says_what_happens_then(binding: TakeawayStore) -> None:
    order = OrderFactory(binding=binding)
    [found] = deadlines_of([binding.store_id])
    assert (found.what, str(found.then)) == (What.ACCEPT, "Meituan cancels it then.")
    assert found.order == order


def test_a_booked_order_counts_from_when_it_is_to_be_cooked(binding: TakeawayStore) -> None:
    wanted = timezone.now() + timedelta(hours=5)
    OrderFactory(binding=binding, wanted_at=wanted)
    [found] = deadlines_of([binding.store_id])
    cook = wanted - timedelta(minutes=binding.booked_minutes)
    assert found.until == cook + timedelta(minutes=binding.accept_minutes)


def test_what_is_over_or_decided_has_no_deadline(binding: TakeawayStore) -> None:
    for state in (OrderState.FINISHED, OrderState.CANCELLED):
        order = OrderFactory(binding=binding, state=state, urged_at=timezone.now())
        RefundFactory(order=order, state=RefundState.AGREED)
    assert kinds(binding) == []


def test_what_cannot_be_done_here_has_no_deadline(binding: TakeawayStore) -> None:
    ready = timezone.now() + timedelta(minutes=5)
    order = OrderFactory(
        binding=binding, state=OrderState.CONFIRMED, urged_at=timezone.now(), ready_until=ready
    )
    OrderFactory(binding=binding)
    RefundFactory(order=order)
    assert sorted(kinds(binding)) == ["accept", "ready", "refund", "urge"]
    TakeawayStore.objects.update(provider=Provider.READING)
    assert kinds(binding) == ["ready"]
    assert [one.what for one in deadlines_for(Order.objects.get(pk=order.pk))] == ["ready"]
    TakeawayStore.objects.update(state=TakeawayStore.State.UNBOUND)
    assert kinds(binding) == []
    assert deadlines_for(Order.objects.get(pk=order.pk)) == []


def test_many_orders_need_four_queries(binding: TakeawayStore) -> None:
    for _ in range(5):
        order = OrderFactory(binding=binding)
        RefundFactory(order=order)
        ConversationFactory(order=order, reply_until=timezone.now())
    with CaptureQueriesContext(
        connection,
    ) as queries:
        assert len(deadlines_of([binding.store_id])) == 15
    assert len(queries) == 4


def test_equal_times_stand_by_kind_and_then_the_older_first(binding: TakeawayStore) -> None:
    now = timezone.now()
    until = now + timedelta(minutes=5)
    orders = [
        OrderFactory(
            binding=binding,
            state=OrderState.CONFIRMED,
            urged_at=now,
            ready_until=until,
            new_time=now,
            new_time_until=until,
        )
        for _ in range(3)
    ]
    refunds = [RefundFactory(order=order, decide_until=until) for order in reversed(orders)]
    talks = [ConversationFactory(order=order, reply_until=until) for order in reversed(orders)]
    begin = until - timedelta(minutes=binding.accept_minutes)
    new = [OrderFactory(binding=binding, ordered_at=begin) for _ in range(3)]
    found = deadlines_of([binding.store_id])
    assert [(each.what, each.talk or each.refund or each.order) for each in found] == [
        (what, row)
        for what, rows in (
            (What.ACCEPT, new),
            (What.REFUND, refunds),
            (What.TIME, orders),
            (What.URGE, orders),
            (What.READY, orders),
            (What.REPLY, talks),
        )
        for row in rows
    ]
    kinds_of_one = [What.REFUND, What.TIME, What.URGE, What.READY]
    for order in orders:
        assert [each.what for each in deadlines_for(order)] == kinds_of_one


# The start page


def texts(binding: TakeawayStore, role: Role) -> list[str]:
    user = member(binding.store.merchant, role, binding.store, password=None)
    return [str(alert.text) for alert in alerts(user)]


def busy(binding: TakeawayStore) -> None:
    """An order to be accepted, an urge, and a refund whose time is nearly over."""
    soon = timezone.now() + timedelta(minutes=1)
    OrderFactory(binding=binding, ordered_at=soon - timedelta(minutes=binding.accept_minutes))
    order = OrderFactory(binding=binding, state=OrderState.CONFIRMED, urged_at=timezone.now())
    RefundFactory(order=order, decide_until=soon)


ACCEPT = "1 takeaway order must be accepted now, or Meituan cancels it."
URGED = "1 customer waits for an answer about an order."
REFUND = "1 takeaway refund must be decided now, or Meituan agrees to it by itself."


@in_english
@pytest.mark.parametrize(
    ("role", "wanted"),
    [
        (Role.CLERK, [ACCEPT, URGED]),
        (Role.MANAGER, [ACCEPT, URGED, REFUND]),
        (Role.OWNER, [ACCEPT, URGED, REFUND]),
    ],
)
def test_each_role_is_told_what_it_may_do(
    binding: TakeawayStore, role: Role, wanted: list[str]
) -> None:
    assert texts(binding, role) == []
    busy(binding)
    assert texts(binding, role) == wanted


def test_others_are_told_nothing(binding: TakeawayStore) -> None:
    busy(binding)
    elsewhere = StoreFactory(merchant=binding.store.merchant)
    TakeawayStoreFactory(store=elsewhere)
    assert alerts(member(binding.store.merchant, Role.MANAGER, elsewhere)) == []
    assert alerts(member(StoreFactory().merchant, Role.OWNER)) == []


def test_what_has_time_is_no_alert(binding: TakeawayStore) -> None:
    TakeawayStore.objects.update(accept_minutes=60)
    OrderFactory(binding=binding)
    assert texts(binding, Role.MANAGER) == []


def undone(order: Order, *, state: str = "refused", operation: str = "order.cancel") -> None:
    OutboundCall.objects.create(
        platform="takeaway",
        operation=operation,
        key=f"{order.pk}:{OutboundCall.objects.count()}",
        connection=order.connection,
        pace=order.connection.pace,
        store=order.store,
        subject_id=order.pk,
        state=state,
        expires_at=timezone.now(),
        settled_at=timezone.now() if state != "pending" else None,
    )


@in_english
def test_what_meituan_did_not_do_is_said_until_it_is_asked_again_or_over(
    binding: TakeawayStore,
) -> None:
    order = OrderFactory(binding=binding, day_number=7, state=OrderState.CONFIRMED)
    undone(order, operation="order.read")
    assert texts(binding, Role.CLERK) == []
    undone(order)
    said = "Order #7: Meituan did not do what was asked: Cancel the order."
    assert texts(binding, Role.CLERK) == [said]
    with time_machine.travel(timezone.now() + timedelta(hours=25)):
        assert texts(binding, Role.CLERK) == []
    undone(order, state="pending")
    assert texts(binding, Role.CLERK) == []
    OutboundCall.objects.filter(state="pending").delete()
    Order.objects.update(state=OrderState.CANCELLED)
    assert texts(binding, Role.CLERK) == []


@in_english
def test_what_a_deadline_means_is_said_otherwise_once_it_is_over(binding: TakeawayStore) -> None:
    order = OrderFactory(binding=binding)
    [due] = deadlines_for(order)
    assert str(due.then) == "Meituan cancels it then."
    with time_machine.travel(due.until + timedelta(seconds=1)):
        assert str(due.then) == "Meituan cancels it any moment."


@in_english
def test_a_store_that_meituan_refuses_is_said_to_who_can_bind_it(binding: TakeawayStore) -> None:
    refused = {"state": Connection.State.REFUSED, "last_error": "令牌已过期"}
    Connection.objects.filter(pk=binding.connection_id).update(**refused)
    assert texts(binding, Role.MANAGER) == []
    [text] = texts(binding, Role.OWNER)
    assert "令牌已过期" in text
    Connection.objects.update(last_error="HTTP 502, not JSON: <html>")
    [text] = texts(binding, Role.OWNER)
    assert text.endswith("The platform's server has a fault.")
    TakeawayStore.objects.update(state=TakeawayStore.State.UNBOUND)
    [text] = texts(binding, Role.OWNER)
    assert text == f"{binding.store} is no longer bound to Meituan takeaway."


@in_english
def test_who_does_not_hear_customers_is_told(binding: TakeawayStore) -> None:
    chat = ChatStore.objects.create(binding=binding, is_on=True, socket_at=timezone.now())
    assert texts(binding, Role.CLERK) == []
    ago = timezone.now() - timedelta(minutes=6)
    ChatStore.objects.filter(pk=chat.pk).update(socket_at=ago)
    [text] = texts(binding, Role.CLERK)
    assert "what customers write is not heard" in text
    ChatStore.objects.filter(pk=chat.pk).update(is_subscribed=True)
    assert texts(binding, Role.CLERK) == []
    ChatStore.objects.filter(pk=chat.pk).update(is_subscribed=None, socket_at=None)
    TakeawayStore.objects.update(bound_at=ago)
    assert len(texts(binding, Role.CLERK)) == 1
    ChatStore.objects.filter(pk=chat.pk).update(is_on=False)
    assert texts(binding, Role.CLERK) == []


@in_english
def test_cards_and_charts_count_today_without_what_was_cancelled(binding: TakeawayStore) -> None:
    user = member(binding.store.merchant, Role.MANAGER, binding.store)
    stranger = member(StoreFactory().merchant, Role.OWNER)
    for state in (OrderState.NEW, OrderState.FINISHED, OrderState.CANCELLED):
        OrderFactory(binding=binding, state=state, received=1000)
    yesterday = timezone.now() - timedelta(days=1, minutes=5)
    OrderFactory(binding=binding, state=OrderState.FINISHED, ordered_at=yesterday)
    found = {str(card.title): str(card.value) for card in cards(user)}
    assert found == {
        "Takeaway orders today": "2",
        "Takeaway revenue today": "¥20.00",
        "Takeaway orders to be accepted": "1",
    }
    assert cards(stranger) == []
    [chart] = charts(user)
    assert sum(next(iter(chart.series.values()))) == 3
    assert charts(stranger) == []


def test_a_store_leads_to_its_orders(binding: TakeawayStore) -> None:
    other = StoreFactory()
    links = store_links([binding.store, other])
    assert set(links) == {binding.store_id}
    assert f"store__id__exact={binding.store_id}" in links[binding.store_id][0].url
    assert Refund.objects.count() == 0


# Customers' messages


@in_english
def test_who_waits_for_an_answer_to_a_message_is_in_the_list(binding: TakeawayStore) -> None:
    now = timezone.now()
    order = OrderFactory(binding=binding, ordered_at=now - timedelta(minutes=2))
    usual = ConversationFactory(order=order, reply_until=now + timedelta(minutes=4))
    urgent = ConversationFactory(
        order=order, reply_until=now + timedelta(seconds=50), is_urgent=True
    )
    ConversationFactory(order=order, reply_until=None)
    found = deadlines_of([binding.store_id])
    assert [(each.what, each.talk) for each in found] == [
        (What.REPLY, urgent),
        (What.ACCEPT, None),
        (What.REPLY, usual),
    ]
    assert [each.urgency for each in found] == ["urgent", "soon", "soon"]
    assert [str(each.title) for each in found] == [
        "answer the urgent message",
        "accept the order",
        "answer the message",
    ]


@in_english
def test_the_alert_about_messages_says_how_urgent_they_are(binding: TakeawayStore) -> None:
    now = timezone.now()
    with time_machine.travel(now, tick=False):
        order = OrderFactory(binding=binding, state=OrderState.FINISHED)
        ConversationFactory(order=order, reply_until=now + timedelta(seconds=130))
        words = "1 customer waits for an answer to a message (the first: 2 min 10 s left)."
        assert texts(binding, Role.CLERK) == [words]
        ConversationFactory(order=order, reply_until=now - timedelta(seconds=70), is_urgent=True)
        words = (
            "2 customers wait for an answer to a message "
            "(1 urgent, 1 overdue, the first: over for 1 min 10 s)."
        )
        assert texts(binding, Role.CLERK) == [words]


@in_english
def test_what_has_the_least_time_stands_first_on_the_start_page(binding: TakeawayStore) -> None:
    now = timezone.now()
    busy(binding)
    order = OrderFactory(binding=binding, state=OrderState.FINISHED)
    ConversationFactory(order=order, reply_until=now + timedelta(seconds=20))
    user = member(binding.store.merchant, Role.MANAGER, binding.store, password=None)
    other = Alert("error", "Something else.")
    found = by_urgency([other, *alerts(user)])
    assert [str(alert.text).partition(" (")[0].rstrip(".") for alert in found] == [
        "1 customer waits for an answer to a message",
        ACCEPT.rstrip("."),
        REFUND.rstrip("."),
        URGED.rstrip("."),
        "Something else",
    ]


def ended(binding: TakeawayStore, **fields: Any) -> Conversation:
    """A conversation about an order that ended two hours ago, in which a customer waits."""
    now = timezone.now()
    order = OrderFactory(
        binding=binding, state=OrderState.FINISHED, finished_at=now - timedelta(hours=2)
    )
    values = {"reply_until": now + timedelta(minutes=4)} | fields
    made: Conversation = ConversationFactory(order=order, **values)
    return made


@in_english
def test_the_end_of_a_conversation_is_in_the_list_while_a_customer_waits(
    binding: TakeawayStore,
) -> None:
    talk = ended(binding)
    running = ConversationFactory(
        order=OrderFactory(binding=binding, state=OrderState.CONFIRMED),
        reply_until=timezone.now() + timedelta(minutes=5),
    )
    found = deadlines_of([binding.store_id])
    assert [(each.what, each.talk) for each in found] == [
        (What.REPLY, talk),
        (What.REPLY, running),
        (What.CLOSES, talk),
    ]
    closes = found[-1]
    assert talk.order
    assert talk.order.finished_at
    assert closes.until == talk.order.finished_at + timedelta(hours=47, minutes=50)
    assert (str(closes.title), str(closes.then)) == (
        "answer before the conversation closes",
        "Nothing can be written here then.",
    )
    assert closes.urgency == "calm"
    ChatStore.objects.create(binding=binding, open_hours=3, margin_minutes=57)
    closes = deadlines_of([binding.store_id])[0]
    assert closes.until == talk.order.finished_at + timedelta(hours=2, minutes=3)
    assert (closes.what, closes.urgency) == (What.CLOSES, "soon")


@pytest.mark.parametrize(
    "fields",
    [{"blocked_at": timezone.now()}, {"open_user_id": ""}, {"reply_until": None}],
    ids=lambda fields: next(iter(fields)),
)
def test_an_end_is_not_in_the_list_where_nobody_can_or_has_to_answer(
    binding: TakeawayStore, fields: dict[str, Any]
) -> None:
    ended(binding, **fields)
    assert "closes" not in kinds(binding)


def test_an_end_that_has_passed_is_not_in_the_list(binding: TakeawayStore) -> None:
    ended(binding)
    assert kinds(binding) == ["reply", "closes"]
    with time_machine.travel(timezone.now() + timedelta(hours=46)):
        assert kinds(binding) == ["reply"]


def test_ends_of_many_conversations_need_no_more_queries(binding: TakeawayStore) -> None:
    for _ in range(5):
        ended(binding)
    with CaptureQueriesContext(connection) as queries:
        assert len(deadlines_of([binding.store_id])) == 10
    assert len(queries) == 4
