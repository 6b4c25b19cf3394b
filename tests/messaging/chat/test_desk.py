"""What pages read and poll, what people leave on the desk, and what is said without a person."""

import re
from datetime import datetime, time, timedelta
from typing import Any

import pytest
import time_machine
from django.contrib.auth.models import User
from django.db import connection as database
from django.test.utils import CaptureQueriesContext
from django.utils import timezone

from messaging.choices import AutoReply, Direction, MessageKind, MessageState, Origin
from messaging.models import (
    ChatHours,
    ChatPicture,
    Conversation,
    Message,
    Order,
    QuickReply,
    TakeawayStore,
)
from messaging.services.chat import (
    bookkeeping,
    forgetting,
    keys,
    listing,
    presence,
    quick_replies,
    rating,
    rules,
    searching,
)
from messaging.services.chat.closing import ChatConflict
from stores.models import OutboundCall
from tests.messaging.chat.writing import CUSTOMER, write
from tests.messaging.factories import TakeawayStoreFactory
from tests.messaging.pushing import Pusher
from tests.stores.factories import UserFactory

pytestmark = [pytest.mark.django_db, pytest.mark.urls("messaging.urls")]


def now_seconds() -> int:
    return int(timezone.now().timestamp())


@pytest.fixture
def talk(pusher: Pusher) -> Conversation:
    write(pusher, "在吗", cts=now_seconds())
    return Conversation.objects.get()


@pytest.fixture
def user() -> User:
    made: User = UserFactory()
    return made


def news(talk: Conversation, cursor: str) -> listing.News | None:
    return listing.news(
        merchant_ids=[talk.store.merchant_id],
        store_ids=[talk.store_id],
        cursor=cursor,
        conversation_id=talk.pk,
    )


def add(talk: Conversation, text: str, **changes: Any) -> Message:
    """A row as many of which stand in a large table."""
    values = {
        "connection_id": talk.connection_id,
        "store_id": talk.store_id,
        "direction": Direction.CUSTOMER,
        "origin": Origin.CUSTOMER,
        "kind": MessageKind.TEXT,
        "state": "",
        "at": timezone.now(),
    }
    return Message.objects.create(conversation=talk, text=text, **values | changes)


# Polling


def test_that_nothing_is_new_is_one_query(talk: Conversation) -> None:
    cursor = listing.cursor_now([talk.store.merchant_id])
    merchant_id, store_id = talk.store.merchant_id, talk.store_id
    with CaptureQueriesContext(
        database,
    ) as queries:
        found = listing.news(
            merchant_ids=[merchant_id], store_ids=[store_id], cursor=cursor, conversation_id=talk.pk
        )
    assert found is None
    assert len(queries) == 1


def test_what_is_new_comes_once(talk: Conversation, pusher: Pusher) -> None:
    cursor = listing.cursor_now([talk.store.merchant_id])
    write(pusher, "还在吗", cts=now_seconds())
    write(pusher, "别人", open_user_id=5)
    found = news(talk, cursor)
    assert found
    assert [message.text for message in found.messages] == ["还在吗"]
    assert {row.open_user_id for row in found.conversations} == {str(CUSTOMER), "5"}
    assert news(talk, found.cursor) is None


@pytest.mark.parametrize("cursor", ["", "x", "1:2:3-", "9" * 40, "-1:5", "1:٣"])
def test_a_cursor_that_nobody_gave_reads_from_the_beginning(
    talk: Conversation, cursor: str
) -> None:
    found = news(talk, cursor)
    assert found
    assert [message.text for message in found.messages] == ["在吗"]


def test_news_of_another_merchants_store_are_none(talk: Conversation) -> None:
    cursor = listing.cursor_now([talk.store.merchant_id])
    write(Pusher(TakeawayStoreFactory()), "别家")
    assert news(talk, cursor) is None


def test_a_thread_is_read_backwards_page_by_page(talk: Conversation) -> None:
    begin = timezone.now()
    for n in range(12):
        add(talk, f"{n}", at=begin + timedelta(seconds=n // 3), tie=n)
    last = listing.thread(talk, size=5)
    assert [row.text for row in last] == ["7", "8", "9", "10", "11"]
    before = listing.thread(talk, before=listing.Place.of(last[0]), size=5)
    assert [row.text for row in before] == ["2", "3", "4", "5", "6"]


def test_who_waits_stands_above(pusher: Pusher, talk: Conversation) -> None:
    stores = [talk.store_id]
    write(pusher, "急", open_user_id=2, cts=now_seconds(), scene_tag=9003)
    write(pusher, "答了", open_user_id=3, cts=now_seconds())
    write(pusher, "好", open_user_id=3, cts=now_seconds(), msg_source=1)
    assert [row.open_user_id for row in listing.unanswered(stores)] == ["2", str(CUSTOMER)]
    assert [row.open_user_id for row in listing.answered(stores)] == ["3"]
    assert listing.number_waiting(stores) == 2
    first = listing.answered(stores)[0]
    assert list(listing.answered(stores, before=first)) == []


def test_programs_read_in_the_order_of_arrival(pusher: Pusher, talk: Conversation) -> None:
    write(pusher, "早的", cts=now_seconds() - 600)
    first, second = listing.arrived_after(talk)
    assert (first.text, second.text) == ("在吗", "早的")
    assert listing.arrived_after(talk, first.pk) == [second]


def test_reading_a_list_thread_and_news_uses_indexes(talk: Conversation, user: User) -> None:
    if database.vendor != "sqlite":
        pytest.skip("PostgreSQL reads small tables as a whole")
    now = timezone.now()
    plans = "".join(
        rows.explain()
        for rows in (
            listing.unanswered([talk.store_id]).select_related(None),
            listing.answered([talk.store_id]).select_related(None),
            Message.objects.filter(store=talk.store_id).order_by("-pk")[:10],
            talk.messages.order_by("-at", "-tie", "-pk")[:10],
            talk.messages.unmatched().filter(handed_at__gte=now, handed_at__lte=now),
            rating.questions(talk.store_id, timezone.localdate(), urgent=False),
            Message.objects.numbered("5").filter(connection=talk.connection_id).order_by(),
            Message.objects.automatic(timezone.localdate()).filter(store=5).order_by(),
            Conversation.objects.of_customer(talk.connection, "5").order_by(),
            keys.texts_of(talk, user),
        )
    )
    assert "SCAN" not in plans, plans
    used = set(re.findall(r"takeaway_\w+", plans))
    assert used == {
        "takeaway_chat_unanswered",
        "takeaway_chat_answered",
        "takeaway_message_newest",
        "takeaway_message_place",
        "takeaway_message_arrived",
        "takeaway_message_unmatched",
        "takeaway_message_questions",
        "takeaway_one_message_per_number",
        "takeaway_message_automatic",
        "takeaway_one_conversation_per_customer",
    }


def test_a_search_opens_a_bounded_number_of_messages(
    talk: Conversation, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(searching, "MOST_OPENED", 5)
    for n in range(12):
        add(talk, f"外卖 No{n}")
    found = searching.search(store_id=talk.store_id, words="外卖 no1")
    assert [row.text for row in found.messages] == ["外卖 No11", "外卖 No10"]
    assert found.before
    found = searching.search(store_id=talk.store_id, words="外卖 no1", before=found.before)
    assert found.messages == []
    found = searching.search(store_id=talk.store_id, words="外卖 no1", before=found.before)
    assert [row.text for row in found.messages] == ["外卖 No1"]
    assert found.before is None
    assert searching.search(store_id=talk.store_id, words="  ").messages == []


# Drafts, presence, read marks


def test_a_draft_is_each_persons_own(talk: Conversation, user: User) -> None:
    presence.draft_save(conversation=talk, user=user, text="您好，我们")
    assert presence.draft_of(talk, user) == "您好，我们"
    assert presence.draft_of(talk, UserFactory()) == ""
    presence.draft_save(conversation=talk, user=user, text="您好，我们马上")
    presence.draft_save(conversation=talk, user=user, text=" ")
    assert presence.draft_of(talk, user) == ""


def test_others_see_who_looks_and_types(talk: Conversation, user: User) -> None:
    me = UserFactory()
    cursor = listing.cursor_now([talk.store.merchant_id])
    with time_machine.travel(timezone.now(), tick=False) as clock:
        presence.look(conversation=talk, user=user)
        assert presence.others(talk, me) == [presence.Present(user.username, False)]
        assert presence.others(talk, user) == []
        found = news(talk, cursor)
        assert found
        presence.look(conversation=talk, user=user)
        assert news(talk, found.cursor) is None
        presence.look(conversation=talk, user=user, is_typing=True)
        assert presence.others(talk, me)[0].is_typing
        clock.shift(7)
        assert not presence.others(talk, me)[0].is_typing
        clock.shift(10)
        assert presence.others(talk, me) == []


def test_reading_is_told_to_meituan_and_counts_down(talk: Conversation, pusher: Pusher) -> None:
    first = Message.objects.get()
    write(pusher, "还在吗", cts=now_seconds())
    presence.messages_read(conversation=talk, until=first.pk)
    talk.refresh_from_db()
    assert talk.unread == 1
    call = OutboundCall.objects.get(operation="message.read")
    assert call.payload == {"msg_id": first.msg_id}
    presence.messages_read(conversation=talk, until=first.pk)
    assert OutboundCall.objects.filter(operation="message.read").count() == 1


def test_what_needs_no_answer_waits_no_longer_and_is_counted_all_the_same(
    talk: Conversation, user: User, pusher: Pusher
) -> None:
    presence.conversation_dismiss(conversation=talk, actor=user)
    talk.refresh_from_db()
    assert talk.reply_until is None
    assert Message.objects.get().reply_until
    write(pusher, "还有", cts=now_seconds())
    write(pusher, "还有", cts=now_seconds(), scene_tag=9003)
    talk.refresh_from_db()
    assert talk.is_urgent


# Rates


def test_the_days_rate_counts_questions_and_names_them(talk: Conversation, pusher: Pusher) -> None:
    with time_machine.travel(datetime(2026, 11, 20, 12, tzinfo=timezone.get_current_timezone())):
        begin = now_seconds()
        for customer, after in ((1, 60), (2, 400), (3, None)):
            write(pusher, "问", open_user_id=customer, cts=begin - 1000)
            if after:
                write(pusher, "答", open_user_id=customer, cts=begin - 1000 + after, msg_source=1)
        write(pusher, "刚问", open_user_id=4, cts=begin)
        day = timezone.localdate()
        rate = rating.rate_of(talk.store_id, day)
    assert (rate.in_time, rate.late, rate.waiting, rate.percent) == (1, 2, 1, 33)
    late = rating.questions(talk.store_id, day, urgent=False).filter(rating.late(timezone.now()))
    assert {row.conversation.open_user_id for row in late} == {"2", "3", "4"}
    assert rating.rate_of(talk.store_id, day, urgent=True).percent is None


# Without a person


@pytest.fixture
def chat(talk: Conversation) -> Any:
    found = bookkeeping.chat_of(talk.connection_id)
    found.greets, found.greeting = True, "您好，请说"
    found.answers_away, found.away = True, "休息中，十点回复"
    found.save()
    return found


def rule_texts() -> list[str]:
    return [row.text for row in Message.objects.exclude(rule="").order_by("pk")]


def test_a_greeting_comes_once_per_conversation_and_day(
    pusher: Pusher, chat: Any, talk: Conversation
) -> None:
    noon = datetime(2026, 11, 20, 12, tzinfo=timezone.get_current_timezone())
    with time_machine.travel(noon, tick=False) as clock:
        for customer in (1, 1, 2):
            write(pusher, "在吗", open_user_id=customer, cts=now_seconds())
        assert rule_texts() == ["您好，请说"] * 2
        # What a customer has written stays in sight among those who wait.
        asked = Conversation.objects.get(open_user_id="2")
        assert (asked.preview, asked.last_direction) == ("在吗", Direction.CUSTOMER)
        clock.shift(timedelta(days=1))
        write(pusher, "在吗", open_user_id=1, cts=now_seconds())
        assert rule_texts() == ["您好，请说"] * 3
        write(pusher, "早的", open_user_id=3, cts=now_seconds() - 3600)
        assert rule_texts() == ["您好，请说"] * 3
        assert rating.automatic_replies(talk.store_id, timezone.localdate()) == 1
    greeted = Conversation.objects.get(open_user_id="2")
    Message.objects.filter(rule=AutoReply.GREETING).update(state=MessageState.SENT)
    with time_machine.travel(noon):
        write(pusher, "还在吗", open_user_id=2, cts=now_seconds() + 5)
    greeted.refresh_from_db()
    assert greeted.reply_until


HOURS = [
    (None, time(10), time(14)),
    (None, time(17), time(2)),
    (5, time(8), time(9)),
]


@pytest.mark.parametrize(
    ("day", "clock", "is_open"),
    [
        (16, time(9, 59), False),
        (16, time(10), True),
        (16, time(13, 59), True),
        (16, time(14), False),
        (16, time(17), True),
        (17, time(1, 59), True),
        (17, time(2), False),
        (21, time(8, 30), True),
        (20, time(8, 30), False),
    ],
)
def test_business_hours_have_several_periods_and_span_midnight(
    day: int, clock: time, is_open: bool
) -> None:
    at = datetime.combine(datetime(2026, 11, day), clock, timezone.get_current_timezone())
    rows = [ChatHours(day=on, opens=opens, closes=closes) for on, opens, closes in HOURS]
    assert rules.is_open(rows, at) == is_open
    assert rules.is_open([], at)


def test_outside_of_business_hours_the_away_reply_is_said(pusher: Pusher, chat: Any) -> None:
    ChatHours.objects.create(chat=chat, opens=time(10), closes=time(14))
    night = datetime(2026, 11, 20, 3, tzinfo=timezone.get_current_timezone())
    with time_machine.travel(night):
        write(pusher, "在吗", open_user_id=1, cts=now_seconds())
    assert rule_texts() == ["休息中，十点回复"]


def test_nothing_is_said_while_people_are_writing(pusher: Pusher, chat: Any) -> None:
    write(pusher, "在的", open_user_id=1, cts=now_seconds(), msg_source=1)
    write(pusher, "好", open_user_id=1, cts=now_seconds())
    assert rule_texts() == []


# Texts at hand


@pytest.fixture
def with_order(talk: Conversation) -> Conversation:
    order = Order.objects.create(
        connection=talk.connection,
        store=talk.store,
        order_id="27060130000000001",
        day_number=12,
        paid=5900,
        content={"dishes": [{"name": "宫保鸡丁"}, {"name": "酸梅汤"}]},
        customer={"phones": ["13800138000"], "address": "花园路 8 号"},
    )
    talk.order = order
    talk.save()
    return talk


def test_variables_are_filled_in_from_the_order(with_order: Conversation) -> None:
    text = "您的 {number} 号单（{dishes}，{paid} 元）"
    assert quick_replies.filled(text, with_order) == "您的 12 号单（宫保鸡丁、酸梅汤，59.00 元）"


@pytest.mark.parametrize("text", ["{expected} 到", "{phone}", "{address}", "{nothing}"])
def test_a_variable_without_a_value_blocks(with_order: Conversation, text: str) -> None:
    with pytest.raises(ChatConflict):
        quick_replies.filled(text, with_order)


def test_without_an_order_every_variable_blocks(talk: Conversation) -> None:
    assert quick_replies.filled("您好", talk) == "您好"
    for variable in quick_replies.VARIABLES:
        with pytest.raises(ChatConflict):
            quick_replies.filled(f"{{{variable.name}}}", talk)


def test_no_variable_carries_a_phone(with_order: Conversation) -> None:
    order = with_order.order
    assert order
    order.content = {"dishes": [{"name": "订餐 13800138000"}]}
    with pytest.raises(ChatConflict):
        quick_replies.filled("{dishes}", with_order)
    said = [variable.value(order) for variable in quick_replies.VARIABLES]
    assert not any("花园路" in text for text in said)
    assert quick_replies.unknown_variables("{phone} {number} {}") == ["phone", ""]


def test_a_store_has_its_own_texts_and_those_of_all(talk: Conversation) -> None:
    merchant = talk.store.merchant
    other = TakeawayStoreFactory(store__merchant=merchant).store
    for title, store in (("都有", None), ("这家", talk.store), ("那家", other)):
        QuickReply.objects.create(merchant=merchant, store=store, title=title, text="好")
    found = quick_replies.replies_of(talk.store_id, merchant.pk)
    assert [row.title for row in found] == ["都有", "这家"]


# Retention


def test_texts_and_pictures_go_after_the_merchants_days(
    talk: Conversation, pusher: Pusher, user: User, binding: TakeawayStore
) -> None:
    presence.draft_save(conversation=talk, user=user, text="您好")
    ChatPicture.objects.create(store=talk.store, content=b"x", width=1, height=1)
    assert forgetting.remove_old_chat() == 0
    days = talk.store.merchant.personal_data_days
    with time_machine.travel(timezone.now() + timedelta(days=days - 1)):
        write(pusher, "新的", open_user_id=9, cts=now_seconds())
    with time_machine.travel(timezone.now() + timedelta(days=days, hours=1)):
        assert forgetting.remove_old_chat() == 4
        assert forgetting.remove_old_chat() == 0
    assert [row.text for row in Message.objects.order_by("pk")] == ["", "新的"]
    talk.refresh_from_db()
    assert talk.preview == ""
    assert not ChatPicture.objects.exists()
    assert presence.draft_of(talk, user) == ""
